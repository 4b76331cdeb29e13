"""Ways to look at the fleet: each chooses servers by a selector, and is counted."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

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
    close = difflib.get_close_matches(name.lower(), known, 1)
    right = f"did you mean {close[0]}?" if close else f"views are {', '.join(known)}"
    return f"there is no view {name[:40]!r}; {right}"


class Counted(msgspec.Struct, frozen=True):
    """How many servers each view has, in their order, and how many are critical."""

    counts: tuple[int, ...] = ()
    critical: int = 0


class _Seen(msgspec.Struct, frozen=True):
    """What a server's membership was found from, and the views that have it."""

    view: ServerView
    health: Health
    operation: Operation | None
    member: tuple[bool, ...]


class ViewCounts:
    """Counts the servers of each view; of those that are as before it looks at none again."""

    def __init__(self, known: Sequence[View]) -> None:
        self.views = tuple(known)
        self._seen: dict[Key, _Seen] = {}

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
            key = view.server.id
            member = _member(fixed, view, scope)
            operation = scope.fleet.operations.get(key)
            self._seen[key] = _Seen(view, scope.health(view), operation, member)

    def _fixed(self, scope: Scope) -> list[Selector]:
        return [parse(view.selector, scope.groups) for view in self.views[: len(BUILT_IN)]]

    def count(self, scope: Scope) -> Counted:
        """The figures at the moment of the scope."""
        fixed = self._fixed(scope)
        own = [parse(view.selector, scope.groups) for view in self.views[len(BUILT_IN) :]]
        totals, more, critical = [0] * len(fixed), [0] * len(own), 0
        seen: dict[Key, _Seen] = {}
        for key, view in scope.fleet.servers.items():
            health, operation = scope.health(view), scope.fleet.operations.get(key)
            known = self._seen.get(key)
            if (
                known is None
                or known.view is not view
                or known.health is not health
                or known.operation is not operation
            ):
                known = _Seen(view, health, operation, _member(fixed, view, scope))
            seen[key] = known
            totals = [total + one for total, one in zip(totals, known.member, strict=True)]
            critical += health.severity is Severity.CRITICAL
            if own:  # they may ask for ages and marks, which no server tells by itself
                more = [n + s.server(view, scope) for n, s in zip(more, own, strict=True)]
        self._seen = seen
        return Counted((*totals, *more), critical)


def _member(selectors: Sequence[Selector], view: ServerView, scope: Scope) -> tuple[bool, ...]:
    return tuple(selector.server(view, scope) for selector in selectors)
