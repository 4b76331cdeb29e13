"""Create, restore, delete: intent, request, answer. Nothing is sent twice.

The order is the safety: the intent is on disk, then the target is read again, then "sent" is on
disk, then the request leaves. Whatever dies in between leaves a record that tells how far it got.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from tui.fleet.actor import Who
from tui.fleet.clock import Clock, Moments
from tui.fleet.estimates import Expected
from tui.fleet.identity import Identity
from tui.fleet.journal.journal import Also, Clash, Journal, JournalUnavailable, Step
from tui.fleet.journal.protection import Protection, ProtectionUnknown
from tui.fleet.operation import Certainty, Kind, Operation, State
from tui.fleet.state import Sighting
from tui.fleet.writes.books import Books
from tui.fleet.writes.identification import Identification
from tui.fleet.writes.power_before import with_power
from tui.fleet.writes.preflight import Api, Refused, check_target
from tui.fleet.writes.settling import Settler
from tui.fleet.writes.tracker import Tracker
from tui.vps.errors import OutcomeUnknown, Unreachable, VpsError, WriteRefused
from tui.vps.models import Account, Key, Server, Snapshot

__all__ = ["JournalUnavailable", "Operations", "Refused"]
log = logging.getLogger(__name__)
Send = Callable[[Operation], Awaitable[Operation]]


class Operations:
    """All writes of one account, sent by `api`; its tracker follows what becomes of them.

    `now` gives seconds since 1970 by the service's clock; its world runs `pace` times as fast as
    ours. `on_change` hears of every step, and of an operation that became overdue; `on_correct` of
    an end before it is corrected, `on_protected` of the snapshots protected from deletes.
    """

    def __init__(
        self,
        *,
        api: Api,
        journal: Journal,
        clock: Clock,
        now: Callable[[], float],
        account: Identity,
        who: Who,
        pace: float = 1.0,
        on_change: Callable[[Operation], None] = lambda operation: None,
        on_correct: Callable[[Operation], None] = lambda operation: None,
        on_protected: Callable[[frozenset[Key]], None] = lambda keys: None,
    ) -> None:
        self.api = api
        self.journal = journal
        self._books = Books(journal, account.name)
        self._identification = Identification(self._books, account, lambda: self.api)
        self._moments = Moments(clock, pace)
        self._tracker = Tracker(
            self._books,
            clock=clock,
            moments=self._moments,
            now=now,
            who=who,
            on_change=on_change,
            on_correct=on_correct,
        )
        self._settler = Settler(self._tracker, lambda: self.api, clock)
        self._now = now
        self._who = who
        self._protection = Protection(journal)
        self._protected: frozenset[Key] = frozenset()
        self._protected_changed = on_protected

    @property
    def books(self) -> Books:
        """Where they are kept."""
        return self._books

    @property
    def who(self) -> Who:
        """Who asks for them."""
        return self._who

    @property
    def trouble(self) -> str:
        """Why no record can be kept now, or what happened to the journal; else empty."""
        return self._books.trouble or self.journal.notice

    # -- what becomes of them ---------------------------------------------------------

    async def start(self) -> Sequence[Operation]:
        """Take up what earlier or other sessions left open, and return it."""
        found = await self._tracker.start()
        with suppress(ProtectionUnknown):
            await self._read_protected()
        return found

    async def observe(self, sighting: Sighting) -> None:
        """Weigh an answer of the list call as evidence for every open operation."""
        await self._tracker.observe(sighting)
        with suppress(ProtectionUnknown):
            await self._read_protected()

    async def refresh(self) -> None:
        """Take up what other sessions have begun or ended since."""
        await self._tracker.refresh()

    def running(self) -> Sequence[Operation]:
        """The operations that have not ended, oldest first."""
        return self._tracker.running()

    async def outcome(self, operation: Operation) -> Operation:
        """Wait until an operation has ended. Cancelled when this session is left."""
        return await self._tracker.outcome(operation)

    async def give_up(self, waiting: Operation, words: str) -> Operation:
        """End a restore that waits: it is not sent."""
        return await self._tracker.give_up(waiting, words)

    async def settle(
        self,
        server_id: Key | None = None,
        *,
        wait: float = 0.0,
        told: Callable[[Sequence[Operation]], None] = lambda left: None,
    ) -> Sequence[Operation]:
        """Settle what is open, of one server or of all, with a list of each of these servers.

        What one look cannot tell is looked for again for at most `wait` seconds; `told` hears
        after each look what is open still. Returns that. Raises VpsError.
        """
        await self.identify()
        return await self._settler.settle(server_id, wait=wait, told=told)

    async def declare_over(self, operation_id: int) -> Operation | None:
        """Take the admin's word that an operation is over. Raises nothing.

        An open one ends as not to be told; one that has ended without proof keeps its server no
        longer. Returns what it is now; None where there is nothing to be said of it.
        """
        await self.identify()
        return await self._tracker.declare_over(operation_id)

    async def history(self, limit: int = 500) -> Sequence[Operation]:
        """Running and past operations of this account, newest first, as far as can be read."""
        return await self._books.history(self.running(), limit)

    async def timeline(self, operation_id: int) -> Sequence[Step]:
        """Every step of an operation, in order. Raises JournalUnavailable."""
        return await self._books.of(operation_id).timeline(operation_id)

    def expected(self, kind: Kind) -> Expected | None:
        """How long an operation of this kind should take."""
        return self._tracker.expected(kind)

    # -- whose they are ----------------------------------------------------------------

    async def identify(self) -> None:
        """Find out which other names the account has, unless that is known. Raises nothing."""
        if await self._identification.find_out():
            await self._tracker.refresh()

    async def learn(self, account: Account) -> None:
        """Take over who the account says it is; what it began under other names is its own."""
        if await self._identification.learn(account):
            await self._tracker.refresh()

    def become(self, api: Api, account: Identity) -> None:
        """Go on with another token, which may be of another account."""
        self.api = api
        self._identification.become(account)

    # -- the end -------------------------------------------------------------------------

    async def leave(self) -> None:
        """Give up what waits here to be sent. What runs goes on at the provider."""
        await self._tracker.leave()

    async def close(self) -> None:
        """Close the journal. What runs goes on at the provider and is taken up again."""
        await self._books.close()

    # -- asking for something --------------------------------------------------------

    async def create(
        self,
        server: Server,
        name: str,
        description: str = "",
        *,
        unjournaled: bool = False,
        also: Also | None = None,
    ) -> Operation:
        """Create a snapshot. Raises Refused, JournalUnavailable or VpsError: then nothing is done.

        Returns once the provider has answered, or lost the answer (state UNKNOWN). `also` is
        recorded with the intent, or neither is.
        """
        intent = self._intent(Kind.CREATE, server.id, server.name, None, name, description)

        async def send(operation: Operation) -> Operation:
            made = await self.api.create_snapshot(server.id, name, description)
            return replace(self._accepted(operation), snapshot_id=made.id)

        operation = await self._begin(intent, unjournaled=unjournaled, also=also)
        return await self._run(operation, send, None)

    async def restore(
        self,
        target: Snapshot,
        *,
        planned: Operation | None = None,
        unjournaled: bool = False,
        also: Also | None = None,
    ) -> Operation:
        """Overwrite the target's server with it, as `planned` before. Raises as `create` does."""

        async def send(operation: Operation) -> Operation:
            answer = await self.api.restore_snapshot(target.id, target.server_id)
            return replace(self._accepted(operation), words=answer.message)

        if planned is None:
            intent = self._about(Kind.RESTORE, target)
            also = await with_power(self.api, self._books.account, target, intent.asked_at, also)
            operation = await self._begin(intent, unjournaled=unjournaled, also=also)
        else:
            operation = await self._begin_planned(planned)
        return await self._run(operation, send, target)

    async def plan_restore(self, target: Snapshot, *, unjournaled: bool = False) -> Operation:
        """Record a restore that waits for something else first. Raises as `create` does."""
        self._refuse_clash(target.server_id)
        intent = replace(self._about(Kind.RESTORE, target), state=State.WAITING)
        waiting = await self._begin(intent, unjournaled=unjournaled)
        try:
            await check_target(self.api, waiting, target)
        except Exception as error:
            await self.give_up(waiting, str(error))
            raise
        return waiting

    async def delete(
        self,
        target: Snapshot,
        *,
        reason: str = "",
        unjournaled: bool = False,
        also: Also | None = None,
    ) -> Operation:
        """Delete a snapshot for good, for a `reason` to be kept. Raises as `create` does."""

        async def send(operation: Operation) -> Operation:
            gone = not await self.api.delete_snapshot(target.id)
            words = "it was gone already" if gone else ""
            evidence = "the provider no longer knows it" if gone else "the provider confirmed it"
            done = self._accepted(operation, evidence)
            ended = done.accepted_at
            return replace(done, state=State.COMPLETED, words=words, ended_at=ended)

        await self.identify()
        try:
            await self._read_protected()
        except ProtectionUnknown as unknown:
            words = f"whether {target.name} is protected cannot be told: {unknown}"
            raise Refused(f"not sent: {words}") from unknown
        if target.id in self._protected:
            raise Refused(f"not sent: {target.name} is protected here, by ciplun alone")
        intent = replace(self._about(Kind.DELETE, target), description=reason)
        operation = await self._begin(intent, unjournaled=unjournaled, also=also)
        return await self._run(operation, send, target)

    async def protect(self, target: Snapshot, *, on: bool) -> None:
        """Protect a snapshot from deletes by Ciplun, or no longer. Raises JournalUnavailable."""
        await self.identify()
        words = f"{target.name} of {target.server_name}, by {self._who}"
        await self._protection.change(self._books.account, target.id, words, on=on)
        await self._read_protected()

    async def _read_protected(self) -> None:
        self._protected = await self._protection.read(self._books.account)
        self._protected_changed(self._protected)

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
            account=self._books.account,
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

    def _accepted(self, operation: Operation, evidence: str = "") -> Operation:
        return replace(
            operation,
            state=State.ACCEPTED,
            accepted_at=self._now(),
            certainty=Certainty.PROVED,
            evidence=evidence or "the provider accepted it",
        )

    async def _begin(
        self, intent: Operation, *, unjournaled: bool, also: Also | None = None
    ) -> Operation:
        """Have the intent on disk."""
        await self.identify()
        if intent.state is State.INTENT:
            self._refuse_clash(intent.server_id)
        now = self._moments.at()
        try:
            operation = await self._books.begin(intent, now, unjournaled=unjournaled, also=also)
        except Clash as clash:
            raise Refused(_taken(clash.operation, clash.seconds)) from None
        self._tracker.follow(operation)
        return operation

    async def _begin_planned(self, planned: Operation) -> Operation:
        """Turn a plan into an intent, unless something else has come between."""
        try:
            operation = await self._tracker.step(planned, replace(planned, state=State.INTENT))
        except Clash as clash:
            words = _taken(clash.operation)
            await self.give_up(planned, words)
            raise Refused(words) from None
        if operation.state is not State.INTENT:
            raise Refused(f"not sent: {operation.words}")
        return operation

    async def _run(self, operation: Operation, send: Send, target: Snapshot | None) -> Operation:
        try:
            seen = await check_target(self.api, operation, target)
            operation = await self._tracker.leaves(operation, seen)
            if operation.state is not State.SENT:
                raise Refused("the journal says that another session has ended this operation")
        except Exception as error:  # whatever it was, nothing has left
            await self._tracker.end(operation, State.NEVER_SENT, str(error))
            raise
        return await self._exchange(operation, send)

    async def _exchange(self, operation: Operation, send: Send) -> Operation:
        try:
            answered = await send(operation)
        except OutcomeUnknown as error:
            return await self._lost(operation, str(error))
        except (Unreachable, WriteRefused) as error:
            await self._tracker.end(operation, State.NEVER_SENT, str(error))
            raise
        except VpsError as error:
            await self._tracker.end(operation, State.REFUSED, str(error))
            raise
        except Exception as error:
            log.exception("unforeseen error in a write")
            return await self._lost(operation, f"unforeseen error: {type(error).__name__}")
        return await self._tracker.answered(operation, answered)

    async def _lost(self, operation: Operation, words: str) -> Operation:
        unknown = replace(operation, state=State.UNKNOWN, words=words)
        return await self._tracker.answered(operation, unknown)

    def _refuse_clash(self, server_id: Key) -> None:
        for operation in self.running():
            if operation.server_id == server_id and operation.open:
                raise Refused(_taken(operation))


def _taken(operation: Operation, seconds: float = 0.0) -> str:
    """Why nothing else is written to the server of an operation, which keeps it so long."""
    who = Who(operation.user, operation.origin)
    about = f"{operation.title} is open on {operation.server_name}"
    if not operation.ended:
        return f"{about} ({operation.state.value}, by {who})"
    how = operation.certainty.value if operation.certainty else "not proved"
    told = f"{operation.title} on {operation.server_name}, by {who}: {operation.state.value}"
    return f"{told} ({how}); other writes wait {math.ceil(seconds / 60)} min more"
