"""What the harmless keys of the dashboard do."""

from __future__ import annotations

from textual import on
from textual.widgets import Input

from tui.fleet.queries import SERVER_SORTS, SNAPSHOT_SORTS
from tui.screens.dashboard.board import Board
from tui.vps.models import Server, Snapshot
from tui.widgets.row_list import RowList
from tui.widgets.server_list import ServerList
from tui.widgets.snapshot_table import SnapshotTable

_SORTS = {
    "servers": tuple(SERVER_SORTS),
    "snapshots": tuple(name for name in SNAPSHOT_SORTS if name != "server"),
    "everything": tuple(SNAPSHOT_SORTS),
}


class Browsing(Board):
    """Panes, filter, sort, details, copy, refresh, help."""

    @property
    def _pane_name(self) -> str:
        return "snapshots" if self.pane is self.table else "servers"

    def action_next_pane(self) -> None:
        """Go to the other pane."""
        if not self.everything:
            (self.servers if self.table.has_focus else self.table).focus()

    def action_left_pane(self) -> None:
        """Go to the servers."""
        if not self.everything:
            self.servers.focus()

    def action_right_pane(self) -> None:
        """Go to the snapshots."""
        self.table.focus()

    def action_all(self) -> None:
        """Show the snapshots of all servers, or of the chosen one again."""
        chosen = self.chosen_snapshot
        self.everything = not self.everything
        self.set_class(self.everything, "-everything")
        self.table.show_servers(self.everything)
        if not self.everything:
            name, reverse = self.sorts["snapshots"]
            self.sorts["snapshots"] = ("created" if name == "server" else name, reverse)
            if chosen is not None:
                self.servers.move_to(chosen.server_id)
        (self.table if self.everything else self.servers).focus()
        self.show_fleet()
        if chosen is not None:
            self.table.move_to(chosen.id)
        self.call_after_refresh(self.show_titles)  # the table has another width then

    def action_mark(self) -> None:
        """Mark or unmark the row."""
        self.pane.toggle_mark()
        self.show_bars()

    # -- filter and sort -----------------------------------------------------------

    def action_filter(self) -> None:
        """Open the filter of the focused pane."""
        field = self.query_one("#filter", Input)
        self._filtered = self._pane_name
        field.value = self.filters[self._filtered]
        self.add_class("-filtering")
        field.focus()

    @on(Input.Changed, "#filter")
    def filter_typed(self, event: Input.Changed) -> None:
        """Filter as the text is typed."""
        if self.has_class("-filtering") and self.filters[self._filtered] != event.value:
            self.filters[self._filtered] = event.value
            pane = self.table if self._filtered == "snapshots" else self.servers
            key = pane.cursor_key
            self.show_fleet()
            if pane.cursor_key != key:
                pane.move_to_first()

    @on(Input.Submitted, "#filter")
    def filter_kept(self) -> None:
        """Keep the filter and go back to the list, at its first match."""
        pane = self._close_filter()
        pane.move_to_first()

    def action_clear(self) -> None:
        """Clear the filter of the focused pane, then its marks; never quit."""
        if self.has_class("-filtering"):
            self.filters[self._filtered] = ""
            self._close_filter()
        elif self.filters[self._pane_name]:
            self.filters[self._pane_name] = ""
        else:
            self.pane.clear_marks()
        self.show_fleet()

    def _close_filter(self) -> ServerList | SnapshotTable:
        self.remove_class("-filtering")
        pane = self.table if self._filtered == "snapshots" else self.servers
        pane.focus()
        return pane

    def action_sort(self) -> None:
        """Sort the focused pane by its next column."""
        pane = self._pane_name
        names = _SORTS["everything" if self.everything else pane]
        name, _ = self.sorts[pane]
        self._sort_by(names[(names.index(name) + 1) % len(names)], False)

    def action_reverse(self) -> None:
        """Reverse the order of the focused pane."""
        name, reverse = self.sorts[self._pane_name]
        self._sort_by(name, not reverse)

    def _sort_by(self, name: str, reverse: bool) -> None:
        self.sorts[self._pane_name] = (name, reverse)
        self.pane.set_sort(name, reverse)
        self.show_fleet()

    # -- looking closer ------------------------------------------------------------

    def _chosen(self) -> Server | Snapshot | None:
        if self.pane is self.table:
            return self.chosen_snapshot
        view = self.chosen_view
        return view.server if view else None

    def action_details(self) -> None:
        """Show everything known of the chosen row."""
        from tui.screens.dialogs.details import DetailsDialog, server_facts, snapshot_facts

        snapshot, view = self.chosen_snapshot, self.chosen_view
        if self.pane is self.table and snapshot is not None:
            facts = snapshot_facts(
                snapshot, self.now, protected=snapshot.id in self.fleet.protected
            )
            self.app.push_screen(DetailsDialog(f"Snapshot {snapshot.name}", facts, snapshot))
        elif view is not None:
            operation = self.fleet.operations.get(view.server.id)
            facts = server_facts(view, operation, self.now)
            self.app.push_screen(DetailsDialog(f"Server {view.server.name}", facts, view.server))

    @on(RowList.Selected)
    def row_selected(self) -> None:
        """Show the details of a row on `enter` or a double click."""
        self.action_details()

    def action_copy_id(self) -> None:
        """Put the chosen row's id on the clipboard."""
        self._copy(as_text=False)

    def action_copy_json(self) -> None:
        """Put the chosen row on the clipboard, as JSON."""
        self._copy(as_text=True)

    def _copy(self, *, as_text: bool) -> None:
        item = self._chosen()
        if item is None:
            self.say("nothing is chosen", bad=True)
            return
        from tui.screens.dialogs.details import as_json

        self.app.copy_to_clipboard(as_json(item) if as_text else str(item.id))
        self.say(f"{'JSON' if as_text else 'id'} of {item.name} copied")

    # -- the rest --------------------------------------------------------------------

    def action_refresh(self) -> None:
        """Ask the provider at once, with the token read again if it was refused."""
        self.session.refresh()

    def action_pause(self) -> None:
        """Stop asking the provider, or go on."""
        self.session.pause()

    def action_profile(self) -> None:
        """Ask for another account."""
        self.post_message(self.ProfileWanted())

    def action_redraw(self) -> None:
        """Paint the screen anew: another program may have written over it."""
        self.post_message(self.RedrawWanted())

    def action_palette(self) -> None:
        """Find a command by name."""
        self.app.action_command_palette()

    def action_help(self) -> None:
        """Show all keys and signs."""
        from tui.screens.dialogs.help import HelpDialog

        self.app.push_screen(HelpDialog(self.glyphs, self.keymap))

    def action_quit(self) -> None:
        """Leave; what runs goes on at the provider."""
        self.app.exit()
