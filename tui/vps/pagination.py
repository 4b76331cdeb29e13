"""Reading a list: all its pages in the order of their links, some of them asked for ahead."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar

from tui.vps.errors import (
    BadResponse,
    NotFound,
    RateLimited,
    Rejected,
    TooLarge,
    Unreachable,
    VpsError,
)
from tui.vps.exchange import Answer, Limits, Query
from tui.vps.lookahead import AHEAD_BYTES, Lookahead, PageKey, page_key
from tui.vps.models import Backup, Key, Listing, Part, Server, Snapshot, Told
from tui.vps.pace import Pace
from tui.vps.page import MOST_PROBLEMS, DecodedPage, PageReader

T = TypeVar("T", bound=Server | Snapshot | Backup)
Fetch = Callable[[Query, str, int | None], Awaitable[Answer]]
"""GETs a page of at most so many bytes; with an ETag the answer may be 304, that it is the same."""
_IN_THREAD: Final = 64 * 1024
"""Bytes from which a page is decoded off the event loop."""
_PAGE_SIZE: Final = 100
"""The most that the service puts on a page."""
_ODD_QUERY: Final = (400, 422)
"""What may be answered to a parameter that the service has not."""
_REFUSALS: Final = 2
"""Times in a row that a list was had only without a size of its pages, after which none is asked
for: one refusal may have had another reason, and small pages are five times as many."""
_FIRST_PAUSE: Final = 2.0
_LAST_PAUSE: Final = 60.0
"""Seconds of the pauses where the service wants one and does not say how long, or refuses again
after the time that it told."""
_LEAST_PAUSE: Final = 1.0
"""Seconds of a pause at least: "again in 0 seconds" is no leave to ask as fast as it refuses. Also
those before a page that failed is asked for again."""
_NOTHING_NEW: Final = 20
"""Pages in a row that bring nothing new, with a link to one more, after which there is no end. A
few may repeat what was there, where much is made while small pages are read."""

Pages = dict[PageKey, DecodedPage[T]]


class Paginator(Generic[T]):
    """Reads one kind of list to its end, in large pages.

    A page that is the same as before, by its bytes or by the service's word, is not decoded again.
    """

    def __init__(self, fetch: Fetch, reader: PageReader[T], limits: Limits, pace: Pace) -> None:
        self._fetch = fetch
        self._reader = reader
        self._limits = limits
        self._pace = pace
        self._known: Pages[T] = {}
        self._size_refused = 0

    async def all(
        self, query: Query, *, fresh: bool = False, told: Told[T] | None = None
    ) -> Listing[T]:
        """All items; `fresh` takes nothing for unchanged. `told` hears of each page that came.

        Raises VpsError.
        """
        known = {} if fresh else self._known
        walk = self._walk(known, told)
        sized: Query = {"page_size": _PAGE_SIZE} if self._size_refused < _REFUSALS else {}
        try:
            listing = await self._to_the_end(walk, {**query, **sized})
            if sized:
                self._size_refused = 0
        except Rejected as error:
            if walk.pages or not sized or error.status not in _ODD_QUERY:
                raise
            walk = self._walk(known, told)
            listing = await self._to_the_end(walk, query)
            self._size_refused += 1  # for that alone: nobody has published it
        if not fresh:
            self._known = walk.pages
        return listing

    def _walk(self, known: Pages[T], told: Told[T] | None) -> _Walk[T]:
        return _Walk(self._fetch, self._reader, self._limits, self._pace, known, told)

    async def _to_the_end(self, walk: _Walk[T], query: Query) -> Listing[T]:
        with self._pace.list():
            try:
                return await walk.to_the_end(query)
            finally:
                await walk.ahead.close()


class _Walk(Generic[T]):
    """One reading of a list from its first page to its last."""

    def __init__(
        self,
        fetch: Fetch,
        reader: PageReader[T],
        limits: Limits,
        pace: Pace,
        known: Pages[T],
        told: Told[T] | None,
    ) -> None:
        self.pages: Pages[T] = {}
        self.ahead = Lookahead(self._ask_ahead, pace)
        self._fetch = fetch
        self._reader = reader
        self._limits = limits
        self._pace = pace
        self._known = known
        self._told = told
        self._clock = asyncio.get_running_loop().time
        self._start = self._clock()
        self._paused_before = pace.paused
        self._pauses_untold = 0
        self._items: dict[Key, T] = {}
        self._nothing_new = 0
        self._received = 0
        self._total: int | None = None
        self._size = 0

    async def to_the_end(self, query: Query) -> Listing[T]:
        """Follow the links. Raises VpsError."""
        following: Query | None = query
        cut_off = False
        while following is not None:
            key = page_key(following)
            try:
                page = await self._page(key, following)
            except NotFound:
                if not self.pages:
                    raise
                cut_off = True  # the page went while those before it were read
                break
            self.pages[key] = page
            self._received += page.received
            self._size += page.size
            self._take(page)
            if self._told is not None:
                self._total = self._believed(page.count)
                self._told(Part(tuple(page.items), self._received, self._total, page.next is None))
            following = self._next(following, page)
        cut_off = cut_off or self.ahead.unreached
        return _merged(self._items, list(self.pages.values()), cut_off=cut_off)

    def _take(self, page: DecodedPage[T]) -> None:
        """Lay the items of a page over those before it."""
        before = len(self._items)
        self._items |= {item.id: item for item in page.items}
        if len(self._items) > before or page.unread:
            self._nothing_new = 0
        else:
            self._nothing_new += 1

    def _believed(self, count: int | None) -> int | None:
        """The count of a page, None where it cannot be that of this list."""
        good = count is not None and self._received <= count <= self._limits.items
        return count if good else None

    @property
    def _paused(self) -> float:
        """Seconds of pauses since it began, those of other lists too."""
        return self._pace.paused - self._paused_before

    def _next(self, query: Query, page: DecodedPage[T]) -> Query | None:
        """The query that the link of a page leads to."""
        if page.next is None:
            return None
        following: Query = {**query, **page.next}
        if "server_id" in query:
            following["server_id"] = query["server_id"]
        if page_key(following) in self.pages:
            raise BadResponse("the list has no end: its pages go in a circle")
        if self._nothing_new >= _NOTHING_NEW:
            raise TooLarge("the list has no end: its pages bring nothing new")
        count = len(self.pages)
        if count >= self._limits.pages:
            raise TooLarge(f"the list has more than {self._limits.pages} pages")
        if self._clock() - self._start - self._paused > self._limits.seconds_for(count):
            raise Unreachable(f"the list did not end in time, after {count} pages")
        if count == 1:
            self.ahead.foresee(following, page.received, page.count, self._limits)
        return following

    async def _page(self, key: PageKey, query: Query) -> DecodedPage[T]:
        """The page whose turn it is. One in the middle that fails is asked for once more.

        Of a long list it would not be seldom that one of its pages fails, and all were asked again.
        The first one waits for nobody, and whoever asked hears at once what is wrong with it.
        """
        if not self.pages:
            return await self._read(key, await self._ask(query))
        ahead = self.ahead.take(key)
        try:
            return await self._read(key, await self._answer(query, ahead))
        except VpsError as error:
            limited = isinstance(error, RateLimited) or error.retry_after is not None
            if limited or not error.transient:
                raise
        await self._pace.wait(_LEAST_PAUSE)
        return await self._read(key, await self._answer(query, None))

    async def _read(self, key: PageKey, answer: Answer) -> DecodedPage[T]:
        known = self._known.get(key)
        if known is not None and answer.status == 304:
            return known
        if self._size + len(answer.body) > self._limits.list_bytes:
            raise TooLarge(f"the list is larger than {self._limits.list_bytes >> 20} MB")
        if len(answer.body) < _IN_THREAD:
            return self._reader.page(answer, self._received, known)
        try:
            async with asyncio.timeout(self._limits.read):
                return await asyncio.to_thread(self._reader.page, answer, self._received, known)
        except TimeoutError as error:
            raise TooLarge("the answer could not be read in time") from error

    async def _answer(self, query: Query, ahead: asyncio.Task[Answer] | None) -> Answer:
        """What is answered to a later page, `ahead` or now; to a 429, what is after a pause."""
        refused = 0
        while True:
            pauses = self._pace.pauses
            try:
                if ahead is not None:
                    return await ahead
                async with self._pace.turn():
                    pauses = self._pace.pauses
                    return await self._ask(query)
            except TooLarge:
                if ahead is None:
                    raise
            except RateLimited as error:
                waited = self._pace.pauses > pauses or (ahead is not None and self._pace.limited)
                if not waited:  # else it was refused before the pause that another page has made
                    await self._slow_down(error, refused)
                    refused += 1
            ahead = None

    async def _slow_down(self, error: RateLimited, refused: int) -> None:
        """Wait as long as told, or longer each time; `refused`: times since the last page came."""
        seconds = error.retry_after
        if seconds is None:
            seconds = _longer(self._pauses_untold)
            self._pauses_untold += 1
        else:
            seconds = max(seconds, _longer(refused) if refused else _LEAST_PAUSE)
        if self._paused + seconds > self._limits.list_paused:
            raise error
        if self._told is not None:
            self._told(Part((), self._received, self._total, pause=seconds))
        await self._pace.rest(seconds, self.ahead.answered)

    async def _ask(self, query: Query, most: int | None = None) -> Answer:
        known = self._known.get(page_key(query))
        return await self._fetch(query, known.etag if known else "", most)

    async def _ask_ahead(self, query: Query) -> Answer:
        return await self._ask(query, AHEAD_BYTES)


def _longer(times: int) -> float:
    """Seconds of a pause after so many others."""
    return min(_LAST_PAUSE, _FIRST_PAUSE * 2.0 ** min(times, 10))


def _merged(
    items: Mapping[Key, T], pages: Sequence[DecodedPage[T]], *, cut_off: bool
) -> Listing[T]:
    """The `items` of the pages as one list, with whatever speaks against its being whole."""
    problems = [problem for page in pages for problem in page.problems]
    unread = [item for page in pages for item in page.unread]
    ids = frozenset(item.id for item in unread if item.id is not None)
    received = sum(page.received for page in pages)
    counts = [page.count for page in pages if page.count is not None]
    repeated = len(items) < sum(len(page.items) for page in pages)
    shifted = cut_off or repeated or any(count != received for count in counts)
    return Listing(
        items=tuple(items.values()),
        problems=tuple(problems[:MOST_PROBLEMS]),
        unreadable=len(unread),
        unread=ids,
        unread_on=frozenset(item.server_id for item in unread if item.server_id is not None),
        settled=not shifted and len(ids) == len(unread),
        lacking=shifted or any(item.server_id is None for item in unread),
        total=next((count for count in reversed(counts) if count >= 0), None),
        pages=len(pages),
    )
