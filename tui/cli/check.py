"""`ciplun check`: a monitoring plug-in, after the guidelines of those.

One line of summary with performance data, then a line for each finding; whatever is wrong with
the check itself is UNKNOWN, on stdout, with code 3.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, get_args

import click
import msgspec

from tui.cli import performance_data
from tui.cli.arguments import Command, Number, age, as_json, settings, shared, some_age
from tui.cli.documents import finding_document, iso
from tui.cli.output import out, out_json, plain, unknown
from tui.cli.reading import TOLD_PATIENCE, Reading, patiently, read
from tui.cli.running import Stop, foreseen, opened, run
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
from tui.fleet.scope import Scope
from tui.fleet.state import ServerView, count
from tui.text import plural
from tui.vps.errors import Forbidden, NotFound

if TYPE_CHECKING:
    from tui.session.connection import Connection
    from tui.session.session import Session

_LINES: Final = 50
"""Findings that are printed one by one."""
_TO_SAY: Final = 5.0
"""Seconds before its end in which a check says why it has waited for nothing."""


def _ignorable(ctx: click.Context, param: click.Parameter, value: str | None) -> frozenset[str]:
    """The findings that are left out. Raises BadParameter."""
    names = frozenset() if value is None else frozenset(value.replace(" ", "").split(","))
    known = get_args(Ignorable)
    for name in names - set(known):
        raise click.BadParameter(f"{name!r} is not a finding: use {', '.join(known)}", ctx, param)
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
    help="Findings to ignore: full,failed,…",
)
@click.option(
    "--backups",
    type=some_age,
    metavar="AGE",
    help="A server without a backup younger than this is a warning.",
)
@click.option("--empty-ok", is_flag=True, help="No servers at all is OK, not UNKNOWN.")
@click.option(
    "-t",
    "--timeout",
    type=Number(1, 3600),
    default=60,
    metavar="SECONDS",
    help="Say UNKNOWN after this many seconds; 60 if not given.",
)
@as_json
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
    as_json: bool,
    **given: Any,
) -> int:
    """Judge all servers or those named, for monitoring: 0 ok, 1 warning, 2 critical, 3 unknown."""
    found = settings(**given)
    if warning and critical and warning >= critical:
        raise click.UsageError("-w must be less than -c", click.get_current_context())
    selection = Selection(found, server, on)
    rules = selection.rules.with_ages(warning, critical)
    asked = Asked(rules, ignore, empty_ok, backups, as_json)
    return run(_check(found, selection, asked, timeout))


class Asked(msgspec.Struct, frozen=True):
    """By what is judged."""

    rules: Rules
    ignored: frozenset[str]
    empty_ok: bool
    backups: float | None = None
    as_json: bool = False


async def _check(settings: Settings, selection: Selection, asked: Asked, seconds: int) -> int:
    import asyncio

    paused = ""
    patience = min(TOLD_PATIENCE, seconds - _TO_SAY)

    def hear(seconds: float) -> None:
        nonlocal paused
        paused = ": the provider limits the rate of requests"
        tell(seconds)

    try:
        async with asyncio.timeout(seconds), opened(settings, plans=False) as (session, live):
            tell, live.client.pace.heard = live.client.pace.heard, hear
            reading = await read(session, live, patience=patience)
            now = session.service_now()
            views = selection.of(reading, now, none_ok=asked.empty_ok)
            besides = await _backups(session, live, views, asked)
            verdict = _judged(reading, views, asked, now, besides)
            _print(verdict, as_json=asked.as_json)
            return verdict.severity
    except TimeoutError:
        # Not a moment longer: a thread that waits for a name server would hold up the end.
        os._exit(unknown(f"no result after {seconds} s{paused}", as_json=asked.as_json))
    except asyncio.CancelledError:
        return unknown("ended before there was a result", as_json=asked.as_json)
    except Stop as stop:
        return unknown(str(stop), as_json=asked.as_json)
    except foreseen() as error:
        return unknown(str(error), as_json=asked.as_json)


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


class _Verdict(msgspec.Struct, frozen=True):
    """What was found on some servers, the gravest first, at a time in seconds since 1970."""

    found: Sequence[Finding]
    views: Sequence[ServerView]
    reasons: Sequence[str]
    rules: Rules
    at: float

    @property
    def severity(self) -> Severity:
        return worst(finding.severity for finding in self.found)

    @property
    def complete(self) -> bool:
        """Whether all that was asked about could be seen."""
        return not self.reasons and all(finding.name != "unseen" for finding in self.found)

    @property
    def summary(self) -> str:
        """One line on all of it."""
        if not self.found:
            fresh = bool(self.views) and all(map(self._is_fresh, self.views))
            well = "each with a fresh one" if fresh else "nothing found"
            return f"{plural(len(self.views), 'server')}, {well}"
        others = len(self.found) - 1
        more = f"; {plural(others, 'more finding')}" if others else ""
        return f"{_words(self.found[0])}{more}"

    def _is_fresh(self, view: ServerView) -> bool:
        """Whether its newest snapshot is so by the rules, whatever is ignored."""
        return newest_age(view, self.at) < min(self.rules.limits(view.server), default=0.0)


def _judged(
    reading: Reading,
    views: Sequence[ServerView],
    asked: Asked,
    now: float,
    besides: Sequence[Finding],
) -> _Verdict:
    """The verdict on some servers; what could not be seen is never well."""
    scope = Scope(reading.fleet, now, Judge(asked.rules))
    empty = not views and not asked.empty_ok
    unseen = [*reading.reasons, *(["there are no servers"] if empty else [])]
    found = findings(
        [
            *map(scope.health, views),
            *(Health((Finding("unseen", Severity.UNKNOWN, "", reason),)) for reason in unseen),
            *(Health((finding,)) for finding in besides),
        ]
    )
    found = [finding for finding in found if finding.name not in asked.ignored]
    return _Verdict(found, views, reading.reasons, asked.rules, now)


def _print(verdict: _Verdict, *, as_json: bool) -> None:
    if as_json:
        out_json(_document(verdict))
        return
    figures = " ".join(performance_data.figures(verdict.views, verdict.rules, verdict.at))
    out(f"SNAPSHOTS {verdict.severity.name} - {verdict.summary} | {figures}")
    for finding in verdict.found[1:_LINES]:
        out(f"{finding.severity.name}: {_words(finding)}")
    if len(verdict.found) > _LINES:
        out(f"and {len(verdict.found) - _LINES} more")


def _document(verdict: _Verdict) -> dict[str, Any]:
    """The verdict for JSON, with all findings."""
    totals = count(verdict.views)
    return {
        "complete": verdict.complete,
        "exit_code": verdict.severity,
        "severity": verdict.severity.name.lower(),
        "summary": verdict.summary,
        "reasons": verdict.reasons,
        "as_of": iso(verdict.at),
        "servers": totals.servers,
        "slots": totals.slots,
        "slots_used": totals.used,
        "findings": [
            {"server_id": finding.server_id, "server": finding.server, **finding_document(finding)}
            for finding in verdict.found
        ],
    }


def _words(finding: Finding) -> str:
    return plain(f"{finding.server}: {finding.what}" if finding.server else finding.what)
