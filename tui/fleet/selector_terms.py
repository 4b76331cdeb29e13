"""The words of the selector language that are more than a text: states, comparisons, fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from tui.config.ages import Age
from tui.config.fitting import meant
from tui.fleet.groups import Groups
from tui.fleet.health import AHEAD, newest_age
from tui.fleet.matching import fold, is_pattern, pattern
from tui.fleet.scope import Scope
from tui.fleet.state import ServerView
from tui.vps.models import SLOTS, Phase, Snapshot
from tui.vps.sanitize import clean

OfServer = Callable[[ServerView, Scope], bool]
OfSnapshot = Callable[[Snapshot, Scope], bool]


class SelectorError(ValueError):
    """A selector that means nothing: one sentence, with what would be right."""


class Term(NamedTuple):
    """One word: what it says of a server, and of a snapshot where that is something else.

    Without `snapshot` a snapshot is judged by its server.
    """

    server: OfServer
    snapshot: OfSnapshot | None = None

    def negated(self) -> Term:
        """The opposite."""
        server, snapshot = self.server, self.snapshot
        if snapshot is None:
            return Term(lambda view, scope: not server(view, scope))
        return Term(
            lambda view, scope: not server(view, scope),
            lambda row, scope: not snapshot(row, scope),
        )


# -- states ----------------------------------------------------------------------------------


def _has(name: str) -> OfServer:
    return lambda view, scope: scope.health(view).has(name)


def _busy(view: ServerView, scope: Scope) -> bool:
    fleet = scope.fleet
    return bool(view.busy) or view.server.id in fleet.operations or fleet.restoring(view.server.id)


STATES: Final[dict[str, Term]] = {
    "full": Term(lambda view, _: view.full),
    "none": Term(lambda view, _: view.newest_completed is None and not view.doubt),
    "stale": Term(_has("stale")),
    "overdue": Term(_has("overdue")),
    "unseen": Term(_has("unseen")),
    "problem": Term(lambda view, scope: scope.health(view).problem),
    "failed": Term(lambda view, _: view.failed > 0, lambda row, _: row.phase is Phase.FAILED),
    "busy": Term(_busy, lambda row, _: row.phase is Phase.BUSY),
    "marked": Term(
        lambda view, scope: view.server.id in scope.marked_servers,
        lambda row, scope: row.id in scope.marked_snapshots,
    ),
    "protected": Term(
        lambda view, scope: any(s.id in scope.fleet.protected for s in view.snapshots),
        lambda row, scope: row.id in scope.fleet.protected,
    ),
}
"""The words that stand for a state."""


# -- comparisons -----------------------------------------------------------------------------

_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    "=": lambda one, other: one == other,
}
COMPARED: Final = {"age": "age>7d", "size": "size>10G", "used": "used>=4"}
"""What can be compared, each with an example."""
_SIZE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([mgt])b?", re.IGNORECASE)
_MB: Final = {"m": 1, "g": 1 << 10, "t": 1 << 20}


def comparison(name: str, sign: str, value: str) -> Term:
    """Raises SelectorError."""
    said, compare = f"{name}{sign}{value}", _COMPARE[sign]
    if name == "age":
        return _age(said, compare, value)
    if name == "size":
        size = _SIZE.fullmatch(value)
        if size is None:
            raise _wrong(said, "a size has a unit, like size>10G")
        megabytes = float(size[1]) * _MB[size[2].lower()]
        return Term(
            lambda view, _: compare(sum(s.size_mb or 0 for s in view.snapshots), megabytes),
            lambda row, _: row.size_mb is not None and compare(row.size_mb, megabytes),
        )
    if name == "used":
        if value not in {str(number) for number in range(SLOTS + 1)}:
            raise _wrong(said, f"a number from 0 to {SLOTS}, like used>=4")
        return Term(lambda view, _: compare(view.used, int(value)))
    examples = ", ".join(COMPARED.values())
    raise _wrong(said, hint(name, COMPARED) or f"comparisons are like {examples}")


def _age(said: str, compare: Callable[[float, float], bool], value: str) -> Term:
    """An age; a server's is that of its newest completed snapshot, infinite without any.

    A date in the future is no age, as where there is none.
    """
    try:
        seconds = Age.parse(value)
    except ValueError:
        raise _wrong(said, "an age has a unit, like age>7d") from None

    def of_server(view: ServerView, scope: Scope) -> bool:
        return compare(newest_age(view, scope.now), seconds)

    def of_snapshot(row: Snapshot, scope: Scope) -> bool:
        if row.created_at is None:
            return False
        age = scope.now - row.created_at.timestamp()
        return age >= -AHEAD and compare(age, seconds)

    return Term(of_server, of_snapshot)


# -- fields ----------------------------------------------------------------------------------

FIELDS: Final = {
    "status": "status:stopped",
    "loc": "loc:fra",
    "group": "group:prod",
    "name": "name:nightly-*",
}
"""The fields that can be asked for, each with an example."""


def field(name: str, value: str, groups: Groups) -> Term:
    """Raises SelectorError."""
    said = f"{name}:{value}"
    if name not in FIELDS:
        raise _wrong(said, hint(name, FIELDS) or f"fields are {', '.join(FIELDS)}")
    if not value:
        raise SelectorError(f"{name}: needs a value, like {FIELDS[name]}")
    if name == "group":
        if value not in groups.names:
            known = f"groups are {', '.join(groups.names)}" if groups.names else "no group is set"
            raise _wrong(said, hint(value, groups.names) or known)
        return Term(lambda view, scope: scope.groups.has(value, view.server))
    folded = fold(value)
    if name == "status":
        folded = folded.replace("_", " ")
        begins = pattern(folded if is_pattern(folded) else f"{folded}*")
        return Term(
            lambda view, _: begins(fold(view.server.status).replace("_", " ")),
            lambda row, _: begins(fold(row.status_words)),
        )
    test = pattern(folded if is_pattern(folded) else f"*{folded}*")
    if name == "loc":
        return Term(lambda view, _: test(fold(view.server.location)))
    return Term(lambda view, _: test(fold(view.server.name)), lambda row, _: test(fold(row.name)))


def _wrong(said: str, right: str) -> SelectorError:
    return SelectorError(f"{clean(said, 60)}: {right}")


def hint(text: str, known: Iterable[str]) -> str:
    """What was perhaps meant by a text that is nearly one of the known words."""
    return meant(text, known, alike=0.75) if len(text) > 2 else ""
