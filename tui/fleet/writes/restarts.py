"""Servers that ran before and stand stopped: started where that is wanted, offered otherwise."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from tui.config.ages import DAY
from tui.fleet.clock import Clock
from tui.fleet.journal.journal import JournalUnavailable
from tui.fleet.journal.power import PowerBook
from tui.fleet.operation import Operation
from tui.fleet.power import PowerNote, Stage
from tui.fleet.writes.consistent import After, Consistent
from tui.fleet.writes.operations import Operations, Refused
from tui.fleet.writes.stopping import Ask, Switch
from tui.vps.errors import VpsError

log = logging.getLogger(__name__)
Tell = Callable[[str, bool], None]
"""Hears a sentence, and whether it is bad news."""
_OLD: Final = DAY
"""Seconds after which nothing is started unasked: somebody may want the server as it is."""


class Restarts:
    """Looks after what is to run again, and has `tell` hear of it.

    `refused` gives the reason why nothing is written now.
    """

    def __init__(
        self,
        power: Consistent,
        *,
        start_after_restore: bool,
        refused: Callable[[], object],
        tell: Tell,
        now: Callable[[], float],
    ) -> None:
        self.power = power
        self.offers: tuple[PowerNote, ...] = ()
        """Servers that ran before and are not seen running, which somebody can have started."""
        self._start_after_restore = start_after_restore
        self._refused = refused
        self._tell = tell
        self._now = now

    async def take_up(self) -> None:
        """Go on with what a crash left, and look at what restores left."""
        await self._look_at(await self._left())

    async def look(self) -> None:
        """Watch servers that may still stop, and offer to start those that are not seen running."""
        await self._look_at([n for n in await self._left() if n.stage is Stage.WATCHED])

    async def restore_ended(self, operation: Operation) -> None:
        """Look at the server of a restore that is over."""
        await self._look_at([n for n in await self._left() if n.operation == operation.id])

    async def snapshot(self, note: PowerNote, name: str, description: str, ask: Ask) -> None:
        """Snapshot a server that was asked to stop, and start it; all of it is told.

        Where it does not stop in time somebody is asked, and it is watched afterwards.
        """
        self._tell(f"Stopping {note.server_name} for its snapshot", False)
        try:
            await self.power.carry_out(note, name, description, told=self._told, ask=ask)
        except (Refused, VpsError, JournalUnavailable) as error:
            self._tell(str(error), True)
        watched = [n for n in await self._left() if n.id == note.id and n.stage is Stage.WATCHED]
        await self._look_at(watched)

    def _told(self, words: str) -> None:
        self._tell(words, False)

    def offer_for(self, operation_id: int | None) -> PowerNote | None:
        """What is offered about an operation, or that became none."""
        mine = (None, operation_id)
        found = [note for note in self.offers if note.operation in mine]
        return max(found, key=lambda note: note.operation is not None, default=None)

    async def start(self, note: PowerNote) -> None:
        """Start a server that is offered; it is offered again if it is not seen running."""
        self.offers = tuple(offer for offer in self.offers if offer.id != note.id)
        with suppress(JournalUnavailable, Refused):
            await self.power.resume(note, self._told)
        await self._offer()

    async def forget(self, note: PowerNote) -> None:
        """Leave a server as it is."""
        with suppress(JournalUnavailable):
            await self.power.forget(note, "left as it is")
        await self._offer()

    async def _left(self) -> Sequence[PowerNote]:
        try:
            return await self.power.left()
        except JournalUnavailable:
            return ()

    async def _look_at(self, notes: Sequence[PowerNote]) -> None:
        """Look after each: one that takes long keeps no other waiting."""
        await asyncio.gather(*(self._look_after(note) for note in notes))
        if not notes:
            await self._offer()

    async def _look_after(self, note: PowerNote) -> None:
        news = None
        try:
            news = await self._look(note)
        except (JournalUnavailable, Refused) as error:
            log.info("the power of a server is left alone: %s", error)
        await self._offer()
        if news is not None:
            self._tell(*news)

    async def _look(self, note: PowerNote) -> tuple[str, bool] | None:
        """Start a server or see how it is; returns what is to be told, once it is offered."""
        is_old = self._now() - note.asked_at > _OLD
        allowed = not is_old and not self._refused()
        if note.stage is not Stage.RESTORING:
            if allowed:
                await self.power.resume(note, self._told)
            return None
        start = allowed and self._start_after_restore
        after = await self.power.after_restore(note, start=start)
        if after is not After.RUNS:
            return note.sentence(after.value), True
        return (f"{note.server_name} runs again after its restore", False) if start else None

    async def _offer(self) -> None:
        self.offers = tuple(await self._left())


def looking_after(
    operations: Operations,
    switch: Callable[[], Switch],
    *,
    clock: Clock,
    start_after_restore: bool,
    refused: Callable[[], object],
    tell: Tell,
    now: Callable[[], float],
) -> Restarts:
    """What looks after the servers of an account."""
    book = PowerBook(operations.journal, lambda: operations.account)
    return Restarts(
        Consistent(operations, book, switch, clock=clock, now=now),
        start_after_restore=start_after_restore,
        refused=refused,
        tell=tell,
        now=now,
    )
