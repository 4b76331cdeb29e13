"""Snapshots of servers that stand still meanwhile: stopped before, started after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tui.cli.finishing import LONGEST, gravest
from tui.cli.output import complain, out
from tui.cli.planning import carry_out
from tui.cli.waiting import polling
from tui.cli.writing import sent
from tui.exit_codes import ExitCode
from tui.fleet.plan import Plan
from tui.fleet.power import Answer, PowerNote, Stage

if TYPE_CHECKING:
    from tui.session.connection import Connection
    from tui.session.session import Session

_DOES: Final = {
    Answer.WAIT: "waiting longer",
    Answer.GIVE_UP: "starting it again",
    Answer.AS_IT_IS: "taking the snapshot while it runs",
}
UNSTOPPED: Final = {"start": Answer.GIVE_UP, "snapshot": Answer.AS_IT_IS, "wait": Answer.WAIT}
"""What can be done with a server that does not stop, by the words of the option."""


class StandStill:
    """Snapshots of servers that stand still. `unstopped`: what to do with one that does not stop.

    `timeout` is the most for which it is waited on, in seconds, an hour where it is None.
    """

    def __init__(
        self, session: Session, live: Connection, unstopped: Answer, timeout: float | None
    ) -> None:
        self._session = session
        self._live = live
        self._power = live.restarts.power
        self._unstopped = unstopped
        self._timeout = timeout
        self._given_up = False
        self._end = session.clock.monotonic() + (LONGEST if timeout is None else timeout)

    async def all(self, draft: Plan) -> int:
        """Stop each server, snapshot and start it, a few at a time, and wait for all of it.

        Returns the exit code; a server that ran before is started whatever becomes of its
        snapshot, also where its stop takes effect late.
        """
        session, live, timeout = self._session, self._live, self._timeout
        try:
            codes = [
                await carry_out(session, live, draft, wait=True, timeout=timeout, ask=self._answer)
            ]
        except Exception:
            await self._look_after(draft)  # nothing came of it, but a stop may have been sent
            raise
        left = await self._look_after(draft)
        if self._given_up:
            complain("--if-running snapshot or --if-running wait would take one")
        for note in left:
            server = note.server_name
            complain(f"{server} is not seen running; `ciplun settle --go-on` starts it")
            codes.append(ExitCode.FAILED)
        return gravest(codes)

    async def _look_after(self, draft: Plan) -> Sequence[PowerNote]:
        """Watch servers that may still stop; returns what is to run and is not seen running."""
        async with polling(self._live):
            for note in await self._left(draft):
                if note.stage is Stage.WATCHED:
                    await sent(self._session, self._power.resume(note, out))
        return await self._left(draft)

    async def _left(self, draft: Plan) -> Sequence[PowerNote]:
        mine = {step.server_id for step in draft.steps}
        return [note for note in await self._power.left() if note.server_id in mine]

    async def _answer(self, question: str) -> Answer:
        """What was chosen beforehand; waiting ends some time."""
        over = self._session.clock.monotonic() >= self._end
        answer = Answer.GIVE_UP if over and self._unstopped is Answer.WAIT else self._unstopped
        self._given_up |= answer is Answer.GIVE_UP
        out(f"{question}: {_DOES[answer]}")
        return answer
