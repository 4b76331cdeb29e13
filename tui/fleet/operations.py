"""Create, restore, delete: intent, request, answer, and what became of it. Nothing is sent twice.

The order is the safety: the intent is on disk, then the target is read again, then "sent" is on
disk, then the request leaves. Whatever dies in between leaves a record that tells how far it got.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from tui.fleet.clock import Clock
from tui.fleet.evidence import Case, Verdict
from tui.fleet.forecast import Expected, expected
from tui.fleet.journal import Clash, Entry, Journal, JournalUnavailable, Step
from tui.fleet.operation import TRANSITIONS, Kind, Operation, State
from tui.fleet.recheck import Refused, check_target
from tui.fleet.state import Sighting
from tui.fleet.who import Who
from tui.vps.errors import OutcomeUnknown, Unreachable, VpsError, WriteRefused
from tui.vps.models import Key, Listing, Restoring, Server, Snapshot

__all__ = ["JournalUnavailable", "Operations", "Refused"]
log = logging.getLogger(__name__)

LOST: Final = "Ciplun ended while the request was on the wire"


class Api(Protocol):
    """What operations need of the client."""

    async def server(self, server_id: Key) -> Server:
        """One server."""
        ...

    async def snapshots(self, server_id: Key | None = None) -> Listing[Snapshot]:
        """All snapshots, or those of one server."""
        ...

    async def create_snapshot(self, server_id: Key, name: str, description: str = "") -> Snapshot:
        """Ask for a snapshot."""
        ...

    async def restore_snapshot(self, snapshot_id: Key) -> Restoring:
        """Overwrite the snapshot's server with it."""
        ...

    async def delete_snapshot(self, snapshot_id: Key) -> bool:
        """Delete a snapshot. False: it was gone already."""
        ...


Changed = Callable[[Operation], None]


