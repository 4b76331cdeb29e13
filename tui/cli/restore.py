"""`ciplun restore`: overwrites a server with one of its snapshots, after asking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import click

from tui.cli import lookup, names
from tui.cli.arguments import Command, settings, shared, span, text
from tui.cli.finishing import finish, said
from tui.cli.output import out
from tui.cli.planning import carry_out
from tui.cli.reading import Reading
from tui.cli.running import opened, run
from tui.cli.writing import check_allowed, confirm, prepare, send, settle_first
from tui.config.settings import Settings
from tui.fleet.operation import Kind
from tui.fleet.plan import Plan
from tui.fleet.state import ServerView
from tui.fleet.templates import Template
from tui.fleet.writes.drafts import safety, safety_plan
from tui.text import age
from tui.vps.models import Snapshot

_NAMES: Final = Template("before-restore-{date}")


@click.command(cls=Command)
@click.argument("snapshot_id", type=text, shell_complete=names.snapshots)
@click.option(
    "--server",
    type=text,
    shell_complete=names.servers,
    required=True,
    metavar="NAME",
    help="Its server, by name or id.",
)
@click.option(
    "--snapshot-first",
    is_flag=True,
    help="First take a snapshot, and restore only once that is completed.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--wait", is_flag=True, help="Wait until it has ended.")
@click.option("--timeout", type=span, metavar="T", help="Wait so long at most: 90s, 30m.")
@shared
def command(
    snapshot_id: str,
    server: str,
    snapshot_first: bool,
    yes: bool,
    wait: bool,
    timeout: float | None,
    **given: Any,
) -> int:
    """Overwrite a server with one of its snapshots. Cannot be undone."""
    wanted = Wanted(snapshot_id, server, snapshot_first, yes, wait, timeout)
    return run(_restore(settings(**given), wanted))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `timeout` is in seconds."""

    snapshot_id: str
    server: str
    snapshot_first: bool
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
        question = f"Restoring overwrites all data on {target.server_name} with {target.name}"
        created = age(target.created_at, session.now)
        confirm(f"{before}{question}, {created}.", target.server_name, sure=wanted.sure)
        wait, timeout = wanted.wait, wanted.timeout
        if plan is not None:
            return await carry_out(session, live, plan, wait=wait, timeout=timeout)
        restore = live.operations.restore
        operation = await send(session, lambda bare: restore(target, unjournaled=bare))
        out(said(operation))
        return await finish(session, live, [operation], wait=wait, timeout=timeout)


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
