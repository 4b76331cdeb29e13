"""The snapshots that ciplun does not delete: where it cannot be told, it is none of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from tui.fleet.actor import Who
from tui.fleet.journal.protection import Protection, ProtectionUnknown
from tui.fleet.writes.books import Books
from tui.fleet.writes.preflight import Refused
from tui.vps.models import Key, Snapshot


class Protecting:
    """The protected snapshots of an account; `on_change` hears their ids."""

    def __init__(self, books: Books, who: Who, on_change: Callable[[frozenset[Key]], None]) -> None:
        self._books = books
        self._who = who
        self._protection = Protection(books.journal)
        self._changed = on_change

    async def refresh(self) -> None:
        """Read them again, and have them known, as far as they can be told."""
        with suppress(ProtectionUnknown):
            await self._read()

    async def change(self, target: Snapshot, *, on: bool) -> None:
        """Protect a snapshot, or no longer. Raises JournalUnavailable."""
        words = f"{target.name} of {target.server_name}, by {self._who}"
        await self._protection.change(self._books.account, target.id, words, on=on)
        await self.refresh()

    async def refuse(self, target: Snapshot) -> None:
        """Raise Refused where a snapshot is protected, or that cannot be told."""
        try:
            protected = await self._read()
        except ProtectionUnknown as unknown:
            words = f"it cannot be told whether {target.name} is protected: {unknown}"
            raise Refused(f"not sent: {words}") from unknown
        if target.id in protected:
            raise Refused(f"not sent: {target.name} is protected here, by ciplun only")

    async def _read(self) -> frozenset[Key]:
        protected = await self._protection.read(self._books.account)
        self._changed(protected)
        return protected
