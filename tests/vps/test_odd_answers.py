"""Answers that look good and are not: nothing is believed that was not asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.helpers.faulty import SECRET, Answer, client, faulty, http
from tests.helpers.service import snapshot
from tui.vps.client import Client
from tui.vps.errors import BadResponse, OutcomeUnknown, Unreachable, VpsError

HTML = "<html><h1>Fine</h1></html>"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("200 OK", HTML),
        ("200 OK", ""),
        ("202 Accepted", '{"id": 1, "status": "deleting"}'),
        ("404 Not Found", HTML),
        ("404 Not Found", ""),
        ("404 Not Found", '{"message": "no Route matched with those values"}'),
        ("410 Gone", HTML),
    ],
)
async def test_a_delete_is_done_by_204_alone(status: str, body: str) -> None:
    async with faulty(http(body, status)) as server, client(server.url) as api:
        with pytest.raises(OutcomeUnknown, match=status[:3]):
            await api.delete_snapshot(1)
        assert len(server.requests) == 1


async def test_a_delete_of_what_is_gone_is_told_by_the_service_itself() -> None:
    for status in ("404 Not Found", "410 Gone"):
        async with faulty(http('{"detail": "Not found."}', status)) as server:
            async with client(server.url) as api:
                assert await api.delete_snapshot(1) is False
    async with faulty(b"HTTP/1.1 204 No Content\r\n\r\n") as server, client(server.url) as api:
        assert await api.delete_snapshot(1) is True


GOOD = {"status": "success", "snapshot": {"id": 801}, "server": {"id": 10, "status": "restoring"}}


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "error", "message": "nothing was done"},
        {**GOOD, "snapshot": {"id": 1}},
        {**GOOD, "server": {"id": 2}},
        {**GOOD, "status": "queued"},
        {"detail": "hello"},
        {},
        [],
    ],
)
async def test_a_restore_that_is_answered_oddly_is_unknown(answer: object) -> None:
    async with faulty(http(json.dumps(answer))) as server, client(server.url) as api:
        with pytest.raises(OutcomeUnknown):
            await api.restore_snapshot(801, 10)


@pytest.mark.parametrize("key", [801, "801"])
async def test_an_id_is_the_same_as_text_and_as_a_number(key: object) -> None:
    good = {**GOOD, "snapshot": {"id": key}, "server": {"id": str(key) and "10"}}
    async with faulty(http(json.dumps(good))) as server, client(server.url) as api:
        assert (await api.restore_snapshot(801, 10)).status == "success"
    lists = http(json.dumps([snapshot(key, server={"id": "10", "name": "web"})]))
    async with faulty(lists) as server, client(server.url) as api:
        listing = await api.snapshots(10)
        assert [(s.id, s.server_id) for s in listing.items] == [(801, 10)]
        assert listing.proves_absence


async def test_a_server_whose_id_came_as_text_is_named_as_it_came() -> None:
    servers = http(json.dumps([{"id": "10", "name": "web"}]))
    made = http(json.dumps(snapshot(1, server="10", name="x", status="in_progress")), "201 X")
    async with faulty(servers, made) as server, client(server.url) as api:
        assert [s.id for s in (await api.servers()).items] == [10]
        await api.create_snapshot(10, "x")
        assert json.loads(server.requests[1].split(b"\r\n\r\n")[1])["server_id"] == "10"


@pytest.mark.parametrize(
    "made", [{"server": {"id": 11, "name": "other"}}, {"name": "x2"}, {"name": "X"}, {"id": None}]
)
async def test_a_create_answered_with_another_snapshot_is_unknown(made: Any) -> None:
    body = json.dumps({**snapshot(1, name="x"), **made})
    async with faulty(http(body, "201 Created")) as server, client(server.url) as api:
        with pytest.raises(OutcomeUnknown):
            await api.create_snapshot(10, "x")


async def test_only_one_whole_page_of_one_server_proves_absence() -> None:
    def page(*items: object, following: str | None = None) -> bytes:
        return http(json.dumps({"next": following, "results": items}))

    other = snapshot(2, server={"id": 11, "name": "b"})
    for answers, proves, ignored in (
        ((page(snapshot(1)),), True, False),
        ((page(),), True, False),
        ((page(snapshot(1), other),), False, True),
        ((page(snapshot(1), following="?page=2"), page(snapshot(3))), False, False),
        ((page(snapshot(1), {"name": "odd"}),), False, False),
    ):
        async with faulty(*answers) as server, client(server.url) as api:
            listing = await api.snapshots(10)
            assert (listing.proves_absence, listing.filter_ignored) == (proves, ignored)
            assert not (await api.snapshots()).proves_absence


@pytest.mark.parametrize(
    "header",
    [
        b'ETag: "\xe9"',
        b'ETag: W/"a b"',
        b'ETag: "' + b"a" * 5000 + b'"',
        b"Set-Cookie: a=\xe9; Path=/",
        b"Set-Cookie: " + b"=;" * 300,
        b"Date: \xff\xfe",
        b"Date: Mon, 99 Foo 99999999999 99:99:99 +99999999",
        b"Location: http://[::1",
        b"Content-Encoding: Identity",
        b"Content-Type: \xff; charset=nonsense",
    ],
)
async def test_no_odd_header_spoils_this_answer_or_a_later_one(header: bytes) -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + header + b"\r\n\r\n[]"
    async with faulty(body) as server, client(server.url) as api:
        for _ in range(3):
            assert (await api.snapshots()).items == ()
        assert all(b"\r\nCookie:" not in r and b"If-None" not in r for r in server.requests)


@pytest.mark.parametrize(
    "link",
    ["http://[::1", "http://a]b/", "javascript:alert(1)", "/snapshots/", 7, {}, "?" + "a=1&" * 99],
)
async def test_a_bad_link_to_the_next_page_is_a_bad_answer(link: object) -> None:
    async with faulty(http(json.dumps({"results": [], "next": link}))) as server:
        async with client(server.url) as api:
            with pytest.raises(BadResponse, match="link"):
                await api.snapshots()


async def test_a_number_of_400_digits_costs_one_field_or_item() -> None:
    huge = 10**400
    servers = [
        {"id": 1, "name": "a", "ram": huge, "cpu": huge, "ram_unit": "MB"},
        {"id": 2, "name": "b", "plan": {"memory": -huge, "storage": huge}},
        {"id": huge, "name": "c"},
    ]
    async with faulty(http(json.dumps({"count": huge, "results": servers}))) as server:
        async with client(server.url) as api:
            listing = await api.servers()
            assert [s.name for s in listing.items] == ["a", "b"]
            assert not listing.settled
            assert (await api.servers()).unreadable == 1


LEAKS: list[bytes | Answer] = [
    f"HTTP/1.1 Bearer {SECRET}\r\n\r\n".encode(),
    f"HTTP/1.1 200 OK\r\n{SECRET}\r\n\r\n".encode(),
    f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET}\r\n".encode(),
    f"HTTP/1.1 302 Found\r\nLocation: http://{SECRET}:x/\r\nContent-Length: 0\r\n\r\n".encode(),
    http(json.dumps({"detail": f"no {SECRET}"}).replace("vps_", "\\u0076ps_"), "400 X"),
    http(json.dumps({"detail": SECRET.replace("v", "%76")}), "400 X"),
    http(json.dumps({"detail": SECRET.replace("_", "\\u005F")}), "400 X"),
    http(json.dumps({SECRET: [SECRET.replace("p", "&#112;")]}), "400 X"),
    http(json.dumps({"detail": SECRET[:5] + "\ufe0f" + SECRET[5:]}), "400 X"),
    http(json.dumps({"id": SECRET, "server": 10, "name": SECRET, "status": SECRET}), "201 X"),
    http(json.dumps({"status": SECRET}).replace("vps_", "\\u0076ps_")),
]


@pytest.mark.parametrize("answer", LEAKS)
async def test_no_error_holds_the_token_however_it_was_echoed(answer: bytes | Answer) -> None:
    calls: list[Any] = [
        Client.servers,
        Client.snapshots,
        Client.account,
        lambda api: api.server(1),
        lambda api: api.create_snapshot(10, "x"),
        lambda api: api.restore_snapshot(1, 10),
        lambda api: api.delete_snapshot(1),
    ]
    async with faulty(answer) as server, client(server.url) as api:
        for call in calls:
            try:
                told = repr(await call(api))
            except VpsError as error:
                told = f"{error!r} {error} {getattr(error, 'fields', '')}"
            assert SECRET not in told
            assert SECRET[6:] not in told


async def test_what_is_too_much_is_counted_before_it_is_read() -> None:
    for body, words in (
        (b"[" + b"0," * 3_000_000 + b"0]", "values"),
        (b"[" + b'{"id":1},' * 600_000 + b"0]", "longer than"),
    ):
        async with faulty(http(body)) as server, client(server.url, read=20.0) as api:
            with pytest.raises(BadResponse, match=words):
                await api.snapshots()


async def test_a_hundred_problems_are_kept_and_the_rest_counted() -> None:
    body = b"[" + b'{"id":7},' * 5_000 + b"0]"
    async with faulty(http(body)) as server, client(server.url, read=20.0) as api:
        listing = await api.snapshots()
    assert (len(listing.problems), listing.unreadable) == (100, 5_001)


async def test_a_list_without_end_ends_in_time() -> None:
    pages = [
        http(json.dumps({"results": [{"id": n, "server": 1, "name": "s"}], "next": f"?page={n}"}))
        for n in range(2, 400)
    ]
    async with faulty(*pages) as server:
        async with client(server.url, list_base=0.05, list_page=0.0) as api:
            with pytest.raises(Unreachable, match="did not end in time"):
                await api.snapshots()
