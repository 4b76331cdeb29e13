"""A poor line: what goes through it comes later, in order, and now and then much later."""

from __future__ import annotations

import os
import random
import time
from collections import deque
from collections.abc import Mapping, Sequence

from tests.helpers.pty import Terminal

SEGMENT = 1_460
"""Bytes that are lost and sent again together."""


class Way:
    """One direction of a line: `seconds` long, and of each segment the share `loss` is lost.

    What is lost comes after a `stall` of so many seconds, and all that left later waits for it.
    """

    def __init__(
        self,
        seconds: float,
        loss: float = 0.0,
        stall: tuple[float, float] = (0.6, 1.2),
        seed: int = 0,
    ) -> None:
        self._seconds = seconds
        self._loss = loss
        self._stall = stall
        self._chance = random.Random(seed)
        self._last = 0.0
        self.stalls = 0

    def arrival(self, size: int, now: float) -> float:
        """When so many bytes arrive that leave now."""
        arrives = now + self._seconds
        if self._chance.random() > (1 - self._loss) ** -(-size // SEGMENT):
            self.stalls += 1
            arrives += self._chance.uniform(*self._stall)
        self._last = max(self._last, arrives)
        return self._last


class FarTerminal(Terminal):
    """A terminal at the far end of such a line, as one is over ssh."""

    def __init__(
        self, argv: Sequence[str], environ: Mapping[str, str], there: Way, back: Way
    ) -> None:
        self.there, self.back = there, back
        self._going: deque[tuple[float, bytes]] = deque()
        self._coming: deque[tuple[float, bytes]] = deque()
        super().__init__(argv, environ)
        self.answer_after(0.0)

    @property
    def stalls(self) -> int:
        """How often the line has stalled so far."""
        return self.there.stalls + self.back.stalls

    def send_bytes(self, data: bytes) -> None:
        now = time.monotonic()
        self._going.append((self.there.arrival(len(data), now), data))

    def take(self, seconds: float) -> bytes:
        """What arrives here within a moment; what has arrived there is typed meanwhile."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) <= end:
            while self._going and self._going[0][0] <= now:
                os.write(self.master, self._going.popleft()[1])
            if self._coming and self._coming[0][0] <= now:
                return self._coming.popleft()[1]
            due = min([end, *(queue[0][0] for queue in (self._going, self._coming) if queue)])
            if data := super().take(max(0.0, due - now)):
                now = time.monotonic()
                self._coming.append((self.back.arrival(len(data), now), data))
        return b""

    def shown_after(self, keys: str, text: str, seconds: float = 30.0) -> float:
        """Press keys; the seconds until their effect is on the screen."""
        pressed = time.monotonic()
        self.send(keys)
        self.until(text, seconds)
        return time.monotonic() - pressed
