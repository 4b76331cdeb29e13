"""What of the fleet is listed, and in which order: pure filters and sorts for both panes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from tui.fleet.matching import natural
from tui.fleet.scope import Scope, text_of_snapshot
from tui.fleet.selectors import Selector, parse
from tui.fleet.state import ServerView
from tui.vps.models import Key, Phase, Snapshot

T = TypeVar("T")
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class Arrangement(msgspec.Struct, frozen=True):
    """Which rows a list shows, those that the selector `text` chooses, and what sorts them."""

    sort: str = ""
    reverse: bool = False
    text: str = ""


def _newest(view: ServerView) -> datetime:
    snapshot = view.newest_completed
    return (snapshot.created_at if snapshot else None) or _LONG_AGO


SERVER_SORTS: Final[dict[str, Callable[[ServerView, Scope], Any]]] = {
    "name": lambda view, _: natural(view.server.name),
    "slots": lambda view, _: -view.used,
    "age": lambda view, _: _newest(view),
    "risk": lambda view, scope: (*scope.health(view).risk, _newest(view)),
}
"""Sort keys of the server list; each in the direction that is most asked for."""

_STATUS_ORDER: Final = {Phase.BUSY: 0, Phase.FAILED: 1, Phase.UNKNOWN: 2, Phase.COMPLETED: 3}

SNAPSHOT_SORTS: Final[dict[str, Callable[[Snapshot], Any]]] = {
    "created": lambda s: -(s.created_at or _LONG_AGO).timestamp(),
    "name": lambda s: natural(s.name),
    "status": lambda s: _STATUS_ORDER[s.phase],
    "size": lambda s: -(s.size_mb if s.size_mb is not None else -1),
    "server": lambda s: natural(s.server_name),
}
"""Sort keys of the snapshot table; newest and largest come first."""


def servers(scope: Scope, by: Arrangement) -> tuple[ServerView, ...]:
    """The servers to list. What is not understood in the selector is passed over here."""
    selector = parse(by.text, scope.groups)
    views: Iterable[ServerView] = scope.fleet.servers.values()
    if selector:
        views = [view for view in views if selector.server(view, scope)]
    ordered = sorted(views, key=lambda view: natural(view.server.name))
    if by.sort != "name":
        sort = SERVER_SORTS[by.sort]
        ordered.sort(key=lambda view: sort(view, scope))
    if by.reverse:
        ordered.reverse()
    return tuple(_exact_first(ordered, [scope.texts.server(v) for v in ordered], selector))


def names_a_server(scope: Scope, text: str) -> bool:
    """Whether a word of the selector is the whole name, address or id of a server."""
    selector = parse(text, scope.groups)
    return any(selector.is_exact(scope.texts.server(v)) for v in scope.fleet.servers.values())


def snapshots(view: ServerView | None, scope: Scope, by: Arrangement) -> tuple[Snapshot, ...]:
    """The snapshots of one server to list."""
    selector = parse(by.text, scope.groups)
    if view is None or (selector and not selector.of_its_server(view, scope)):
        return ()
    rows = _sorted(view.snapshots, by)
    return _chosen([(row, text_of_snapshot(row)) for row in rows], selector, scope)


class Everything:
    """The snapshots of all servers. What is the same for each key typed is kept in between."""

    def __init__(self) -> None:
        self._servers: Mapping[Key, ServerView] | None = None
        self._ordered_by: tuple[str, bool] | None = None
        self._ordered: tuple[Snapshot, ...] = ()
        self._texts: list[str] = []

    def rows(self, scope: Scope, by: Arrangement) -> tuple[Snapshot, ...]:
        """As `snapshots`, of the whole fleet."""
        found = scope.fleet.servers
        if found is not self._servers or self._ordered_by != (by.sort, by.reverse):
            self._servers, self._ordered_by, self._texts = found, (by.sort, by.reverse), []
            self._ordered = _sorted((s for view in found.values() for s in view.snapshots), by)
        selector = parse(by.text, scope.groups)
        if not selector:
            return self._ordered
        self._texts = self._texts or list(map(text_of_snapshot, self._ordered))
        pairs = list(zip(self._ordered, self._texts, strict=True))
        if any(term.snapshot is None for term in selector.terms):
            good = {key for key, view in found.items() if selector.of_its_server(view, scope)}
            pairs = [pair for pair in pairs if pair[0].server_id in good]
        return _chosen(pairs, selector, scope)


def _sorted(rows: Iterable[Snapshot], by: Arrangement) -> tuple[Snapshot, ...]:
    ordered = sorted(rows, key=SNAPSHOT_SORTS[by.sort])
    return tuple(reversed(ordered)) if by.reverse else tuple(ordered)


def _chosen(
    pairs: list[tuple[Snapshot, str]], selector: Selector, scope: Scope
) -> tuple[Snapshot, ...]:
    """The rows that a selector chooses, given with their texts; those that it names come first."""
    for word in selector.words:
        pairs = [pair for pair in pairs if word in pair[1]]
    for term in selector.terms:
        if term.snapshot is not None:
            test = term.snapshot
            pairs = [pair for pair in pairs if test(pair[0], scope)]
    return tuple(_exact_first([row for row, _ in pairs], [text for _, text in pairs], selector))


def _exact_first(rows: list[T], texts: list[str], selector: Selector) -> list[T]:
    """The rows in their order, but those first whose name, address or id is typed as a whole."""
    lines = selector.lines
    if not lines:
        return rows
    exact = {n for line in lines for n, text in enumerate(texts) if line in text}
    others = (row for n, row in enumerate(rows) if n not in exact)
    return [*(rows[n] for n in sorted(exact)), *others] if exact else rows
