"""Virtual time: the simulated provider's clock runs faster than ours, or stands still."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class VirtualClock:
    """Seconds since 1970 in the simulated world: `base` + real seconds × `speed`.

    With a `speed` of 0 it stands still until `advance`. `skew` shifts only what is told to
    clients, as a service with a wrong clock would.
    """

    def __init__(self, speed: float = 1.0, base: float | None = None) -> None:
        self.speed = speed
        self.skew = 0.0
        self._base = time.time() if base is None else base
        self._start = time.monotonic()

    def now(self) -> float:
        """The present virtual second."""
        return self._base + (time.monotonic() - self._start) * self.speed

    def told(self) -> float:
        """The present virtual second by the clock that clients are shown."""
        return self.now() + self.skew

    def advance(self, seconds: float) -> None:
        """Let virtual time pass at once."""
        self._base += seconds


def iso(moment: float) -> str:
    """A moment as the API writes it: ``2025-01-15T18:30:00Z``."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
