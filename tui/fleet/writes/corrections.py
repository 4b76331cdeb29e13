"""Ends that are not proved: what shows for an hour that they were wrong, or proves them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from tui.fleet.clock import Moment
from tui.fleet.journal.journal import JournalUnavailable
from tui.fleet.operation import OPEN, Kind, Operation
from tui.fleet.state import Sighting
from tui.fleet.writes.books import Books
from tui.fleet.writes.evidence import Case, Verdict
from tui.fleet.writes.reconsider import reconsider
from tui.vps.models import Key

RECONSIDERED: Final = 3_600.0
"""Seconds for which an end that is not proved is still looked at."""


def looked_at(case: Case, seconds: float, now: Moment) -> bool:
    """Whether it is, at `now`, which is so many `seconds` since 1970 by the service's clock.

    Where that clock was or is wrong, the time since the write counts.
    """
    soon = abs(seconds - (case.operation.ended_at or 0.0)) <= RECONSIDERED
    return soon or case.age(now) <= RECONSIDERED


class Corrections:
    """The operations of one account that have ended without proof."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._cases: dict[int, Case] = {}

    async def refresh(self, seconds: float, now: Moment, since: float) -> None:
        """Take up what any session has ended; seen from the monotonic instant `since` on.

        The present is `now`, and so many `seconds` since 1970 by the service's clock.

        Raises JournalUnavailable.
        """
        journal, account = self._books.journal, self._books.account
        entries = await journal.unproved_entries(account, seconds - RECONSIDERED)
        cases = {key: case for key, case in self._cases.items() if key < 0}
        for entry in entries:
            operation = entry.operation
            known = self._cases.get(operation.id)
            same = known is not None and known.operation.state is operation.state
            case = (known if same else None) or Case(operation, entry.gathered, since=since)
            if looked_at(case, seconds, now):
                cases[operation.id] = case
        self._cases = cases

    def watch(self, case: Case) -> None:
        """Look at it from now on."""
        self._cases[case.operation.id] = case

    def corrected(self, operation_id: int) -> None:
        """It is no longer as it was."""
        self._cases.pop(operation_id, None)

    def case(self, operation_id: int) -> Case | None:
        """One of them."""
        return self._cases.get(operation_id)

    def cases(self) -> Sequence[Case]:
        """All of them."""
        return tuple(self._cases.values())

    def operations(self) -> Sequence[Operation]:
        """What is still looked at."""
        return [case.operation for case in self._cases.values()]

    async def found(
        self, sighting: Sighting, busy: Container[Key], seconds: float, now: Moment
    ) -> Sequence[tuple[Case, Verdict]]:
        """What `sighting` shows to have been wrong; not on a server where something is open."""
        found: list[tuple[Case, Verdict]] = []
        restores = [o for o in self.operations() if o.kind is Kind.RESTORE]
        newest = {restore.server_id: restore.id for restore in restores}
        made = await self._made()
        for key, case in tuple(self._cases.items()):
            operation = case.operation
            if not looked_at(case, seconds, now):
                del self._cases[key]
                continue
            if operation.server_id in busy or not case.concerned(sighting):
                continue
            if operation.account not in self._books.names:
                continue
            if operation.kind is Kind.RESTORE and newest[operation.server_id] != key:
                continue  # what shows now is of the later one
            if operation.kind is Kind.CREATE and made is None:
                continue  # it may be another's
            verdict = reconsider(case, sighting, (made or set()) - {operation.snapshot_id})
            # What the admin called over may still turn out to have ended; it is not opened again.
            if verdict is not None and not (operation.freed and verdict.state in OPEN):
                found.append((case, verdict))
                if made is not None and verdict.snapshot_id is not None:
                    made.add(verdict.snapshot_id)  # of one of them, not of two
        return found

    async def _made(self) -> set[Key] | None:
        """What creates are known to have made; None where that cannot be told."""
        if not any(operation.kind is Kind.CREATE for operation in self.operations()):
            return set()
        try:
            return set(await self._books.made())
        except JournalUnavailable:
            return None
