"""The two lists side by side: servers, and the snapshots of the chosen one, or of all."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual import getters
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import DescendantFocus
from textual.reactive import var

from tui.commands import keys_of
from tui.fleet import queries
from tui.fleet.operation import Kind
from tui.fleet.scope import Scope, Texts
from tui.fleet.selectors import parse
from tui.fleet.state import Fleet, ServerView
from tui.fleet.views import ALL
from tui.terminal.textual_private import KeptLines
from tui.vps.models import Key, Server, Snapshot
from tui.widgets.empty_states import servers_empty, snapshots_empty
from tui.widgets.glyphs import Glyphs
from tui.widgets.pane_widths import Longest, share
from tui.widgets.server_list import BackupOf, ServerList
from tui.widgets.snapshot_table import SnapshotTable
from tui.widgets.timeline import STRIP_DAYS, Timeline
from tui.widgets.titles import all_title, pane_title, servers_title, table_title

if TYPE_CHECKING:
    from tui.session.session import Session

Pane = ServerList | SnapshotTable


class Right(Vertical, KeptLines):
    """The snapshots, with the days below them."""


class Panes(Horizontal, KeptLines):
    """Lays out a session's fleet, and knows what is chosen and marked in it.

    `as_of` is what all ages on the screen refer to: they move together.
    """

    everything = var(False, toggle_class="-everything", init=False)
    wide = var(False, toggle_class="-one", init=False)
    local_time = var(False, init=False)
    servers = getters.query_one("#servers", ServerList)
    table = getters.query_one("#snapshots", SnapshotTable)
    timeline = getters.query_one("#timeline", Timeline)

    def __init__(self, session: Session, glyphs: Glyphs) -> None:
        super().__init__(id="panes")
        self.session = session
        self.as_of = session.now
        self._glyphs = glyphs
        self._all = queries.Everything()
        self._texts = Texts()
        self._led: Hashable | None = None  # where the cursor was put while pages came
        self._table_of: Hashable | None = None  # the server whose snapshots the table shows
        self._longest = Longest()
        self.set_reactive(Panes.local_time, session.settings.time == "local")
        self.shown = ALL

    def compose(self) -> ComposeResult:
        """The servers at the left, the snapshots at the right."""
        yield ServerList(self._glyphs, id="servers")
        table = SnapshotTable(self._glyphs, self._expected, id="snapshots")
        with Right(id="right"):
            yield table.data_bind(Panes.everything, Panes.local_time)
            yield Timeline(self._glyphs, id="timeline")

    def on_mount(self) -> None:
        """Share the room before the first paint."""
        self._share_room()

    def _expected(self, kind: Kind) -> tuple[str, float] | None:
        return self.session.expected_time(kind)

    def use(self, session: Session) -> None:
        """Show another session, with nothing of the present one left."""
        self.session = session
        self._longest = Longest()
        self._texts = Texts()
        self.shown = ALL
        self.local_time = session.settings.time == "local"
        for pane in (self.servers, self.table):
            pane.clear_marks()
            pane.order_by(replace(pane.arrangement, text=""))
        self.lay_out()

    def forget(self, keys: Collection[Key]) -> None:
        """Servers that are no more: what was found of them is kept no longer."""
        self.session.judge.forget(keys)
        self._texts.forget(keys)

    # -- what is chosen --------------------------------------------------------------

    @property
    def fleet(self) -> Fleet:
        """What is known now."""
        return self.session.store.fleet

    @property
    def active(self) -> Pane:
        """The pane that keys act on."""
        return self.table if self.table.has_focus or self.everything else self.servers

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot under the table's cursor.

        Keys that were typed ahead come before the table has followed the cursor of the servers;
        then it follows here, so that the snapshot is always one of the chosen server.
        """
        if not self.everything and self._table_of != self.servers.cursor_key:
            self.lay_table()
            self.show_titles()
        return self.table.cursor_row

    @property
    def view(self) -> ServerView | None:
        """The chosen server: of the chosen snapshot where all are listed."""
        if self.everything:
            snapshot = self.snapshot
            return self.fleet.servers.get(snapshot.server_id) if snapshot else None
        return self.servers.cursor_row

    @property
    def item(self) -> Server | Snapshot | None:
        """The row under the cursor of the active pane."""
        if self.active is self.table:
            return self.snapshot
        return self.view.server if self.view else None

    @property
    def marked_servers(self) -> Sequence[ServerView]:
        """The marked servers, hidden ones included."""
        return [v for v in self.fleet.servers.values() if v.server.id in self.servers.marks]

    @property
    def marked_snapshots(self) -> Sequence[Snapshot]:
        """The marked snapshots, hidden ones included."""
        views, marks = self.fleet.servers.values(), self.table.marks
        return [s for view in views for s in view.snapshots if s.id in marks]

    def _unmark_gone(self) -> None:
        if self.servers.marks:
            self.servers.marks &= self.fleet.servers.keys()
        if self.table.marks:
            self.table.marks = {snapshot.id for snapshot in self.marked_snapshots}

    @property
    def marked_words(self) -> str:
        """How much is marked, hidden rows included; empty for nothing."""
        count = len(self.servers.marks) + len(self.table.marks)
        return f"{count} marked" if count else ""

    # -- laying out ------------------------------------------------------------------

    @property
    def scope(self) -> Scope:
        """What selectors are asked about now."""
        marked = self.servers.marks, self.table.marks
        now = self.as_of.timestamp()
        return Scope(self.fleet, now, self.session.judge, *marked, texts=self._texts)

    def lay_out(self) -> None:
        """Lay the whole fleet out anew; only cells that differ are painted."""
        self._unmark_gone()
        fleet, by = self.fleet, self.servers.arrangement
        self.as_of = self.session.now
        if self._longest.measure(fleet.servers):
            self._share_room()
        host, keys = self.session.host, keys_of(self)
        self.servers.empty = servers_empty(fleet, host, by.text, self.shown, keys)
        by = self._in_view(by)
        self.servers.show(queries.servers(self.scope, by), self.scope)
        self._lead(fleet)
        self.lay_table()
        self.show_titles()

    def _lead(self, fleet: Fleet) -> None:
        """Keep the cursor at the top while the first pages come, until somebody has moved it.

        What came first is not what is listed first.
        """
        reading = fleet.freshness.reading is not None and fleet.freshness.newest is None
        led = self._led is not None and self.servers.cursor_key == self._led
        if (reading and self._led is None) or led:
            self.servers.move_to_first()
            self._led = self.servers.cursor_key if reading else None

    def _in_view(self, by: queries.Arrangement) -> queries.Arrangement:
        """The same, of what the view shows alone."""
        return replace(by, text=f"{self.shown.selector} {by.text}".strip())

    def on_resize(self) -> None:
        """Share the new width between the panes."""
        self._share_room()

    def show_backups(self, backup_of: BackupOf | None, *, complete: bool) -> None:
        """Show how old backups are where there is room, or none of that."""
        self.servers.show_backups(backup_of, complete=complete)
        self._share_room()

    def _share_room(self) -> None:
        """Give each pane a width at which names are whole, as far as there is room."""
        servers, longest = self.servers, self._longest
        width = self.size.width or self.app.size.width  # as it will be
        part = share(width, longest, backups=servers.extras.backups)
        servers.styles.width = "1fr" if self.wide else part.width
        servers.spread(replace(part.extras, days=STRIP_DAYS) if self.wide else part.extras)
        servers.want({"name": longest.server})
        self.table.want({"name": longest.snapshot, "server": longest.server})

    def lay_table(self) -> None:
        """Take the table's rows over: of the chosen server, or of all."""
        fleet, by = self.fleet, self.table.arrangement
        self._table_of = None if self.everything else self.servers.cursor_key
        chosen = self.view
        if self.everything:
            by = self._in_view(by)
            rows = self._all.rows(self.scope, by)
        else:
            rows = queries.snapshots(chosen, self.scope, by)
        self.table.empty = snapshots_empty(fleet, chosen, by.text, keys_of(self))
        self.table.show(rows, fleet, self.as_of)

    def show_titles(self) -> None:
        """Name the panes, with the large usage bar over the table.

        While the table is held, its title waits with it.
        """
        servers, table, glyphs = self.servers, self.table, self._glyphs
        view = "" if self.shown == ALL else self.shown.name
        left = servers_title(servers.arrangement, view, servers.row_count, len(self.fleet.servers))
        servers.show_title(partial(pane_title, left, None, dash=glyphs.dash))
        if not table.held:
            text, count = table.arrangement.text, table.row_count
            if self.everything:
                table.show_title(partial(all_title, view, text, count, glyphs))
            else:
                table.show_title(partial(table_title, self.view, text, glyphs))
            self._show_days()

    def _show_days(self) -> None:
        chosen = self.view
        gone = self.servers.gone(chosen.server.id) if chosen else ()
        self.timeline.show(chosen, self.scope, gone)

    def tick(self, now: datetime) -> None:
        """Let time pass in the cells that show it."""
        self.as_of = now
        self.servers.tick(self.scope)
        self.table.tick(now)
        if not self.table.held:
            self._show_days()

    def show_age(self, *, stale: bool) -> None:
        """Fade what may no longer be so."""
        self.servers.set_class(stale, "-stale")
        self.table.set_class(stale, "-stale")

    # -- what keys do ----------------------------------------------------------------

    def go_left(self) -> None:
        """Go to the servers."""
        if not self.everything:
            self.focus_pane(self.servers)

    def go_right(self) -> None:
        """Go to the snapshots."""
        self.focus_pane(self.table)

    def go_on(self) -> None:
        """Go to the other pane."""
        if self.table.has_focus:
            self.go_left()
        else:
            self.go_right()

    def focus_pane(self, pane: Pane) -> None:
        """Give a pane the keys; where only one is shown, it is that one."""
        self.set_class(pane is self.table, "-right")
        pane.focus()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Remember which pane has the keys, however it got them."""
        self.set_class(event.widget is self.table, "-right")

    def toggle_wide(self) -> None:
        """Give the active pane the whole width, with more columns, or both panes their parts."""
        self.wide = not self.wide
        self._share_room()

    def toggle_local_time(self) -> None:
        """Show moments in this machine's zone, or in UTC."""
        self.local_time = not self.local_time

    def toggle_everything(self) -> None:
        """Show the snapshots of all servers, or of the chosen one again."""
        chosen = self.snapshot
        self.everything = not self.everything
        if not self.everything:
            if self.table.arrangement.sort == "server":
                self.table.order_by(replace(self.table.arrangement, sort="created"))
            if chosen is not None:
                self.servers.move_to(chosen.server_id)
        self.focus_pane(self.table if self.everything else self.servers)
        self.lay_out()
        if chosen is not None:
            self.table.move_to(chosen.id)

    def filter(self, pane: Pane, text: str) -> None:
        """List what matches `text`; where the row under the cursor does not, go to the first."""
        key = pane.cursor_key
        pane.order_by(replace(pane.arrangement, text=text))
        self.lay_out()
        named = pane is self.servers and queries.names_a_server(self.scope, text)
        if named or pane.cursor_key != key:
            pane.move_to_first()

    def said_of(self, pane: Pane) -> str:
        """What in a pane's filter means nothing, or was perhaps meant where nothing is found."""
        selector = parse(pane.arrangement.text, self.scope.groups)
        return selector.problem or ("" if pane.row_count else selector.hint)

    def clear(self) -> bool:
        """Clear the filter of the active pane, then its marks; whether there was one of them."""
        pane = self.active
        had = bool(pane.arrangement.text or pane.marks)
        if pane.arrangement.text:
            pane.order_by(replace(pane.arrangement, text=""))
        else:
            pane.clear_marks()
        self.lay_out()
        return had
