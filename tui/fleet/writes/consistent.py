"""A snapshot of a server that stands still: stop, snapshot, start. The stop is never a hard one.

What is to run again is in the journal before the stop: whoever comes after a crash starts it. A
server that was not seen stopped may still stop: it is watched, and started again then.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from tui.fleet.clock import Clock
from tui.fleet.journal.journal import Also, JournalUnavailable
from tui.fleet.journal.power import PowerBook
from tui.fleet.operation import Operation, State
from tui.fleet.power import PowerNote, Stage
from tui.fleet.writes import power_status
from tui.fleet.writes.operations import Operations
from tui.fleet.writes.power_status import PowerStatus
from tui.fleet.writes.preflight import Refused
from tui.fleet.writes.rules import stop_problem
from tui.fleet.writes.stopping import Ask, Stopping, Switch, Told, give_up, quiet
from tui.vps.errors import VpsError
from tui.vps.models import Key, Server

LONGEST: Final = 3_600.0
"""Seconds for which a server stands still for its snapshot at most."""
WATCHED: Final = 3_600.0
"""Seconds since it was asked for in which a stop that was not seen may still take effect."""
LOOKS: Final = 60.0
"""Seconds between two looks at a server that may still stop."""
_NOTHING: Final = frozenset({State.REFUSED, State.NEVER_SENT, State.NOT_CARRIED_OUT})


class After(enum.Enum):
    """What a restore left of a server that ran before it."""

    RUNS = "it runs"
    STOPPED = "it is stopped"
    UNSEEN = "it is not seen running"


class Consistent:
    """Stops, snapshots and starts servers of one account. `now` is seconds since 1970."""

    def __init__(
        self,
        operations: Operations,
        book: PowerBook,
        switch: Callable[[], Switch],
        *,
        clock: Clock,
        now: Callable[[], float],
    ) -> None:
        self._operations = operations
        self._book = book
        self._switch = switch
        self._clock = clock
        self._now = now
        self._status = status = PowerStatus(operations, clock)
        self.down: set[str] = set()
        """The servers that were asked to stop here and are not seen running again yet."""
        self.stopping = Stopping(operations, book, switch, status, now)

    def leave(self) -> None:
        """End all that is going on here: it is gone on with at the next start."""
        self._status.leave()

    def problem(self, server: Server) -> str:
        """Why a server is not stopped for its snapshot, as far as is known without asking.

        Empty where it can be, or is stopped.
        """
        return self.stopping.denied.get(server.id) or stop_problem(server.status)

    async def foresee(self, server: Server) -> str:
        """Why a server would not be stopped for its snapshot, asked as a stop asks first.

        Empty where it would be, or is stopped. Raises VpsError.
        """
        try:
            await self._status.of(server)
        except Refused as error:
            return str(error)
        return ""

    async def snapshot(
        self,
        server: Server,
        name: str,
        description: str = "",
        *,
        told: Told = quiet,
        ask: Ask = give_up,
        also: Also | None = None,
    ) -> Operation:
        """Snapshot a server that stands still, and start it again if it ran before.

        Returns the create as it ended; `also` is recorded with its intent. Raises Refused,
        NotStopped, JournalUnavailable or VpsError: then no snapshot was asked for, and the server
        runs or is being started.
        """
        note = await self.stopping.begin(server, told)
        if note is None:
            operation = await self._operations.create(server, name, description, also=also)
            return await self._operations.outcome(operation)
        return await self.carry_out(note, name, description, told=told, ask=ask, also=also)

    async def free(self, server_id: Key) -> None:
        """Wait until nobody is at the power of a server, or for as long as a start may take."""
        end = self._clock.monotonic() + power_status.PATIENCE
        while self._clock.monotonic() < end and await self.stopping.attended(server_id):
            await self._status.sleep(power_status.PAUSE)

    async def carry_out(
        self,
        note: PowerNote,
        name: str,
        description: str = "",
        *,
        told: Told = quiet,
        ask: Ask = give_up,
        also: Also | None = None,
    ) -> Operation:
        """Snapshot what was asked to stop once it stands still, and start it. As `snapshot`."""
        server = Server(id=note.server_id, name=note.server_name)
        self.down.add(note.server_name)
        stopped = False
        try:
            stopped = await self.stopping.until_stopped(note, told, ask)
            also = self._book.link(note.id, Stage.TAKING if stopped else Stage.WATCHED, also)
            operation = await self._operations.create(server, name, description, also=also)
            told(f"{operation.title} on {server.name}: {operation.stands}")
            ended = await self._ended(operation)
        except Exception:
            await self._bring_back(note, told, stopped=stopped)
            raise
        await self._bring_back(note, told, stopped=stopped)
        return ended

    async def _bring_back(self, note: PowerNote, told: Told, *, stopped: bool) -> bool:
        """Start a server; one that was not seen stopped is left to be watched.

        Returns whether it is seen running.
        """
        stage = Stage.STARTING if stopped else Stage.WATCHED
        return await self._restart(note, told, stage)

    # -- what a crash left ---------------------------------------------------------------------

    async def left(self) -> Sequence[PowerNote]:
        """What is to run again and nobody is at, restores that are not over left out.

        A restore that did not come about has stopped nothing: its note is ended.
        """
        open_ids = {operation.id for operation in self._operations.running()}
        found = []
        for note in await self._book.open():
            if note.owned or (note.stage is Stage.RESTORING and note.operation in open_ids):
                continue
            if note.stage is Stage.RESTORING and await self._came_to_nothing(note):
                await self._book.end(note.id, self._now(), "it was not restored")
                continue
            found.append(note)
        return found

    async def _came_to_nothing(self, note: PowerNote) -> bool:
        if note.operation is None:
            return True
        operation = await self._operations.books.get(note.operation)
        return operation is None or operation.state in _NOTHING

    async def resume(self, note: PowerNote, told: Told = quiet) -> bool:
        """Go on with the start: once its snapshot has ended. Returns whether it is seen running.

        Raises Refused where another session is at it, or it has ended.
        """
        await self._claim(note)
        running = {operation.id: operation for operation in self._operations.running()}
        operation = running.get(note.operation or 0)
        if operation is not None:
            told(f"waiting for the {operation.title} on {note.server_name}")
            await self._ended(operation)
        if note.stage is Stage.WATCHED:
            return await self._watch(note, told)
        # A stop may be on its way: it comes before the start.
        stopped = note.stage is not Stage.STOPPING or await self._status.becomes(
            note.server_id, "stopped"
        )
        return await self._bring_back(note, told, stopped=stopped)

    async def _watch(self, note: PowerNote, told: Told) -> bool:
        """Start a server again that stops later than it was waited for.

        Returns whether it is seen running.
        """
        name, left = note.server_name, max(0.0, note.asked_at + WATCHED - self._now())
        end = self._clock.monotonic() + min(left, WATCHED)
        if left:
            told(
                f"watching {name} for {left / 60:.0f} min: it was asked to stop and may still do so"
            )
        while True:
            status = await self._status.steady(note.server_id, within=power_status.PAUSE)
            if status == "stopped":
                told(f"{name} has stopped now")
                return await self._restart(note, told)
            if self._clock.monotonic() >= end:
                break
            await self._status.sleep(LOOKS)
        if status == "active":
            await self._book.end(note.id, self._now(), "it did not stop")
            return True
        await self._book.leave(note.id, "it is not seen running")
        return False

    async def after_restore(self, note: PowerNote, *, start: bool, told: Told = quiet) -> After:
        """What a restore left of a server that ran before it; with `start` it is started again.

        Raises as `resume` does.
        """
        await self._claim(note)
        status = await self._status.steady(note.server_id)
        if status == "active":
            await self._book.end(note.id, self._now(), "it runs again")
            return After.RUNS
        if status == "stopped" and start:
            return After.RUNS if await self._restart(note, told) else After.UNSEEN
        words = "it is stopped" if status == "stopped" else "its power is not seen"
        await self._book.leave(note.id, words)
        return After.STOPPED if status == "stopped" else After.UNSEEN

    async def _claim(self, note: PowerNote) -> None:
        if not await self._book.claim(note.id):
            raise Refused(f"another session stops or starts {note.server_name}, or has done so")

    async def forget(self, note: PowerNote, words: str) -> None:
        """Leave a server as it is, since somebody says so."""
        await self._book.end(note.id, self._now(), words)

    # -- power -----------------------------------------------------------------------------------

    async def _ended(self, operation: Operation) -> Operation:
        """An operation once it has ended, or as it stands when it takes too long."""
        outcome = asyncio.ensure_future(self._operations.outcome(operation))
        longest = asyncio.ensure_future(self._status.sleep(LONGEST))
        try:
            await asyncio.wait((outcome, longest), return_when=asyncio.FIRST_COMPLETED)
            return outcome.result() if outcome.done() else operation
        finally:
            outcome.cancel()
            longest.cancel()

    async def _restart(self, note: PowerNote, told: Told, stage: Stage = Stage.STARTING) -> bool:
        """Start a server and see it run; a start that is sent again does no harm.

        One that is still to be watched is left open.
        """
        words = ""
        with suppress(JournalUnavailable):
            await self._book.step(note.id, stage)
        self._status.stay()
        told(f"starting {note.server_name}")
        try:
            await self._switch().power(note.server_id, "start")
        except VpsError as error:  # one that runs may refuse it: its status tells
            words = str(error)
        seen = await self._status.becomes(note.server_id, "active")
        self.down.discard(note.server_name)  # where it is not, it is offered
        with suppress(JournalUnavailable):
            if seen and stage is Stage.STARTING:
                await self._book.end(note.id, self._now(), "it runs again")
            else:
                known = (
                    "it was asked to stop and may still do so"
                    if seen
                    else "it was not seen running"
                )
                await self._book.leave(note.id, words if words and not seen else known)
        told(
            f"{note.server_name} runs again" if seen else f"{note.server_name} is not seen running"
        )
        return seen
