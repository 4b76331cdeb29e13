"""Snapshots of servers that stand still meanwhile: stopped before, started after."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tui.cli.finishing import code_of, gravest, said
from tui.cli.output import complain, out
from tui.cli.slots import Ready
from tui.cli.waiting import polling
from tui.cli.writing import sent
from tui.connection import Connection
from tui.exit_codes import ExitCode
from tui.fleet.journal.journal import JournalUnavailable
from tui.fleet.operation import State
from tui.fleet.writes.consistent import PowerTaken
from tui.fleet.writes.operations import Refused
from tui.fleet.writes.plans import AT_ONCE
from tui.session import Session
from tui.vps.errors import VpsError


async def stand_still(
    session: Session, live: Connection, ready: Sequence[Ready], name: str, description: str
) -> int:
    """Stop each server, snapshot and start it, a few at a time, and wait for all of it.

    Returns the exit code; a server that ran before is started whatever becomes of its snapshot.
    """
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(place: Ready) -> int:
        async with turn:
            return await sent(session, _one(live, place, name, description))

    async with polling(live):
        codes = await asyncio.gather(*(one(place) for place in ready))
    left = {note.server_id: note for note in await live.restarts.power.left()}
    for server, _ in ready:
        if server.id in left:
            complain(f"{server.name} is not seen running; `ciplun settle --go-on` starts it")
            codes.append(ExitCode.FAILED)
    return gravest(codes)


async def _one(live: Connection, place: Ready, name: str, description: str) -> int:
    server, goes = place
    try:
        if goes is not None:
            gone = await live.operations.delete(goes, reason=f"to make room for {name}")
            if gone.state is not State.COMPLETED:
                raise Refused(f"the delete of {goes.name} is not certain")
        power = live.restarts.power
        operation = await power.snapshot(server, name, description, told=out)
    except (Refused, PowerTaken, JournalUnavailable, VpsError) as error:
        complain(f"{server.name}: {error}")
        return ExitCode.FAILED
    out(said(operation))
    return code_of(operation, wait=True)
