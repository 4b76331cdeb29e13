"""Time, injected: everything that waits or measures gets a `Clock`, so that tests own time."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final, Protocol

import msgspec

_BOOTTIME: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """A source of time and of waiting."""

    def monotonic(self) -> float:
        """Seconds that only grow; for durations."""
        ...

    def awake(self) -> float:
        """The same without those of a suspended machine; for how long others took to answer."""
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

    def awake(self) -> float:
        """Seconds that only grow while the machine is not suspended."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970 UTC."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait on the running event loop."""
        import asyncio

        await asyncio.sleep(seconds)


def _boot() -> str:
    """Which run of this machine it is; one of this process alone where that cannot be told."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return os.urandom(8).hex()


_BOOT: Final = _boot()


class Moment(msgspec.Struct, frozen=True):
    """An instant that another process can compare with its own.

    `monotonic` counts within the run of the machine that `boot` names; `wall` is in seconds since
    1970 and serves only where that was another run.
    """

    boot: str
    monotonic: float
    wall: float

    def since(self, earlier: Moment) -> float:
        """Seconds since `earlier`, never shortened or lengthened by a clock that is set."""
        if self.boot == earlier.boot:
            return max(0.0, self.monotonic - earlier.monotonic)
        return max(0.0, self.wall - earlier.wall)


class Moments:
    """Makes moments by a clock, for a world that runs `pace` times as fast as ours."""

    def __init__(self, clock: Clock, pace: float = 1.0) -> None:
        self._clock = clock
        self._pace = pace

    def at(self, monotonic: float | None = None) -> Moment:
        """The present, or the earlier instant `monotonic` of this machine's run."""
        now = self._clock.monotonic()
        then = now if monotonic is None else monotonic
        return Moment(_BOOT, then * self._pace, self._clock.wall() - (now - then))
