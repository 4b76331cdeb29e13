"""Create, restore, delete: intent, request, answer. Nothing is sent twice.

The order is the safety: the intent is on disk, then the target is read again, then "sent" is on
disk, then the request leaves. Whatever dies in between leaves a record that tells how far it got.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from tui.fleet.actor import Who
from tui.fleet.clock import Clock
from tui.fleet.estimates import Expected
from tui.fleet.identity import Identity
from tui.fleet.journal.journal import Also, Journal, JournalUnavailable, Step
from tui.fleet.operation import Certainty, Kind, Operation, State
from tui.fleet.state import Sighting
from tui.fleet.writes.books import Books
from tui.fleet.writes.identification import Identification
from tui.fleet.writes.power_before import with_power
from tui.fleet.writes.preflight import Api, Listed, Refused, nothing_listed
from tui.fleet.writes.protecting import Protecting
from tui.fleet.writes.sending import Sender
from tui.fleet.writes.settling import Settler
from tui.fleet.writes.tracker import Tracker
from tui.vps.models import Account, Key, Server, Snapshot

__all__ = ["JournalUnavailable", "Operations", "Refused"]


class Operations:
    """All writes of one account, sent by `api`; its tracker follows what becomes of them.

    `now` gives seconds since 1970 by the service's clock; the time between two pieces of evidence
    is measured by the journal's moments. `listed` tells a server's status. `on_change` hears of
    every step, and of an operation that became overdue; `on_correct` of an end before it is
    corrected, `on_protected` of the snapshots protected from deletes.
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
        listed: Listed = nothing_listed,
        on_change: Callable[[Operation], None] = lambda operation: None,
        on_correct: Callable[[Operation], None] = lambda operation: None,
        on_protected: Callable[[frozenset[Key]], None] = lambda keys: None,
    ) -> None:
        self.api = api
        self.journal = journal
        self._books = Books(journal, account.name)
        self._identification = Identification(self._books, account, lambda: self.api)
        moments = journal.file.moments
        self._tracker = Tracker(
            self._books,
            clock=clock,
            moments=moments,
            now=now,
            who=who,
            on_change=on_change,
            on_correct=on_correct,
        )
        self._settler = Settler(self._tracker, lambda: self.api, clock)
        self._now = now
        self._who = who
        self._protecting = Protecting(self._books, who, on_protected)
        self._sender = Sender(self._books, self._tracker, moments, lambda: self.api, listed)

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
        await self._protecting.refresh()
        return found

    async def observe(self, sighting: Sighting) -> None:
        """Weigh an answer of the list call as evidence for every open operation."""
        await self._tracker.observe(sighting)
        await self._protecting.refresh()

    async def refresh(self) -> None:
        """Take up what other sessions have begun or ended since."""
        await self._tracker.refresh()

    def running(self) -> Sequence[Operation]:
        """The operations that have not ended, oldest first."""
        return self._tracker.running()

    def kept(self) -> Mapping[Key, Operation]:
        """The servers that an operation keeps although it has ended, and which one."""
        return self._tracker.kept()

    async def outcome(self, operation: Operation) -> Operation:
        """Wait until an operation has ended. Cancelled when this session is left."""
        return await self._tracker.outcome(operation)

    async def latest(self, operation: Operation) -> Operation:
        """An operation as it stands now, as far as is known."""
        return await self._tracker.latest(operation)

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

    @property
    def account(self) -> str:
        """The name under which new records of the account are kept."""
        return self._books.account

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
        """Let nobody wait any longer for an end. What runs goes on at the provider."""
        self._tracker.leave()

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
        intent = self.create_intent(server, name, description)

        async def send(operation: Operation) -> Operation:
            made = await self.api.create_snapshot(server.id, name, description)
            return replace(self._accepted(operation), snapshot_id=made.id)

        await self.identify()
        return await self._sender.write(intent, send, unjournaled=unjournaled, also=also)

    async def restore(
        self, target: Snapshot, *, unjournaled: bool = False, also: Also | None = None
    ) -> Operation:
        """Overwrite the target's server with it. Raises as `create` does."""

        async def send(operation: Operation) -> Operation:
            answer = await self.api.restore_snapshot(target.id, target.server_id)
            return replace(self._accepted(operation), words=answer.message)

        await self.identify()
        intent = self._about(Kind.RESTORE, target)
        also = await with_power(self.api, self._books.account, target, intent.asked_at, also)
        return await self._sender.write(intent, send, target, unjournaled=unjournaled, also=also)

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
        await self._protecting.refuse(target)
        intent = replace(self._about(Kind.DELETE, target), description=reason)
        return await self._sender.write(intent, send, target, unjournaled=unjournaled, also=also)

    async def delete_for_certain(self, target: Snapshot, reason: str) -> None:
        """Delete a snapshot. Raises as `delete` does, and Refused where it may still be there."""
        gone = await self.delete(target, reason=reason)
        if gone.state is not State.COMPLETED:
            raise Refused(f"the delete of {target.name} is not certain")

    async def protect(self, target: Snapshot, *, on: bool) -> None:
        """Protect a snapshot from deletes by ciplun, or no longer. Raises JournalUnavailable."""
        await self.identify()
        await self._protecting.change(target, on=on)

    # -- intents ---------------------------------------------------------------------------

    def create_intent(self, server: Server, name: str, description: str = "") -> Operation:
        """The intent to create a snapshot, as it is recorded; nothing is yet."""
        return self._intent(Kind.CREATE, server.id, server.name, None, name, description)

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
