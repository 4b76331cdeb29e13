"""Every way a request can go wrong, and the one error it becomes; nothing is ever repeated."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

import pytest

from tests.helpers.clocks import eventually
from tests.helpers.faulty import SECRET, Answer, client, cut, faulty, http, reset, silence, trickle
from tui.vps.client import Client
from tui.vps.errors import (
    BadResponse,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorised,
    Unreachable,
    VpsError,
)

HTML = "<html><body><h1>Bad Gateway</h1></body></html>"
Call = Callable[[Client], Awaitable[Any]]


async def read(api: Client) -> object:
    return await api.snapshots()


async def write(api: Client) -> object:
    return await api.create_snapshot(1, "x")


async def failure(call: Call, *answers: bytes | Answer, **limits: float) -> tuple[VpsError, int]:
    async with faulty(*answers) as server, client(server.url, **limits) as api:
        with pytest.raises(VpsError) as caught:
            await call(api)
        return caught.value, len(server.requests)


@pytest.mark.parametrize("call", [read, write])
@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        ("401 Unauthorized", '{"detail": "Invalid token."}', Unauthorised, "Invalid token."),
        ("403 Forbidden", '{"detail": "No."}', Forbidden, "No."),
        ("404 Not Found", '{"detail": "Not found."}', NotFound, "Not found."),
        ("410 Gone", '{"detail": "Gone."}', NotFound, "Gone."),
        (
            "400 Bad Request",
            '{"name": ["Required.", "Really."]}',
            Rejected,
            "name: Required. Really.",
        ),
        ("400 Bad Request", '{"non_field_errors": ["Limit."]}', Rejected, "Limit."),
        ("400 Bad Request", '{"detail": "Limit."}', Rejected, "Limit."),
        ("400 Bad Request", '["Limit.", "Five."]', Rejected, "Limit. Five."),
        ("405 Method Not Allowed", '{"detail": "GET not allowed."}', Rejected, "not allowed"),
        ("409 Conflict", '{"detail": "Busy."}', Rejected, "Busy."),
        ("429 Too Many Requests", '{"detail": "Throttled."}', RateLimited, "Throttled."),
    ],
)
async def test_a_clear_no(
    call: Call, status: str, body: str, error: type[VpsError], words: str
) -> None:
    found, requests = await failure(call, http(body, status))
    assert type(found) is error
    assert words in str(found)
    once_more = call is read and status.startswith("400")  # without a size of pages
    assert requests == 1 + once_more


@pytest.mark.parametrize("body", [HTML, "", "{}", '"no"x', "null"])
@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 451])
async def test_a_no_without_the_service_s_words_settles_no_write(status: int, body: str) -> None:
    answer = http(body, f"{status} X")
    found, _ = await failure(read, answer)
    assert type(found) in (Rejected, Forbidden, NotFound)
    found, requests = await failure(write, answer)
    assert type(found) is OutcomeUnknown
    assert str(status) in str(found)
    assert requests == 1


@pytest.mark.parametrize("status", [401, 405, 413, 429])
async def test_what_a_gateway_refuses_was_never_passed_on(status: int) -> None:
    for call in (read, write):
        found, _ = await failure(call, http(HTML, f"{status} X"))
        assert type(found) in (Unauthorised, Rejected, RateLimited)


@pytest.mark.parametrize(
    "status", ["500 X", "502 X", "503 X", "504 X", "408 X", "301 X", "307 X", "308 X"]
)
async def test_an_answer_that_says_nothing(status: str) -> None:
    answer = http(HTML, status, "Location: https://example.org/", content_type="text/html")
    found, _ = await failure(read, answer)
    assert type(found) is BadResponse
    assert status[:3] in str(found)
    found, requests = await failure(write, answer)
    assert type(found) is OutcomeUnknown
    assert requests == 1


UNREADABLE = [
    http(""),
    http("{"),
    http(HTML, content_type="text/html"),
    http("null"),
    http('"text"'),
    http(b"\xff\xfe\x00"),
    http('{"count": NaN, "results": 7}'),
    b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    http("[" * 100_000),
]


@pytest.mark.parametrize("answer", [*UNREADABLE, cut])
async def test_what_cannot_be_read_is_never_taken_for_a_list(answer: bytes | Answer) -> None:
    found, _ = await failure(read, answer)
    assert isinstance(found, BadResponse)


@pytest.mark.parametrize("answer", [*UNREADABLE, cut, reset])
async def test_after_a_write_it_leaves_the_outcome_unknown(answer: bytes | Answer) -> None:
    found, requests = await failure(write, answer)
    assert type(found) is OutcomeUnknown
    assert requests == 1


@pytest.mark.parametrize("answer", [silence, trickle])
async def test_the_whole_call_has_one_time_limit(answer: Answer) -> None:
    start = time.monotonic()
    found, _ = await failure(read, answer, read=0.4)
    assert type(found) is Unreachable
    found, requests = await failure(write, answer, write=0.4)
    assert type(found) is OutcomeUnknown
    assert requests == 1
    assert time.monotonic() - start < 3


async def test_nobody_there_means_never_sent() -> None:
    async with client("http://127.0.0.1:9/api/v1") as api:
        for call in (read, write):
            with pytest.raises(Unreachable, match=r"could not reach 127\.0\.0\.1:9"):
                await call(api)
    async with client("https://no-such-host.invalid/api/v1") as api:
        with pytest.raises(Unreachable, match="host name"):
            await api.servers()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("in a minute", 60.0),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("31536000", 900.0),
        (None, None),
    ],
)
async def test_how_long_to_wait(header: str | None, seconds: float | None) -> None:
    if header == "in a minute":
        header = formatdate(time.time() + 60, usegmt=True)
    headers = [f"Retry-After: {header}"] if header is not None else []
    found, _ = await failure(read, http("{}", "429 X", *headers))
    assert isinstance(found, RateLimited)
    if seconds is None:
        assert found.retry_after is None
    else:
        assert found.retry_after == pytest.approx(seconds, abs=2)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_compressed_bodies_are_refused_unopened(encoding: str) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    found, _ = await failure(read, http(bomb, "200 OK", f"Content-Encoding: {encoding}"))
    assert type(found) is BadResponse


async def test_a_huge_body_is_given_up() -> None:
    async def endless(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" " * 65536)
            await writer.drain()

    found, _ = await failure(read, endless, page_bytes=1_000_000)
    assert "larger than" in str(found)


def page(following: str | None, *ids: int, count: int | None = None) -> bytes:
    import json

    items = [
        {"id": n, "server": {"id": 1, "name": "w"}, "name": f"s{n}", "status": "completed"}
        for n in ids
    ]
    return http(json.dumps({"count": count, "next": following, "results": items}))


async def test_only_the_query_of_next_is_followed() -> None:
    async with faulty(page("http://evil.example/api/v1/?page=2", 1), page(None, 2)) as server:
        async with client(server.url) as api:
            listing = await api.snapshots()
        assert [s.id for s in listing.items] == [1, 2]
        assert b"GET /api/v1/snapshots/?page_size=100&page=2 " in server.requests[1]


async def test_a_list_that_goes_in_a_circle_is_given_up() -> None:
    found, requests = await failure(read, page("?page=2", 1))
    assert "circle" in str(found)
    assert requests <= 3


async def test_pages_that_shift_make_a_list_unsettled() -> None:
    for answers in (
        (page("?page=2", 1, 2, count=4), page(None, 2, 3, count=4)),
        (page("?page=2", 1, 2, count=4), page(None, 3, count=3)),
        (page(None, 1, count=2),),
    ):
        async with faulty(*answers) as server, client(server.url) as api:
            listing = await api.snapshots()
        assert not listing.settled
        assert listing.lacking
    async with faulty(page("?page=2", 1, count=2), page(None, 2, count=2)) as server:
        async with client(server.url) as api:
            listing = await api.snapshots()
    assert (listing.settled, listing.lacking) == (True, False)


@pytest.mark.parametrize("server", ['{"id": 4}', "4", "null", '{"id": []}'])
@pytest.mark.parametrize("key", ["2", "[]"])
async def test_what_cannot_be_read_hides_only_what_is_of_the_same_server(
    key: str, server: str
) -> None:
    bad = f'{{"results": [{{"id": {key}, "server": {server}, "name": "x", "status": []}}]}}'
    async with faulty(http(bad)) as service, client(service.url) as api:
        listing = await api.snapshots()
    assert listing.settled == (key == "2")
    assert listing.lacking == ("4" not in server), "it names no server: it may be any one's"


async def test_one_bad_item_is_counted_and_the_others_are_kept() -> None:
    good = '{"id": 1, "server": {"id": 1, "name": "w"}, "name": "s", "status": "completed"}'
    bad = ['{"name": "no id"}', '{"id": 2, "server": null, "name": "x", "status": "y"}', "7"]
    bad += [f'{{"id": [], "server": {of}}}' for of in ('{"id": 3}', "4", '"5"', '{"id": []}')]
    body = f'{{"results": [{good}, {", ".join(bad)}]}}'
    async with faulty(http(body)) as server, client(server.url) as api:
        listing = await api.snapshots()
    assert [s.id for s in listing.items] == [1]
    assert len(listing.problems) == 7
    assert listing.unread == {2}
    assert listing.unread_on == {3, 4, 5}
    assert not listing.settled
    assert not listing.proves_absence


@pytest.mark.parametrize("status", ["301 X", "302 X", "307 X", "308 X"])
async def test_a_redirect_is_followed_for_reads_on_the_same_origin_alone(status: str) -> None:
    async with faulty(http('{"results": []}')) as elsewhere:
        for location, followed in (("/api/v1/moved/", True), (f"{elsewhere.url}/stolen/", False)):
            redirect = http("", status, f"Location: {location}")
            async with faulty(redirect, http('{"results": []}')) as server:
                async with client(server.url) as api:
                    if followed:
                        assert not (await api.snapshots()).items
                    else:
                        with pytest.raises(BadResponse):
                            await api.snapshots()
                    with pytest.raises(OutcomeUnknown):
                        server.answers = [redirect]
                        await api.create_snapshot(1, "x")
                posts = [r for r in server.requests if r.startswith(b"POST")]
                assert len(posts) == 1
        assert elsewhere.requests == []


async def test_an_echoed_token_is_masked() -> None:
    body = f'{{"detail": "Bad {SECRET}", "name": ["{SECRET}"]}}'
    found, _ = await failure(write, http(body, "400 X"))
    assert isinstance(found, Rejected)
    assert "***" in str(found)
    assert SECRET not in repr(found) + str(found.fields) + str(found.__dict__)


async def test_control_characters_in_an_error_are_shown_and_not_obeyed() -> None:
    found, _ = await failure(read, http('{"detail": "a\\u001b]52;c;x\\u0007 \\u202eb"}', "403 X"))
    assert not any(ord(char) < 32 or char == "\u202e" for char in str(found))


async def test_a_cancelled_write_goes_on_and_a_cancelled_read_leaves_the_pool_whole() -> None:
    gate = asyncio.Event()

    async def wait(request: bytes, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        writer.write(http('{"results": []}'))
        await writer.drain()

    async with faulty(wait) as server, client(server.url) as api:
        reads = [asyncio.create_task(api.snapshots()) for _ in range(30)]
        writing = asyncio.create_task(api.create_snapshot(1, "x"))
        await eventually(lambda: any(r.startswith(b"POST") for r in server.requests))
        for task in (*reads, writing):
            task.cancel()
        await asyncio.gather(*reads, writing, return_exceptions=True)
        assert api.exchange._writes, "the write is still under way"
        gate.set()
        for _ in range(10):
            assert (await api.snapshots()).items == ()


async def test_a_connection_closed_between_requests_is_replaced() -> None:
    async def once(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http('{"results": []}'))
        await writer.drain()
        writer.close()

    async with faulty(once) as server, client(server.url) as api:
        for _ in range(5):
            await api.snapshots()
            await asyncio.sleep(0.02)
        assert len(server.requests) == 5
