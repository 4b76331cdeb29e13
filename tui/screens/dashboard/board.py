"""What the parts of the dashboard share: its session, its panes, and what is chosen in them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from textual.message import Message
from textual.screen import Screen

from tui.fleet.state import Fleet, ServerView
from tui.vps.models import Snapshot
from tui.widgets.glyphs import Glyphs
from tui.widgets.server_list import ServerList
from tui.widgets.snapshot_table import SnapshotTable

if TYPE_CHECKING:
    from tui.session import Session


class Board(Screen[None]):
    """The base of browsing, writing and the dashboard itself."""

    servers: ServerList
    table: SnapshotTable

    def __init__(self, session: Session, glyphs: Glyphs, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self.session = session
        self.glyphs = glyphs
        self.keymap = keymap
        self.everything = False
        self.table_of: Hashable | None = None  # the server whose snapshots the table shows
        self.filters = {"servers": "", "snapshots": ""}
        self.sorts = {"servers": ("name", False), "snapshots": ("created", False)}

    @property
    def fleet(self) -> Fleet:
        """What is known now."""
        return self.session.store.fleet

    @property
    def now(self) -> datetime:
        """The service's present time, to which all ages refer."""
        return datetime.fromtimestamp(self.session.service_now(), UTC)

    @property
    def pane(self) -> ServerList | SnapshotTable:
        """The pane that keys act on."""
        return self.table if self.table.has_focus or self.everything else self.servers

    @property
    def chosen_snapshot(self) -> Snapshot | None:
        """The snapshot under the table's cursor.

        Keys that were typed ahead come before the table has followed the cursor of the servers;
        then it follows here, so that the snapshot is always one of the chosen server.
        """
        if not self.everything and self.table_of != self.servers.cursor_key:
            self.show_table()
        return self.table.cursor_row

    @property
    def chosen_view(self) -> ServerView | None:
        """The chosen server: of the chosen snapshot where all are listed."""
        if self.everything:
            snapshot = self.chosen_snapshot
            return self.fleet.servers.get(snapshot.server_id) if snapshot else None
        return self.servers.cursor_row

    def say(self, text: str, *, bad: bool = False) -> None:
        """Tell something for a few seconds; the text is never parsed as markup."""
        self.notify(text, severity="warning" if bad else "information", markup=False)

    class RedrawWanted(Message):
        """The screen may not show what was sent; the app has the terminal."""

    class ProfileWanted(Message):
        """Another account is asked for; the app has the list of them."""

    def show_fleet(self) -> None:
        """Lay the whole fleet out anew."""
        raise NotImplementedError

    def show_table(self) -> None:
        """Lay the snapshot table out anew."""
        raise NotImplementedError

    def show_titles(self) -> None:
        """Name the panes."""
        raise NotImplementedError

    def lay_table(self) -> None:
        """Take the table's rows over."""
        raise NotImplementedError

    def show_details(self) -> None:
        """Describe the chosen rows."""
        raise NotImplementedError

    def show_bars(self) -> None:
        """Bring header, staleness and keys up to date."""
        raise NotImplementedError
