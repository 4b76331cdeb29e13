"""How a fleet was looked at last: order, filter, view, pane, width and cursor, by profile."""

from __future__ import annotations

import contextlib
from collections.abc import Container
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from tui.config import paths
from tui.fleet import queries
from tui.fleet.queries import Arrangement
from tui.fleet.views import ALL, find, views
from tui.vps.models import Key
from tui.widgets.panes import Pane, Panes

_LARGEST: Final = 8_192
"""Bytes of the file; one that is larger is none of ours."""


class Looked(msgspec.Struct, frozen=True):
    """What is kept. `url` is whose fleet it was: another one's has nothing to do with it."""

    url: str = ""
    view: str = ALL.name
    servers: Arrangement = Arrangement("name")
    table: Arrangement = Arrangement("created")
    everything: bool = False
    wide: bool = False
    pane: Literal["servers", "snapshots"] = "servers"
    server: Key | None = None
    snapshot: Key | None = None


class ViewMemory:
    """Puts the panes as they were, and keeps how they are where that can be kept."""

    def __init__(self, panes: Panes) -> None:
        self._panes = panes
        self._lists: tuple[Pane, Pane] | None = None
        self._cursor: Looked | None = None

    def take_up(self) -> None:
        """Put the panes as they were for this profile; the cursors follow with the rows."""
        panes, session = self._panes, self._panes.session
        servers, table = self._lists = panes.servers, panes.table
        looked = _read(session.view_file)
        if looked.url != session.settings.url:
            looked = Looked()
        panes.shown = find(views(session.settings.views), looked.view) or ALL
        servers.order_by(_known(looked.servers, queries.SERVER_SORTS, "name"))
        table.order_by(_known(looked.table, queries.SNAPSHOT_SORTS, "created"))
        panes.wide, panes.everything = looked.wide, looked.everything
        right = looked.everything or looked.pane == "snapshots"
        panes.focus_pane(table if right else servers)
        self._cursor = looked if looked.server is not None else None

    def place_cursors(self) -> None:
        """Put the cursors where they were, once there are rows and if nobody has moved them."""
        panes, looked = self._panes, self._cursor
        if looked is None:
            return
        first = panes.table if panes.everything else panes.servers
        if not first.rows:
            return
        moved = first.cursor > 0
        if moved or panes.fleet.freshness.live:
            self._cursor = None
        if moved or (not panes.everything and not panes.servers.move_to(looked.server or 0)):
            return
        if panes.snapshot is not None and looked.snapshot is not None:
            panes.table.move_to(looked.snapshot)
        self._cursor = None

    def keep(self) -> None:
        """Keep how the panes are now."""
        if self._lists is None:
            return
        panes, (servers, table) = self._panes, self._lists
        server, snapshot = servers.cursor_key, table.cursor_key
        looked = Looked(
            url=panes.session.settings.url,
            view=panes.shown.name,
            servers=servers.arrangement,
            table=table.arrangement,
            everything=panes.everything,
            wide=panes.wide,
            pane="snapshots" if panes.has_class("-right") else "servers",
            server=server if isinstance(server, int | str) else None,
            snapshot=snapshot if isinstance(snapshot, int | str) else None,
        )
        _write(panes.session.view_file, looked)


def _known(by: Arrangement, sorts: Container[str], usual: str) -> Arrangement:
    """The arrangement, by an order that there is."""
    return by if by.sort in sorts else replace(by, sort=usual)


def _read(file: Path | None) -> Looked:
    """What the file has; the usual where it is missing, damaged or of another time."""
    if file is None:
        return Looked()
    try:
        with file.open("rb") as opened:
            return msgspec.json.decode(opened.read(_LARGEST), type=Looked)
    except (OSError, ValueError, msgspec.MsgspecError):
        return Looked()


def _write(file: Path | None, looked: Looked) -> None:
    if file is None:
        return
    with contextlib.suppress(OSError, ValueError):
        paths.replace_private(file, msgspec.json.encode(looked))
