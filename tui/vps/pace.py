"""How fast the lists of one service are asked for: its limit is one for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

Pause = Callable[[float], Awaitable[None]]
"""Waits for seconds."""
NAP: Final = 5.0
"""Longest single wait in seconds. Timers stand still while a machine is suspended and its clock
does not, so this is how long after waking it is noticed that a wait came to its end meanwhile."""


def pause_by(clock: Callable[[], float]) -> Pause:
    """What waits until so many seconds have passed by a `clock`."""

    async def pause(seconds: float) -> None:
        end, left = clock() + seconds, seconds
        while left > 0:
            await asyncio.sleep(min(left, NAP))
            left = end - clock()

    return pause


class Pace:
    """Shared by all lists of a service.

    Once it limits the rate, nothing is asked ahead, one page is asked for at a time, and no list
    goes on while one of them pauses, until those that were being read have ended. A list begins
    whatever the others do: a write may wait for it. `pauses` and `paused` count those so far and
    their seconds; `heard` is told the seconds of each.
    """

    def __init__(self, pause: Pause) -> None:
        self.wait = pause
        self._turn = asyncio.Lock()
        self._lists = 0
        self.limited = False
        self.pauses = 0
        self.paused = 0.0
        self.heard: Callable[[float], None] = lambda seconds: None

    @contextmanager
    def list(self) -> Iterator[None]:
        """While a list is read."""
        self._lists += 1
        try:
            yield
        finally:
            self._lists -= 1
            self.limited = self.limited and bool(self._lists)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """While a page that is not the first one is asked for in its turn."""
        if not self.limited:
            yield
            return
        async with self._turn:
            yield

    async def rest(self, seconds: float, answered: Callable[[], Awaitable[None]]) -> None:
        """Have no list go on for so long, once what was asked ahead has been `answered`."""
        self.limited = True
        self.pauses += 1
        self.paused += seconds
        self.heard(seconds)
        async with self._turn:
            await answered()
            await self.wait(seconds)
