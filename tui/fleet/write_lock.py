"""Whether writing is allowed now: read-only for good, or locked until unlocked for a while."""

from __future__ import annotations

from tui.fleet.clock import Clock


class WriteLock:
    """Says why a write is refused, or None. Asked by the client for every request that writes.

    An unlocked lock closes by itself `minutes` after it was opened or last used.
    """

    def __init__(self, clock: Clock, *, read_only: bool, locked: bool, minutes: float) -> None:
        self.read_only = read_only
        self._clock = clock
        self._seconds = minutes * 60
        self._timed = locked
        self._open_until = 0.0

    def reason(self) -> str | None:
        """Why nothing may be written now, in one sentence; None when it may."""
        if self.read_only:
            return "read-only: nothing can be changed"
        if self._timed and self.remaining() <= 0:
            return "writing is locked"
        return None

    @property
    def locked(self) -> bool:
        """Whether writing is off now."""
        return self.reason() is not None

    def remaining(self) -> float:
        """Seconds until it locks again by itself; 0 where it is locked or no time was set."""
        return max(0.0, self._open_until - self._clock.monotonic()) if self._timed else 0.0

    def toggle(self) -> None:
        """Lock at once, or unlock for the set time."""
        if self.locked:
            self._open_until = self._clock.monotonic() + self._seconds
        else:
            self._timed, self._open_until = True, 0.0

    def ask(self) -> str | None:
        """The reason not to send a write now; where there is none, the set time starts anew."""
        reason = self.reason()
        if reason is None and self._timed:
            self._open_until = self._clock.monotonic() + self._seconds
        return reason
