"""`ciplun delete`: deletes a snapshot for good, after asking."""

from __future__ import annotations

from typing import Any

import click

from tui.cli import lookup
from tui.cli.arguments import Command, settings, shared, text
from tui.cli.running import opened, run
from tui.cli.writing import check_allowed, confirm, prepare, report, send
from tui.config.settings import Settings
from tui.fleet.operation import Kind


@click.command(cls=Command)
@click.argument("snapshot_id", type=text)
@click.option(
    "--server", type=text, required=True, metavar="NAME", help="Its server, by name or id."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared
def command(snapshot_id: str, server: str, yes: bool, **given: Any) -> int:
    """Delete a snapshot for good."""
    return run(_delete(settings(**given), snapshot_id, server, sure=yes))


async def _delete(settings: Settings, snapshot_id: str, server: str, *, sure: bool) -> int:
    async with opened(settings) as (session, live):
        reading = await prepare(session, live)
        view = lookup.server(reading, server)
        target = lookup.snapshot(reading, view, snapshot_id)
        check_allowed(session, live, reading, Kind.DELETE, view, target)
        confirm(f"Deletes {target.name} of {target.server_name} for good.", target.name, sure=sure)
        delete = live.operations.delete
        operation = await send(session, lambda bare: delete(target, unjournaled=bare))
        return await report(session, live, operation, wait=True)
