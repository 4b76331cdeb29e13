"""`ciplun restore`: overwrites a server with one of its snapshots, after asking."""

from __future__ import annotations

from typing import Any

import click

from tui.cli import lookup, names
from tui.cli.arguments import Command, settings, shared, span, text
from tui.cli.finishing import finish, said
from tui.cli.output import out
from tui.cli.running import opened, run
from tui.cli.writing import check_allowed, confirm, prepare, send, settle_first
from tui.config.settings import Settings
from tui.fleet.operation import Kind
from tui.text import age


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
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--wait", is_flag=True, help="Wait until it has ended.")
@click.option("--timeout", type=span, metavar="T", help="Wait so long at most: 90s, 30m.")
@shared
def command(
    snapshot_id: str, server: str, yes: bool, wait: bool, timeout: float | None, **given: Any
) -> int:
    """Overwrite a server with one of its snapshots. Cannot be undone."""
    work = _restore(settings(**given), snapshot_id, server, sure=yes, wait=wait, timeout=timeout)
    return run(work)


async def _restore(
    settings: Settings,
    snapshot_id: str,
    server: str,
    *,
    sure: bool,
    wait: bool,
    timeout: float | None,
) -> int:
    async with opened(settings) as (session, live):
        reading = await prepare(session, live)
        view = lookup.server(reading, server)
        reading = await settle_first(session, live, reading, [view])
        target = lookup.snapshot(reading, view, snapshot_id)
        check_allowed(session, live, reading, Kind.RESTORE, view, target)
        question = f"Restoring overwrites all data on {target.server_name} with {target.name}"
        created = age(target.created_at, session.now)
        confirm(f"{question}, {created}.", target.server_name, sure=sure)
        restore = live.operations.restore
        operation = await send(session, lambda bare: restore(target, unjournaled=bare))
        out(said(operation))
        return await finish(session, live, [operation], wait=wait, timeout=timeout)
