"""What becomes of writes: every open operation of an account, ours and others', to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from tui.fleet.actor import Who
from tui.fleet.clock import Clock
from tui.fleet.estimates import Expected, expected
from tui.fleet.journal.journal import Clash, Entry, Journal, JournalUnavailable, Step
from tui.fleet.operation import DENIED, TRANSITIONS, Certainty, Kind, Operation, State
from tui.fleet.state import Sighting
from tui.fleet.writes.evidence import Case, Verdict
from tui.vps.models import Key

log = logging.getLogger(__name__)

RECONSIDERED: Final = 3_600.0
"""Seconds for which a create that seemed not to be there is still looked for."""
LOST: Final = "Ciplun ended while the request was on the wire"
_LEFT: Final = {
    State.INTENT: "Ciplun ended before it was sent",
    State.WAITING: "Ciplun ended before its safety snapshot was completed",
}
"""Why what a dead session had only planned was never sent."""
ON_THE_WIRE: Final = float("inf")


class Following:
    """The open operations of one account, and every step they take.

    `now` gives seconds since 1970 by the service's clock. `on_change` hears of every step, and of
    an operation that became overdue; `on_protected` of the snapshots protected from deletes.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        clock: Clock,
        now: Callable[[], float],
        account: str,
        who: Who,
        on_change: Callable[[Operation], None] = lambda operation: None,
        on_protected: Callable[[frozenset[Key]], None] = lambda keys: None,
    ) -> None:
        self.protected: frozenset[Key] = frozenset()
        self._journal = journal
        self._unrecorded = journal if journal.in_memory else Journal(None)
        self._clock = clock
        self._now = now
        self._account = account
        self._who = who
        self._changed = on_change
        self._protected_changed = on_protected
        self._trouble = ""
        self._cases: dict[int, Case] = {}
        self._denied: dict[int, Case] = {}
        self._sent_at: dict[int, float] = {}
        self._durations: dict[Kind, Sequence[float]] = {}
        self._unwritten: dict[int, tuple[Operation, Operation]] = {}
        self._awaited: dict[int, asyncio.Future[Operation]] = {}

    @property
    def trouble(self) -> str:
        """Why no record can be kept now, or what happened to the journal; else empty."""
        return self._trouble or self._journal.notice

    # -- asked from outside ----------------------------------------------------------

    async def start(self) -> Sequence[Operation]:
        """Take up what earlier or other sessions left open, and return it."""
        await self._try_to_read()
        with suppress(JournalUnavailable):
            since = self._now() - RECONSIDERED
            for entry in await self._journal.denied_entries(self._account, since):
                self._denied[entry.operation.id] = Case(entry.operation, entry.seen)
        return self.running()

    async def observe(self, sighting: Sighting) -> None:
        """Weigh an answer of the list call as evidence for every open operation."""
        await self._try_to_read()
        for key, case in tuple(self._cases.items()):
            if sighting.asked_at <= self._sent_at.get(key, float("-inf")):
                continue
            verdict = case.judge(sighting, self._now())
            if verdict is not None:
                await self._conclude(case.operation, verdict)
            else:
                await self._watch(case.operation)
        for case in tuple(self._denied.values()):
            await self._reconsider(case, sighting)

    async def outcome(self, operation: Operation) -> Operation:
        """Wait until an operation has ended. Cancelled when this session is left."""
        if operation.id not in self._cases:
            return await self._book(operation.id).get(operation.id) or operation
        future = self._awaited.get(operation.id)
        if future is None:
            future = self._awaited[operation.id] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(future)

    async def declare_over(self, operation_id: int) -> Operation | None:
        """Stop waiting for an operation whose end cannot be seen: the admin has looked."""
        case = self._cases.get(operation_id)
        words = f"declared over by {self._who}"
        if case is None:
            return None
        if case.operation.state is State.WAITING:
            return await self.give_up(case.operation, words)
        if case.operation.state not in (State.UNKNOWN, State.ACCEPTED):
            return None
        return await self._conclude(
            case.operation, Verdict(State.UNSEEN, words, Certainty.UNTOLD, words)
        )

    async def give_up(self, waiting: Operation, words: str) -> Operation:
        """End a restore that waits: it is not sent."""
        return await self._end(waiting, State.NEVER_SENT, words)

    def running(self) -> Sequence[Operation]:
        """The operations that have not ended, oldest first."""
        return [case.operation for _, case in sorted(self._cases.items())]

    async def history(self, limit: int = 500) -> Sequence[Operation]:
        """Running and past operations of this account, newest first, as far as can be read."""
        found = {operation.id: operation for operation in self.running()}
        for book in {self._journal, self._unrecorded}:
            try:
                found |= {o.id: o for o in await book.history(self._account, limit)}
            except JournalUnavailable as error:
                self._trouble = str(error)
        ordered = sorted(found.values(), key=lambda o: (o.asked_at, abs(o.id)), reverse=True)
        return ordered[:limit]

    async def timeline(self, operation_id: int) -> Sequence[Step]:
        """Every step of an operation, in order."""
        return await self._book(operation_id).timeline(operation_id)

    def expected(self, kind: Kind) -> Expected | None:
        """How long an operation of this kind should take."""
        return expected(kind, self._durations.get(kind, ()))

    async def leave(self) -> None:
        """Give up what waits here to be sent. What runs goes on at the provider."""
        for operation in self.running():
            if operation.state is State.WAITING and operation.id in self._sent_at:
                await self.give_up(operation, _LEFT[State.WAITING])
        for future in self._awaited.values():
            future.cancel()

    async def close(self) -> None:
        """Close the journal. What runs goes on at the provider and is taken up again."""
        for book in {self._journal, self._unrecorded}:
            await book.close()

    # -- steps -----------------------------------------------------------------------

    async def _conclude(self, operation: Operation, verdict: Verdict) -> Operation:
        ended = verdict.state not in (State.UNKNOWN, State.ACCEPTED)
        now = self._now()
        accepted = operation.accepted_at
        took = now - accepted if accepted is not None and verdict.watched else None
        if verdict.state in (State.ACCEPTED, State.COMPLETED, State.FAILED) and accepted is None:
            accepted = operation.asked_at
        new = replace(
            operation,
            state=verdict.state,
            words=verdict.words or operation.words,
            snapshot_id=operation.snapshot_id
            if verdict.snapshot_id is None
            else verdict.snapshot_id,
            accepted_at=accepted,
            ended_at=now if ended else None,
            seen_busy=operation.seen_busy or verdict.seen_busy,
            took=took,
            certainty=verdict.certainty,
            evidence=verdict.evidence,
        )
        return await self._step(operation, new)

    async def _reconsider(self, case: Case, sighting: Sighting) -> None:
        """Correct an end that turns out to have been wrong."""
        key, operation = case.operation.id, case.operation
        if self._now() - (operation.ended_at or 0.0) > RECONSIDERED:
            self._denied.pop(key, None)
            return
        busy = {each.operation.server_id for each in self._cases.values() if each.operation.open}
        verdict = case.reconsider(sighting)
        if verdict is None or operation.server_id in busy or await self._made(verdict, operation):
            return
        self._cases[key] = case
        try:
            await self._conclude(operation, verdict)
        except Clash:  # another session has begun something: looked at again afterwards
            self._cases.pop(key, None)
        else:
            self._denied.pop(key, None)

    async def _made(self, verdict: Verdict, operation: Operation) -> bool:
        """Whether another create is known to have made what is taken for this one's."""
        if verdict.snapshot_id == operation.snapshot_id:
            return False
        for book in {self._journal, self._unrecorded}:
            try:
                if verdict.snapshot_id in await book.made(self._account):
                    return True
            except JournalUnavailable:
                return True  # what cannot be told is not claimed
        return False

    async def _watch(self, operation: Operation) -> None:
        """Tell once that an operation takes longer than it should."""
        expectation = self.expected(operation.kind)
        if expectation is None or operation.overdue or operation.accepted_at is None:
            return
        if self._now() - operation.accepted_at > expectation.late:
            await self._step(operation, replace(operation, overdue=True))

    async def _end(self, operation: Operation, state: State, words: str) -> Operation:
        evidence = "the provider refused it" if state is State.REFUSED else "nothing was sent"
        ended = replace(
            operation,
            state=state,
            words=words,
            ended_at=self._now(),
            certainty=Certainty.PROVED,
            evidence=evidence,
        )
        return await self._step(operation, ended)

    async def _step(self, old: Operation, new: Operation) -> Operation:
        """Take a step, on disk first; where the disk fails it is at least known here."""
        if new.state is not old.state and new.state not in TRANSITIONS[old.state]:
            raise RuntimeError(f"no step from {old.state.value} to {new.state.value}")
        first = self._unwritten.get(old.id, (old, old))[0]
        try:
            new = await self._book(old.id).step(first, new, self._now())
            self._unwritten.pop(old.id, None)
        except JournalUnavailable as error:
            self._trouble = str(error)
            self._unwritten[old.id] = (first, new)
            log.warning("%s", error)
        self._tell(new)
        return new

    def _tell(self, operation: Operation) -> None:
        """Have everybody know where an operation stands now."""
        if operation.ended:
            case = self._cases.pop(operation.id, None)
            if case is not None and operation.state in DENIED:
                self._denied[operation.id] = case
                case.operation = operation
            self._sent_at.pop(operation.id, None)
            awaited = self._awaited.pop(operation.id, None)
            if awaited is not None and not awaited.done():
                awaited.set_result(operation)
        elif operation.id in self._cases:
            self._cases[operation.id].operation = operation
        self._changed(operation)

    def _book(self, operation_id: int) -> Journal:
        return self._unrecorded if operation_id < 0 else self._journal

    # -- what other sessions write -----------------------------------------------------

    async def _try_to_read(self) -> None:
        try:
            await self._read()
        except JournalUnavailable as error:
            self._trouble = str(error)
            log.warning("%s", error)
        else:
            self._trouble = ""

    async def _read(self) -> None:
        """Bring what is open into line with the journal, which other sessions write too."""
        for key, (first, new) in tuple(self._unwritten.items()):
            await self._journal.step(first, new, self._now())
            del self._unwritten[key]
        entries = await self._journal.open_entries(self._account)
        for entry in entries:
            if not entry.ours:
                await self._take_up(entry)
        await self._let_go({entry.operation.id for entry in entries})
        for kind in (Kind.CREATE, Kind.RESTORE):
            self._durations[kind] = await self._journal.durations(self._account, kind)
        await self._read_protected()

    async def _read_protected(self) -> None:
        found = await self._journal.protected(self._account)
        if found != self.protected:
            self.protected = found
            self._protected_changed(found)

    async def _take_up(self, entry: Entry) -> None:
        """Follow an operation that another session began; settle what a dead one left behind."""
        operation = entry.operation
        if not entry.owned and operation.state in _LEFT:
            await self._end(operation, State.NEVER_SENT, _LEFT[operation.state])
            return
        case = self._cases.setdefault(operation.id, Case(operation))
        case.operation, case.seen = operation, entry.seen
        if not entry.owned and operation.state is State.SENT:
            await self._step(operation, replace(operation, state=State.UNKNOWN, words=LOST))
        else:
            self._tell(operation)

    async def _let_go(self, listed: set[int]) -> None:
        """Tell of operations that another session has ended, and follow them no longer."""
        for key in tuple(self._cases):
            here_alone = key in self._unwritten or self._book(key) is not self._journal
            if key in listed or here_alone or self._sent_at.get(key) == ON_THE_WIRE:
                continue
            found = await self._journal.get(key)
            if found is not None and found.ended:
                self._tell(found)
