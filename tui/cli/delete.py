"""`ciplun delete`: deletes snapshots of a server for good, after asking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from tui.cli import lookup, names
from tui.cli.arguments import Command, as_json, of_server, settings, shared, sure, text
from tui.cli.finishing import finish, said
from tui.cli.output import out
from tui.cli.planning import carry_out
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
@sure
@as_json
@shared
def command(
    snapshot_id: tuple[str, ...], server: str, yes: bool, as_json: bool, **given: Any
) -> int:
    """Delete snapshots of a server (name or id) for good."""
    return run_gathering(_delete(settings(**given), snapshot_id, server, sure=yes), as_json=as_json)


async def _delete(settings: Settings, ids: Sequence[str], server: str, *, sure: bool) -> int:
    async with opened(settings) as (session, live):
        reading = await prepare(session, live)
        view = lookup.server(reading, server)
        reading = await settle_first(session, live, reading, [view])
        found = {s.id: s for s in (lookup.snapshot(reading, view, each) for each in ids)}
        first, *others = found.values()
        for target in found.values():
            check_allowed(session, live, reading, Kind.DELETE, view, target)
        if others:
            targets = [first, *others]
            lines = [_line(target, session.now) for target in targets]
            what = f"Deletes {plural(len(targets), 'snapshot')} of {view.server.name} for good:"
            question = "\n".join((what, *lines, *_loss(view, targets)))
            confirm(question, f"delete {len(targets)}", sure=sure)
            plan = delete_plan(targets, f"{plural(len(targets), 'snapshot')} of {view.server.name}")
            return await carry_out(session, live, plan, wait=True)
        question = f"Deletes {first.name} of {first.server_name} for good."
        confirm("\n".join((question, *_loss(view, [first]))), first.name, sure=sure)
        delete = live.operations.delete
        operation = await send(session, lambda bare: delete(first, unjournaled=bare))
        out(said(operation))
        return await finish(session, live, [operation], wait=True)


def _line(target: Snapshot, now: datetime) -> str:
    return f"  #{target.id}  {target.name}  {size(target.size_mb)}  {age(target.created_at, now)}"


def _loss(view: ServerView, targets: Sequence[Snapshot]) -> Sequence[str]:
    """What is said where no completed snapshot would be left."""
    left = [s for s in view.snapshots if s.phase is Phase.COMPLETED and s not in targets]
    had = view.newest_completed is not None
    return [f"{view.server.name} has no completed snapshot left then."] if had and not left else []
