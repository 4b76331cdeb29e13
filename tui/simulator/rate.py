"""A rate limit for each token, counted as Django REST framework counts: a sliding window."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable


class Rate:
    """At most `requests` in any `seconds`; refused requests do not count.

    The seconds are real ones, not the world's: a client waits by its own clock.
    """

    def __init__(
        self, requests: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.requests = requests
        self.seconds = seconds
        self._clock = clock
        self._history: dict[str, deque[float]] = {}

    def wait(self, token: str) -> float | None:
        """Let a request in (None), or the seconds until one will be."""
        now = self._clock()
        history = self._history.setdefault(token, deque())
        while history and history[0] <= now - self.seconds:
            history.popleft()
        if len(history) >= self.requests:
            return self.seconds - (now - history[0]) if history else self.seconds
        history.append(now)
        return None
