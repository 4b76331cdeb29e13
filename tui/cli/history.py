"""`ciplun history`: what was done on this machine, when, by whom, and how it ended."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from tui.cli import names
from tui.cli.arguments import Command, Number, as_json, settings, shared, since, text
from tui.cli.documents import operation_document
from tui.cli.output import complain, out, out_json, out_lines
from tui.cli.running import Stop, run, tell_of_journal
from tui.config import paths
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.actor import Who
from tui.fleet.journal.gaps import marker
from tui.fleet.operation import Operation
from tui.notices import assurance
from tui.text import stamp

if TYPE_CHECKING:
    from tui.fleet.journal.gaps import Gap

_MOST: Final = 100_000


@click.command(cls=Command)
@as_json
@click.option("--since", callback=since, metavar="T", help="Only after this: 7d, 36h, 2025-01-23.")
@click.option(
    "--server",
    type=text,
    shell_complete=names.servers,
    metavar="NAME",
    help="Only of this server, by name or id.",
)
@click.option(
    "--limit",
    type=Number(1, _MOST),
    default=500,
    metavar="N",
    help="The newest N; 500 if not given.",
)
@shared
def command(
    as_json: bool, since: float | None, server: str | None, limit: int, **given: Any
) -> int:
    """What was done on this machine, when, by whom, and how it ended: the newest first."""
    found = settings(**given)
    return run(_history(found, since, server, limit, as_json=as_json), as_json=as_json)


async def _history(
    settings: Settings, since: float | None, server: str | None, limit: int, *, as_json: bool
) -> int:
    if settings.demo:
        _print(
            [],
            [],
            "the demo keeps no record: what is done in one is gone when it ends",
            as_json=as_json,
        )
        return ExitCode.DONE
    operations, gaps = await _read(_MOST if server or since else limit)
    chosen = [
        o
        for o in operations
        if (since is None or o.asked_at >= since)
        and (server is None or server in (o.server_name, str(o.server_id)))
    ][:limit]
    lost = [
        f"not all is known: {gap.words} ({_when(gap.at)})"
        for gap in gaps
        if since is None or gap.at >= since
    ]
    empty = "nothing matches" if operations else "nothing has been done yet"
    _print(chosen, lost, empty, as_json=as_json)
    for reason in lost:
        complain(reason)
    return ExitCode.FAILED if lost else ExitCode.DONE


async def _read(limit: int) -> tuple[Sequence[Operation], Sequence[Gap]]:
    """The newest operations, and what of them is lost. Raises JournalUnavailable and Stop."""
    from tui.fleet.journal.journal import Journal

    file = paths.journal_file(os.environ)
    try:
        file.stat()
    except FileNotFoundError:
        if not paths.seen(marker(file)):  # else there was one: opening it takes note of that
            return [], []
    except OSError as error:
        raise Stop(f"no record can be read: {paths.trouble(file, error)}") from None
    journal = Journal(file, slow=tell_of_journal())
    try:
        return await journal.history(limit=limit), await journal.gaps()
    finally:
        await journal.close()


def _print(
    operations: Sequence[Operation], lost: Sequence[str], empty: str, *, as_json: bool
) -> None:
    if as_json:
        plain = [operation_document(operation) for operation in operations]
        out_json({"complete": not lost, "reasons": lost, "operations": plain})
    elif operations:
        out_lines([_line(operation) for operation in operations])
    elif not lost:
        out(empty)


def _when(seconds: float) -> str:
    return stamp(datetime.fromtimestamp(seconds, UTC))


def _line(o: Operation) -> str:
    who = Who(o.user, o.origin)
    words = f"  {o.words}" if o.words else ""
    sure = f"  ({assurance(o)})" if o.ended and o.certainty else ""
    what = f"{o.stands:<16} {o.title} on {o.server_name}"
    return f"{_when(o.asked_at)}  {o.id}  {what}  by {who}{words}{sure}"
