"""Reading a list: all its pages, each decoded once, and not again while it stays the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tui.vps import decode
from tui.vps.errors import BadResponse, NotFound
from tui.vps.models import Key, Listing, Server, Snapshot

T = TypeVar("T", bound=Server | Snapshot)
Query = dict[str, str | int]
Name = tuple[tuple[str, str | int], ...]
Fetch = Callable[[Query, str], Awaitable[tuple[bytes | None, str]]]
"""Gets a page, unless it is still the one with this tag: its body (None: it is), and its tag."""
_IN_THREAD: Final = 64 * 1024
"""Bytes from which a page is decoded off the event loop."""
_PAGE_SIZE: Final = 100
"""The most that the service puts on a page."""


class Part(msgspec.Struct, Generic[T], frozen=True):
    """One page as it was read. `came` counts its items, readable or not."""

    items: list[T]
    problems: list[str]
    unread: list[Key]
    came: int
    count: int | None
    next: str | None


class ListReader(Generic[T]):
    """Reads one kind of list to its end. Items are counted in `problems` as `what`."""

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
        self._known: dict[Name, tuple[str, Part[T]]] = {}
        self._paged = paged

    async def all(self, query: Query, *, fresh: bool = False) -> Listing[T]:
        """All items; `fresh` takes nothing for unchanged. Raises VpsError."""
        if self._paged:
            query = {**query, "page_size": _PAGE_SIZE}
        known = {} if fresh else self._known
        parts: dict[Name, tuple[str, Part[T]]] = {}
        items: dict[Key, T] = {}
        problems: list[str] = []
        unread: set[Key] = set()
        came, repeated, total = 0, False, None
        while True:
            name = _name(query)
            try:
                parts[name] = await self._part(query, known.get(name), came)
            except NotFound:
                if not parts:
                    raise
                repeated = True  # the page went while those before it were read
                break
            part = parts[name][1]
            came += part.came
            if came > self._most_items:
                raise BadResponse(f"the list is longer than {self._most_items} items")
            for item in part.items:
                repeated |= item.id in items
                items[item.id] = item
            problems += part.problems
            unread.update(part.unread)
            repeated |= total is not None and part.count is not None and part.count != total
            total = part.count if part.count is not None else total
            if not part.next:
                break
            self._paged = True  # the next time ask for large pages
            query = self._next(query, part.next, parts)
        if not fresh:
            self._known = {name: (tag, part) for name, (tag, part) in parts.items() if tag}
        return Listing(
            items=tuple(items.values()),
            problems=tuple(problems),
            unread=frozenset(unread),
            settled=not repeated and len(unread) == len(problems) and total in (None, came),
            total=total,
        )

    def _next(self, query: Query, link: str, seen: dict[Name, tuple[str, Part[T]]]) -> Query:
        # Only the query of `next` is taken: behind a proxy its origin is often wrong, and the
        # token goes to our own address alone.
        query = {**query, **dict(parse_qsl(urlsplit(link).query))}
        if _name(query) in seen:
            raise BadResponse("the list has no end: its pages go in a circle")
        if len(seen) >= self._most_pages:
            raise BadResponse(f"the list has more than {self._most_pages} pages")
        return query

    async def _part(
        self, query: Query, known: tuple[str, Part[T]] | None, start: int
    ) -> tuple[str, Part[T]]:
        body, tag = await self._fetch(query, known[0] if known else "")
        if body is None and known is not None:
            return known
        body = body or b""
        if len(body) < _IN_THREAD:
            return tag, self._decoded(body, start)
        return tag, await asyncio.to_thread(self._decoded, body, start)

    def _decoded(self, body: bytes, start: int) -> Part[T]:
        page = decode.read_page(body)
        items, problems, unread = decode.read_items(page, self._read, self._what, start)
        return Part(items, problems, unread, len(page.results), page.count, page.next)


def _name(query: Query) -> Name:
    return tuple(sorted((key, str(value)) for key, value in query.items()))