class Operations:
    """All writes of one account.

    `now` gives seconds since 1970 by the service's clock. `on_change` hears of every step, and of
    an operation that became overdue.
    """

    def __init__(
        self,
        *,
        api: Api,
        journal: Journal,
        clock: Clock,
        now: Callable[[], float],
        account: str,
        who: Who,
        on_change: Changed = lambda operation: None,
    ) -> None:
        self.api = api
        self.trouble = ""
        self._journal = journal
        self._unrecorded = journal if journal.in_memory else Journal(None)
        self._clock = clock
        self._now = now
        self._account = account
        self._who = who
        self._changed = on_change
        self._cases: dict[int, Case] = {}
        self._sent_at: dict[int, float] = {}
        self._durations: dict[Kind, Sequence[float]] = {}
        self._unwritten: dict[int, tuple[Operation, Operation]] = {}

    # -- asking for something --------------------------------------------------------

    async def create(
        self, server: Server, name: str, description: str = "", *, unjournaled: bool = False
    ) -> Operation:
        """Create a snapshot. Raises Refused, JournalUnavailable or VpsError: then nothing is done.

        Returns once the provider has answered, or lost the answer (state UNKNOWN).
        """
        intent = self._intent(Kind.CREATE, server.id, server.name, None, name, description)

        async def send(operation: Operation) -> Operation:
            made = await self.api.create_snapshot(server.id, name, description)
            return self._accepted(operation, snapshot_id=made.id)

        return await self._run(intent, send, None, unjournaled=unjournaled)

    async def restore(self, target: Snapshot, *, unjournaled: bool = False) -> Operation:
        """Overwrite the target's server with it. Raises as `create` does."""

        async def send(operation: Operation) -> Operation:
            answer = await self.api.restore_snapshot(target.id)
            busy = answer.server_status == "restoring"
            return self._accepted(operation, words=answer.message, seen_busy=busy)

        intent = self._about(Kind.RESTORE, target)
        return await self._run(intent, send, target, unjournaled=unjournaled)

    async def delete(
        self, target: Snapshot, *, reason: str = "", unjournaled: bool = False
    ) -> Operation:
        """Delete a snapshot for good, for a `reason` to be kept. Raises as `create` does."""

        async def send(operation: Operation) -> Operation:
            gone = not await self.api.delete_snapshot(target.id)
            done = self._accepted(operation, words="it was gone already" if gone else "")
            return replace(done, state=State.COMPLETED, ended_at=done.accepted_at)

        intent = replace(self._about(Kind.DELETE, target), description=reason)
        return await self._run(intent, send, target, unjournaled=unjournaled)

    # -- what becomes of it --------------------------------------------------------------

    async def start(self) -> Sequence[Operation]:
        """Take up what earlier or other sessions left open, and return it."""
        try:
            await self._read()
        except JournalUnavailable as error:
            self.trouble = str(error)
        self.trouble = self.trouble or self._journal.notice
        return [case.operation for case in self._cases.values()]

    async def observe(self, sighting: Sighting) -> None:
        """Weigh an answer of the list call as evidence for every open operation."""
        try:
            await self._read()
        except JournalUnavailable as error:
            log.warning("%s", error)
        for key, case in tuple(self._cases.items()):
            if sighting.asked_at <= self._sent_at.get(key, float("-inf")):
                continue
            verdict = case.judge(sighting, self._now())
            if verdict is not None:
                await self._conclude(case.operation, verdict)
            else:
                await self._watch(case.operation)

    async def declare_over(self, operation_id: int) -> Operation | None:
        """Stop waiting for an operation whose end cannot be seen: the admin has looked."""
        case = self._cases.get(operation_id)
        if case is None or case.operation.state not in (State.UNKNOWN, State.ACCEPTED):
            return None
        verdict = Verdict(State.UNSEEN, f"declared over by {self._who}")
        return await self._conclude(case.operation, verdict)

    def running(self) -> Sequence[Operation]:
        """The open operations, oldest first."""
        return [case.operation for _, case in sorted(self._cases.items())]

    def sending(self) -> bool:
        """Whether a request of ours is on the wire."""
        return any(o.state is State.SENT for o in self.running() if o.id in self._sent_at)

    async def history(self, limit: int = 500) -> Sequence[Operation]:
        """Running and past operations of this account, newest first."""
        books = {self._journal, self._unrecorded}
        found = [o for book in books for o in await book.history(self._account, limit)]
        return sorted(found, key=lambda o: (o.asked_at, abs(o.id)), reverse=True)[:limit]

    async def timeline(self, operation_id: int) -> Sequence[Step]:
        """Every step of an operation, in order."""
        return await self._book(operation_id).timeline(operation_id)

    def expected(self, kind: Kind) -> Expected | None:
        """How long an operation of this kind should take."""
        return expected(kind, self._durations.get(kind, ()))

    async def close(self) -> None:
        """Close the journal. What runs goes on at the provider and is taken up again."""
        for book in {self._journal, self._unrecorded}:
            await book.close()

    # -- one write, from intent to answer ------------------------------------------------

    def _intent(
        self,
        kind: Kind,
        server_id: Key,
        server_name: str,
        snapshot_id: Key | None,
        name: str,
        description: str = "",
    ) -> Operation:
        return Operation(
            id=0,
            kind=kind,
            state=State.INTENT,
            account=self._account,
            server_id=server_id,
            server_name=server_name,
            snapshot_id=snapshot_id,
            snapshot_name=name,
            description=description,
            user=self._who.user,
            origin=self._who.origin,
            asked_at=self._now(),
        )

    def _about(self, kind: Kind, target: Snapshot) -> Operation:
        return self._intent(kind, target.server_id, target.server_name, target.id, target.name)

    def _accepted(self, operation: Operation, **facts: Any) -> Operation:
        return replace(operation, state=State.ACCEPTED, accepted_at=self._now(), **facts)

    async def _run(
        self,
        intent: Operation,
        send: Callable[[Operation], Awaitable[Operation]],
        target: Snapshot | None,
        *,
        unjournaled: bool,
    ) -> Operation:
        self._refuse_clash(intent.server_id)
        book = self._unrecorded if unjournaled else self._journal
        try:
            operation = await book.begin(intent)
        except Clash as clash:
            raise Refused(_taken(clash.operation)) from None
        self._cases[operation.id] = Case(operation)
        try:
            seen = await check_target(self.api, operation, target)
            operation = await self._leave(operation, seen)
        except (Refused, VpsError, JournalUnavailable) as error:
            await self._end(operation, State.NEVER_SENT, str(error))
            raise
        return await self._exchange(operation, send)

    async def _leave(self, operation: Operation, seen: frozenset[Key]) -> Operation:
        """Have "sent" on disk before the request leaves."""
        sent = replace(operation, state=State.SENT)
        self._sent_at[operation.id] = float("inf")  # until answered no listing is evidence
        self._cases[operation.id].seen = seen
        kept = await self._book(operation.id).step(operation, sent, self._now(), seen)
        if kept.state is not State.SENT:
            raise Refused("the journal says that another session has ended this operation")
        self._tell(sent)
        return sent

    async def _exchange(
        self, operation: Operation, send: Callable[[Operation], Awaitable[Operation]]
    ) -> Operation:
        try:
            answered = await send(operation)
        except OutcomeUnknown as error:
            return await self._lost(operation, str(error))
        except (Unreachable, WriteRefused) as error:
            await self._end(operation, State.NEVER_SENT, str(error))
            raise
        except VpsError as error:
            await self._end(operation, State.REFUSED, str(error))
            raise
        except Exception as error:
            log.exception("unforeseen error in a write")
            return await self._lost(operation, f"unforeseen error: {type(error).__name__}")
        self._sent_at[operation.id] = self._clock.monotonic()
        return await self._step(operation, answered)

    async def _lost(self, operation: Operation, words: str) -> Operation:
        self._sent_at[operation.id] = self._clock.monotonic()
        return await self._step(operation, replace(operation, state=State.UNKNOWN, words=words))

    def _refuse_clash(self, server_id: Key) -> None:
        for case in self._cases.values():
            if case.operation.server_id == server_id:
                raise Refused(_taken(case.operation))

    # -- steps -----------------------------------------------------------------------------

    async def _conclude(self, operation: Operation, verdict: Verdict) -> Operation:
        ended = verdict.state not in (State.UNKNOWN, State.ACCEPTED)
        now = self._now()
        accepted = operation.accepted_at
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
        )
        return await self._step(operation, new)

    async def _watch(self, operation: Operation) -> None:
        """Tell once that an operation takes longer than it should."""
        expectation = self.expected(operation.kind)
        if expectation is None or operation.overdue or operation.accepted_at is None:
            return
        if self._now() - operation.accepted_at > expectation.late:
            await self._step(operation, replace(operation, overdue=True))

    async def _end(self, operation: Operation, state: State, words: str) -> None:
        ended = replace(operation, state=state, words=words, ended_at=self._now())
        await self._step(operation, ended)

    async def _step(self, old: Operation, new: Operation) -> Operation:
        """Take a step, on disk first; where the disk fails it is at least known here."""
        if new.state is not old.state and new.state not in TRANSITIONS[old.state]:
            raise RuntimeError(f"no step from {old.state.value} to {new.state.value}")
        first = self._unwritten.get(old.id, (old, old))[0]
        try:
            new = await self._book(old.id).step(first, new, self._now())
            self._unwritten.pop(old.id, None)
        except JournalUnavailable as error:
            self.trouble = str(error)
            self._unwritten[old.id] = (first, new)
            log.warning("%s", error)
        if new.open:
            self._cases[new.id].operation = new
        else:
            self._cases.pop(new.id, None)
            self._sent_at.pop(new.id, None)
        self._tell(new)
        return new

    def _tell(self, operation: Operation) -> None:
        if operation.id in self._cases:
            self._cases[operation.id].operation = operation
        self._changed(operation)

    def _book(self, operation_id: int) -> Journal:
        return self._unrecorded if operation_id < 0 else self._journal

    async def _read(self) -> None:
        """Bring what is open into line with the journal, which other sessions write too."""
        for key, (first, new) in tuple(self._unwritten.items()):
            await self._journal.step(first, new, self._now())
            del self._unwritten[key]
            self.trouble = ""
        entries = await self._journal.open_entries(self._account)
        for entry in entries:
            if entry.operation.id not in self._sent_at:  # of our own, what we hold is newer
                await self._take_up(entry)
        await self._let_go(entries)
        for kind in (Kind.CREATE, Kind.RESTORE):
            self._durations[kind] = await self._journal.durations(self._account, kind)

    async def _take_up(self, entry: Entry) -> None:
        """Follow an operation that is in the journal, whoever began it."""
        operation = entry.operation
        case = self._cases.setdefault(operation.id, Case(operation, entry.seen))
        case.operation, case.seen = operation, entry.seen
        self._changed(operation)
        if not entry.owned and operation.state is State.INTENT:
            await self._end(operation, State.NEVER_SENT, "Ciplun ended before it was sent")
        elif not entry.owned and operation.state is State.SENT:
            await self._step(operation, replace(operation, state=State.UNKNOWN, words=LOST))

    async def _let_go(self, entries: Sequence[Entry]) -> None:
        """Tell of operations that another session has ended, and follow them no longer."""
        listed = {entry.operation.id for entry in entries}
        lost = [key for key in self._cases if key not in listed and key not in self._sent_at]
        for key in lost:
            if self._book(key) is not self._journal:
                continue
            ended = await self._journal.get(key)
            del self._cases[key]
            if ended is not None:
                self._changed(ended)


def _taken(operation: Operation) -> str:
    who = Who(operation.user, operation.origin)
    return (
        f"{operation.title} is open on {operation.server_name} ({operation.state.value}, by {who})"
    )
