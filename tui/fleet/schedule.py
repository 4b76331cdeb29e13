"""Whose turn it is: the chosen and the busy servers often, everything slowly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tui.fleet.clock import Clock
from tui.fleet.store import Store
from tui.vps.models import Key

BUSY_AT_ONCE: Final = 8
"""Servers asked for in one busy round; more of them take turns."""
ITEMS_A_SECOND: Final = 200
"""How much the sweeps may ask for on average: a large fleet is swept more rarely."""
_REST: Final = 3.0
"""From one sweep to the next at least so many times as long as it took: a service that is slow, or
limits the rate, has time for others, and for what is to be written."""


class Turns:
    """Keeps count of what was asked for when. `idle` is in seconds; `chosen` is on the screen."""

    def __init__(
        self, store: Store, clock: Clock, idle: float, chosen: Callable[[], Key | None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._idle = idle
        self._chosen = chosen
        self._asked: tuple[Key | None, float] = (None, float("-inf"))
        self._swept = float("-inf")
        self._took = 0.0
        self._turn = 0

    def swept(self, took: float) -> None:
        """Everything has been asked for, within so many seconds."""
        self._swept = self._clock.monotonic()
        self._took = took

    def asked(self, key: Key) -> None:
        """One server has been asked for."""
        if key == self._chosen():
            self._asked = (key, self._clock.monotonic())

    def weight(self) -> float:
        """Seconds that reading all of the fleet may take."""
        totals = self._store.fleet.totals
        return (totals.servers + totals.used) / ITEMS_A_SECOND

    def rest(self) -> float:
        """Seconds from one sweep to the next at least, by how long it took."""
        return _REST * self._took

    def pace(self) -> float:
        """Seconds from one sweep to the next."""
        return max(self._idle, self.weight(), self.rest())

    def between(self) -> bool:
        """Whether there is anything to ask for between two sweeps."""
        return bool(self.busy()) or self.pace() > self._idle

    def next(self) -> Sequence[Key]:
        """The servers whose turn it is now: the chosen one where it is due, then busy ones."""
        busy = self.busy()
        if len(busy) > BUSY_AT_ONCE:
            start = self._turn % len(busy)
            self._turn = start + BUSY_AT_ONCE
            busy = [*busy, *busy][start : start + BUSY_AT_ONCE]
        key = self._chosen()
        asked, at = self._asked
        known = max(self._swept, at) if asked == key else self._swept
        if key is None or key in busy or self._clock.monotonic() - known < self._idle:
            return busy
        return [key, *busy]

    def busy(self) -> Sequence[Key]:
        """All servers on which the provider is at work."""
        fleet = self._store.fleet
        busy = {
            key: None
            for key, view in fleet.servers.items()
            if view.busy or view.server.status == "restoring"
        }
        return [*busy, *(key for key in fleet.operations if key not in busy)]
