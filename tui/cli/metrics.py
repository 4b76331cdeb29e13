"""`ciplun metrics`: figures of the fleet in the text format of Prometheus."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from tui.cli.arguments import Command, FilePath, as_json, settings, shared
from tui.cli.documents import iso
from tui.cli.output import out_json, output
from tui.cli.policies import runs_of
from tui.cli.reading import Reading, read, tell_incomplete
from tui.cli.running import Stop, opened, run
from tui.cli.selection import Selection, of_servers
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.health import NAMES, Judge, newest_age
from tui.fleet.scope import Scope
from tui.fleet.state import ServerView
from tui.vps.models import SLOTS

if TYPE_CHECKING:
    from tui.fleet.journal.policy_runs import RunKind, Runs

_READABLE: Final = 0o644
"""Mode of the file: another user's collector reads it, and there is nothing secret in it."""
Labels = tuple[tuple[str, str], ...]


class Family(NamedTuple):
    """A gauge: its name with its unit, what it means, and its samples."""

    name: str
    help: str
    samples: Iterable[tuple[Labels, float]]


@click.command(cls=Command)
@of_servers
@click.option(
    "--textfile",
    type=FilePath(),
    metavar="PATH",
    help="Write to this file, all of it at once, for node_exporter's textfile collector.",
)
@as_json
@shared
def command(
    server: tuple[str, ...], on: str | None, textfile: Path | None, as_json: bool, **given: Any
) -> int:
    """Print figures of all servers, or of those named, in the text format of Prometheus.

    Where nothing could be read nothing is written: an alert on the age of
    ciplun_last_read_timestamp_seconds tells.
    """
    if as_json and textfile is not None:
        raise click.UsageError("one of --json and --textfile", click.get_current_context())
    found = settings(**given)
    selection = Selection(found, server, on)
    return run(_metrics(found, selection, textfile, as_json=as_json), as_json=as_json)


async def _metrics(
    settings: Settings, selection: Selection, file: Path | None, *, as_json: bool
) -> int:
    from tui.fleet.journal.file import JournalUnavailable

    async with opened(settings, plans=False) as (session, live):
        reading = await read(session, live)
        now = session.service_now()
        views = selection.of(reading, now)
        runs: Runs = {}
        with suppress(JournalUnavailable):  # the fleet can be read all the same
            runs = await runs_of(live).last()
        runs = {key: run for key, run in runs.items() if run.policy in settings.policies}
        families = [*_of_fleet(reading, runs, now), *_of_servers(views, selection, reading, now)]
    tell_incomplete(reading)
    if as_json:
        out_json(_document(reading, families, now))
        return ExitCode.DONE
    lines = "".join(f"{line}\n" for family in families for line in _lines(family))
    if file is None:
        output.write(lines)
    else:
        _replace(file, lines)
    return ExitCode.DONE


def _document(reading: Reading, families: Sequence[Family], now: float) -> dict[str, Any]:
    """The same figures for JSON."""
    return {
        "complete": reading.complete,
        "reasons": reading.reasons,
        "as_of": iso(now),
        "metrics": [
            {"name": family.name, "help": family.help, "labels": dict(labels), "value": value}
            for family in families
            for labels, value in family.samples
        ],
    }


def _of_fleet(reading: Reading, runs: Runs, now: float) -> Iterator[Family]:
    yield Family("ciplun_last_read_timestamp_seconds", "When the lists were read.", [((), now)])
    yield Family(
        "ciplun_complete",
        "Whether all could be seen: 1, or 0 where something could not.",
        [((), float(reading.complete))],
    )
    yield Family("ciplun_servers", "Servers known.", [((), len(reading.fleet.servers))])
    yield Family("ciplun_slots_per_server", "Snapshots that a server can hold.", [((), SLOTS)])
    yield Family(
        "ciplun_last_ensure_timestamp_seconds",
        "When all servers of a policy were ensured by it last without trouble, on this machine.",
        _ends(runs, "ensure"),
    )
    yield Family(
        "ciplun_last_prune_timestamp_seconds",
        "When all servers of a policy were pruned by it last without trouble, on this machine.",
        _ends(runs, "prune"),
    )


def _ends(runs: Runs, kind: RunKind) -> Sequence[tuple[Labels, float]]:
    found = sorted(run for run in runs.values() if run.kind == kind)
    return [((("policy", run.policy),), run.at) for run in found]


def _of_servers(
    views: Sequence[ServerView], selection: Selection, reading: Reading, now: float
) -> Iterator[Family]:
    def family(name: str, about: str, samples: Iterator[tuple[ServerView, float]]) -> Family:
        return Family(name, about, [(_labels(view), value) for view, value in samples])

    yield family(
        "ciplun_slots_used", "Snapshot slots in use.", ((view, view.used) for view in views)
    )
    yield family(
        "ciplun_failed_snapshots",
        "Snapshots that failed and hold a slot.",
        ((view, view.failed) for view in views),
    )
    yield family(
        "ciplun_newest_completed_timestamp_seconds",
        "When the newest completed snapshot was created; absent without one that has a date.",
        (
            (view, now - age)
            for view in views
            if math.isfinite(age := newest_age(view, now))  # what lies ahead is not believed
        ),
    )
    yield family(
        "ciplun_busy_seconds",
        "For how long the provider has been at the oldest snapshot in progress; 0 without any.",
        ((view, _busy(view, now)) for view in views),
    )
    scope = Scope(reading.fleet, now, Judge(selection.rules))
    healths = [(view, scope.health(view)) for view in views]
    yield Family(
        "ciplun_finding",
        "1 where the finding of this name holds.",
        [
            ((*_labels(view), ("finding", name)), float(health.has(name)))
            for view, health in healths
            for name in NAMES
            if name != "backup"  # nobody has asked for them
        ],
    )


def _busy(view: ServerView, now: float) -> float:
    began = [s.created_at.timestamp() for s in view.snapshots if s.making and s.created_at]
    return max(0.0, now - min(began)) if began else 0.0


def _labels(view: ServerView) -> Labels:
    return (("server_id", str(view.server.id)), ("server", view.server.name))


def _lines(family: Family) -> Iterator[str]:
    """A family as it is exposed; one without samples is left out."""
    samples = list(family.samples)
    if samples:
        yield f"# HELP {family.name} {family.help}"
        yield f"# TYPE {family.name} gauge"
    for labels, value in samples:
        named = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
        yield (
            f"{family.name}{{{named}}} {_number(value)}"
            if named
            else (f"{family.name} {_number(value)}")
        )


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _replace(path: Path, lines: str) -> None:
    """Have the file hold these lines, or what it held before. Raises Stop."""
    try:
        if path.exists() and not path.is_file():
            raise Stop(f"{path}: not a file that can be replaced")
        path = path.resolve()  # what a link leads to, and not the link
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        made = Path(name)
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            made.chmod(_READABLE)
            made.replace(path)
        except BaseException:
            made.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Stop(f"{path}: {error.strerror or 'cannot be written'}") from None
