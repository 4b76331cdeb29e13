"""What of the fleet is listed, and in which order: pure filters and sorts for both panes."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tui.fleet.matching import natural
from tui.fleet.scope import Scope, text_of_snapshot
from tui.fleet.selectors import Selector, parse
from tui.fleet.state import ServerView
from tui.vps.models import Key, Phase, Snapshot

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
    "status": lambda view, _: natural(view.server.status),
    "address": lambda view, _: natural(view.server.address),
    "location": lambda view, _: natural(view.server.location),
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
    "description": lambda s: (not s.description, natural(s.description)),
}
"""Sort keys of the snapshot table; newest and largest come first, what is empty last."""


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
    texts = [scope.texts.server(view) for view in ordered] if selector.words else []
    return tuple([ordered[n] for n in _exact_first(range(len(ordered)), texts, selector)])


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
    return _chosen(rows, [text_of_snapshot(row) for row in rows], selector, scope)


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
        good = None
        if any(term.snapshot is None for term in selector.terms):
            good = {key for key, view in found.items() if selector.of_its_server(view, scope)}
        return _chosen(self._ordered, self._texts, selector, scope, good)


def _sorted(rows: Iterable[Snapshot], by: Arrangement) -> tuple[Snapshot, ...]:
    ordered = sorted(rows, key=SNAPSHOT_SORTS[by.sort])
    return tuple(reversed(ordered)) if by.reverse else tuple(ordered)


def _chosen(
    rows: Sequence[Snapshot],
    texts: Sequence[str],
    selector: Selector,
    scope: Scope,
    good: Container[Key] | None = None,
) -> tuple[Snapshot, ...]:
    """The rows that a selector chooses, given with their texts; those that it names come first.

    `good` are the servers that it chooses, where it says something of servers.
    """
    places: Iterable[int] = range(len(rows))
    for word in selector.words:
        places = [n for n in places if word in texts[n]]
    if good is not None:
        places = [n for n in places if rows[n].server_id in good]
    for term in selector.terms:
        if (test := term.snapshot) is not None:
            places = [n for n in places if test(rows[n], scope)]
    return tuple([rows[n] for n in _exact_first(places, texts, selector)])


def _exact_first(places: Iterable[int], texts: Sequence[str], selector: Selector) -> Iterable[int]:
    """The places in their order, but those first whose text has a word as a whole line."""
    lines = selector.lines
    if not lines:
        return places
    ordered = list(places)
    exact = {n for line in lines for n in ordered if line in texts[n]}
    if not exact:
        return ordered
    return [*(n for n in ordered if n in exact), *(n for n in ordered if n not in exact)]
