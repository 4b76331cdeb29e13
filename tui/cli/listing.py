"""`ciplun list`: servers and their snapshots, for people and for programs."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from tui.cli import under_way
from tui.cli.arguments import Command, as_json, settings, shared
from tui.cli.cached import remembered
from tui.cli.documents import finding_document
from tui.cli.output import out_json, out_lines
from tui.cli.reading import Reading, read, tell_incomplete
from tui.cli.running import opened, run
from tui.cli.selection import Selection, of_servers
from tui.cli.under_way import Usual
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.health import Health, Judge, Rules
from tui.fleet.operation import Kind
from tui.fleet.state import ServerView
from tui.text import age, size
from tui.vps.models import SLOTS, Key


@click.command("list", cls=Command)
@of_servers
@as_json
@click.option(
    "--tsv",
    "as_tsv",
    is_flag=True,
    help="Print a line for each snapshot, with tabs between the fields.",
)
@click.option("--ids", is_flag=True, help="Print only the ids of the snapshots.")
@click.option("--cached", is_flag=True, help="Print what was known last, without a request.")
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
            "give only one of --json, --tsv and --ids", click.get_current_context()
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
        usual, rules = session.expected_time, Rules.of(settings)
        _print(_List(reading, chosen, session.now, session.now, rules, usual), form)
        tell_incomplete(reading)
    return ExitCode.DONE


async def _list_cached(settings: Settings, selection: Selection, form: str) -> int:
    reading, as_of = await remembered(settings)
    now = datetime.now(UTC)
    chosen = selection.of(reading, now.timestamp())
    _print(_List(reading, chosen, now, as_of, Rules.of(settings)), form)
    tell_incomplete(reading)
    return ExitCode.DONE


class _List(msgspec.Struct, frozen=True):
    """What is printed: the `chosen` of what was read, as it was `as_of`; ages refer to `now`."""

    reading: Reading
    chosen: Sequence[ServerView]
    now: datetime
    as_of: datetime
    rules: Rules
    usual: Usual = lambda kind: None

    @property
    def keys(self) -> Container[Key]:
        """The ids of the chosen servers."""
        return {view.server.id for view in self.chosen}

    @property
    def healths(self) -> Mapping[Key, Health]:
        """The judgement of each chosen server."""
        views = {view.server.id: view for view in self.chosen}
        return Judge(self.rules).all(views, self.now.timestamp(), self.reading.fleet.operations)


def _print(found: _List, form: str) -> None:
    fleet, chosen = found.reading.fleet, found.chosen
    if form == "json":
        out_json(_document(found))
    elif form == "tsv":
        out_lines([line for view in chosen for line in _tabbed(view, fleet.protected)])
    elif form == "ids":
        out_lines([str(s.id) for view in chosen for s in view.snapshots])
    else:
        healths = found.healths
        told = [line for view in chosen for line in _table(view, healths[view.server.id], found)]
        out_lines(told + under_way.lines(fleet, found.keys, found.now.timestamp(), found.usual))


def _document(found: _List) -> dict[str, Any]:
    """The whole answer, for JSON."""
    reading, healths = found.reading, found.healths
    protected = reading.fleet.protected
    return {
        "complete": reading.complete,
        "reasons": reading.reasons,
        "as_of": found.as_of.replace(microsecond=0),
        "servers": [_plain(view, healths[view.server.id], protected) for view in found.chosen],
        **under_way.documents(reading.fleet, found.keys, found.usual),
    }


def _plain(view: ServerView, health: Health, protected: Container[Key]) -> dict[str, Any]:
    """A server with its snapshots, for JSON."""
    snapshots = [
        {**msgspec.to_builtins(s), "protected_here": s.id in protected} for s in view.snapshots
    ]
    return {
        **msgspec.to_builtins(view.server),
        "listed": view.listed,
        "slots": SLOTS,
        "slots_used": view.used,
        "findings": [finding_document(finding) for finding in health.findings],
        "snapshots": snapshots,
    }


def _table(view: ServerView, health: Health, found: _List) -> Sequence[str]:
    """A line of the server, with what is wrong and its facts, and one of each snapshot."""
    server = view.server
    full = ", full" if view.full else ""
    status = f", {server.status}" if server.status else ""
    wrong = "".join(f"; {f.what}" for f in health.findings if f.name != "full")
    facts = "".join(
        f" · {fact}" for fact in (server.address, server.location, server.plan, server.os) if fact
    )
    slots = f"{view.used}/{SLOTS} slots{full}{status}"
    lines = [f"{server.name}  #{server.id}  {slots}{wrong}{facts}"]
    for s in view.snapshots:
        seen = f"{s.status_words:<12} {size(s.size_mb):>9}  {age(s.created_at, found.now)}"
        usual = found.usual(Kind.CREATE) if s.making else None
        takes = f", usually {usual[0]}" if usual else ""
        kept = ", protected here" if s.id in found.reading.fleet.protected else ""
        what = f" · {s.description}" if s.description else ""
        lines.append(f"  #{s.id:<8} {s.name:<32} {seen}{takes}{kept}{what}")
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
