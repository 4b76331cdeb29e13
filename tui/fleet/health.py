"""Is every server safe to change? What monitoring asks, as findings with a severity."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui.fleet.estimates import PUBLISHED
from tui.fleet.operation import Kind
from tui.fleet.state import ServerView
from tui.vps.models import Phase


class Severity(enum.IntEnum):
    """The exit codes of monitoring plug-ins."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    severity: Severity
    server: str
    what: str


def findings(views: Iterable[ServerView], now: float, max_age: float) -> Sequence[Finding]:
    """What is wrong, worst first. `now` is seconds since 1970, `max_age` in seconds."""
    found: list[Finding] = []
    for view in views:
        found += _of_server(view, now, max_age)
    return sorted(found, key=lambda finding: (-finding.severity, finding.server))


def _of_server(view: ServerView, now: float, max_age: float) -> Iterable[Finding]:
    name = view.server.name
    newest = view.newest_completed
    if newest is None:
        yield Finding(Severity.CRITICAL, name, "no completed snapshot")
    elif newest.created_at is None or now - newest.created_at.timestamp() > max_age:
        yield Finding(Severity.WARNING, name, "no fresh snapshot")
    if view.full:
        yield Finding(Severity.WARNING, name, "full")
    if view.failed:
        yield Finding(Severity.CRITICAL, name, "failed snapshot")
    longest = PUBLISHED[Kind.CREATE][1]
    for snapshot in view.snapshots:
        began = snapshot.created_at
        if snapshot.phase is Phase.BUSY and began and now - began.timestamp() > 2 * longest:
            yield Finding(Severity.CRITICAL, name, "stuck snapshot")
