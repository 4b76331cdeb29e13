"""Backups beside snapshots: kept apart from the server, and only looked at here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from tui.config.ages import Age
from tui.fleet.health import Finding, Severity, ahead
from tui.fleet.state import ServerView
from tui.vps.models import Backup, Key


def newest(backups: Iterable[Backup], now: datetime) -> Mapping[str, Backup]:
    """The newest completed backup of each server, by the text of its id; odd dates do not count."""
    found: dict[str, Backup] = {}
    for backup in backups:
        when = backup.created_at
        if not backup.completed or when is None or ahead(when, now):
            continue
        known = found.get(str(backup.server_id))
        if known is None or known.created_at is None or known.created_at < when:
            found[str(backup.server_id)] = backup
    return found


def of(found: Mapping[str, Backup], server_id: Key) -> Backup | None:
    """The newest one of a server."""
    return found.get(str(server_id))


def findings(
    views: Iterable[ServerView], found: Mapping[str, Backup], max_age: float, now: datetime
) -> Sequence[Finding]:
    """A warning for each server without a backup younger than `max_age` seconds."""
    told = []
    for view in views:
        backup = of(found, view.server.id)
        when = backup.created_at if backup is not None else None
        if when is None:
            what = "no backup: its only copies lie on its own infrastructure"
        elif (now - when).total_seconds() >= max_age:
            what = f"no backup in {Age(max_age)}"
        else:
            continue
        told.append(Finding("backup", Severity.WARNING, view.server.name, what, view.server.id))
    return told
