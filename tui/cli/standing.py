"""Snapshots of servers that stand still meanwhile: stopped before, started after."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from tui.cli.finishing import LONGEST, code_of, gravest, said
from tui.cli.output import complain, out
from tui.cli.slots import Ready
from tui.cli.waiting import polling
from tui.cli.writing import sent
from tui.exit_codes import ExitCode
from tui.fleet.journal.journal import JournalUnavailable
from tui.fleet.power import PowerNote, Stage
from tui.fleet.writes.operations import Refused
from tui.fleet.writes.plan_run import AT_ONCE
from tui.fleet.writes.stopping import Answer, NotStopped
from tui.session.connection import Connection
from tui.session.session import Session
from tui.vps.errors import VpsError

_DOES: Final = {
    Answer.WAIT: "it is waited on",
    Answer.GIVE_UP: "it is started again",
    Answer.AS_IT_IS: "it is snapshotted while it runs",
}
UNSTOPPED: Final = {"start": Answer.GIVE_UP, "snapshot": Answer.AS_IT_IS, "wait": Answer.WAIT}
"""What can be done with a server that does not stop, by the words of the option."""


class StandStill:
    """Snapshots of servers that stand still. `unstopped`: what to do with one that does not stop.

    `seconds` are the most for which it is waited on, an hour where it is None.
    """

    def __init__(
        self, session: Session, live: Connection, unstopped: Answer, seconds: float | None
    ) -> None:
        self._session = session
        self._live = live
        self._power = live.restarts.power
        self._unstopped = unstopped
        self._end = session.clock.monotonic() + (LONGEST if seconds is None else seconds)

    async def all(self, ready: Sequence[Ready], name: str, description: str) -> int:
        """Stop each server, snapshot and start it, a few at a time, and wait for all of it.

        Returns the exit code; a server that ran before is started whatever becomes of its
        snapshot, also where its stop takes effect late.
        """
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(place: Ready) -> int:
            async with turn:
                return await sent(self._session, self._one(place, name, description))

        async with polling(self._live):
            codes = await asyncio.gather(*(one(place) for place in ready))
            for note in await self._left(ready):
                if note.stage is Stage.WATCHED:
                    await sent(self._session, self._power.resume(note, out))
        for note in await self._left(ready):
            server = note.server_name
            complain(f"{server} is not seen running; `ciplun settle --go-on` starts it")
            codes.append(ExitCode.FAILED)
        return gravest(codes)

    async def _left(self, ready: Sequence[Ready]) -> Sequence[PowerNote]:
        mine = {server.id for server, _ in ready}
        return [note for note in await self._power.left() if note.server_id in mine]

    async def _one(self, place: Ready, name: str, description: str) -> int:
        server, goes = place
        operations = self._live.operations
        try:
            if goes is not None:
                await operations.delete_for_certain(goes, f"to make room for {name}")
            operation = await self._power.snapshot(
                server, name, description, told=out, ask=self._answer
            )
        except NotStopped as error:
            ways = "--if-running snapshot or --if-running wait"
            complain(f"{error}; {ways} goes on all the same")
            return ExitCode.FAILED
        except (Refused, JournalUnavailable, VpsError) as error:
            complain(f"{server.name}: {error}")
            return ExitCode.FAILED
        out(said(operation))
        return code_of(operation, wait=True)

    async def _answer(self, question: str) -> Answer:
        """What was chosen beforehand; waiting ends some time."""
        over = self._session.clock.monotonic() >= self._end
        answer = Answer.GIVE_UP if over and self._unstopped is Answer.WAIT else self._unstopped
        out(f"{question}: {_DOES[answer]}")
        return answer
