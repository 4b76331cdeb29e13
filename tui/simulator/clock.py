"""Virtual time: the simulated provider's clock runs faster than ours, or stands still."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

EARLIEST: Final = datetime(1000, 1, 1, tzinfo=UTC).timestamp()
LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
"""What can be told of time: dates have years of four digits. There it stands still."""


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
        return _told(self._base + (time.monotonic() - self._start) * self.speed)

    def told(self) -> float:
        """The present virtual second by the clock that clients are shown."""
        return _told(self.now() + self.skew)

    def advance(self, seconds: float) -> None:
        """Let virtual time pass at once."""
        self._base += seconds


def moment_of(text: str) -> float:
    """Seconds since 1970 of a time in ISO form, UTC where it has no zone. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def iso(moment: float) -> str:
    """A moment as the API writes it: ``2025-01-15T18:30:00Z``."""
    return _utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def compact(moment: float) -> str:
    """A moment for use in names: ``20250115-183000``."""
    return _utc(moment).strftime("%Y%m%d-%H%M%S")


def _utc(moment: float) -> datetime:
    return datetime.fromtimestamp(_told(moment), UTC)


def _told(moment: float) -> float:
    return min(max(moment, EARLIEST), LATEST)
