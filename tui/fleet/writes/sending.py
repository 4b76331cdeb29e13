"""One write, from intent to answer: on disk, looked at again, on disk as sent, and sent once."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Container

from msgspec.structs import replace

from tui.fleet.actor import Who
from tui.fleet.clock import Moments
from tui.fleet.journal.journal import Also, Clash
from tui.fleet.operation import Kind, Operation, State, open_on
from tui.fleet.writes.books import Books
from tui.fleet.writes.preflight import Listed, Reader, Refused, check_target
from tui.fleet.writes.tracker import Tracker
from tui.vps.errors import OutcomeUnknown, Unreachable, VpsError, WriteRefused
from tui.vps.models import Key, Snapshot

log = logging.getLogger(__name__)
Send = Callable[[Operation], Awaitable[Operation]]
"""Sends the request of an operation, and makes of it what the answer means."""


class Sender:
    """Sends each write at most once; reads its target again by `reader`.

    `listed` tells a server's status where the service does not show it alone.
    """

    def __init__(
        self,
        books: Books,
        tracker: Tracker,
        moments: Moments,
        reader: Callable[[], Reader],
        listed: Listed,
    ) -> None:
        self._books = books
        self._tracker = tracker
        self._moments = moments
        self._reader = reader
        self._listed = listed

    async def write(
        self,
        intent: Operation,
        send: Send,
        target: Snapshot | None = None,
        *,
        unjournaled: bool = False,
        also: Also | None = None,
    ) -> Operation:
        """Record an intent and send it. Raises Refused, JournalUnavailable or VpsError.

        Then nothing is done. Returns once there is an answer, or none came (state UNKNOWN).
        """
        # What the journal may not know: something sent without a record is open.
        if found := open_on(self._tracker.running(), intent.server_id):
            raise Refused(taken(found))
        now = self._moments.at()
        try:
            operation = await self._books.begin(intent, now, unjournaled=unjournaled, also=also)
        except Clash as clash:
            raise Refused(taken(clash.operation, clash.seconds)) from None
        self._tracker.follow(operation)
        try:
            before = await check_target(self._reader(), operation, target, self._listed)
            operation = await self._tracker.leaves(operation, before)
            if operation.state is not State.SENT:
                raise Refused("another session has ended this operation")
        except Exception as error:  # whatever it was, nothing has left
            await self._tracker.end(operation, State.NEVER_SENT, str(error))
            raise
        return await self._exchange(operation, send, {snapshot.id for snapshot in before.items})

    async def _exchange(
        self, operation: Operation, send: Send, before: Container[Key]
    ) -> Operation:
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
            log.exception("unexpected error in a write")
            return await self._lost(operation, f"unexpected error: {type(error).__name__}")
        if operation.kind is Kind.CREATE and answered.snapshot_id in before:
            odd = f"the provider answered with #{answered.snapshot_id}, which was there before"
            return await self._lost(operation, f"{odd}: another may have been made")
        return await self._tracker.answered(operation, answered)

    async def _lost(self, operation: Operation, words: str) -> Operation:
        unknown = replace(operation, state=State.UNKNOWN, words=words)
        return await self._tracker.answered(operation, unknown)


def taken(operation: Operation, seconds: float = 0.0) -> str:
    """Why nothing else is written to the server of an operation, which keeps it so long."""
    who = Who(operation.user, operation.origin)
    if not operation.ended:
        about = f"{operation.title} is open on {operation.server_name}"
        return f"{about} ({operation.stands}, by {who})"
    how = operation.certainty.value if operation.certainty else "not proved"
    told = f"{operation.title} on {operation.server_name}, by {who}: {operation.stands}"
    return f"{told} ({how}); other writes wait {math.ceil(seconds / 60)} min more"
