"""How fast the lists of one service are asked for: its limit is one for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

Pause = Callable[[float], Awaitable[None]]
"""Waits for seconds."""


class Pace:
    """Shared by all lists of a service.

    Once it limits the rate, nothing is asked ahead, one page is asked for at a time, and nobody
    asks while one of them pauses, until the lists that were being read have ended. `pauses` and
    `paused` count those so far and their seconds; `heard` is told the seconds of each.
    """

    def __init__(self, pause: Pause = asyncio.sleep) -> None:
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
        """While a page is asked for in its turn."""
        if not self.limited:
            yield
            return
        async with self._turn:
            yield

    async def rest(self, seconds: float) -> None:
        """Ask for nothing for so long."""
        self.pauses += 1
        self.paused += seconds
        self.heard(seconds)
        async with self._turn:
            await self.wait(seconds)
