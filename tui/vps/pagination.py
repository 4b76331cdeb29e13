"""Reading a list: all its pages, each decoded once, and not again while it stays the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import msgspec

from tui.vps.decode import BadItem, Decoder
from tui.vps.errors import BadResponse, NotFound, TooLarge, Unreachable
from tui.vps.exchange import Answer, Limits, Query
from tui.vps.models import Key, Listing, Server, Snapshot
from tui.vps.parsing import count_of, next_query, parse_page
from tui.vps.wire import Page

T = TypeVar("T", bound=Server | Snapshot)
PageKey = tuple[tuple[str, str], ...]
Fetch = Callable[[Query, str], Awaitable[Answer]]
"""GETs a page; with an ETag the answer may be 304, that it is still the same."""
MOST_PROBLEMS: Final = 100
"""Sentences that are kept about items that cannot be read; the others are counted."""
_IN_THREAD: Final = 64 * 1024
"""Bytes from which a page is decoded off the event loop."""
_PAGE_SIZE: Final = 100
"""The most that the service puts on a page."""


class DecodedPage(msgspec.Struct, Generic[T], frozen=True):
    """One page as it was read. `received` counts its items, readable or not."""

    items: list[T]
    problems: list[str]
    unreadable: int
    unread: list[Key]
    received: int
    size: int
    count: int | None
    next: dict[str, str] | None
    etag: str


Pages = dict[PageKey, DecodedPage[T]]


class Paginator(Generic[T]):
    """Reads one kind of list to its end. Items are counted in `problems` as `what`.

    A page that the service says is unchanged is not decoded again. `paged`: ask for large pages
    from the start, and not only once the list has shown that it has pages.
    """

    def __init__(
        self,
        fetch: Fetch,
        decoder: Decoder,
        read: Callable[[bytes | msgspec.Raw], T],
        what: str,
        limits: Limits,
        *,
        paged: bool = False,
    ) -> None:
        self._fetch = fetch
        self._decoder = decoder
        self._read = read
        self._what = what
        self._limits = limits
        self._known: Pages[T] = {}
        self._paged = paged

    async def all(self, query: Query, *, fresh: bool = False) -> Listing[T]:
        """All items; `fresh` takes nothing for unchanged. Raises VpsError."""
        if self._paged:
            query = {**query, "page_size": _PAGE_SIZE}
        known = {} if fresh else self._known
        pages: Pages[T] = {}
        following: Query | None = query
        cut_off = False
        clock = asyncio.get_running_loop().time
        start = clock()
        while following is not None:
            key = _page_key(following)
            try:
                pages[key] = await self._page(following, known.get(key), pages)
            except NotFound:
                if not pages:
                    raise
                cut_off = True  # the page went while those before it were read
                break
            following = self._next(following, pages[key].next, pages)
            if following is not None and clock() - start > self._limits.seconds_for(len(pages)):
                raise Unreachable(f"the list had no end in time, after {len(pages)} pages")
        if not fresh:
            self._known = {key: page for key, page in pages.items() if page.etag}
        return _merged(list(pages.values()), cut_off=cut_off)

    def _next(self, query: Query, link: dict[str, str] | None, seen: Pages[T]) -> Query | None:
        if link is None:
            return None
        self._paged = True  # the next time ask for large pages
        following: Query = {**query, **link}
        if "server_id" in query:
            following["server_id"] = query["server_id"]
        if _page_key(following) in seen:
            raise BadResponse("the list has no end: its pages go in a circle")
        if len(seen) >= self._limits.pages:
            raise TooLarge(f"the list has more than {self._limits.pages} pages")
        return following

    async def _page(
        self, query: Query, known: DecodedPage[T] | None, before: Pages[T]
    ) -> DecodedPage[T]:
        answer = await self._fetch(query, known.etag if known else "")
        if known is not None and answer.status == 304:
            return known
        if sum(page.size for page in before.values()) + len(answer.body) > self._limits.list_bytes:
            raise TooLarge(f"the list is larger than {self._limits.list_bytes >> 20} MB")
        received = sum(page.received for page in before.values())
        if len(answer.body) < _IN_THREAD:
            return self._decoded(answer, received)
        try:
            async with asyncio.timeout(self._limits.read):
                return await asyncio.to_thread(self._decoded, answer, received)
        except TimeoutError as error:
            raise TooLarge("the answer could not be read in time") from error

    def _decoded(self, answer: Answer, before: int) -> DecodedPage[T]:
        page = parse_page(answer.body)
        received = len(page.results)
        if before + received > self._limits.items:
            raise TooLarge(f"the list is longer than {self._limits.items} items")
        items, problems, unreadable, unread = self._read_items(page, before)
        return DecodedPage(
            items=items,
            problems=problems,
            unreadable=unreadable,
            unread=unread,
            received=received,
            size=len(answer.body),
            count=count_of(page),
            next=next_query(page),
            etag=answer.etag,
        )

    def _read_items(self, page: Page, before: int) -> tuple[list[T], list[str], int, list[Key]]:
        """The readable items, sentences about some others, how many, and the ids of those."""
        items: list[T] = []
        problems: list[str] = []
        unread: list[Key] = []
        unreadable = 0
        for number, raw in enumerate(page.results, before + 1):
            try:
                items.append(self._read(raw))
            except BadItem as error:
                unreadable += 1
                if len(problems) < MOST_PROBLEMS:
                    problems.append(f"{self._what} {number} of the list: {error}")
                key = self._decoder.id_of(raw)
                if key is not None:
                    unread.append(key)
        return items, problems, unreadable, unread


def _merged(pages: list[DecodedPage[T]], *, cut_off: bool) -> Listing[T]:
    """The pages as one list, with whatever speaks against its being whole."""
    items = {item.id: item for page in pages for item in page.items}
    problems = [problem for page in pages for problem in page.problems]
    unreadable = sum(page.unreadable for page in pages)
    unread = frozenset(key for page in pages for key in page.unread)
    received = sum(page.received for page in pages)
    counts = [page.count for page in pages if page.count is not None]
    repeated = len(items) < sum(len(page.items) for page in pages)
    whole = not cut_off and not repeated and len(unread) == unreadable
    return Listing(
        items=tuple(items.values()),
        problems=tuple(problems[:MOST_PROBLEMS]),
        unreadable=unreadable,
        unread=unread,
        settled=whole and all(count == received for count in counts),
        total=next((count for count in reversed(counts) if count >= 0), None),
        pages=len(pages),
    )


def _page_key(query: Query) -> PageKey:
    return tuple(sorted((key, str(value)) for key, value in query.items()))
