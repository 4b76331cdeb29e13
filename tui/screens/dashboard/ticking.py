"""When something is shown anew: with changes, and as time passes, seldom while nothing is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from textual.screen import Screen
from textual.timer import Timer

from tui.fleet.state import Fleet
from tui.fleet.store import Change, Listener
from tui.widgets.panes import Panes

QUIET_TICK: Final = 20.0
"""Seconds between two looks at the clock while nothing is under way: steps of the header's age."""
MINUTE: Final = 60.0
"""Seconds after which ages in the lists may read otherwise."""


def together(screen: Screen[Any], show: Callable[[Change], None]) -> Listener:
    """A listener that collects changes for `show`, which comes once the present message is done."""
    pending: Change | None = None

    def collect(fleet: Fleet, change: Change) -> None:
        nonlocal pending
        if pending is None:
            pending = change
            screen.call_next(show_pending)
        else:
            pending |= change

    def show_pending() -> None:
        nonlocal pending
        change, pending = pending, None
        if change is not None and screen.children:  # else the app is leaving
            show(change)

    return collect


class Ticking:
    """The dashboard's clock: each second while something is under way, seldom while nothing is.

    Calls `age` where only the header's age may have changed, `pass_time` where more may.
    """

    def __init__(
        self, panes: Panes, age: Callable[[], None], pass_time: Callable[[], None]
    ) -> None:
        self._panes = panes
        self._age = age
        self._pass_time = pass_time
        self._timer: Timer | None = None
        self.every = 0.0

    @property
    def a_minute_on(self) -> bool:
        """Whether the service's clock is a minute on from what the lists show."""
        return (self._panes.session.now - self._panes.as_of).total_seconds() >= MINUTE

    def adjust(self) -> None:
        """Tick as often as what is under way asks for."""
        fleet, lock = self._panes.fleet, self._panes.session.lock
        fresh = fleet.freshness
        counting = fresh.error or (fresh.reading and fresh.reading.until)
        moving = fleet.totals.busy or fleet.operations or counting
        every = 1.0 if moving or lock.remaining() else QUIET_TICK
        if every != self.every:
            if self._timer is not None:
                self._timer.stop()
            self.every = every
            self._timer = self._panes.screen.set_interval(every, self.tick)

    def tick(self) -> None:
        """Let time pass, as far as it may have changed anything."""
        if self.every == QUIET_TICK and not self.a_minute_on:
            self._age()
        else:
            self._pass_time()
