"""What stands over and under the panes: header, views, what runs, details, and the keys."""

from __future__ import annotations

from tui.commands import keys_of
from tui.fleet.views import Counted
from tui.screens.dashboard.browsing import Browser
from tui.screens.dashboard.write_flows import WriteFlows
from tui.widgets.details_pane import Details
from tui.widgets.glyphs import Glyphs
from tui.widgets.header import Header, banner_of, notice_words
from tui.widgets.key_bar import KeyBar
from tui.widgets.panes import Panes
from tui.widgets.running_tray import RunningTray
from tui.widgets.views_bar import ViewsBar, alarms


class Bars:
    """Holds these widgets, and has each show what is known and chosen in the panes."""

    def __init__(self, panes: Panes, browser: Browser, flows: WriteFlows, glyphs: Glyphs) -> None:
        self.header = Header(id="header")
        self.views = ViewsBar(id="views")
        self.tray = RunningTray(glyphs, id="running")
        self.details = Details(id="details")
        self.keys = KeyBar(id="footer")
        self._panes = panes
        self._browser = browser
        self._flows = flows

    def show(self) -> None:
        """Header, staleness, keys, and what runs."""
        panes = self._panes
        fleet, session = panes.fleet, panes.session
        self.show_header()
        panes.show_age(stale=not fleet.freshness.live and fleet.freshness.newest is not None)
        banner, instant = banner_of(session), session.clock.monotonic()
        self.details.show_outage(notice_words(banner, fleet, instant, keys_of(panes)))
        if not panes.table.held:  # what can be done is about the row that is not yet described
            self.keys.show_keys(self._flows.refusals())
        self.show_running()

    def show_header(self) -> None:
        """Both lines, or what matters of the second in the first where there is only one."""
        panes, browser = self._panes, self._browser
        fleet, session = panes.fleet, panes.session
        counted = browser.counted if fleet.counted and fleet.servers else Counted()
        marked, low = panes.marked_words, panes.screen.has_class("-low")
        alone = alarms(browser.views, counted, marked) if low else ()
        self.header.show_fleet(banner_of(session), fleet, session.clock.monotonic(), alone)
        self.views.show_views(browser.views, counted, panes.shown, marked)

    def show_details(self) -> None:
        """Describe the chosen rows under the panes, once the table shows them."""
        panes = self._panes
        if not panes.table.held:
            self.details.show(
                panes.snapshot, panes.view, panes.session, panes.as_of, local=panes.local_time
            )

    def show_running(self) -> None:
        """What runs, and what has ended and was not seen."""
        session = self._panes.session
        offers = session.live.restarts.offers if session.live is not None else ()
        self.tray.show(self._panes.fleet, session.service_now(), session.expected_time, offers)
