"""`ciplun protect` and `unprotect`: which snapshots ciplun itself never deletes."""

from __future__ import annotations

from typing import Any

import click

from tui.cli import lookup, names
from tui.cli.arguments import Command, as_json, of_server, settings, shared, text
from tui.cli.output import out
from tui.cli.reading import read, tell_incomplete
from tui.cli.running import opened, run_gathering
from tui.config.settings import Settings
from tui.exit_codes import ExitCode


def _made(name: str, about: str, *, on: bool) -> click.Command:
    """One of the two commands."""

    @click.command(name, cls=Command, help=about)
    @click.argument("snapshot_id", type=text, shell_complete=names.snapshots)
    @of_server("Its server.")
    @as_json
    @shared
    def command(snapshot_id: str, server: str, as_json: bool, **given: Any) -> int:
        work = _protect(settings(**given), snapshot_id, server, on=on)
        return run_gathering(work, as_json=as_json)

    return command


async def _protect(settings: Settings, snapshot_id: str, server: str, *, on: bool) -> int:
    async with opened(settings) as (session, live):
        reading = await read(session, live)
        tell_incomplete(reading)
        target = lookup.snapshot(reading, lookup.server(reading, server), snapshot_id)
        await live.operations.protect(target, on=on)
        stands = "is protected here from deletes by ciplun" if on else "is no longer protected"
        out(f"#{target.id}  {target.name} of {target.server_name} {stands}")
        return ExitCode.DONE


protect = _made(
    "protect", "Protect a snapshot from deletes by ciplun on this machine, by nobody else.", on=True
)
unprotect = _made("unprotect", "Let ciplun delete a snapshot again.", on=False)
