"""`ciplun check`: a monitoring plug-in, after the guidelines of those.

One line of summary with performance data, then a line for each finding; whatever is wrong with
the check itself is UNKNOWN, on stdout, with code 3.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

import click

from tui.cli.arguments import Command, age, settings, shared
from tui.cli.output import out
from tui.cli.reading import Reading, patiently, read
from tui.cli.running import FORESEEN, Stop, opened, run
from tui.cli.selection import Selection, of_servers
from tui.config.schema import Ignorable
from tui.config.settings import Settings
from tui.fleet import backups as apart
from tui.fleet.health import (
    Finding,
    Health,
    Judge,
    Rules,
    Severity,
    findings,
    newest_age,
    worst,
)
from tui.fleet.state import ServerView, count
from tui.session.connection import Connection
from tui.session.session import Session
from tui.text import plural
from tui.vps.errors import Forbidden, NotFound
from tui.vps.token import masked

_LINES: Final = 50
"""Findings that are printed one by one."""
_MEASURED: Final = 50
"""Servers up to which the age of each is a figure of its own."""


def _ignorable(ctx: click.Context, param: click.Parameter, value: str | None) -> frozenset[str]:
    """The findings that are left out. Raises BadParameter."""
    names = frozenset() if value is None else frozenset(value.replace(" ", "").split(","))
    known = get_args(Ignorable)
    for name in names - set(known):
        raise click.BadParameter(f"{name!r} is none of {', '.join(known)}", ctx, param)
    return names


@click.command(cls=Command)
@of_servers
@click.option(
    "-w",
    "--warning",
    "--max-age",
    "warning",
    type=age,
    metavar="AGE",
    help="A newest completed snapshot older than this is a warning.",
)
@click.option(
    "-c",
    "--critical",
    type=age,
    metavar="AGE",
    help="Older than this is critical; without both, what the settings say (max_age).",
)
@click.option(
    "--ignore",
    callback=_ignorable,
    metavar="NAMES",
    help="Findings to leave out: full,failed,…",
)
@click.option(
    "--backups",
    type=age,
    metavar="AGE",
    help="A server without a backup younger than this is a warning.",
)
@click.option("--empty-ok", is_flag=True, help="No servers at all are not UNKNOWN.")
@click.option(
    "-t",
    "--timeout",
    type=click.IntRange(1, 3600),
    default=60,
    metavar="SECONDS",
    help="Say UNKNOWN after so long; 60 if not given.",
)
@shared
def command(
    server: tuple[str, ...],
    on: str | None,
    warning: float | None,
    critical: float | None,
    ignore: frozenset[str],
    backups: float | None,
    empty_ok: bool,
    timeout: int,
    **given: Any,
) -> int:
    """Judge all servers or those named, for monitoring: 0 ok, 1 warning, 2 critical, 3 unknown."""
    found = settings(**given)
    if warning and critical and warning >= critical:
        raise click.UsageError("-w must be less than -c", click.get_current_context())
    selection = Selection(found, server, on)
    rules = selection.rules.with_ages(warning, critical)
    asked = Asked(rules, ignore, empty_ok, backups)
    return run(_check(found, selection, asked, timeout))


@dataclass(frozen=True, slots=True)
class Asked:
    """By what is judged."""

    rules: Rules
    ignored: frozenset[str]
    empty_ok: bool
    backups: float | None = None


async def _check(settings: Settings, selection: Selection, asked: Asked, seconds: int) -> int:
    try:
        async with asyncio.timeout(seconds), opened(settings, plans=False) as (session, live):
            reading = await read(session, live)
            now = session.service_now()
            views = selection.of(reading, now)
            return _judge(reading, views, asked, now, await _backups(session, live, views, asked))
    except TimeoutError:
        # Not a moment longer: a thread that waits for a name server would hold up the end.
        os._exit(_unknown(f"no result after {seconds} s"))
    except asyncio.CancelledError:
        return _unknown("it was ended before there was a result")
    except (*FORESEEN, Stop) as error:
        return _unknown(str(error))


async def _backups(
    session: Session, live: Connection, views: Sequence[ServerView], asked: Asked
) -> Sequence[Finding]:
    """What there is to say of backups, if that was asked for. Raises VpsError."""
    if asked.backups is None:
        return ()
    try:
        listing = await patiently(session, live.client.backups)
    except (NotFound, Forbidden) as error:
        return [Finding("unseen", Severity.UNKNOWN, "", f"backups cannot be seen: {error}")]
    now = session.now
    newest = apart.newest(listing.items, now)
    found = [*apart.findings(views, newest, asked.backups, now)]
    if not listing.complete:
        words = "not all backups could be read"
        found.append(Finding("unseen", Severity.UNKNOWN, "", words))
    return found


def _unknown(text: str) -> int:
    out(f"SNAPSHOTS UNKNOWN - {_plain(text)}")
    return Severity.UNKNOWN


def _judge(
    reading: Reading,
    views: Sequence[ServerView],
    asked: Asked,
    now: float,
    besides: Sequence[Finding] = (),
) -> int:
    """Print the verdict on some servers; returns its code."""
    judge = Judge(asked.rules)
    empty = not views and not asked.empty_ok
    unseen = [*reading.reasons, *(["there are no servers"] if empty else [])]
    found = findings(
        [
            *(judge.of(view, now) for view in views),
            *(Health((Finding("unseen", Severity.UNKNOWN, "", reason),)) for reason in unseen),
            *(Health((finding,)) for finding in besides),
        ]
    )
    found = [finding for finding in found if finding.name not in asked.ignored]
    verdict = worst(finding.severity for finding in found)
    first = _words(found[0]) if found else f"{plural(len(views), 'server')}, each with a fresh one"
    more = f"; {plural(len(found) - 1, 'more finding')}" if len(found) > 1 else ""
    figures = " ".join(_figures(views, asked.rules, now))
    out(f"SNAPSHOTS {verdict.name} - {first}{more} | {figures}")
    for finding in found[1:_LINES]:
        out(f"{finding.severity.name}: {_words(finding)}")
    if len(found) > _LINES:
        out(f"and {len(found) - _LINES} more")
    return verdict


def _words(finding: Finding) -> str:
    return _plain(f"{finding.server}: {finding.what}" if finding.server else finding.what)


def _plain(text: str) -> str:
    """A text in which nothing can be taken for performance data, and nothing is a token."""
    return masked(text).replace("|", "/")


def _figures(views: Sequence[ServerView], rules: Rules, now: float) -> Sequence[str]:
    """Performance data: label=value[unit];warning;critical;least;most."""
    totals = count(views)
    known = [age for view in views if math.isfinite(age := newest_age(view, now))]
    figures = [
        f"'servers'={totals.servers};;;0",
        f"'slots used'={totals.used};;;0;{totals.slots}",
        f"'full'={totals.full};;;0",
        f"'failed'={totals.failed};;;0",
        f"'busy'={totals.busy};;;0",
    ]
    limits = ";".join(f"{age:.0f}" if age else "" for age in (rules.warn_age, rules.max_age))

    def aged(label: str, age: float) -> str:
        return f"'{label}'={max(0.0, age):.0f}s;{limits};0"

    if known:
        figures.append(aged("oldest", max(known)))
    if len(views) <= _MEASURED:
        labels = _labels([view.server.name for view in views])
        for view, label in zip(views, labels, strict=True):
            if math.isfinite(age := newest_age(view, now)):
                figures.append(aged(f"age {label}", age))
    return figures


def _labels(names: Sequence[str]) -> Sequence[str]:
    """Names as labels can have them, no two of them alike."""
    labels: list[str] = []
    for raw in names:
        name = "".join("_" if char in "'=|" else char for char in raw)
        label, turn = name, 1
        while label in labels:
            turn += 1
            label = f"{name} {turn}"
        labels.append(label)
    return labels
