"""The fleet on a wall: how much needs somebody, in figures that are read from three metres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import getters
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from tui.commands import bindings, keys_of
from tui.config import paths
from tui.fleet.health import Finding, Health, Severity, counts, findings
from tui.fleet.matching import natural
from tui.fleet.scope import Scope
from tui.fleet.state import ServerView
from tui.fleet.store import Change
from tui.screens.dashboard.noted import Noted
from tui.screens.dashboard.ticking import together
from tui.screens.sized import sized
from tui.text import plural
from tui.widgets.big_figures import BigFigures, Figure
from tui.widgets.glyphs import UNICODE, Glyphs
from tui.widgets.header import freshness_words
from tui.widgets.heat_map import Field, Heat, HeatMap
from tui.widgets.line import Line, Piece
from tui.widgets.risk import age_cell
from tui.widgets.too_small import MIN_SIZE, TooSmall

if TYPE_CHECKING:
    from tui.fleet.state import Fleet
    from tui.session.session import Session
    from tui.widgets.panes import Panes

TICK: Final = 60.0
"""Seconds between two looks at the clock."""
_LABELS: Final = {"failed": "failed", "stale": "stale", "none": "no snapshot", "overdue": "overdue"}
_ALARM: Final = "$error"
_KNOWN: Final = "$warning"


class Lines(Widget):
    """Lines that are painted where they differ from those before."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lines: Sequence[Content] = ()

    def show(self, lines: Sequence[Content]) -> None:
        """Show lines, if they differ."""
        before, self._lines = self._lines, tuple(lines)
        same = len(before) == len(lines) and all(map(Content.is_same, before, lines))
        if not same:  # contents of one text are equal, whatever their colours
            self.refresh()

    def render(self) -> Content:
        """The lines that there is room for; what is left out is counted."""
        room = self.content_size.height
        if len(self._lines) > room > 0:
            more = Content.styled(f"and {len(self._lines) - room + 1} more", "$text-muted")
            return Content("\n").join([*self._lines[: room - 1], more])
        return Content("\n").join(self._lines)


class Monitor(Screen[None]):
    """Red until somebody has taken note of what is new; quiet while nothing changes."""

    CSS_PATH = paths.STYLES / "monitor.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        ["take_note", "leave", "refresh"], monitor="leave", close="leave"
    )
    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (MIN_SIZE[0], "-wide-enough")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (MIN_SIZE[1], "-low"), (20, "-tall")]  # noqa: RUF012

    figures = getters.query_one("#figures", BigFigures)
    heat = getters.query_one("#heat", HeatMap)
    names = getters.query_one("#names", Lines)
    top = getters.query_one("#top", Line)
    foot = getters.query_one("#foot", Line)

    def __init__(self, panes: Panes, noted: Noted, glyphs: Glyphs) -> None:
        super().__init__()
        sized(self)
        self._panes = panes
        self._noted = noted
        self._glyphs = glyphs
        self._known = False

    @property
    def session(self) -> Session:
        """The account that is watched."""
        return self._panes.session

    def compose(self) -> ComposeResult:
        """A line, the figures, all servers, what is wrong by name, the keys."""
        unicode = self._glyphs is UNICODE
        yield Line(id="top")
        with Vertical(id="wall"):
            yield BigFigures("█" if unicode else "#", id="figures")
            yield HeatMap("·▪■■" if unicode else ".o#@", id="heat")
            yield Lines(id="names")
        yield Line(id="foot")
        yield TooSmall(id="too-small")

    def on_mount(self) -> None:
        """Watch the fleet, and the clock."""
        self._end = self.session.store.listen(together(self, self._changed))
        self.set_interval(TICK, self.show)
        self.show()

    def on_unmount(self) -> None:
        """Watch no longer."""
        self._end()

    def on_resize(self) -> None:
        """Cut the lines to the new width."""
        self.call_after_refresh(self.show)

    def _changed(self, change: Change) -> None:
        if change.servers or change.rest or not self._known:
            self.show()
        else:
            self._show_bars()

    def _scope(self) -> Scope:
        return Scope(self._panes.fleet, self.session.service_now(), self.session.judge)

    def show(self) -> None:
        """Show what is so now; only what differs is painted."""
        if not self.children:  # the app is leaving
            return
        scope = self._scope()
        self._known = scope.fleet.freshness.newest is not None
        views = sorted(scope.fleet.servers.values(), key=lambda v: natural(v.server.name))
        healths = [scope.health(view) for view in views]
        found = findings(healths)
        new = frozenset(self._noted.new(found))
        found.sort(key=lambda finding: (finding not in new, finding.name != "failed"))
        some = len(new) < len(found)  # of which a few are told apart, by a word too
        self.set_class(bool(new), "-alarm")
        self.figures.show(_figures(scope.fleet, healths, new=bool(new)))
        self.heat.show([_field(view, scope) for view in views])
        self.names.show([_line(f, new=f in new, said=some and f in new) for f in found])
        self._show_bars()

    def _show_bars(self) -> None:
        keys, settings = keys_of(self), self.session.settings
        new = self.has_class("-alarm")
        text, style = freshness_words(self._panes.fleet.freshness, self.session.clock.monotonic())
        live = text.startswith("live")
        name = "demo" if settings.demo else settings.profile
        loud = "bold $background" if new else ""
        left: list[Piece] = [("ciplun", loud or "bold $primary"), (f"  {name}", loud or "bold")]
        self.top.show(left, [("live" if live else text, loud or style)])
        hint = keys.hint(leave="back", take_note="take note") if new else keys.hint(leave="back")
        self.foot.show([(hint, "$text-muted")])

    def action_take_note(self) -> None:
        """Somebody has seen what is wrong: red only for what comes after it."""
        scope = self._scope()
        self._noted.take(findings(map(scope.health, scope.fleet.servers.values())))
        self.show()

    def action_refresh(self) -> None:
        """Ask the provider now."""
        self.session.refresh()

    def action_leave(self) -> None:
        """Go back to the dashboard."""
        if self.is_active:
            self.dismiss()


def _figures(fleet: Fleet, healths: Sequence[Health], *, new: bool) -> Sequence[Figure]:
    """How many servers have a problem, and how many of each grave kind."""
    if fleet.freshness.newest is None:
        return [Figure("?", "not known yet", "$text-muted")]
    loud = _ALARM if new else _KNOWN
    found = counts(healths)
    if not found["problem"]:
        return [Figure("OK", f"all of {plural(len(fleet.servers), 'server')}", "$success")]
    shown = [Figure(str(found["problem"]), f"of {len(fleet.servers)} need you", loud)]
    for name, label in _LABELS.items():
        if count := found.get(name, 0):
            shown.append(Figure(str(count), label, loud))
    return shown


def _field(view: ServerView, scope: Scope) -> Field:
    health, age = scope.health(view), age_cell(view, scope)
    heat = Heat.NEAR if age.style == "warn" else Heat.WELL
    if health.severity is Severity.CRITICAL:
        heat = Heat.CRITICAL
    elif health.problem:
        heat = Heat.WARNING
    word = age.text.strip()
    if view.partial:
        word = "…"
    elif view.failed:
        word = "failed"
    elif health.has("full") and heat is Heat.WARNING:
        word = "full"
    return Field(view.server.name, word, heat)


def _line(finding: Finding, *, new: bool, said: bool) -> Content:
    critical = finding.severity is Severity.CRITICAL
    style = ("bold $text-error" if critical else "bold $text-warning") if new else "$text-muted"
    what = f"new: {finding.what}" if said else finding.what
    return Content.assemble((f"{finding.server:<28}  ", style), (what, style))
