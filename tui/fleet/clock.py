"""Time, injected: everything that waits or measures gets a `Clock`, so that tests own time."""

from __future__ import annotations

import asyncio
import time
from typing import Final, Protocol

_BOOTTIME: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """A source of time and of waiting."""

    def monotonic(self) -> float:
        """Seconds that only grow; for durations."""
        ...

    def wall(self) -> float:
        """Seconds since 1970 UTC by this machine's clock; for records."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; ends early only by cancellation."""
        ...


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Seconds that only grow, those of a suspended machine included where it can tell."""
        return time.clock_gettime(_BOOTTIME)

    def wall(self) -> float:
        """Seconds since 1970 UTC."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait on the running event loop."""
        await asyncio.sleep(seconds)
