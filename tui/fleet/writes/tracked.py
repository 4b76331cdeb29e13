"""What is known of one operation that has not ended, and of how long its kind takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from tui.fleet.estimates import Expected, expected
from tui.fleet.operation import Kind, Operation
from tui.fleet.writes.books import Books
from tui.fleet.writes.evidence import Case


class Tracked(msgspec.Struct):
    """An operation that has not ended.

    `on_the_wire`: it is leaving or not answered yet, so that no listing says anything about it.
    `unwritten` is what the journal has where it could not be brought up to date. `awaited` ends
    with the operation.
    """

    case: Case
    on_the_wire: bool = False
    unwritten: Operation | None = None
    awaited: asyncio.Future[Operation] | None = None


class Durations:
    """How long the completed operations of an account took."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._seconds: dict[Kind, Sequence[float]] = {}

    async def refresh(self) -> None:
        """Read them again. Raises JournalUnavailable."""
        for kind in (Kind.CREATE, Kind.RESTORE):
            self._seconds[kind] = await self._books.journal.durations(self._books.account, kind)

    def expected(self, kind: Kind) -> Expected | None:
        """How long an operation of this kind should take."""
        return expected(kind, self._seconds.get(kind, ()))
