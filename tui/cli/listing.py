"""`ciplun list`: servers and their snapshots, for people and for programs."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from tui.cli import names
from tui.cli.arguments import Command, as_json, settings, shared, text
from tui.cli.cached import remembered
from tui.cli.output import out_json, out_lines
from tui.cli.reading import Reading, read, tell_incomplete
from tui.cli.running import opened, run
from tui.cli.selection import Selection, on_option
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.state import ServerView
from tui.text import age, size
from tui.vps.models import SLOTS, Key


@click.command("list", cls=Command)
@click.argument("server", nargs=-1, type=text, shell_complete=names.servers)
@on_option
@as_json
@click.option("--tsv", "as_tsv", is_flag=True, help="Print a line of tabbed fields a snapshot.")
@click.option("--ids", is_flag=True, help="Print the ids of the snapshots alone.")
@click.option("--cached", is_flag=True, help="Print what was known last, and ask nothing.")
@shared
def command(
    server: tuple[str, ...],
    on: str | None,
    as_json: bool,
    as_tsv: bool,
    ids: bool,
    cached: bool,
    **given: Any,
) -> int:
    """Print servers and their snapshots, of all servers or of those named (by name or id).

    With --tsv there is no heading; the fields are: id of the server, its name, id of the snapshot,
    its name, status, size in MB, time of creation, protected here (yes or no), description.
    """
    if as_json + as_tsv + ids > 1:
        raise click.UsageError(
            "one of --json, --tsv and --ids at most", click.get_current_context()
        )
    form = "json" if as_json else "tsv" if as_tsv else "ids" if ids else "table"
    found = settings(**given)
    selection = Selection(found, server, on)
    work = _list_cached if cached else _list
    return run(work(found, selection, form), as_json=as_json)


async def _list(settings: Settings, selection: Selection, form: str) -> int:
    async with opened(settings) as (session, live):
        reading = await read(session, live)
        chosen = selection.of(reading, session.service_now())
        _print(reading, chosen, form, session.now, session.now)
        tell_incomplete(reading)
    return ExitCode.DONE


async def _list_cached(settings: Settings, selection: Selection, form: str) -> int:
    reading, as_of = remembered(settings)
    now = datetime.now(UTC)
    _print(reading, selection.of(reading, now.timestamp()), form, now, as_of)
    tell_incomplete(reading)
    return ExitCode.DONE


def _print(
    reading: Reading, chosen: Sequence[ServerView], form: str, now: datetime, as_of: datetime
) -> None:
    protected = reading.fleet.protected
    if form == "json":
        out_json(_document(reading, chosen, as_of))
    elif form == "tsv":
        out_lines([line for view in chosen for line in _tabbed(view, protected)])
    elif form == "ids":
        out_lines([str(s.id) for view in chosen for s in view.snapshots])
    else:
        out_lines([line for view in chosen for line in _table(view, protected, now)])


def _document(reading: Reading, views: Sequence[ServerView], as_of: datetime) -> dict[str, Any]:
    """The whole answer, for JSON."""
    return {
        "complete": reading.complete,
        "reasons": reading.reasons,
        "as_of": as_of.replace(microsecond=0),
        "servers": [_plain(view, reading.fleet.protected) for view in views],
    }


def _plain(view: ServerView, protected: Container[Key]) -> dict[str, Any]:
    """A server with its snapshots, for JSON."""
    snapshots = [
        {**msgspec.to_builtins(s), "protected_here": s.id in protected} for s in view.snapshots
    ]
    return {
        **msgspec.to_builtins(view.server),
        "listed": view.listed,
        "slots": SLOTS,
        "slots_used": view.used,
        "snapshots": snapshots,
    }


def _table(view: ServerView, protected: Container[Key], now: datetime) -> Sequence[str]:
    full = ", full" if view.full else ""
    status = f", {view.server.status}" if view.server.status else ""
    lines = [f"{view.server.name}  #{view.server.id}  {view.used}/{SLOTS} slots{full}{status}"]
    for s in view.snapshots:
        facts = f"{s.status_words:<12} {size(s.size_mb):>9}  {age(s.created_at, now)}"
        kept = ", protected here" if s.id in protected else ""
        lines.append(f"  #{s.id:<8} {s.name:<32} {facts}{kept}")
    return lines


def _tabbed(view: ServerView, protected: Container[Key]) -> Sequence[str]:
    """A line for each snapshot; no field can hold a tab or a line end: both are cleaned away."""
    return [
        "\t".join(
            (
                str(view.server.id),
                view.server.name,
                str(s.id),
                s.name,
                s.status,
                "" if s.size_mb is None else str(s.size_mb),
                "" if s.created_at is None else s.created_at.isoformat().replace("+00:00", "Z"),
                "yes" if s.id in protected else "no",
                s.description,
            )
        )
        for s in view.snapshots
    ]
