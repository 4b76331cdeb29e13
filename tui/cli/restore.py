"""`ciplun restore`: overwrites a server with one of its snapshots, after asking."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from tui.cli import lookup, names
from tui.cli.arguments import (
    Command,
    as_json,
    check_timeout,
    dry_run,
    of_server,
    settings,
    shared,
    sure,
    text,
    timeout,
)
from tui.cli.finishing import finish, gravest, said
from tui.cli.output import complain, out
from tui.cli.planning import carry_out, would
from tui.cli.reading import Reading
from tui.cli.running import opened, run_gathering
from tui.cli.writing import check_allowed, confirm, prepare, send, sent, settle_first
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.operation import Kind
from tui.fleet.plan import Plan, target_step
from tui.fleet.state import ServerView
from tui.fleet.templates import Template
from tui.fleet.writes.drafts import safety, safety_plan
from tui.text import age
from tui.vps.models import Snapshot

if TYPE_CHECKING:
    from tui.session.connection import Connection
    from tui.session.session import Session

_NAMES: Final = Template("before-restore-{date}")


@click.command(cls=Command)
@click.argument("snapshot_id", type=text, shell_complete=names.snapshots)
@of_server("Its server, by name or id.")
@click.option(
    "--snapshot-first",
    is_flag=True,
    help="First take a snapshot, and restore only once that is completed.",
)
@click.option(
    "--start-after", is_flag=True, help="Start the server if it ran before; waits for the end."
)
@dry_run
@sure
@click.option("--wait", is_flag=True, help="Wait until it has ended.")
@timeout
@as_json
@shared
def command(
    snapshot_id: str,
    server: str,
    snapshot_first: bool,
    start_after: bool,
    dry_run: bool,
    yes: bool,
    wait: bool,
    timeout: float | None,
    as_json: bool,
    **given: Any,
) -> int:
    """Overwrite a server with one of its snapshots. Cannot be undone."""
    check_timeout(timeout, waits=wait or start_after)
    found = settings(**given)
    start = start_after or found.start_after_restore
    wait = wait or start_after
    wanted = Wanted(snapshot_id, server, snapshot_first, start, dry_run, yes, wait, timeout)
    return run_gathering(_restore(found, wanted), as_json=as_json)


class Wanted(msgspec.Struct, frozen=True):
    """What is asked for. `timeout` is in seconds."""

    snapshot_id: str
    server: str
    snapshot_first: bool
    start_after: bool
    dry: bool
    sure: bool
    wait: bool
    timeout: float | None


async def _restore(settings: Settings, wanted: Wanted) -> int:
    async with opened(settings) as (session, live):
        reading = await prepare(session, live)
        view = lookup.server(reading, wanted.server)
        reading = await settle_first(session, live, reading, [view])
        target = lookup.snapshot(reading, view, wanted.snapshot_id)
        check_allowed(session, live, reading, Kind.RESTORE, view, target)
        plan, before = None, ""
        if wanted.snapshot_first:
            check_allowed(session, live, reading, Kind.CREATE, view)
            plan, before = _with_snapshot(reading, view, target, session.now)
        words = f"Restoring overwrites all data on {target.server_name} with {target.name}"
        question = f"{before}{words}, {age(target.created_at, session.now)}."
        if wanted.dry:
            out(question)
            steps = plan.steps if plan is not None else [target_step(Kind.RESTORE, target)]
            return would(live, reading, steps)
        confirm(question, target.server_name, sure=wanted.sure)
        wait, timeout = wanted.wait, wanted.timeout
        if plan is not None:
            code = await carry_out(session, live, plan, wait=wait, timeout=timeout)
        else:
            restore = live.operations.restore
            operation = await send(session, lambda bare: restore(target, unjournaled=bare))
            out(said(operation))
            code = await finish(session, live, [operation], wait=wait, timeout=timeout)
        if not wait:
            return code
        return gravest([code, await _afterwards(session, live, target, wanted)])


async def _afterwards(session: Session, live: Connection, target: Snapshot, wanted: Wanted) -> int:
    """Say of a server that ran before whether it runs again, and start it if asked for."""
    from tui.fleet.writes.consistent import After

    view = session.store.fleet.servers.get(target.server_id)
    if not wanted.start_after and view is not None and view.server.status != "stopped":
        return ExitCode.DONE
    power = live.restarts.power
    for note in await power.left():
        if note.server_id != target.server_id:
            continue
        work = power.after_restore(note, start=wanted.start_after, told=out)
        after = await sent(session, work)
        if after is not After.RUNS:
            complain(note.sentence(after.value))
            return ExitCode.FAILED if wanted.start_after else ExitCode.DONE
    return ExitCode.DONE


def _with_snapshot(
    reading: Reading, view: ServerView, target: Snapshot, now: datetime
) -> tuple[Plan, str]:
    """A plan that snapshots the server first, and what that means in a sentence. Raises Refused."""
    name = _NAMES.name(now, {snapshot.name for snapshot in view.snapshots})
    first = safety(view, target, name, reading.fleet.protected)
    words = f"First {name} is taken of {view.server.name}. "
    if first.goes is not None:
        words = f"First {first.goes.name} is deleted to make room, and {name} is taken. "
    return safety_plan(target, view.server, first), words
