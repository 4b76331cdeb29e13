"""`ciplun create`: asks for a snapshot of each of some servers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tui.cli.arguments import (
    Command,
    as_json,
    check_timeout,
    dry_run,
    make_room,
    name,
    settings,
    shared,
    timeout,
)
from tui.cli.finishing import finish, gravest, said
from tui.cli.output import complain, out, output
from tui.cli.planning import carry_out, tell_steps, would
from tui.cli.reading import Reading
from tui.cli.running import opened, run_gathering
from tui.cli.selection import Selection, of_servers
from tui.cli.slots import Ready, look, tell_room
from tui.cli.standing import UNSTOPPED, StandStill
from tui.cli.writing import prepare, send, settle_first
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.guard import creates
from tui.fleet.power import Answer
from tui.fleet.writes.drafts import create_plan
from tui.fleet.writes.rules import description_problem

if TYPE_CHECKING:
    from tui.session.connection import Connection
    from tui.session.session import Session


def _checked_description(ctx: click.Context, param: click.Parameter, given: str) -> str:
    if problem := description_problem(given):
        raise click.BadParameter(problem, ctx, param)
    return given


class Wanted(msgspec.Struct, frozen=True):
    """What is asked for of each server. `timeout` is in seconds."""

    name: str
    description: str
    make_room: bool
    stop: bool
    wait: bool
    timeout: float | None
    unstopped: Answer
    dry: bool


@click.command(cls=Command)
@of_servers
@click.argument("name", callback=name)
@click.option("--description", default="", callback=_checked_description, help="Why you take it.")
@make_room
@click.option(
    "--stop", is_flag=True, help="Stop each server first and start it after; wait for all."
)
@click.option("--wait", is_flag=True, help="Wait until all have ended.")
@timeout
@click.option(
    "--if-running",
    type=click.Choice([*UNSTOPPED]),
    default="start",
    show_default=True,
    help="With --stop, what to do with a server that does not stop in 10 min: start it again "
    "without a snapshot, snapshot it while it runs, or wait longer (an hour, or --timeout).",
)
@dry_run
@as_json
@shared
def command(
    server: tuple[str, ...],
    name: str,
    on: str | None,
    description: str,
    make_room: bool,
    stop: bool,
    wait: bool,
    timeout: float | None,
    if_running: str,
    dry_run: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Create the snapshot NAME of each SERVER (name or id)."""
    found = settings(**given)
    selection = Selection(found, server, on, needed=True)
    check_timeout(timeout, waits=wait or stop)
    unstopped = UNSTOPPED[if_running]
    wanted = Wanted(name, description, make_room, stop, wait, timeout, unstopped, dry_run)
    return run_gathering(_create(found, selection, wanted), as_json=as_json)


async def _create(settings: Settings, selection: Selection, wanted: Wanted) -> int:
    async with opened(settings) as (session, live):
        reading = await prepare(session, live)
        views = selection.of(reading, session.service_now())
        reading = await settle_first(session, live, reading, views)
        ready, code = look(session, live, reading, views, make_room=wanted.make_room)
        if selection.uncertain(reading):
            code = gravest([code, ExitCode.UNKNOWN])
        if not ready:
            return code
        tell_room(ready, session.now)
        if wanted.dry:
            return gravest([code, await _would(live, reading, ready, wanted)])
        if wanted.stop:
            standing = StandStill(session, live, wanted.unstopped, wanted.timeout)
            draft = create_plan(ready, wanted.name, wanted.description, stop=True)
            return gravest([code, await standing.all(draft)])
        return gravest([code, await _send(session, live, ready, wanted)])


async def _would(live: Connection, reading: Reading, ready: Sequence[Ready], wanted: Wanted) -> int:
    """Say what would be created; returns the exit code. Raises VpsError."""
    able: list[Ready] = []
    for server, goes in ready:
        if wanted.stop and (why := await live.restarts.power.foresee(server)):
            complain(f"{server.name}: nothing was sent: {why}")
        else:
            able.append((server, goes))
    if not able:
        output.is_all()
        return ExitCode.FAILED
    plan = create_plan(able, wanted.name, wanted.description, stop=wanted.stop)
    tell_steps(creates(plan))
    if wanted.stop:
        out("each server that runs would be stopped for it and started after")
    code = ExitCode.DONE if len(able) == len(ready) else ExitCode.FAILED
    return gravest([code, would(live, reading, plan.steps)])


async def _send(
    session: Session,
    live: Connection,
    ready: Sequence[Ready],
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
