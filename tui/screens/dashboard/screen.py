"""The dashboard: servers, the snapshots of the chosen one, its details, and what the keys do."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import Resize
from textual.timer import Timer
from textual.widgets import Static

from tui.commands import bindings
from tui.fleet import queries as views
from tui.fleet.operation import Kind
from tui.fleet.state import Fleet, ServerView
from tui.fleet.store import Change
from tui.screens.dashboard.browsing import Browsing
from tui.screens.dashboard.cursor_pacing import Journey
from tui.screens.dashboard.write_flows import Writing
from tui.text import duration
from tui.widgets.details_pane import Details
from tui.widgets.empty_states import servers_empty, snapshots_empty
from tui.widgets.glyphs import Glyphs
from tui.widgets.header import Banner, cells, header_left, header_right, notice_words
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import Line
from tui.widgets.server_list import ServerList
from tui.widgets.snapshot_table import SnapshotTable
from tui.widgets.text_field import Field
from tui.widgets.titles import pane_title
from tui.widgets.usage_bar import usage_title

if TYPE_CHECKING:
    from tui.session import Session

MIN_SIZE = (60, 15)


class Dashboard(Journey, Browsing, Writing):
    """Shows one session's fleet. Data comes from its store; what is asked for goes back to it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (72, "-narrow"), (90, "-normal"), (130, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-tall")]  # noqa: RUF012
    AUTO_FOCUS = "#servers"

    def __init__(self, session: Session, glyphs: Glyphs, keymap: Mapping[str, str]) -> None:
        super().__init__(session, glyphs, keymap)
        self._pending: Change | None = None
        self._ticker: Timer | None = None
        self._tick_every = 0.0
        self._note = ""
        self._all = views.Everything()
        self._as_of = self.now  # what all ages on the screen refer to: they move together

    # -- what is on the screen ---------------------------------------------------

    def compose(self) -> ComposeResult:
        """Header, two panes, details, filter, keys."""
        yield Line(id="header")
        with Horizontal(id="panes"):
            yield ServerList(self.glyphs, id="servers")
            yield SnapshotTable(self.glyphs, self._expected, id="snapshots")
        yield Details(id="details")
        with Horizontal(id="filter-line"):
            yield Static("/", id="filter-sign", markup=False)
            yield Field(id="filter", placeholder="part of a name, address or id")
        yield KeyBar(id="footer")
        yield Static(id="too-small", markup=False)

    def on_mount(self) -> None:
        """Show what is known, and listen for more."""
        self.servers = self.query_one(ServerList)
        self.table = self.query_one(SnapshotTable)
        self._end_listening = self.session.store.listen(self._changed)
        self.servers.set_sort(*self.sorts["servers"])
        self.table.set_sort(*self.sorts["snapshots"])
        self.show_fleet()

    def use(self, session: Session, keymap: Mapping[str, str]) -> None:
        """Show another session, with nothing of the present one left."""
        self._end_listening()
        self.session, self.keymap = session, keymap
        self._pending = None
        self.filters = {"servers": "", "snapshots": ""}
        self.tell("", bad=False)
        self.servers.clear_marks()
        self.table.clear_marks()
        self._end_listening = session.store.listen(self._changed)
        self.show_fleet()

    def on_unmount(self) -> None:
        """Stop listening."""
        self._end_listening()

    def _changed(self, fleet: Fleet, change: Change) -> None:
        """Collect changes and show them together, once the present message is done."""
        if self._pending is None:
            self._pending = change
            self.call_next(self._show_pending)
        else:
            self._pending |= change

    def _show_pending(self) -> None:
        change, self._pending = self._pending, None
        if change is None or not self.children:  # the app is leaving
            return
        if change.servers or change.rest or not self.fleet.servers:
            self.show_fleet()
        elif (self.now - self._as_of).total_seconds() >= 60:
            self._tick()  # the service's clock has moved on
        else:
            self.show_bars()

    def show_fleet(self) -> None:
        """Lay the whole fleet out anew; only cells that differ are painted."""
        fleet, now = self.fleet, self.now
        self._as_of = now
        name, reverse = self.sorts["servers"]
        rows = views.servers(fleet, text=self.filters["servers"], sort=name, reverse=reverse)
        self.servers.empty = servers_empty(fleet, self.session.host, self.filters["servers"])
        self.servers.show(rows, fleet, now)
        self.show_table()
        self.show_bars()

    def show_table(self) -> None:
        """Lay out the snapshots of the chosen server, or of all."""
        self.lay_table()
        self.show_titles()
        self.show_details()

    def lay_table(self) -> None:
        """Take the table's rows over."""
        fleet = self.fleet
        self.table_of = None if self.everything else self.servers.cursor_key
        chosen = self.chosen_view
        name, reverse = self.sorts["snapshots"]
        text = self.filters["snapshots"]
        if self.everything:
            rows = self._all.rows(fleet, text=text, sort=name, reverse=reverse)
        else:
            source = chosen.snapshots if chosen else ()
            rows = views.snapshots(source, text=text, sort=name, reverse=reverse)
        restoring: dict[Hashable, float | None] = {
            operation.snapshot_id: operation.accepted_at
            for operation in fleet.operations.values()
            if operation.kind is Kind.RESTORE
        }
        self.table.empty = snapshots_empty(fleet, chosen, self.filters["snapshots"])
        self.table.show(rows, self._as_of, restoring=restoring, protected=fleet.protected)

    def show_titles(self) -> None:
        """Name the panes, with the large usage bar over the table."""
        fleet, chosen = self.fleet, self.chosen_view
        listed = f"{self.servers.row_count} of {len(fleet.servers)}"
        left = f"Servers · {listed}" if self.filters["servers"] else "Servers"
        self.servers.show_title(pane_title(left, None, self.servers.outer_size.width))
        if self.everything:
            left, bar = f"All snapshots · {self.table.row_count}", None
        elif chosen is None:
            left, bar = "Snapshots", None
        else:
            left = f"Snapshots of {chosen.server.name}"
            short = self.table.outer_size.width < 60
            bar = usage_title(chosen.used, chosen.busy, chosen.failed, self.glyphs, short=short)
        if self.filters["snapshots"]:
            left += f" · matching “{self.filters['snapshots']}”"
        self.table.show_title(pane_title(left, bar, self.table.outer_size.width))

    def show_details(self) -> None:
        """Describe the chosen rows under the panes."""
        view = self.chosen_view
        under_way = self._under_way(view) if view else ""
        chosen = self.chosen_snapshot
        protected = chosen is not None and chosen.id in self.fleet.protected
        self.query_one(Details).show(chosen, view, under_way, self._as_of, protected=protected)

    def _expected(self, kind: Kind) -> tuple[str, float] | None:
        return self.session.expected_time(kind)

    def _under_way(self, view: ServerView) -> str:
        """What is being done to a server, since when and for how long."""
        operation = self.fleet.operations.get(view.server.id)
        if operation is None:
            return "being restored" if self.fleet.restoring(view.server.id) else ""
        if operation.accepted_at is None:
            return f"{operation.title}: {operation.state.value}"
        elapsed = duration(self._as_of.timestamp() - operation.accepted_at)
        expected = self.session.expected_time(operation.kind)
        return f"{operation.title}: {elapsed}" + (f" of {expected[0]}" if expected else "")

    def show_bars(self) -> None:
        """Header, staleness and keys."""
        fleet, instant = self.fleet, self.session.clock.monotonic()
        banner = self._banner()
        for narrow in (False, True):
            left = header_left(banner, fleet, narrow=narrow)
            right = header_right(banner, fleet, instant, narrow=narrow)
            if cells(left) + cells(right) < self.size.width - 2:
                break
        self.query_one("#header", Line).show(left, right)
        stale = not fleet.freshness.live and fleet.freshness.as_of is not None
        self.servers.set_class(stale, "-stale")
        self.table.set_class(stale, "-stale")
        self.query_one(Details).show_outage(notice_words(banner, fleet, instant))
        self.query_one(KeyBar).show_keys(self.keymap, self.refusals(), self._note)
        self._set_tick()

    def show_note(self, words: str) -> None:
        """Show a note at the right end of the bottom line."""
        self._note = words
        self.show_bars()

    def _banner(self) -> Banner:
        session, lock = self.session, self.session.lock
        left = lock.remaining()
        return Banner(
            profile=session.settings.profile,
            host=session.host,
            demo=session.settings.demo,
            read_only=lock.read_only,
            unlocked_for=0 if lock.locked else left if left else None,
            token_origin=session.settings.origins.get("token", ""),
        )

    def _set_tick(self) -> None:
        """Tick each second while something is under way, else once a minute: relative ages."""
        fleet = self.fleet
        moving = fleet.totals.busy or fleet.operations or fleet.freshness.error
        every = 1.0 if moving or self.session.lock.remaining() else 60.0
        if every != self._tick_every:
            if self._ticker is not None:
                self._ticker.stop()
            self._tick_every = every
            self._ticker = self.set_interval(every, self._tick)

    @on(KeyBar.Chosen)
    async def key_clicked(self, event: KeyBar.Chosen) -> None:
        """Do what a click in the bottom line asks for."""
        await self.run_action(event.command)

    def _tick(self) -> None:
        """Let time pass; what shows the same text as before is not painted."""
        self._as_of = now = self.now
        self.servers.tick(now)
        self.table.tick(now)
        self.show_details()
        self.show_bars()

    def on_resize(self, event: Resize) -> None:
        """Say when there is too little room, instead of showing half of everything."""
        small = event.size.width < MIN_SIZE[0] or event.size.height < MIN_SIZE[1]
        self.set_class(small, "-too-small")
        self.query_one("#too-small", Static).update(
            f"too small: {event.size.width}x{event.size.height}\n"
            f"{MIN_SIZE[0]}x{MIN_SIZE[1]} at least"
        )
        self.call_after_refresh(self._refit)

    def tell(self, text: str, *, bad: bool) -> None:
        """Keep the newest end of an operation on the screen."""
        self.query_one(Details).tell(text, bad=bad)

    def _refit(self) -> None:
        """Cut titles and bars to the new width."""
        self.show_titles()
        self.query_one(Details).fit_title()
        self.show_bars()
