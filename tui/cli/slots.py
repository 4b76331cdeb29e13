"""Whether servers can take a snapshot each, and what has to go first: before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tui.cli.output import complain, out
from tui.cli.reading import Reading
from tui.cli.running import Stop
from tui.cli.writing import check_allowed, check_open, in_words
from tui.exit_codes import ExitCode
from tui.fleet.operation import Kind
from tui.fleet.state import ServerView
from tui.fleet.writes.drafts import dispensable, no_room
from tui.fleet.writes.rules import refusal
from tui.text import age
from tui.vps.models import SLOTS, Server, Snapshot

if TYPE_CHECKING:
    from tui.session.connection import Connection
    from tui.session.session import Session

Ready = tuple[Server, Snapshot | None]
"""A server, and the snapshot that goes first to make room, if any."""


def look(
    session: Session,
    live: Connection,
    reading: Reading,
    views: Sequence[ServerView],
    *,
    make_room: bool,
) -> tuple[list[Ready], int]:
    """The servers that can take a snapshot, and what goes first; the others are named.

    Nothing has been sent before all of them were looked at. Raises Stop where nothing may be
    written at all.
    """
    check_open(session, live, reading)
    ready: list[Ready] = []
    for view in views:
        try:
            check_allowed(session, live, reading, Kind.CREATE, view)
            goes = _room(reading, view, make_room=make_room)
        except Stop as stop:
            if len(views) == 1:
                raise
            complain(f"{view.server.name}: {stop}")
            continue
        ready.append((view.server, goes))
    return ready, ExitCode.DONE if len(ready) == len(views) else ExitCode.FAILED


def tell_room(ready: Sequence[Ready], now: datetime) -> None:
    """Name what goes to make room, before anything is sent."""
    for server, goes in ready:
        if goes is not None:
            when = age(goes.created_at, now)
            out(f"#{goes.id}  {goes.name} of {server.name}, {when}, is deleted to make room")


def _room(reading: Reading, view: ServerView, *, make_room: bool) -> Snapshot | None:
    """The snapshot that has to go first, if any. Raises Stop where there is no slot."""
    if not view.full:
        return None
    used = f"nothing was sent: {view.server.name} has no free slot ({view.used} of {SLOTS} used)"
    if not make_room and view.used == SLOTS:
        raise Stop(f"{used}; --make-room deletes what is needed least")
    for candidate in dispensable(view, reading.fleet.protected):
        why = refusal(Kind.DELETE, reading.fleet, view, candidate)
        if why is None:
            return candidate
        used = f"{used}; {in_words(why)}"
    raise Stop(f"{used}, and {no_room(view)}")
