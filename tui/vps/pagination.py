"""Reading a list: all its pages, each decoded once, and not again while it stays the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tui.vps import decode
from tui.vps.errors import BadResponse, NotFound
from tui.vps.exchange import Answer, Query
from tui.vps.models import Key, Listing, Server, Snapshot

T = TypeVar("T", bound=Server | Snapshot)
PageKey = tuple[tuple[str, str], ...]
Fetch = Callable[[Query, str], Awaitable[Answer]]
"""GETs a page; with an ETag the answer may be 304, that it is still the same."""
_IN_THREAD: Final = 64 * 1024
"""Bytes from which a page is decoded off the event loop."""
_PAGE_SIZE: Final = 100
"""The most that the service puts on a page."""


class DecodedPage(msgspec.Struct, Generic[T], frozen=True):
    """One page as it was read. `received` counts its items, readable or not."""

    items: list[T]
    problems: list[str]
    unread: list[Key]
    received: int
    count: int | None
    next: str | None
    etag: str


class Paginator(Generic[T]):
    """Reads one kind of list to its end. Items are counted in `problems` as `what`.

    A page that the service says is unchanged is not decoded again. `paged`: ask for large pages
    from the start, and not only once the list has shown that it has pages.
    """

    def __init__(
        self,
        fetch: Fetch,
        read: Callable[[bytes | msgspec.Raw], T],
        what: str,
        most_pages: int,
        most_items: int,
        *,
        paged: bool = False,
    ) -> None:
        self._fetch = fetch
        self._read = read
        self._what = what
        self._most_pages = most_pages
        self._most_items = most_items
        self._known: dict[PageKey, DecodedPage[T]] = {}
        self._paged = paged

    async def all(self, query: Query, *, fresh: bool = False) -> Listing[T]:
        """All items; `fresh` takes nothing for unchanged. Raises VpsError."""
        if self._paged:
            query = {**query, "page_size": _PAGE_SIZE}
        known = {} if fresh else self._known
        pages: dict[PageKey, DecodedPage[T]] = {}
        received, cut_off = 0, False
        while True:
            key = _page_key(query)
            try:
                page = pages[key] = await self._page(query, known.get(key), received)
            except NotFound:
                if not pages:
                    raise
                cut_off = True  # the page went while those before it were read
                break
            received += page.received
            if received > self._most_items:
                raise BadResponse(f"the list is longer than {self._most_items} items")
            if not page.next:
                break
            self._paged = True  # the next time ask for large pages
            query = self._next(query, page.next, pages)
        if not fresh:
            self._known = {key: page for key, page in pages.items() if page.etag}
        return _merged(list(pages.values()), cut_off=cut_off)

    def _next(self, query: Query, link: str, seen: dict[PageKey, DecodedPage[T]]) -> Query:
        # Only the query of `next` is taken: behind a proxy its origin is often wrong, and the
        # token goes to our own address alone.
        query = {**query, **dict(parse_qsl(urlsplit(link).query))}
        if _page_key(query) in seen:
            raise BadResponse("the list has no end: its pages go in a circle")
        if len(seen) >= self._most_pages:
            raise BadResponse(f"the list has more than {self._most_pages} pages")
        return query

    async def _page(
        self, query: Query, known: DecodedPage[T] | None, before: int
    ) -> DecodedPage[T]:
        answer = await self._fetch(query, known.etag if known else "")
        if known is not None and answer.status == 304:
            return known
        if len(answer.body) < _IN_THREAD:
            return self._decoded(answer, before)
        return await asyncio.to_thread(self._decoded, answer, before)

    def _decoded(self, answer: Answer, before: int) -> DecodedPage[T]:
        page = decode.read_page(answer.body)
        items, problems, unread = decode.read_items(page, self._read, self._what, before)
        received = len(page.results)
        return DecodedPage(items, problems, unread, received, page.count, page.next, answer.etag)


def _merged(pages: list[DecodedPage[T]], *, cut_off: bool) -> Listing[T]:
    """The pages as one list, with whatever speaks against its being whole."""
    items = {item.id: item for page in pages for item in page.items}
    problems = [problem for page in pages for problem in page.problems]
    unread = frozenset(key for page in pages for key in page.unread)
    received = sum(page.received for page in pages)
    counts = [page.count for page in pages if page.count is not None]
    repeated = len(items) < sum(len(page.items) for page in pages)
    whole = not cut_off and not repeated and len(unread) == len(problems)
    return Listing(
        items=tuple(items.values()),
        problems=tuple(problems),
        unread=unread,
        settled=whole and all(count == received for count in counts),
        total=counts[-1] if counts else None,
    )


def _page_key(query: Query) -> PageKey:
    return tuple(sorted((key, str(value)) for key, value in query.items()))
