"""`ciplun create`: asks for a snapshot of each of some servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from tui.cli.arguments import Command, settings, shared, span, text
from tui.cli.finishing import finish, gravest, said
from tui.cli.output import complain, out
from tui.cli.planning import carry_out
from tui.cli.reading import Reading
from tui.cli.running import Stop, opened, run
from tui.cli.selection import Selection, on_option
from tui.cli.writing import check_allowed, in_words, prepare, send, settle_first
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.operation import Kind
from tui.fleet.state import ServerView
from tui.fleet.writes.drafts import create_plan, dispensable
from tui.fleet.writes.rules import description_problem, name_problem, refusal
from tui.session import Connection, Session
from tui.text import age
from tui.vps.models import SLOTS, Server, Snapshot


def _checked_name(ctx: click.Context, param: click.Parameter, name: str) -> str:
    if name.strip() and (problem := name_problem(name)):
        raise click.BadParameter(problem, ctx, param)
    return name


def _checked_description(ctx: click.Context, param: click.Parameter, given: str) -> str:
    if problem := description_problem(given):
        raise click.BadParameter(problem, ctx, param)
    return given


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for of each server. `timeout` is in seconds."""

    name: str
    description: str
    make_room: bool
    wait: bool
    timeout: float | None


@click.command(cls=Command)
@click.argument("server", nargs=-1, type=text)
@click.argument("name", callback=_checked_name)
@on_option
@click.option("--description", default="", callback=_checked_description, help="Why it is taken.")
@click.option(
    "--make-room", is_flag=True, help="Where no slot is free, first delete what is needed least."
)
@click.option("--wait", is_flag=True, help="Wait until all have ended.")
@click.option("--timeout", type=span, metavar="T", help="Wait so long at most: 90s, 30m.")
@shared
def command(
    server: tuple[str, ...],
    name: str,
    on: str | None,
    description: str,
    make_room: bool,
    wait: bool,
    timeout: float | None,
    **given: Any,
) -> int:
    """Create the snapshot NAME of each SERVER (name or id)."""
    found = settings(**given)
    selection = Selection(found, server, on, needed=True)
    return run(_create(found, selection, Wanted(name, description, make_room, wait, timeout)))


async def _create(settings: Settings, selection: Selection, wanted: Wanted) -> int:
    async with opened(settings) as (session, live):
        reading = await prepare(session, live)
        views = selection.of(reading, session.service_now())
        reading = await settle_first(session, live, reading, views)
        ready, code = _look(session, live, reading, views, make_room=wanted.make_room)
        if not ready:
            return code
        for server, goes in ready:
            if goes is not None:
                when = age(goes.created_at, session.now)
                out(f"#{goes.id}  {goes.name} of {server.name}, {when}, goes to make room")
        return gravest([code, await _send(session, live, ready, wanted)])


def _look(
    session: Session,
    live: Connection,
    reading: Reading,
    views: Sequence[ServerView],
    *,
    make_room: bool,
) -> tuple[list[tuple[Server, Snapshot | None]], int]:
    """The servers that can take a snapshot, and what goes first; the others are named.

    Nothing has been sent before all of them were looked at. Raises Stop where nothing may be
    written at all.
    """
    ready: list[tuple[Server, Snapshot | None]] = []
    for view in views:
        try:
            check_allowed(session, live, reading, Kind.CREATE, view)
            goes = _room(reading, view, make_room=make_room)
        except Stop as stop:
            if len(views) == 1 or session.lock.locked:
                raise
            complain(f"{view.server.name}: {stop}")
            continue
        ready.append((view.server, goes))
    return ready, ExitCode.DONE if len(ready) == len(views) else ExitCode.FAILED


def _room(reading: Reading, view: ServerView, *, make_room: bool) -> Snapshot | None:
    """The snapshot that has to go first, if any. Raises Stop where there is no slot."""
    if not view.full:
        return None
    used = f"nothing was sent: {view.server.name} has no free slot ({view.used} of {SLOTS} used)"
    if not make_room:
        raise Stop(f"{used}; --make-room deletes what is needed least")
    for candidate in dispensable(view, reading.fleet.protected):
        why = refusal(Kind.DELETE, reading.fleet, view, candidate)
        if why is None:
            return candidate
        used = f"{used}; {in_words(why)}"
    raise Stop(f"{used}, and none of its snapshots should go")


async def _send(
    session: Session,
    live: Connection,
    ready: Sequence[tuple[Server, Snapshot | None]],
    wanted: Wanted,
) -> int:
    """Ask for the snapshots, of more than one in a plan on disk; returns the exit code."""
    (server, goes), *others = ready
    if others or goes is not None:
        plan = create_plan(ready, wanted.name, wanted.description)
        return await carry_out(session, live, plan, wait=wanted.wait, timeout=wanted.timeout)
    create, name, description = live.operations.create, wanted.name, wanted.description
    operation = await send(
        session, lambda bare: create(server, name, description, unjournaled=bare)
    )
    out(said(operation))
    return await finish(session, live, [operation], wait=wanted.wait, timeout=wanted.timeout)
