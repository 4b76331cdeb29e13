"""`ciplun delete`: deletes snapshots of a server for good, after asking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from tui.cli import lookup, names
from tui.cli.arguments import Command, as_json, dry_run, of_server, settings, shared, sure, text
from tui.cli.finishing import finish, said
from tui.cli.output import out
from tui.cli.planning import carry_out, would
from tui.cli.running import opened, run_gathering
from tui.cli.writing import check_allowed, confirm, prepare, send, settle_first
from tui.config.settings import Settings
from tui.fleet.operation import Kind
from tui.fleet.state import ServerView
from tui.fleet.writes.drafts import delete_plan
from tui.text import age, plural, size
from tui.vps.models import Phase, Snapshot


@click.command(cls=Command)
@click.argument("snapshot_id", nargs=-1, required=True, type=text, shell_complete=names.snapshots)
@of_server("Their server.")
@dry_run
@sure
@as_json
@shared
def command(
    snapshot_id: tuple[str, ...],
    server: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Delete snapshots of a server (name or id) for good."""
    work = _delete(settings(**given), snapshot_id, server, dry=dry_run, sure=yes)
    return run_gathering(work, as_json=as_json)


async def _delete(
    settings: Settings, ids: Sequence[str], server: str, *, dry: bool, sure: bool
) -> int:
    async with opened(settings) as (session, live):
        reading = await prepare(session, live)
        view = lookup.server(reading, server)
        reading = await settle_first(session, live, reading, [view])
        found = {s.id: s for s in (lookup.snapshot(reading, view, each) for each in ids)}
        targets = [*found.values()]
        for target in targets:
            check_allowed(session, live, reading, Kind.DELETE, view, target)
        question = "\n".join(_question(view, targets, session.now))
        first, *others = targets
        plan = delete_plan(targets, f"{plural(len(targets), 'snapshot')} of {view.server.name}")
        if dry:
            out(question)
            return would(live, reading, plan.steps)
        confirm(question, f"delete {len(targets)}" if others else first.name, sure=sure)
        if others:
            return await carry_out(session, live, plan, wait=True)
        delete = live.operations.delete
        operation = await send(session, lambda bare: delete(first, unjournaled=bare))
        out(said(operation))
        return await finish(session, live, [operation], wait=True)


def _question(view: ServerView, targets: Sequence[Snapshot], now: datetime) -> Sequence[str]:
    """What is deleted, and what would be lost, in lines."""
    if len(targets) == 1:
        what = [f"Deletes {targets[0].name} of {targets[0].server_name} for good."]
    else:
        what = [f"Deletes {plural(len(targets), 'snapshot')} of {view.server.name} for good:"]
        what += [_line(target, now) for target in targets]
    return [*what, *_loss(view, targets)]


def _line(target: Snapshot, now: datetime) -> str:
    return f"  #{target.id}  {target.name}  {size(target.size_mb)}  {age(target.created_at, now)}"


def _loss(view: ServerView, targets: Sequence[Snapshot]) -> Sequence[str]:
    """What is said where no completed snapshot would be left."""
    left = [s for s in view.snapshots if s.phase is Phase.COMPLETED and s not in targets]
    had = view.newest_completed is not None
    return [f"{view.server.name} has no completed snapshot left then."] if had and not left else []
