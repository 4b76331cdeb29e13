"""Time that the tests own."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

from tui.fleet.clock import SystemClock


class FakeClock:
    """A clock that all but stands still until `advance`; sleepers wake in order of their times."""

    def __init__(self, wall: float = 1_737_500_000.0) -> None:
        self._now = 1_000.0
        self._asleep = 0.0
        self._wall = wall
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    def monotonic(self) -> float:
        self._now += 1e-6  # no two instants are the same, as on a real clock
        return self._now

    def awake(self) -> float:
        return self._now - self._asleep

    def wall(self) -> float:
        return self._wall + self._now - 1_000.0

    def set_back(self, seconds: float) -> None:
        """The machine's wall clock is set back; monotonic time is not touched."""
        self._wall -= seconds

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._count), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let time pass, waking every sleeper at its own instant, and settle in between."""
        end = self._now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not future.done():
                future.set_result(None)
            await settle()
        self._now = end
        await settle()

    async def jump(self, seconds: float) -> None:
        """Time passes while the machine is suspended: sleepers wake late, all at once."""
        self._now += seconds
        self._asleep += seconds
        await self.advance(0)


class LaterClock(SystemClock):
    """The machine's clock, so many seconds `later`."""

    later = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.later

    def wall(self) -> float:
        return super().wall() + self.later


async def eventually(condition: Callable[[], object]) -> None:
    """Wait until something holds that other tasks and threads bring about."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.002)


async def settle(turns: int = 30) -> None:
    """Let every task that can run do so."""
    for _ in range(turns):
        await asyncio.sleep(0)
