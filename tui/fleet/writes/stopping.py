"""A server is asked to stop, never hard, and seen stopped, before its snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

from tui.fleet.journal.journal import Clash
from tui.fleet.journal.power import PowerBook, PowerTaken
from tui.fleet.operation import open_on
from tui.fleet.power import Answer, PowerNote, Stage
from tui.fleet.writes import power_status
from tui.fleet.writes.operations import Operations
from tui.fleet.writes.power_status import PowerStatus
from tui.fleet.writes.preflight import Refused, check_room
from tui.fleet.writes.sending import taken
from tui.vps.errors import Forbidden, NotFound, OutcomeUnknown, VpsError
from tui.vps.models import Key, Server

Told = Callable[[str], None]
"""Hears of each step, in a sentence."""


class Switch(Protocol):
    """What is needed of the client, beside what operations need."""

    async def power(self, server_id: Key, action: Literal["start", "stop"]) -> None:
        """Switch a server."""
        ...


Ask = Callable[[str], Awaitable[Answer]]


class NotStopped(Refused):
    """The server was not seen stopped in time: no snapshot was asked for."""


def quiet(words: str) -> None:
    """Tell nobody."""


async def give_up(question: str) -> Answer:
    """Wait no longer."""
    return Answer.GIVE_UP


class Stopping:
    """Stops servers of one account. `now` is seconds since 1970."""

    def __init__(
        self,
        operations: Operations,
        book: PowerBook,
        switch: Callable[[], Switch],
        status: PowerStatus,
        now: Callable[[], float],
    ) -> None:
        self._operations = operations
        self._book = book
        self._switch = switch
        self._status = status
        self._now = now
        self.denied: dict[Key, str] = {}
        """The servers whose stop the service refused to carry out, with its words."""

    async def begin(self, server: Server, told: Told = quiet) -> PowerNote | None:
        """Ask a server to stop; None where it is stopped already, and stays so.

        Raises Refused, JournalUnavailable or VpsError: then it was not asked.
        """
        if await self._status.of(server) == "stopped":
            if await self.attended(server.id):
                raise Refused(f"not sent: {server.name} is being stopped or started already")
            told(f"{server.name} is stopped, and stays so")
            return None
        if found := open_on(self._operations.running(), server.id):
            raise Refused(taken(found))
        drafted = PowerNote(server.id, server.name, Stage.STOPPING, self._now())
        try:
            note = await self._book.begin(drafted, self._operations.create_intent(server, ""))
        except PowerTaken as error:
            raise Refused(f"not sent: {error}") from None
        except Clash as clash:
            raise Refused(taken(clash.operation, clash.seconds)) from None
        try:
            await check_room(self._operations.api, server)
        except (VpsError, Refused) as error:
            await self._end(note, error)
            raise
        await self._ask_to_stop(note, told)
        return note

    async def attended(self, server_id: Key) -> bool:
        """Whether a living session is at the power of a server."""
        notes = await self._book.open()
        return any(note.owned and note.server_id == server_id for note in notes)

    async def _ask_to_stop(self, note: PowerNote, told: Told) -> None:
        """Send the stop. Raises VpsError where it was not carried out."""
        told(f"stopping {note.server_name}")
        try:
            await self._switch().power(note.server_id, "stop")
        except OutcomeUnknown:
            return  # its status tells
        except VpsError as error:
            if isinstance(error, Forbidden | NotFound):
                self.denied[note.server_id] = f"refused: {error}"
            await self._end(note, error)
            raise

    async def _end(self, note: PowerNote, error: Exception) -> None:
        """Record that a server was not stopped, and why."""
        await self._book.end(note.id, self._now(), f"not stopped: {error}")

    async def until_stopped(self, note: PowerNote, told: Told, ask: Ask) -> bool:
        """Whether a server is seen stopped; False: it is taken as it is. Raises NotStopped."""
        while not await self._status.becomes(note.server_id, "stopped"):
            minutes = f"{power_status.PATIENCE / 60:.0f} min"
            question = f"{note.server_name} was not seen stopped for {minutes}"
            answer = await self._answer(note, ask(question))
            if answer is Answer.AS_IT_IS:
                return False
            if answer is Answer.GIVE_UP:
                raise NotStopped(f"{note.server_name} was not seen stopped: no snapshot was taken")
            if answer is None:
                break
        told(f"{note.server_name} is stopped")
        await self._book.step(note.id, Stage.STOPPED)
        return True

    async def _answer(self, note: PowerNote, asking: Awaitable[Answer]) -> Answer | None:
        """What somebody answers; None where the server is seen stopped before."""
        asked = asyncio.ensure_future(asking)
        try:
            while True:
                seen = asyncio.ensure_future(self._status.becomes(note.server_id, "stopped"))
                await asyncio.wait((asked, seen), return_when=asyncio.FIRST_COMPLETED)
                if asked.done():
                    seen.cancel()
                    return asked.result()
                if seen.result():
                    return None
        finally:
            asked.cancel()
