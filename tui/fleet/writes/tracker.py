"""What becomes of writes: every open operation of an account, ours and others', to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from msgspec.structs import replace

from tui.fleet.actor import Who
from tui.fleet.clock import Clock, Moments
from tui.fleet.estimates import Expected
from tui.fleet.journal.journal import Clash, Entry, JournalUnavailable
from tui.fleet.operation import TRANSITIONS, Certainty, Gathered, Kind, Operation, State
from tui.fleet.state import Sighting
from tui.fleet.writes.books import Books
from tui.fleet.writes.corrections import Corrections
from tui.fleet.writes.evidence import Case, Verdict, narrowed, untold
from tui.fleet.writes.tracked import Durations, Tracked
from tui.vps.models import Key, Listing, Snapshot

log = logging.getLogger(__name__)

LOST: Final = "ciplun ended while the request was being sent"
_LEFT: Final = {
    State.INTENT: "ciplun ended before it was sent",
    State.WAITING: "ciplun ended before its safety snapshot was completed",
}
"""Why what a dead session had only planned was never sent."""


class Tracker:
    """The open operations of one account, and every step they take.

    `now` gives seconds since 1970 by the service's clock. `on_change` hears of every step, and of
    an operation that became overdue; `on_correct` of an end before it is corrected.
    """

    def __init__(
        self,
        books: Books,
        *,
        clock: Clock,
        moments: Moments,
        now: Callable[[], float],
        who: Who,
        on_change: Callable[[Operation], None],
        on_correct: Callable[[Operation], None],
    ) -> None:
        self._books = books
        self._clock = clock
        self._moments = moments
        self._now = now
        self._who = who
        self._changed = on_change
        self._known = on_correct
        self._tracked: dict[int, Tracked] = {}
        self._corrections = Corrections(books)
        self._durations = Durations(books)

    # -- asked from outside ----------------------------------------------------------

    async def start(self) -> Sequence[Operation]:
        """Take up what earlier or other sessions left open, and return it."""
        await self.refresh()
        return self.running()

    async def observe(self, sighting: Sighting) -> None:
        """Weigh an answer of the list call as evidence for every operation that it may concern."""
        await self.refresh()
        watched = (*self.running(), *self._corrections.operations())
        if not watched:
            return
        sighting = narrowed(sighting, watched)
        for tracked in tuple(self._tracked.values()):
            case = tracked.case
            if tracked.on_the_wire or case.operation.account not in self._books.names:
                continue
            if not case.operation.ended and case.concerned(sighting):
                await self._weigh(case, sighting)
        busy = {each.server_id for each in self.running() if each.open}
        now = self._moments.at()
        for case, verdict in await self._corrections.found(sighting, busy, self._now(), now):
            await self._correct(case, verdict)

    async def _weigh(self, case: Case, sighting: Sighting) -> None:
        operation, before = case.operation, case.gathered
        taken: frozenset[Key] = frozenset()
        if operation.kind is Kind.CREATE and operation.snapshot_id is None:
            with suppress(JournalUnavailable):
                taken = await self._books.made()
        verdict = case.judge(sighting, self._moments.at(sighting.asked_at), taken)
        if case.gathered != before:
            with suppress(JournalUnavailable):  # it is known here, and gathered again elsewhere
                await self._books.of(operation.id).note(operation.id, case.gathered)
        age = case.age(self._moments.at())
        if verdict is not None:
            await self.step(operation, verdict.applied(operation, self._now(), age))
        else:
            await self._watch(operation, age)

    async def outcome(self, operation: Operation) -> Operation:
        """Wait until an operation has ended. Cancelled when this session is left."""
        tracked = self._tracked.get(operation.id)
        if tracked is None or tracked.case.operation.ended:
            return await self.latest(operation)
        if tracked.awaited is None:
            tracked.awaited = asyncio.get_running_loop().create_future()
        return await asyncio.shield(tracked.awaited)

    async def latest(self, operation: Operation) -> Operation:
        """An operation as it stands now, as far as is known."""
        tracked = self._tracked.get(operation.id)
        if tracked is not None:
            return tracked.case.operation
        with suppress(JournalUnavailable):
            return await self._books.get(operation.id) or operation
        return operation

    async def declare_over(self, operation_id: int) -> Operation | None:
        """Take the admin's word that an operation is over, or keeps its server no longer.

        Returns what it is now; None where there is no such one, or nothing to say of it.
        """
        words = f"tracking stopped by {self._who}"
        tracked, ended = self._tracked.get(operation_id), self._corrections.case(operation_id)
        if ended is not None and self.keeps(ended) > 0:
            freed = replace(ended.operation, words=words, freed=True)
            before, ended.operation = ended.operation, freed
            ended.operation = await self.step(before, freed)
            return ended.operation
        if tracked is None:
            return None
        operation = tracked.case.operation
        if operation.state is State.WAITING:
            return await self.end(operation, State.NEVER_SENT, words)
        if operation.state not in (State.UNKNOWN, State.ACCEPTED):
            return None
        over = untold(words).applied(operation, self._now())
        return await self.step(operation, replace(over, freed=True))

    def kept(self) -> Mapping[Key, Operation]:
        """The servers that an operation keeps although it has ended, and which one."""
        cases = [case for case in self._corrections.cases() if self.keeps(case) > 0]
        return {case.operation.server_id: case.operation for case in cases}

    def keeps(self, case: Case) -> float:
        """Seconds for which an ended operation keeps its server, as its end is not proved."""
        return case.operation.keeps(case.age(self._moments.at()))

    def running(self) -> Sequence[Operation]:
        """The operations that have not ended, oldest first."""
        found = (self._tracked[key].case.operation for key in sorted(self._tracked))
        return [operation for operation in found if not operation.ended]

    def doubtful(self) -> Sequence[Operation]:
        """What has ended without proof, and is still looked at."""
        return self._corrections.operations()

    def expected(self, kind: Kind) -> Expected | None:
        """How long an operation of this kind should take."""
        return self._durations.expected(kind)

    def leave(self) -> None:
        """Let nobody wait any longer. What runs goes on at the provider."""
        for tracked in self._tracked.values():
            if tracked.awaited is not None:
                tracked.awaited.cancel()

    # -- a write of this session ---------------------------------------------------------

    def follow(self, operation: Operation) -> None:
        """Follow what this session has begun."""
        self._tracked[operation.id] = Tracked(self._case(operation))
        self._tell(operation)

    async def leaves(self, operation: Operation, before: Listing[Snapshot]) -> Operation:
        """Have "sent" on disk before a request leaves; `before` has what its server has now.

        Returns what the journal then has: another session may have ended it.
        """
        tracked = self._tracked[operation.id]
        sent = replace(operation, state=State.SENT)
        tracked.on_the_wire = True
        now, seen = self._moments.at(), frozenset(snapshot.id for snapshot in before.items)
        partly = None if before.complete else now
        tracked.case.gathered = gathered = Gathered(seen=seen, begun=now, partly=partly)
        book = self._books.of(operation.id)
        kept = await book.step(operation, sent, self._now(), gathered)
        if kept.state is State.SENT:
            self._tell(sent)
        return kept

    async def answered(self, operation: Operation, new: Operation) -> Operation:
        """Take the step that an answer means, or its loss."""
        tracked = self._tracked.get(operation.id)
        if tracked is not None:
            tracked.on_the_wire = False
        return await self.step(operation, new)

    # -- steps -----------------------------------------------------------------------

    async def _correct(self, case: Case, verdict: Verdict) -> None:
        """Take back an end that has turned out to be wrong."""
        operation = case.operation
        self._tracked[operation.id] = Tracked(case)
        self._corrections.corrected(operation.id)
        self._known(operation)
        case.gathered = replace(case.gathered, against=None, standing=None)
        try:
            with suppress(JournalUnavailable):
                await self._books.of(operation.id).note(operation.id, case.gathered)
            await self.step(operation, verdict.applied(operation, self._now()))
        except Clash:  # another session has begun something: looked at again afterwards
            self._tracked.pop(operation.id, None)
            self._corrections.watch(case)

    async def _watch(self, operation: Operation, age: float) -> None:
        """Tell once that an operation takes longer than it should; `age` in seconds."""
        expectation = self.expected(operation.kind)
        if expectation is None or operation.overdue or operation.accepted_at is None:
            return
        if age > expectation.late:
            await self.step(operation, replace(operation, overdue=True))

    async def end(self, operation: Operation, state: State, words: str) -> Operation:
        """End what was refused or has not left."""
        evidence = "the provider refused it" if state is State.REFUSED else "nothing was sent"
        ended = replace(
            operation,
            state=state,
            words=words,
            ended_at=self._now(),
            certainty=Certainty.PROVED,
            evidence=evidence,
        )
        return await self.step(operation, ended)

    async def step(self, old: Operation, new: Operation) -> Operation:
        """Take a step, on disk first; where the disk fails it is at least known here."""
        possible = new.state is old.state or new.state in TRANSITIONS.get(old.state, ())
        if not possible or (old.ended and old.proved):
            raise RuntimeError(f"no step from {old.state.value} to {new.state.value}")
        tracked = self._tracked.get(old.id)
        first = old if tracked is None or tracked.unwritten is None else tracked.unwritten
        try:
            new = await self._books.of(old.id).step(first, new, self._now())
            unwritten = None
        except JournalUnavailable as error:
            self._books.trouble = str(error)
            unwritten = first
            log.warning("%s", error)
        if tracked is not None:
            tracked.unwritten = unwritten
        self._tell(new)
        return new

    def _tell(self, operation: Operation) -> None:
        """Have everybody know where an operation stands now."""
        tracked = self._tracked.get(operation.id)
        if tracked is not None:
            if tracked.case.operation.state is not operation.state:
                tracked.case.since = self._clock.monotonic()
            tracked.case.operation = operation
            if operation.ended:
                self._forget(operation, tracked)
        self._changed(operation)

    def _case(self, operation: Operation, gathered: Gathered | None = None) -> Case:
        """An operation that is seen in its present state from now on."""
        return Case(operation, gathered or Gathered(), since=self._clock.monotonic())

    def _forget(self, operation: Operation, tracked: Tracked) -> None:
        if tracked.unwritten is None:
            self._tracked.pop(operation.id, None)
        if not operation.proved:
            self._corrections.watch(tracked.case)
        if tracked.awaited is not None and not tracked.awaited.done():
            tracked.awaited.set_result(operation)

    # -- what other sessions write -----------------------------------------------------

    async def refresh(self) -> None:
        """Bring what is open into line with the journal, as far as it can be read."""
        try:
            await self._read()
        except JournalUnavailable as error:
            self._books.trouble = str(error)
            log.warning("%s", error)
        else:
            self._books.trouble = ""

    async def _read(self) -> None:
        for key, tracked in tuple(self._tracked.items()):
            if tracked.unwritten is not None:
                await self._catch_up(key, tracked, tracked.unwritten)
        await self._books.refresh()
        entries = await self._books.journal.open_entries(self._books.account)
        for entry in entries:
            known = self._tracked.get(entry.operation.id)
            left = entry.operation.state in (State.UNKNOWN, State.ACCEPTED)
            if not entry.ours or (left and known is None):  # ours: opened again by another one
                await self._take_up(entry)
            elif left and known is not None and known.case.operation.state is entry.operation.state:
                known.case.gathered = entry.gathered  # others may have seen more of it
        await self._let_go({entry.operation.id for entry in entries})
        await self._durations.refresh()
        since, now = self._clock.monotonic(), self._moments.at()
        await self._corrections.refresh(self._now(), now, since)

    async def _catch_up(self, key: int, tracked: Tracked, unwritten: Operation) -> None:
        """Write what could not be written before."""
        operation = tracked.case.operation
        await self._books.of(key).step(unwritten, operation, self._now())
        tracked.unwritten = None
        if operation.ended:
            self._tracked.pop(key, None)

    async def _take_up(self, entry: Entry) -> None:
        """Follow an operation that another session began; settle what a dead one left behind."""
        operation = entry.operation
        if not entry.owned and operation.state in _LEFT:
            await self.end(operation, State.NEVER_SENT, _LEFT[operation.state])
            return
        case = self._case(operation, entry.gathered)
        tracked = self._tracked.setdefault(operation.id, Tracked(case))
        tracked.case.gathered = entry.gathered
        if not entry.owned and operation.state is State.SENT:
            await self.step(operation, replace(operation, state=State.UNKNOWN, words=LOST))
        else:
            self._tell(operation)

    async def _let_go(self, listed: set[int]) -> None:
        """Tell of operations that another session has ended, and follow them no longer."""
        for key, tracked in tuple(self._tracked.items()):
            here_alone = tracked.unwritten is not None or key < 0
            if key in listed or here_alone or tracked.on_the_wire:
                continue
            found = await self._books.get(key)
            if found is not None and found.ended:
                self._tell(found)
