"""Settling: asking for just the servers on which something is open, until it has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tui.fleet.clock import Clock
from tui.fleet.operation import Kind, Operation, State
from tui.fleet.state import Sighting
from tui.fleet.writes.preflight import Reader, shown_status
from tui.fleet.writes.tracker import Tracker
from tui.vps.models import Key

PACE: Final = 10.0
"""Seconds between two looks while settling is waited for."""
_SEEN: Final = (State.UNKNOWN, State.ACCEPTED)
"""States of which a list can tell more."""


class Settler:
    """Reads by `reader`, and has a tracker weigh what it read."""

    def __init__(self, tracker: Tracker, reader: Callable[[], Reader], clock: Clock) -> None:
        self._tracker = tracker
        self._reader = reader
        self._clock = clock

    async def settle(
        self,
        server_id: Key | None = None,
        *,
        wait: float = 0.0,
        told: Callable[[Sequence[Operation]], None] = lambda left: None,
    ) -> Sequence[Operation]:
        """Settle what is open, of one server or of all; look for at most `wait` seconds more.

        What has ended without proof is looked at once more. `told` hears after each look what is
        open still, and that is returned. Raises VpsError.
        """
        end = self._clock.monotonic() + wait
        await self._tracker.refresh()
        doubtful = [o for o in self._tracker.doubtful() if server_id in (None, o.server_id)]
        while True:
            asked = [*self._left(server_id), *doubtful]
            restored = {o.server_id for o in asked if o.kind is Kind.RESTORE}
            for key in dict.fromkeys(operation.server_id for operation in asked):
                await self._look(key, shown=key in restored)
            doubtful = []
            left = self._left(server_id)
            told(left)
            pause = min(PACE, end - self._clock.monotonic())
            if not left or pause <= 0:
                return left
            await self._clock.sleep(pause)

    def _left(self, server_id: Key | None) -> Sequence[Operation]:
        return [
            operation
            for operation in self._tracker.running()
            if operation.state in _SEEN and server_id in (None, operation.server_id)
        ]

    async def _look(self, key: Key, *, shown: bool) -> None:
        """Read one server's snapshots, and with `shown` its status, for what was restored."""
        asked_at = self._clock.monotonic()
        reader = self._reader()
        listing = await reader.snapshots(key)
        statuses = {key: await shown_status(reader, key)} if shown else {}
        await self._tracker.observe(Sighting.of(listing, asked_at, statuses))
