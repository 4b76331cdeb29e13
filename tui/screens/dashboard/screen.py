"""The dashboard: servers, the snapshots of the chosen one, its details, and what the keys do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen

from tui.commands import DASHBOARD, bindings, keys_of
from tui.fleet.state import Fleet
from tui.fleet.store import Change
from tui.fleet.views import MONITOR
from tui.screens.dashboard.bars import Bars
from tui.screens.dashboard.browsing import BROWSING, Browser
from tui.screens.dashboard.cursor_pacing import CursorPacer
from tui.screens.dashboard.gone import Gone
from tui.screens.dashboard.noted import Noted
from tui.screens.dashboard.pages import PAGES
from tui.screens.dashboard.ticking import Ticking, together
from tui.screens.dashboard.view_memory import ViewMemory
from tui.screens.dashboard.write_flows import WriteFlows
from tui.screens.sized import sized
from tui.terminal.textual_private import KeptLines
from tui.widgets.empty_states import no_problem
from tui.widgets.filter_bar import FilterBar
from tui.widgets.glyphs import Glyphs
from tui.widgets.key_bar import KeyBar
from tui.widgets.pane_widths import LARGE_FROM
from tui.widgets.panes import Panes
from tui.widgets.row_list import RowList
from tui.widgets.server_list import ServerList
from tui.widgets.snapshot_table import SnapshotTable
from tui.widgets.too_small import MIN_SIZE, TooSmall
from tui.widgets.views_bar import ViewsBar

if TYPE_CHECKING:
    from textual.command import Provider

    from tui.screens.dashboard.backups_seen import BackupsSeen
    from tui.session.session import Session


def _finder() -> type[Provider]:
    from tui.screens.dashboard.finder import FleetFinder

    return FleetFinder


FLOWS: Final[Mapping[str, Callable[[WriteFlows], None]]] = {
    "create": WriteFlows.create,
    "restore": WriteFlows.restore,
    "delete": WriteFlows.delete,
    "retention": WriteFlows.retention,
    "protect": WriteFlows.protect,
    "lock": WriteFlows.lock,
}
"""What asks for a write or rules it, by the id of the command."""


class Dashboard(Screen[None], KeptLines):
    """Shows one session's fleet. Data comes from its store; what is asked for goes back to it."""

    class ProfileWanted(Message):
        """The fleet of another profile is to be shown."""

        def __init__(self, profile: str) -> None:
            super().__init__()
            self.profile = profile

    class TokenWanted(Message):
        """There is no token, and somebody wants data."""

    ACTIONS: ClassVar[Mapping[str, str]] = {command.id: command.id for command in DASHBOARD} | {
        **{page: f"open('{page}')" for page in PAGES},
        **{command: f"browse('{command}')" for command in BROWSING},
        **{command: f"write('{command}')" for command in FLOWS},
        "next_problem": "problem(1)",
        "palette": "app.command_palette",
        "previous_problem": "problem(-1)",
        "profile": "app.profile",
        "quit": "app.quit",
        "redraw": "app.redraw",
    }
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_finder}
    BINDINGS: ClassVar[list[BindingType]] = bindings(**ACTIONS)
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-too-narrow"),
        (MIN_SIZE[0], "-wide-enough"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (MIN_SIZE[1], "-low"), (20, "-tall"), (30, "-high")]  # noqa: RUF012
    AUTO_FOCUS = "#servers"

    servers = getters.query_one("#servers", ServerList)
    table = getters.query_one("#snapshots", SnapshotTable)
    filter_bar = getters.query_one("#filter-line", FilterBar)

    def __init__(self, session: Session, glyphs: Glyphs, opening: str = "") -> None:
        super().__init__()
        sized(self)
        self._opening = opening
        self.glyphs = glyphs
        self.panes = Panes(session, glyphs)
        self.pacer = CursorPacer(self.panes, self._follow)
        self.flows = WriteFlows(self.panes)
        self.browser = Browser(self.panes, self.show_bars)
        self.bars = Bars(self.panes, self.browser, self.flows, glyphs)
        self.tray, self.details = self.bars.tray, self.bars.details
        self.key_bar, self.views_bar = self.bars.keys, self.bars.views
        self.view_memory = ViewMemory(self.panes)
        self.gone = Gone(self._days_changed)
        self.backups: BackupsSeen | None = None  # once there is a service, and a wide screen
        self.noted = Noted()
        self.ticking = Ticking(self.panes, self.bars.show_header, self._pass_time)

    @property
    def session(self) -> Session:
        """The account that is shown."""
        return self.panes.session

    @property
    def fleet(self) -> Fleet:
        """What is known now."""
        return self.session.store.fleet

    def refusals(self) -> dict[str, str]:
        """Command ids that can't be used now, with the reason."""
        return self.flows.refusals()

    # -- what is on the screen ---------------------------------------------------

    def compose(self) -> ComposeResult:
        """Header, two panes, details, filter, keys."""
        yield self.bars.header
        yield self.views_bar
        yield self.panes
        yield self.tray
        yield self.details
        yield FilterBar(id="filter-line")
        yield self.key_bar
        yield TooSmall(id="too-small")

    def on_mount(self) -> None:
        """Show what is known, and listen for more."""
        self._end_listening = self.session.store.listen(together(self, self._changed))
        self.servers.gone = self.gone.of
        self.view_memory.take_up()
        if self._opening.lower() == MONITOR:
            self.call_after_refresh(self.action_open, "monitor")
        elif self._opening:
            self.browser.open(self._opening)
        self.show_fleet()

    def use(self, session: Session) -> None:
        """Show another session, with nothing of the present one left."""
        self._end_listening()
        self.filter_bar.close()
        self.view_memory.keep()
        self.noted.forget()
        self.tray.ends.seen()
        self._end_listening = session.store.listen(together(self, self._changed))
        self.panes.use(session)
        self.view_memory.take_up()
        self.show_fleet()
        self.show_chosen()

    def on_unmount(self) -> None:
        """Stop listening, and keep how the fleet was looked at."""
        self._end_listening()
        self.view_memory.keep()

    def _changed(self, change: Change) -> None:
        self.panes.forget(change.servers - self.fleet.servers.keys())
        if change.servers or change.rest or not self.fleet.servers:
            self.show_fleet()
        elif self.ticking.a_minute_on:
            self._pass_time()  # the service's clock has moved on
        else:
            self.show_bars()

    def _days_changed(self) -> None:
        if self.is_attached:
            self.panes.tick(self.session.now)

    def _follow_backups(self) -> None:
        from tui.screens.dashboard.backups_seen import BackupsSeen

        if self.backups is None:
            self.backups = BackupsSeen(self._show_backups)
        self.backups.follow(self.session)

    def _show_backups(self, seen: BackupsSeen) -> None:
        if self.is_attached:
            of = None if seen.newest is None else seen.of
            self.panes.show_backups(of, complete=seen.complete)

    def show_fleet(self) -> None:
        """Lay the whole fleet out anew; only cells that differ are painted."""
        self.gone.follow(self.session)
        self.panes.lay_out()
        self.view_memory.place_cursors()
        self.browser.recount()
        self.show_chosen()

    def show_chosen(self) -> None:
        """Describe the chosen rows, and show what can be done with them."""
        self.bars.show_details()
        self.show_bars()

    def show_bars(self) -> None:
        """Show what stands around the panes, and let time pass as often as that asks for."""
        self.bars.show()
        self.ticking.adjust()
        if self.size.width >= LARGE_FROM and self.session.live is not None:
            self._follow_backups()

    def _pass_time(self) -> None:
        """Let time pass; what shows the same text as before is not painted."""
        self.panes.tick(self.session.now)
        self.browser.recount_if_due()
        self.show_chosen()

    def on_resize(self) -> None:
        """Cut to the new width what stands in frames and bars, once they have it."""
        self.call_after_refresh(self._refit)

    def _refit(self) -> None:
        self.panes.show_titles()
        self.show_chosen()

    # -- the cursors ---------------------------------------------------------------------

    @on(RowList.Highlighted)
    def row_highlighted(self, event: RowList.Highlighted) -> None:
        """Show the chosen server's snapshots, or describe the chosen snapshot."""
        if event.rows is self.table:  # to match selectors with each key would take its time
            self.pacer.snapshot_chosen()
        else:
            self.pacer.server_chosen()

    def _follow(self) -> None:
        """Show what follows from where the cursors rest."""
        view = self.panes.view
        self.session.chosen = view.server.id if view else None
        self.panes.show_titles()
        self.show_chosen()

    @on(FilterBar.Typed)
    def filter_typed(self, event: FilterBar.Typed) -> None:
        """Filter as the text is typed, and go to the first match in the end."""
        if event.kept:
            event.pane.move_to_first()
        elif self.filter_bar.is_open:
            self.panes.filter(event.pane, event.text)
            self.filter_bar.say(self.panes.said_of(event.pane))
            self.show_chosen()

    @on(RowList.Selected)
    def row_selected(self) -> None:
        """Show the details of a row on `enter` or a double click."""
        self.action_open("details")

    @on(RowList.ColumnChosen)
    def column_chosen(self, event: RowList.ColumnChosen) -> None:
        """Sort by the column whose heading was clicked; again, in reverse."""
        event.stop()
        for pane in (self.servers, self.table):
            if pane is event.rows:
                self.browser.sort_by(pane, event.column)
        self.show_chosen()

    @on(KeyBar.Chosen)
    async def key_clicked(self, event: KeyBar.Chosen) -> None:
        """Do what a click in the bottom line asks for."""
        await self.run_action(self.ACTIONS[event.command])

    # -- what keys do ----------------------------------------------------------------------

    def action_browse(self, command: str) -> None:
        """Do what changes only how the fleet is looked at."""
        BROWSING[command](self.browser)
        self.show_chosen()

    def action_range(self) -> None:
        """Begin a range, or mark all rows from its begin to the cursor."""
        if not self.panes.active.mark_range():
            key = keys_of(self).shown("range")
            self.notify(f"a range begins here: {key} marks up to another row", markup=False)
        self.show_bars()

    def action_filter(self) -> None:
        """Open the filter of the focused pane."""
        self.filter_bar.open(self.panes.active)

    def action_clear(self) -> None:
        """Clear the filter of the focused pane, then its marks, then ends; never quit."""
        pane = self.filter_bar.close()
        if pane is not None:
            self.panes.filter(pane, "")
        elif not self.panes.clear():
            self.tray.ends.seen()
        self.show_chosen()

    def action_problem(self, step: int) -> None:
        """Go to the next server that needs somebody, or to the one before."""
        if not self.browser.next_problem(step):
            self.notify(no_problem(self.panes.fleet.freshness), markup=False)
        self.show_chosen()

    @on(ViewsBar.Chosen)
    def view_clicked(self, event: ViewsBar.Chosen) -> None:
        """Show the view that was clicked."""
        self.browser.show(event.view)
        self.show_chosen()

    def action_open(self, page: str) -> None:
        """Open what the command of this name shows over the dashboard, or asks."""
        PAGES[page](self)

    def action_refresh(self) -> None:
        """Ask the provider at once, with the token read again if it was refused."""
        settings = self.session.settings
        if settings.token is None and not settings.demo:
            self.post_message(self.TokenWanted())
        self.session.refresh()

    def action_pause(self) -> None:
        """Stop asking the provider, or go on."""
        self.session.pause()

    def action_write(self, command: str) -> None:
        """Ask for a write of the chosen row or of all marked ones, or change what protects."""
        FLOWS[command](self.flows)
        self.show_bars()
