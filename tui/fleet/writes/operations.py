"""Create, restore, delete: intent, request, answer. Nothing is sent twice.

The order is the safety: the intent is on disk, then the target is read again, then "sent" is on
disk, then the request leaves. Whatever dies in between leaves a record that tells how far it got.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from tui.fleet.actor import Who
from tui.fleet.journal.journal import Clash, JournalUnavailable
from tui.fleet.operation import Certainty, Kind, Operation, State
from tui.fleet.writes.evidence import Case
from tui.fleet.writes.preflight import Refused, check_target
from tui.fleet.writes.tracker import ON_THE_WIRE, Following
from tui.vps.errors import OutcomeUnknown, Unreachable, VpsError, WriteRefused
from tui.vps.models import Key, Listing, Restoring, Server, Snapshot

__all__ = ["JournalUnavailable", "Operations", "Refused"]
log = logging.getLogger(__name__)
Send = Callable[[Operation], Awaitable[Operation]]


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

    async def restore_snapshot(self, snapshot_id: Key, server_id: Key | None = None) -> Restoring:
        """Overwrite the snapshot's server with it."""
        ...

    async def delete_snapshot(self, snapshot_id: Key) -> bool:
        """Delete a snapshot. False: it was gone already."""
        ...


class Operations(Following):
    """All writes of one account, sent by `api`, and what becomes of them."""

    def __init__(self, *, api: Api, **following: Any) -> None:
        super().__init__(**following)
        self.api = api

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

        operation = await self._begin(intent, unjournaled=unjournaled)
        return await self._run(operation, send, None)

    async def restore(
        self, target: Snapshot, *, planned: Operation | None = None, unjournaled: bool = False
    ) -> Operation:
        """Overwrite the target's server with it, as `planned` before. Raises as `create` does."""

        async def send(operation: Operation) -> Operation:
            answer = await self.api.restore_snapshot(target.id, target.server_id)
            return self._accepted(operation, words=answer.message)

        if planned is None:
            intent = self._about(Kind.RESTORE, target)
            operation = await self._begin(intent, unjournaled=unjournaled)
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
        self, target: Snapshot, *, reason: str = "", unjournaled: bool = False
    ) -> Operation:
        """Delete a snapshot for good, for a `reason` to be kept. Raises as `create` does."""

        async def send(operation: Operation) -> Operation:
            gone = not await self.api.delete_snapshot(target.id)
            words = "it was gone already" if gone else ""
            evidence = "the provider no longer knows it" if gone else "the provider confirmed it"
            done = self._accepted(operation, words=words, evidence=evidence)
            return replace(done, state=State.COMPLETED, ended_at=done.accepted_at)

        with suppress(JournalUnavailable):  # what was read last still counts then
            await self._read_protected()
        if target.id in self.protected:
            raise Refused(f"not sent: {target.name} is protected here, by Ciplun alone")
        intent = replace(self._about(Kind.DELETE, target), description=reason)
        operation = await self._begin(intent, unjournaled=unjournaled)
        return await self._run(operation, send, target)

    async def protect(self, target: Snapshot, *, on: bool) -> None:
        """Protect a snapshot from deletes by Ciplun, or no longer. Raises JournalUnavailable."""
        words = f"{target.name} of {target.server_name}, by {self._who}"
        await self._journal.protect(self._account, target.id, words, on=on)
        await self._read_protected()

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

    def _accepted(
        self, operation: Operation, evidence: str = "the provider accepted it", **facts: Any
    ) -> Operation:
        return replace(
            operation,
            state=State.ACCEPTED,
            accepted_at=self._now(),
            certainty=Certainty.PROVED,
            evidence=evidence,
            **facts,
        )

    async def _begin(self, intent: Operation, *, unjournaled: bool) -> Operation:
        """Have the intent on disk."""
        if intent.state is State.INTENT:
            self._refuse_clash(intent.server_id)
        book = self._unrecorded if unjournaled else self._journal
        try:
            operation = await book.begin(intent)
        except Clash as clash:
            raise Refused(_taken(clash.operation)) from None
        self._cases[operation.id] = Case(operation)
        self._sent_at[operation.id] = float("-inf")
        self._tell(operation)
        return operation

    async def _begin_planned(self, planned: Operation) -> Operation:
        """Turn a plan into an intent, unless something else has come between."""
        try:
            operation = await self._step(planned, replace(planned, state=State.INTENT))
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
            operation = await self._leave(operation, seen)
        except Exception as error:  # whatever it was, nothing has left
            await self._end(operation, State.NEVER_SENT, str(error))
            raise
        return await self._exchange(operation, send)

    async def _leave(self, operation: Operation, seen: frozenset[Key]) -> Operation:
        """Have "sent" on disk before the request leaves."""
        sent = replace(operation, state=State.SENT)
        self._sent_at[operation.id] = ON_THE_WIRE  # until answered no listing is evidence
        self._cases[operation.id].seen = seen
        kept = await self._book(operation.id).step(operation, sent, self._now(), seen)
        if kept.state is not State.SENT:
            raise Refused("the journal says that another session has ended this operation")
        self._tell(sent)
        return sent

    async def _exchange(self, operation: Operation, send: Send) -> Operation:
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
        for operation in self.running():
            if operation.server_id == server_id and operation.open:
                raise Refused(_taken(operation))


def _taken(operation: Operation) -> str:
    who = Who(operation.user, operation.origin)
    return (
        f"{operation.title} is open on {operation.server_name} ({operation.state.value}, by {who})"
    )
