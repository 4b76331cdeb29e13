"""Ways to look at the fleet: each chooses servers by a selector, and is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from tui.config.fitting import meant
from tui.fleet.health import Health, Severity
from tui.fleet.operation import Operation
from tui.fleet.scope import Scope
from tui.fleet.selectors import Selector, parse
from tui.fleet.state import ServerView
from tui.vps.models import Key


class View(msgspec.Struct, frozen=True):
    """A selector by the name it has on the screen."""

    name: str
    selector: str = ""


MONITOR: Final = "monitor"
"""Opens the monitor where the name of a view is asked for."""
ALL: Final = View("All")
BUILT_IN: Final = (
    ALL,
    View("Problems", "problem"),
    View("Stale", "stale"),
    View("Failed", "failed"),
    View("Full", "full"),
    View("Busy", "busy"),
)


def views(own: Mapping[str, str]) -> Sequence[View]:
    """The built-in ones and those of the settings, where they are called otherwise."""
    named = {view.name.lower() for view in BUILT_IN}
    mine = (View(name, text) for name, text in own.items() if name.lower() not in named)
    return (*BUILT_IN, *mine)


def find(known: Sequence[View], name: str) -> View | None:
    """The view of a name, in whatever case it is written."""
    return next((view for view in known if view.name.lower() == name.lower()), None)


def unknown(own: Mapping[str, str], name: str) -> str:
    """What is wrong with the name of a view to open, empty for nothing."""
    known = [*(view.name.lower() for view in views(own)), MONITOR]
    if not name or name.lower() in known:
        return ""
    right = meant(name.lower(), known, f"views are {', '.join(known)}")
    return f"there is no view {name[:40]!r}; {right}"


class Counted(msgspec.Struct, frozen=True):
    """How many servers each view has, in their order, and how many are critical."""

    counts: tuple[int, ...] = ()
    critical: int = 0


class _Seen(msgspec.Struct, frozen=True, gc=False):
    """What a server's membership was found from, and the views that have it."""

    view: ServerView
    health: Health
    operation: Operation | None
    member: tuple[bool, ...]
    critical: bool


class ViewCounts:
    """Counts the servers of each view; those that are as before cost next to nothing."""

    def __init__(self, known: Sequence[View]) -> None:
        self.views = tuple(known)
        self._seen: dict[Key, _Seen] = {}
        self._totals = [0] * len(self.views[: len(BUILT_IN)])
        self._critical = 0

    def unseen(self, scope: Scope) -> Sequence[ServerView]:
        """The servers that have to be looked at before they can be counted."""
        seen = self._seen
        return [
            view
            for key, view in scope.fleet.servers.items()
            if (known := seen.get(key)) is None or known.view is not view
        ]

    def look(self, scope: Scope, servers: Sequence[ServerView]) -> None:
        """Look at some servers ahead: `count` takes long with thousands that it has not seen."""
        fixed = self._fixed(scope)
        for view in servers:
            self._look_at(view, scope, fixed)

    def _fixed(self, scope: Scope) -> list[Selector]:
        return [parse(view.selector, scope.groups) for view in self.views[: len(BUILT_IN)]]

    def count(self, scope: Scope) -> Counted:
        """The figures at the moment of the scope."""
        fixed, seen = self._fixed(scope), self._seen
        servers, operations = scope.fleet.servers, scope.fleet.operations
        for key in seen.keys() - servers.keys():
            self._add(seen.pop(key), -1)
        for key, view in servers.items():
            known = seen.get(key)
            if (
                known is None
                or known.view is not view
                or known.health is not scope.health(view)
                or known.operation is not operations.get(key)
            ):
                self._look_at(view, scope, fixed)
        return Counted((*self._totals, *self._own(scope)), self._critical)

    def _look_at(self, view: ServerView, scope: Scope, fixed: Sequence[Selector]) -> None:
        key, health = view.server.id, scope.health(view)
        if key in self._seen:
            self._add(self._seen[key], -1)
        self._seen[key] = found = _Seen(
            view,
            health,
            scope.fleet.operations.get(key),
            tuple(selector.server(view, scope) for selector in fixed),
            health.severity is Severity.CRITICAL,
        )
        self._add(found, 1)

    def _add(self, seen: _Seen, times: int) -> None:
        self._totals = [n + times * one for n, one in zip(self._totals, seen.member, strict=True)]
        self._critical += times * seen.critical

    def _own(self, scope: Scope) -> Sequence[int]:
        """Those of the user's views: they may ask for ages and marks, so all are looked at."""
        own = [parse(view.selector, scope.groups) for view in self.views[len(BUILT_IN) :]]
        return [
            sum(selector.server(view, scope) for view in scope.fleet.servers.values())
            for selector in own
        ]
