"""Ends that may have been wrong: what shows for an hour that a write was carried out after all."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from tui.fleet.journal.journal import JournalUnavailable
from tui.fleet.operation import Operation
from tui.fleet.state import Sighting
from tui.fleet.writes.books import Books
from tui.fleet.writes.evidence import Case, Verdict
from tui.vps.models import Key

RECONSIDERED: Final = 3_600.0
"""Seconds for which what seemed not to be carried out is still looked for."""


class Corrections:
    """The operations of one account that ended without a sign of them."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._cases: dict[int, Case] = {}

    async def start(self, now: float) -> None:
        """Take up what earlier sessions ended. Raises JournalUnavailable."""
        journal, account = self._books.journal, self._books.account
        for entry in await journal.denied_entries(account, now - RECONSIDERED):
            self.watch(Case(entry.operation, entry.seen))

    def watch(self, case: Case) -> None:
        """Look for it from now on."""
        self._cases[case.operation.id] = case

    def corrected(self, operation: Operation) -> None:
        """It has been found."""
        self._cases.pop(operation.id, None)

    async def found(
        self, sighting: Sighting, busy: Container[Key], now: float
    ) -> Sequence[tuple[Case, Verdict]]:
        """What `sighting` shows to have been wrong; not on a server where something is open."""
        found = []
        for key, case in tuple(self._cases.items()):
            if now - (case.operation.ended_at or 0.0) > RECONSIDERED:
                del self._cases[key]
                continue
            verdict = case.reconsider(sighting)
            if verdict is None or case.operation.server_id in busy:
                continue
            if not await self._made(verdict, case.operation):
                found.append((case, verdict))
        return found

    async def _made(self, verdict: Verdict, operation: Operation) -> bool:
        """Whether another create is known to have made what is taken for this one's."""
        if verdict.snapshot_id == operation.snapshot_id:
            return False
        try:
            return verdict.snapshot_id in await self._books.made()
        except JournalUnavailable:
            return True  # what cannot be told is not claimed
