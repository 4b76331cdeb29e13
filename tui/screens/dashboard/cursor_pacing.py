"""What follows from the cursor, and when: a poor line gets what matters and drops the rest."""

from __future__ import annotations

from asyncio import TimerHandle, get_running_loop
from collections.abc import Callable, Hashable
from functools import partial
from time import monotonic
from typing import Final

from tui.terminal.driver import CalmDriver
from tui.terminal.textual_private import driver_of
from tui.widgets.panes import Pane, Panes

HURRY: Final = 0.3
"""Seconds between two moves of the cursor that are one journey."""
REST: Final = 0.1
"""Seconds after which the cursor rests, once the terminal has shown where it is."""
PATIENCE: Final = 0.03
"""Seconds beyond a round trip after which a terminal is behind, and frames are left out."""
SPARE: Final = 2_000
"""Characters that a terminal which has kept pace gets before it is asked again."""
LONGEST: Final = 3.0
"""Seconds after which the terminal's answer is waited for no longer."""


class CursorPacer:
    """The first move paints all that follows from it; more of them only the cursor, till it rests.

    Where the terminal answers, it is asked whether it has shown a frame, and where that takes too
    long, moves only count until it has: the next frame shows where they have led. A terminal that
    has kept pace is not asked after each key. `follow` paints what follows.
    """

    def __init__(self, panes: Panes, follow: Callable[[], None]) -> None:
        self._panes = panes
        self._follow = follow
        self._moved = 0.0
        self._owed = False
        self._resting: TimerHandle | None = None
        self._waiting: TimerHandle | None = None
        self._late: TimerHandle | None = None
        self._asked_at_key: Hashable | None = None
        self._held: Pane | None = None
        self._kept_pace = False

    def server_chosen(self) -> None:
        """Take the chosen server's snapshots over; they are painted when the cursor rests."""
        self._owed = self._hurried()
        if self._owed:
            self._panes.table.hold()
        self._panes.lay_table()
        self._go_on()

    def snapshot_chosen(self) -> None:
        """Describe the chosen snapshot."""
        self._owed = self._hurried()
        self._go_on()

    def shown(self) -> None:
        """Go on: the terminal has shown the frame."""
        if self._waiting is None:
            return
        for timer in (self._waiting, self._late):
            if timer is not None:
                timer.cancel()
        self._waiting = self._late = None
        self._moved = monotonic()
        panes = self._panes
        held, self._held = self._held, None
        self._kept_pace = held is None
        if held is not None:
            held.release()
        driver = driver_of(panes.app)
        if isinstance(driver, CalmDriver) and driver.unasked and self._to_ask(driver):
            driver.ask(self._asked)
        elif panes.active.cursor_key != self._asked_at_key:
            self._ask_next()
        if self._owed:
            self._rest()

    def _hurried(self) -> bool:
        """Whether the cursor has moved, or the terminal shown where it is, only just before."""
        before, self._moved = self._moved, monotonic()
        soon = self._waiting is not None or self._moved - before < HURRY
        return soon and not self._panes.app.is_headless

    def _go_on(self) -> None:
        """Paint what follows from the cursor: at once, or when it rests."""
        if self._owed:
            self._rest()
        else:
            self._rested()
        self._ask_next()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
        self._resting = self._later(REST, self._rested)

    def _rested(self) -> None:
        if self._owed and self._waiting is not None:
            return  # `shown` goes on
        self._owed = False
        self._panes.table.release()
        self._follow()

    def _later(self, seconds: float, work: Callable[[], None]) -> TimerHandle:
        """Call later: a timer of the loop costs far less than a task, and every key needs some."""
        return get_running_loop().call_later(seconds, self._panes.call_later, work)

    def _ask_next(self) -> None:
        """Have the terminal say when it has shown the next frame."""
        driver = driver_of(self._panes.app)
        if self._waiting is None and isinstance(driver, CalmDriver) and self._to_ask(driver):
            driver.ask_with_frame(self._asked)

    def _to_ask(self, driver: CalmDriver) -> bool:
        """Whether the terminal may be behind; each question wakes both of us."""
        return not self._kept_pace or driver.unasked >= SPARE

    def _asked(self, round_trip: float) -> None:
        """Wait for the answer, from now on."""
        if self._waiting is None:
            pane = self._panes.active
            self._asked_at_key = pane.cursor_key
            self._waiting = self._later(LONGEST, self.shown)
            late = 1.5 * round_trip + PATIENCE
            self._late = self._later(late, partial(self._hold, pane))

    def _hold(self, pane: Pane) -> None:
        """Leave frames out until the terminal has shown this one, whatever has the focus then."""
        if self._waiting is not None:
            self._held = pane
            pane.hold()
