"""What is new between two looks at a fleet, as `watch` tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from tui.fleet.changes import FleetChange, Happened, between, certain, turned
from tui.fleet.health import Health, Judge, Rules
from tui.fleet.merge import Views
from tui.fleet.state import Fleet
from tui.vps.models import Key, Server

_TOLD_OTHERWISE: Final = ("stale", "failed", "full")
"""Findings that are changes of the fleet, and are told as those."""


class Event(msgspec.Struct, frozen=True):
    """A line: its kind, its words, and what it is about by name."""

    name: str
    text: str
    about: Mapping[str, str] = MappingProxyType({})


class Watched:
    """The fleet as it was told last."""

    def __init__(self, rules: Rules) -> None:
        self._judge = Judge(rules)
        self._views: Views | None = None
        self._healths: Mapping[Key, Health] = {}
        self._protected: frozenset[Key] = frozenset()
        self._at = 0.0
        self._whole = False

    def look(self, fleet: Fleet, now: float) -> Sequence[Event]:
        """What differs from the look before, at `now` in seconds since 1970; first, nothing."""
        views, before = fleet.servers, self._healths
        self._healths = healths = self._judge.all(views, now, fleet.operations)
        told: list[Event] = []
        if self._views is not None:
            found: Sequence[FleetChange] = between(self._views, views, self._at, now)
            if not self._whole:
                found = certain(found, fleet, whole=False)
            told += [_changed(change) for change in found]
            grown = turned(views, before, healths, self._at, now)
            told += [_changed(c) for c in grown if c.kind is Happened.STALE]
            for key, view in views.items():
                if (old := self._views.get(key)) is not None and old is not view:
                    told += _status(old.server, view.server)
            for key in before.keys() & healths.keys():
                if before[key] is not healths[key]:
                    told += _judged(views[key].server, before[key], healths[key])
            told += self._protection(fleet)
        self._views, self._at, self._protected = views, now, fleet.protected
        self._whole = self._whole or fleet.servers_whole
        return told

    @property
    def problems(self) -> int:
        """Servers with a finding."""
        return sum(health.problem for health in self._healths.values())

    def _protection(self, fleet: Fleet) -> Iterator[Event]:
        toggled = fleet.protected ^ self._protected
        if not toggled:
            return
        for view in fleet.servers.values():
            for s in view.snapshots:
                if s.id in toggled:
                    on = s.id in fleet.protected
                    words = "is protected here" if on else "is no longer protected"
                    about = {**_about(view.server), "snapshot": s.name, "snapshot_id": str(s.id)}
                    name = "protected" if on else "unprotected"
                    yield Event(name, f"{view.server.name}: snapshot {s.name} {words}", about)


def _changed(change: FleetChange) -> Event:
    given = dict(change.facts())
    return Event(given.pop("event"), f"{change.server_name}: {change.what}", given)


def _about(server: Server) -> dict[str, str]:
    return {"server": server.name, "server_id": str(server.id)}


def _status(old: Server, new: Server) -> Iterator[Event]:
    if old.status != new.status:
        words = f"{new.name}: {new.status or 'status unknown'}, was {old.status or 'unknown'}"
        yield Event("status", words, {**_about(new), "status": new.status})


def _judged(server: Server, old: Health, new: Health) -> Iterator[Event]:
    """What is newly wrong and no change of the fleet, and that nothing is wrong any more."""
    for finding in new.findings:
        if finding.name not in _TOLD_OTHERWISE and not old.has(finding.name):
            about = {**_about(server), "finding": finding.name}
            yield Event("problem", f"{server.name}: {finding.what}", about)
    if old.problem and not new.problem:
        yield Event("well", f"{server.name}: no problem any more", _about(server))
