"""Reading long lists again and again without asking for more than is needed."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.helpers.faulty import client, faulty, http
from tui.vps.errors import Rejected

UNCHANGED = http(b"", "304 Not Modified", 'ETag: "1"')


def listing(*ids: int, tag: str = "", following: str | None = None) -> bytes:
    items = [
        {"id": n, "server": {"id": 1, "name": "w"}, "name": f"s{n}", "status": "completed"}
        for n in ids
    ]
    headers = [f'ETag: "{tag}"'] if tag else []
    body = json.dumps({"results": items, "next": following})
    return http(body, "200 OK", *headers)


async def test_an_unchanged_list_is_not_sent_again_where_the_service_can_say_so() -> None:
    async with faulty(listing(1, 2, tag="1"), UNCHANGED, listing(3, tag="2")) as server:
        async with client(server.url) as api:
            first = await api.snapshots()
            second = await api.snapshots()
            third = await api.snapshots()
        assert b"If-None-Match" not in server.requests[0]
        assert b'If-None-Match: "1"' in server.requests[1]
        assert second == first
        assert all(a is b for a, b in zip(first.items, second.items, strict=True))
        assert [s.id for s in third.items] == [3]


async def test_pages_are_kept_one_by_one() -> None:
    first, last = listing(1, tag="1", following="?page=2"), listing(2, tag="2")
    again = (UNCHANGED, listing(3, tag="3"))
    async with faulty(first, last, *again) as server, client(server.url) as api:
        await api.snapshots()
        second = await api.snapshots()
        assert [s.id for s in second.items] == [1, 3]
        assert b'If-None-Match: "2"' in server.requests[3]


async def test_the_snapshots_of_one_server_are_never_taken_for_unchanged() -> None:
    async with faulty(listing(1, tag="1")) as server, client(server.url) as api:
        await api.snapshots(1)
        await api.snapshots(1)
        assert all(b"If-None-Match" not in request for request in server.requests)


async def test_without_a_tag_nothing_is_conditional() -> None:
    async with faulty(listing(1)) as server, client(server.url) as api:
        await api.snapshots()
        await api.snapshots()
        assert all(b"If-None-Match" not in request for request in server.requests)


async def test_what_comes_with_the_same_bytes_is_not_decoded_again() -> None:
    async with faulty(listing(1, 2), listing(1, 2), listing(1, 3)) as server:
        async with client(server.url) as api:
            first, second, third = [await api.snapshots() for _ in range(3)]
        assert all(a is b for a, b in zip(first.items, second.items, strict=True))
        assert [s.id for s in third.items] == [1, 3]


async def test_lists_are_asked_for_in_large_pages_from_the_first_request() -> None:
    body = http(json.dumps([]))
    async with faulty(body) as server, client(server.url) as api:
        await api.servers()
        await api.snapshots()
        assert b"GET /api/v1/servers/?page_size=100 " in server.requests[0]
        assert b"GET /api/v1/snapshots/?page_size=100 " in server.requests[1]


async def test_a_service_that_refuses_a_size_of_pages_is_asked_without_one() -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        odd = b"page_size" in request
        body = http('{"page_size": ["Unknown parameter."]}', "400 Bad Request")
        writer.write(body if odd else listing(1, 2))
        await writer.drain()

    async with faulty(answer) as server, client(server.url) as api:
        for _ in range(3):
            assert len((await api.snapshots()).items) == 2
        assert len((await api.snapshots(1)).items) == 2
        sizes = [b"page_size" in request for request in server.requests]
        assert sizes == [True, False, True, False, False, False], "it need not refuse it often"


async def test_large_pages_are_asked_for_again_after_a_refusal_by_chance() -> None:
    refused: list[bytes] = []

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        odd = len(server.requests) in (1, 4)
        refused.extend([request] * odd)
        writer.write(http('{"detail": "Not now."}', "400 Bad Request") if odd else listing(1, 2))
        await writer.drain()

    async with faulty(answer) as server, client(server.url) as api:
        for _ in range(4):
            assert len((await api.snapshots()).items) == 2
        sizes = [b"page_size" in request for request in server.requests]
        assert (len(refused), sizes) == (2, [True, False, True, True, False, True])


async def test_a_refusal_that_has_nothing_to_do_with_the_size_of_pages_stands() -> None:
    body = http('{"detail": "Not today."}', "400 Bad Request")
    async with faulty(body) as server, client(server.url) as api:
        for _ in range(2):
            with pytest.raises(Rejected, match="Not today"):
                await api.snapshots()
