"""Long lists over a slow line: pages are asked for ahead, and nothing is believed for that."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable

import pytest

from tests.helpers.faulty import SECRET, Answer, client, faulty, http
from tui.vps.client import Client
from tui.vps.errors import BadResponse, RateLimited, TooLarge, VpsError
from tui.vps.exchange import Limits
from tui.vps.models import Listing, Part, Snapshot
from tui.vps.pace import pause_by
from tui.vps.token import Token

Said = Callable[[int, int], bytes | None]
"""From a page's number and how often it was asked for to an answer, None for the good one."""
LIMITED = http('{"detail": "Request was throttled."}', "429 Too Many Requests", "Retry-After: 7")
GONE = http('{"detail": "Invalid page."}', "404 Not Found")


def items(number: int, size: int) -> list[dict[str, object]]:
    ids = range((number - 1) * size + 1, number * size + 1)
    return [{"id": n, "server": 1, "name": f"s{n}", "status": "completed"} for n in ids]


class Book:
    """A list of so many pages. It waits until nobody asks for more before it answers any."""

    def __init__(
        self, pages: int, size: int = 3, said: Said = lambda number, time: None, **changes: object
    ) -> None:
        self.pages = pages
        self.size = size
        self.said = said
        self.changes = changes
        self.asked: list[int] = []
        self.now = self.most = 0

    async def answer(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        found = re.search(rb"[?&]page=(\d+)", request)
        number = int(found[1]) if found else 1
        self.asked.append(number)
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(50):  # the others come meanwhile
            await asyncio.sleep(0)
        self.now -= 1
        writer.write(self.said(number, self.asked.count(number)) or self.page(number))
        await writer.drain()

    def page(self, number: int, **changes: object) -> bytes:
        last = number >= self.pages
        whole = {
            "count": self.pages * self.size,
            "next": None if last else f"http://inside/x?page={number + 1}&page_size={self.size}",
            "results": items(number, self.size),
        }
        return http(json.dumps({**whole, **self.changes, **changes}))


async def read(book: Book, **limits: float) -> Listing[Snapshot]:
    answer: Answer = book.answer
    async with faulty(answer) as server, client(server.url, **limits) as api:
        return await api.snapshots()


async def test_pages_are_asked_for_four_at_a_time_and_once_each_and_come_in_order() -> None:
    book = Book(pages=12)
    listing = await read(book)
    assert [s.id for s in listing.items] == list(range(1, 37))
    assert (listing.settled, listing.total, listing.pages) == (True, 36, 12)
    assert Counter(book.asked) == Counter(range(1, 13))
    assert book.most == 4


async def test_connections_are_used_again() -> None:
    seen: set[object] = set()
    book = Book(pages=12)

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.add(writer.get_extra_info("peername"))
        await book.answer(request, writer)

    async with faulty(answer) as server, client(server.url) as api:
        await api.snapshots()
    assert len(seen) <= 4


@pytest.mark.parametrize("count", [None, "many", -1, 3, 0, 10**12, 1.5])
async def test_without_a_count_that_leads_anywhere_the_links_do(count: object) -> None:
    book = Book(pages=5, count=count)
    listing = await read(book)
    assert [s.id for s in listing.items] == list(range(1, 16))
    assert (book.asked, book.most) == ([1, 2, 3, 4, 5], 1)
    assert listing.settled is (count is None)


async def test_a_list_that_ends_before_its_count_is_not_settled() -> None:
    book = Book(pages=4, said=lambda number, _: book.page(2, next=None) if number == 2 else None)
    listing = await read(book)
    assert [s.id for s in listing.items] == [1, 2, 3, 4, 5, 6]
    assert not listing.settled


async def test_foreseen_pages_that_no_link_leads_to_are_not_believed() -> None:
    """The count fits by chance: a page in the middle is longer, and the last one not linked."""

    def said(number: int, _: int) -> bytes | None:
        if number == 2:
            return book.page(2, next=None, results=items(2, 3) + items(3, 3))
        return None

    book = Book(pages=3, said=said)
    listing = await read(book)
    assert len(listing.items) == 9
    assert not listing.settled


async def test_a_link_to_another_page_than_the_foreseen_one_is_followed() -> None:
    odd = "?cursor=abc"

    def said(number: int, _: int) -> bytes | None:
        return book.page(2, next=odd) if number == 2 else None

    book = Book(pages=3, said=said)
    answers: list[bytes] = []

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        if b"cursor=abc" in request:
            answers.append(request)
            writer.write(book.page(3))
        else:
            await book.answer(request, writer)

    async with faulty(answer) as server, client(server.url) as api:
        listing = await api.snapshots()
    assert len(listing.items) == 9
    assert len(answers) == 1
    assert not listing.settled, "the third page that was foreseen has not been reached"


@pytest.mark.parametrize("shift", [-1, 1])
async def test_what_shifts_between_the_pages_makes_the_list_unsettled(shift: int) -> None:
    """An item comes in at the top, or goes there, once the first pages have been given."""

    def said(number: int, _: int) -> bytes | None:
        if number < 3:
            return None
        ids = range((number - 1) * 3 + 1 + shift, number * 3 + 1 + shift)
        found = [{"id": n, "server": 1, "name": "s", "status": "completed"} for n in ids]
        return book.page(number, results=found, count=18 - shift)

    book = Book(pages=6, said=said)
    assert not (await read(book)).settled


async def test_a_page_that_is_gone_cuts_the_list_off() -> None:
    book = Book(pages=5, said=lambda number, _: GONE if number >= 4 else None)
    listing = await read(book)
    assert len(listing.items) == 9
    assert not listing.settled


FAILURES = [
    http("", "500 X"),
    http("", "503 X"),
    http("<html>"),
    http('{"count": 15, "results": [{"id":'),
    http('{"next": 7, "results": []}'),
]


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_page_that_fails_once_is_asked_for_once_more(failure: bytes) -> None:
    def said(number: int, time: int) -> bytes | None:
        return failure if number > 2 and time == 1 else None

    book = Book(pages=5, said=said)
    listing, pauses = await limited(book)
    assert ([s.id for s in listing.items], listing.settled) == (list(range(1, 16)), True)
    assert Counter(book.asked) == {1: 1, 2: 1, 3: 2, 4: 2, 5: 2}
    assert pauses == [1.0] * 3


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_page_that_fails_twice_fails_the_list_in_its_turn(failure: bytes) -> None:
    book = Book(pages=5, said=lambda number, _: failure if number >= 3 else None)
    with pytest.raises(BadResponse):
        await limited(book)
    assert Counter(book.asked) == {1: 1, 2: 1, 3: 2, 4: 1, 5: 1}


@pytest.mark.parametrize("status", ["401 X", "403 X", "400 X"])
async def test_a_page_that_is_refused_is_not_asked_for_again(status: str) -> None:
    answer = http('{"detail": "no"}', status)
    book = Book(pages=5, said=lambda number, _: answer if number == 3 else None)
    with pytest.raises(VpsError):
        await limited(book)
    assert Counter(book.asked)[3] == 1


async def test_a_first_page_that_fails_is_not_asked_for_again() -> None:
    book = Book(pages=5, said=lambda *_: FAILURES[0])
    with pytest.raises(BadResponse):
        await limited(book)
    assert book.asked == [1]


async def test_a_circle_is_found_though_pages_were_asked_for_ahead() -> None:
    book = Book(pages=5, said=lambda n, _: book.page(3, next="?page=2") if n == 3 else None)
    with pytest.raises(BadResponse, match="circle"):
        await read(book)


async def test_a_list_that_grows_for_ever_ends_with_its_limit() -> None:
    book = Book(pages=10**6, count=30)
    with pytest.raises(VpsError, match="more than 20 pages"):
        await read(book, pages=20)
    assert len(book.asked) <= 24


@pytest.mark.parametrize("results", [[], items(1, 3)])
async def test_a_list_whose_pages_bring_nothing_new_has_no_end(results: object) -> None:
    book = Book(pages=10**6, count=30, results=results)
    with pytest.raises(TooLarge, match="bring nothing new"):
        await read(book)
    assert len(book.asked) < 30


async def test_a_large_page_is_asked_for_again_in_its_turn() -> None:
    def said(number: int, _: int) -> bytes | None:
        if number != 3:
            return None
        found = [{**item, "description": "x" * 900_000} for item in items(3, 3)]
        return book.page(3, results=found)

    book = Book(pages=4, said=said)
    listing = await read(book)
    assert (len(listing.items), listing.settled) == (12, True)
    assert Counter(book.asked) == Counter({1: 1, 2: 1, 3: 2, 4: 1})


async def limited(book: Book, **limits: float) -> tuple[Listing[Snapshot], list[float]]:
    """What is read from it, and how long it paused."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        book.most = 0

    async with faulty(book.answer) as server:
        made = Client(server.url, Token(SECRET), limits=Limits(**limits), pause=pause)  # type: ignore[arg-type]
        try:
            return await made.snapshots(), pauses
        finally:
            await made.aclose()


async def test_a_limit_in_the_middle_slows_down_and_goes_on_where_it_stopped() -> None:
    book = Book(pages=12, said=lambda n, time: LIMITED if n in (5, 6, 7) and time == 1 else None)
    listing, pauses = await limited(book)
    assert [s.id for s in listing.items] == list(range(1, 37))
    assert listing.settled
    assert pauses == [7.0], "one pause for all that were refused together"
    assert book.most == 1, "one page at a time from then on"
    assert Counter(book.asked)[1] == 1
    assert max(Counter(book.asked).values()) == 2


async def test_a_pause_ends_when_its_time_is_over_however_long_the_machine_slept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, naps = 0.0, list[float]()

    async def nap(seconds: float) -> None:
        nonlocal now
        naps.append(seconds)
        now += 8 * 3600.0 if len(naps) == 3 else seconds

    monkeypatch.setattr(asyncio, "sleep", nap)
    await pause_by(lambda: now)(900.0)
    assert naps == [5.0, 5.0, 5.0]
    await pause_by(lambda: now)(7.0)
    assert naps[3:] == [5.0, 2.0]


async def test_a_limit_that_tells_no_time_is_waited_for_longer_each_time() -> None:
    bare = http("{}", "429 X")
    book = Book(pages=3, said=lambda n, time: bare if n == 2 and time < 5 else None)
    listing, pauses = await limited(book)
    assert listing.settled
    assert pauses == [2.0, 4.0, 8.0, 16.0]


@pytest.mark.parametrize("told", ["0", "0.01"])
async def test_leave_to_ask_again_at_once_is_no_leave_to_ask_without_end(told: str) -> None:
    answer = http("{}", "429 X", f"Retry-After: {told}")
    book = Book(pages=3, said=lambda n, time: answer if n == 2 and time < 5 else None)
    listing, pauses = await limited(book)
    assert listing.settled
    assert pauses == [1.0, 4.0, 8.0, 16.0]
    for_ever = Book(pages=3, said=lambda n, _: answer if n == 2 else None)
    with pytest.raises(RateLimited):
        await limited(for_ever)
    assert len(for_ever.asked) < 50


async def test_a_limit_slows_down_all_lists_and_they_wait_together() -> None:
    refused: set[bytes] = set()
    now = most = 0

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(50):
            await asyncio.sleep(0)
        now -= 1
        line = request.split(b"\r\n")[0]
        if b"page=4" in line and b"/snapshots/" in line and not refused:
            refused.add(line)
            writer.write(LIMITED)
        else:
            found = re.search(rb"[?&]page=(\d+)", line)
            writer.write(book.page(int(found[1]) if found else 1))
        await writer.drain()

    async def pause(seconds: float) -> None:
        nonlocal most
        pauses.append(seconds)
        for _ in range(500):  # whoever asks meanwhile would be seen
            await asyncio.sleep(0)
        assert now == 0
        most = 0

    book, pauses = Book(pages=12), list[float]()
    async with faulty(answer) as server:
        made = Client(server.url, Token(SECRET), pause=pause)
        made.pace.heard = pauses.append
        servers, snapshots = await asyncio.gather(made.servers(), made.snapshots())
        assert (servers.settled, snapshots.settled) == (True, True)
        assert (pauses, most) == ([7.0, 7.0], 1), "told, and made"
        await made.snapshots()
        assert most > 1, "the next reading begins as any"
        await made.aclose()


async def test_a_list_begins_whatever_the_others_wait_for() -> None:
    """A write is about to be sent, and asks what its server has."""
    book = Book(pages=3, said=lambda n, time: LIMITED if n == 2 and time == 1 else None)
    alone = http(json.dumps({"count": 1, "results": items(1, 1)}))
    answers = [LIMITED, alone]
    pausing, go_on = asyncio.Event(), asyncio.Event()

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        if b"server_id" not in request:
            await book.answer(request, writer)
        else:
            writer.write(answers.pop())
            await writer.drain()

    async def pause(seconds: float) -> None:
        pausing.set()
        await go_on.wait()

    async with faulty(answer) as server:
        made = Client(server.url, Token(SECRET), pause=pause)
        whole = asyncio.create_task(made.snapshots())
        await pausing.wait()
        async with asyncio.timeout(5):
            assert len((await made.snapshots(1)).items) == 1
            with pytest.raises(RateLimited):
                await made.snapshots(1)
        assert not whole.done()
        go_on.set()
        assert (await whole).settled
        await made.aclose()


async def test_no_list_goes_on_before_the_pause_of_another_has_begun() -> None:
    """It begins once all that was asked ahead has been answered, which may take its time."""
    book, slow, order = Book(pages=5), asyncio.Event(), list[str]()

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        line = request.split(b"\r\n")[0]
        found = re.search(rb"[?&]page=(\d+)", line)
        number = int(found[1]) if found else 1
        what = f"{'servers' if b'/servers/' in line else 'snapshots'} {number}"
        order.append(what)
        if what.startswith("servers") and number > 2:
            await slow.wait()
        limits = number == 2 and order.count(what) == 1
        writer.write(LIMITED if limits else book.page(number))
        await writer.drain()
        if what == "snapshots 5":
            for _ in range(500):  # whoever asks too soon would be seen
                await asyncio.sleep(0)
            slow.set()

    async def pause(seconds: float) -> None:
        order.append("pause")

    async with faulty(answer) as server:
        made = Client(server.url, Token(SECRET), pause=pause)
        await asyncio.gather(made.servers(), made.snapshots())
        await made.aclose()
    assert order.count("pause") == 1
    assert "snapshots 2" not in order[order.index("snapshots 2") + 1 : order.index("pause")]


async def test_a_list_whose_pages_are_all_limited_is_read_to_its_end() -> None:
    """A minute for each of them is more than any list may take by itself."""
    told = http("{}", "429 X", "Retry-After: 60")
    book = Book(pages=20, said=lambda n, time: told if n > 1 and time == 1 else None)
    listing, pauses = await limited(book, list_base=0.0, list_page=1.0, list_most=20.0)
    assert (listing.settled, len(listing.items)) == (True, 60)
    assert sum(pauses) > 600
    assert max(Counter(book.asked).values()) == 2


async def test_a_limit_on_the_first_page_or_for_too_long_ends_the_list() -> None:
    for first, most in ((1, 1_800.0), (2, 5.0)):
        book = Book(pages=3, said=lambda n, _, first=first: LIMITED if n == first else None)  # type: ignore[misc]
        with pytest.raises(RateLimited) as found:
            await limited(book, list_paused=most)
        assert found.value.retry_after == 7.0


async def test_each_page_is_told_as_it_comes() -> None:
    parts: list[Part[Snapshot]] = []
    book = Book(pages=3)
    async with faulty(book.answer) as server, client(server.url) as api:
        await api.snapshots(told=parts.append)
    assert [(part.received, part.total) for part in parts] == [(3, 9), (6, 9), (9, 9)]
    assert [s.id for part in parts for s in part.items] == list(range(1, 10))


async def test_a_list_that_is_given_up_leaves_no_question_behind() -> None:
    book = Book(pages=50)
    async with faulty(book.answer) as server, client(server.url) as api:
        before = asyncio.all_tasks()
        reading = asyncio.create_task(api.snapshots())
        while len(book.asked) < 6:
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        left = [t for t in asyncio.all_tasks() - before if "_ask_ahead" in repr(t)]
        assert left == []
        assert (await api.snapshots()).settled, "the connections are good for the next one"
