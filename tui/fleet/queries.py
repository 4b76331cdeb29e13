"""What of the fleet is listed, and in which order: pure filters and sorts for both panes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tui.fleet.state import Fleet, ServerView
from tui.vps.models import Key, Phase, Snapshot

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_DOTS: Final = re.compile("[i\u0131]\u0307*")


class Arrangement(msgspec.Struct, frozen=True):
    """Which rows a list shows, those that match `text`, and the column they are sorted by."""

    sort: str = ""
    reverse: bool = False
    text: str = ""


def fold(text: str) -> str:
    """The text as it is compared: in one case and spelling; i with or without its dot."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", _DOTS.sub("i", folded))


def _newest(view: ServerView) -> datetime:
    snapshot = view.newest_completed
    return (snapshot.created_at if snapshot else None) or _LONG_AGO


def _risk(view: ServerView) -> tuple[int, int, float]:
    """Worst first: failed ones, no completed one, then the oldest newest one."""
    newest = view.newest_completed
    return (-view.failed, 0 if newest is None else 1, _newest(view).timestamp() if newest else 0.0)


SERVER_SORTS: Final[dict[str, Callable[[ServerView], Any]]] = {
    "name": lambda view: fold(view.server.name),
    "slots": lambda view: -view.used,
    "age": _newest,
    "risk": _risk,
}
"""Sort keys of the server list; each in the direction that is most asked for."""

_STATUS_ORDER: Final = {Phase.BUSY: 0, Phase.FAILED: 1, Phase.UNKNOWN: 2, Phase.COMPLETED: 3}

SNAPSHOT_SORTS: Final[dict[str, Callable[[Snapshot], Any]]] = {
    "created": lambda s: -(s.created_at or _LONG_AGO).timestamp(),
    "name": lambda s: fold(s.name),
    "status": lambda s: _STATUS_ORDER[s.phase],
    "size": lambda s: -(s.size_mb if s.size_mb is not None else -1),
    "server": lambda s: fold(s.server_name),
}
"""Sort keys of the snapshot table; newest and largest come first."""


def servers(fleet: Fleet, by: Arrangement) -> tuple[ServerView, ...]:
    """The servers to list: those with the text in name, hostname, address or id."""
    views: Iterable[ServerView] = fleet.servers.values()
    if by.text:
        wanted = fold(by.text)
        views = (view for view in views if wanted in _server_text(view))
    ordered = sorted(views, key=SERVER_SORTS["name"])
    if by.sort != "name":
        ordered.sort(key=SERVER_SORTS[by.sort])
    return tuple(reversed(ordered)) if by.reverse else tuple(ordered)


def _server_text(view: ServerView) -> str:
    server = view.server
    return fold(f"{server.name}\n{server.hostname}\n{server.address}\n{server.id}")


def snapshots(rows: Iterable[Snapshot], by: Arrangement) -> tuple[Snapshot, ...]:
    """The snapshots to list: those with the text in name, description, status, server or id."""
    if by.text:
        wanted = fold(by.text)
        rows = (s for s in rows if wanted in _snapshot_text(s))
    ordered = sorted(rows, key=SNAPSHOT_SORTS[by.sort])
    return tuple(reversed(ordered)) if by.reverse else tuple(ordered)


def _snapshot_text(snapshot: Snapshot) -> str:
    parts = (snapshot.name, snapshot.description, snapshot.status, snapshot.server_name)
    return fold("\n".join((*parts, str(snapshot.id))))


class Everything:
    """The snapshots of all servers. What is the same for each key typed is kept in between."""

    def __init__(self) -> None:
        self._servers: Mapping[Key, ServerView] | None = None
        self._all: tuple[Snapshot, ...] = ()
        self._texts: tuple[str, ...] = ()
        self._ordered_by: Arrangement | None = None
        self._ordered: tuple[Snapshot, ...] = ()

    def rows(self, fleet: Fleet, by: Arrangement) -> tuple[Snapshot, ...]:
        """As `snapshots`, of the whole fleet."""
        if fleet.servers is not self._servers:
            self._servers = fleet.servers
            self._all = tuple(s for view in fleet.servers.values() for s in view.snapshots)
            self._texts, self._ordered_by = (), None
        if by.text:
            self._texts = self._texts or tuple(map(_snapshot_text, self._all))
            wanted = fold(by.text)
            found = [s for s, t in zip(self._all, self._texts, strict=True) if wanted in t]
            return snapshots(found, msgspec.structs.replace(by, text=""))
        if self._ordered_by != by:
            self._ordered_by = by
            self._ordered = snapshots(self._all, by)
        return self._ordered
