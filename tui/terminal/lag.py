"""How late the event loop is (``--debug``): figures for whoever finds the screen slow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

STALL: Final = 0.05
"""Seconds of lateness that can be felt: those are logged."""
_BEAT: Final = 0.05
_BEATS_TOLD: Final = 20
log = logging.getLogger(__name__)


class Lag:
    """Measures how late a timer wakes. `tell` gets a line about once a second, where it differs."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.longest = 0.0
        self.stalls = 0
        self._tell = tell
        self._told = ""

    async def measure(self) -> None:
        """Measure until cancelled, and sum up in the log."""
        try:
            while True:
                late = max([await self._beat() for _ in range(_BEATS_TOLD)])
                self._say(f"lag {_ms(late)} · most {_ms(self.longest)}")
        finally:
            log.warning(
                "event loop: held up for %s at most, %d times for more than %s",
                *(_ms(self.longest), self.stalls, _ms(STALL)),
            )

    async def _beat(self) -> float:
        loop = asyncio.get_running_loop()
        due = loop.time() + _BEAT
        await asyncio.sleep(_BEAT)
        late = max(0.0, loop.time() - due)
        self.longest = max(self.longest, late)
        if late >= STALL:
            self.stalls += 1
            log.warning("event loop: held up for %s", _ms(late))
        return late

    def _say(self, words: str) -> None:
        if words != self._told:
            self._told = words
            self._tell(words)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
