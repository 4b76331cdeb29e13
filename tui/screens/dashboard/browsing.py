"""How the panes are looked through: views, problems one after the other, and orders."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from tui.fleet import queries
from tui.fleet.state import ServerView
from tui.fleet.views import ALL, Counted, View, ViewCounts, find, views
from tui.vps.models import Key, Phase
from tui.widgets.panes import Pane, Panes
from tui.widgets.snapshot_table import SnapshotTable

_SORTED_BY = {"when": "created", "use": "slots", "days": "age"}
"""Columns that show what another one sorts by."""
_EVERY: Final = 60.0
"""Seconds after which what counts by its age is counted anew."""
_AT_ONCE: Final = 400
"""Servers that are looked at for the first time in one turn of the event loop: 6 ms."""


class Browser:
    """Changes what the panes show, and counts what each view would; `show` shows the figures."""

    def __init__(self, panes: Panes, show: Callable[[], None]) -> None:
        self.panes = panes
        self._show = show
        self._going_on = False
        self._counts = ViewCounts(())
        self.counted = Counted()
        self._counted_at = 0.0

    # -- views ---------------------------------------------------------------------------

    @property
    def views(self) -> Sequence[View]:
        """The built-in ones, then those of the settings."""
        return self._counts.views

    def recount(self) -> None:
        """Count the servers of each view anew."""
        known = tuple(views(self.panes.session.settings.views))
        if known != self._counts.views:
            self._counts = ViewCounts(known)
        if self.panes.fleet.counted:  # else pages come, and no figures are shown
            self._count()

    def _count(self) -> None:
        """Count now, or in several turns of the event loop where thousands of servers are new."""
        scope = self.panes.scope
        unseen = self._counts.unseen(scope)
        if len(unseen) <= _AT_ONCE:
            self.counted = self._counts.count(scope)
            self._counted_at = self.panes.as_of.timestamp()
            return
        self._counts.look(scope, unseen[:_AT_ONCE])
        if not self._going_on:
            self._going_on = True
            # By way of the loop: what waits in one queue is all done in one turn.
            get_running_loop().call_soon(self.panes.call_later, self._go_on)

    def _go_on(self) -> None:
        """Count on, and show the figures once all servers have been looked at."""
        self._going_on = False
        if self.panes.fleet.counted:
            self._count()
            if not self._going_on:
                self._show()

    def open(self, name: str) -> None:
        """Begin with the view of a name; with all servers where there is none."""
        self.panes.shown = find(views(self.panes.session.settings.views), name) or ALL

    def recount_if_due(self) -> None:
        """Count anew once a minute: time alone makes a snapshot too old."""
        if self.panes.as_of.timestamp() - self._counted_at >= _EVERY:
            self.recount()

    def show(self, view: View) -> None:
        """Show a view; where the chosen row is not in it, go to its first."""
        panes = self.panes
        keys = panes.servers.cursor_key, panes.table.cursor_key
        panes.shown = view
        panes.lay_out()
        if panes.servers.cursor_key != keys[0]:
            panes.servers.move_to_first()
        if panes.everything and panes.table.cursor_key != keys[1]:
            panes.table.move_to_first()

    def show_next(self, step: int) -> None:
        """Show the next view, or the one before."""
        shown = self.panes.shown
        number = self.views.index(shown) if shown in self.views else 0
        self.show(self.views[(number + step) % len(self.views)])

    def go_to(self, server: Key, snapshot: Key | None = None) -> bool:
        """Choose a server, and one of its snapshots, whatever was filtered away; False: gone."""
        panes = self.panes
        if server not in panes.fleet.servers:
            return False
        if panes.everything:
            panes.toggle_everything()
        if not panes.servers.move_to(server):
            panes.shown = ALL
            panes.servers.order_by(replace(panes.servers.arrangement, text=""))
        panes.table.order_by(replace(panes.table.arrangement, text=""))
        panes.lay_out()
        panes.servers.move_to(server)
        panes.focus_pane(panes.servers)
        if snapshot is not None and panes.snapshot is not None and panes.table.move_to(snapshot):
            panes.focus_pane(panes.table)
        return True

    # -- problems ------------------------------------------------------------------------

    def next_problem(self, step: int) -> bool:
        """Go to the next server that needs somebody, or the one before; False where none does."""
        panes = self.panes
        panes.table.order_by(replace(panes.table.arrangement, text=""))
        if panes.everything:
            panes.toggle_everything()
        panes.go_left()
        if self._go_to_problem(step):
            return True
        if panes.shown == ALL and not panes.servers.arrangement.text:
            return False
        panes.shown = ALL
        panes.servers.order_by(replace(panes.servers.arrangement, text=""))
        panes.lay_out()
        return self._go_to_problem(step)

    def _go_to_problem(self, step: int) -> bool:
        """Look through the rows that are listed, from the cursor on and round."""
        panes, scope = self.panes, self.panes.scope
        rows, start = panes.servers.rows, panes.servers.cursor
        for distance in range(1, len(rows) + 1):
            view = rows[(start + step * distance) % len(rows)]
            if scope.health(view).problem:
                panes.servers.move_to(view.server.id)
                self._point_at_failed(view)
                return True
        return False

    def _point_at_failed(self, view: ServerView) -> None:
        """Put the table's cursor on what failed."""
        failed = next((s for s in view.snapshots if s.phase is Phase.FAILED), None)
        if failed is not None and self.panes.snapshot is not None:
            self.panes.table.move_to(failed.id)

    # -- orders --------------------------------------------------------------------------

    def sort_by_next(self) -> None:
        """Sort the active pane by the next column that is shown; servers also by risk."""
        pane = self.panes.active
        names, by = _sorts(pane), pane.arrangement
        number = names.index(by.sort) + 1 if by.sort in names else 0
        self.sort_by(pane, names[number % len(names)])

    def sort_by(self, pane: Pane, column: str) -> None:
        """Sort a pane by a column; by the same one again in reverse."""
        name = _SORTED_BY.get(column, column)
        if name in _sorts(pane):
            by = pane.arrangement
            pane.order_by(replace(by, sort=name, reverse=by.sort == name and not by.reverse))
            self.panes.lay_out()

    def reverse(self) -> None:
        """Reverse the order of the active pane."""
        by = self.panes.active.arrangement
        self.panes.active.order_by(replace(by, reverse=not by.reverse))
        self.panes.lay_out()


def _sorts(pane: Pane) -> Sequence[str]:
    """What a pane can be sorted by now."""
    if isinstance(pane, SnapshotTable):
        return [name for name in pane.shown_columns if name in queries.SNAPSHOT_SORTS]
    return [*(name for name in pane.shown_columns if name in queries.SERVER_SORTS), "risk"]


BROWSING: Final[Mapping[str, Callable[[Browser], None]]] = {
    "next_pane": lambda browser: browser.panes.go_on(),
    "left_pane": lambda browser: browser.panes.go_left(),
    "right_pane": lambda browser: browser.panes.go_right(),
    "wide": lambda browser: browser.panes.toggle_wide(),
    "local_time": lambda browser: browser.panes.toggle_local_time(),
    "all": lambda browser: browser.panes.toggle_everything(),
    "mark": lambda browser: browser.panes.active.toggle_mark(),
    "mark_all": lambda browser: browser.panes.active.mark_all(),
    "invert": lambda browser: browser.panes.active.invert_marks(),
    "next_view": lambda browser: browser.show_next(1),
    "previous_view": lambda browser: browser.show_next(-1),
    "sort": Browser.sort_by_next,
    "reverse": Browser.reverse,
}
"""What changes only how the fleet is looked at, by the id of the command."""
