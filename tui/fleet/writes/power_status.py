"""The power of servers as it is seen: the provider shows no end of a power action but a status.

It is believed on two readings apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from typing import Final

from tui.fleet.clock import Clock
from tui.fleet.writes.operations import Operations
from tui.fleet.writes.preflight import Refused
from tui.fleet.writes.rules import stop_problem
from tui.vps.errors import Forbidden, NotFound, Rejected, VpsError
from tui.vps.models import Key, Server

PAUSE: Final = 10.0
"""Seconds between two readings of a status."""
PATIENCE: Final = 600.0
"""Seconds for which a stop or a start may go unseen before somebody is asked, or told."""


class PowerStatus:
    """Reads statuses, until the session is left."""

    def __init__(self, operations: Operations, clock: Clock) -> None:
        self._operations = operations
        self._clock = clock
        self._naps: set[asyncio.Future[None]] = set()
        self._leaving = False

    def leave(self) -> None:
        """End all waits, and let none begin."""
        self._leaving = True
        for nap in self._naps:
            nap.cancel()

    def stay(self) -> None:
        """Go no further where the session is left. Raises CancelledError."""
        if self._leaving:
            raise asyncio.CancelledError

    async def sleep(self, seconds: float) -> None:
        """Wait; cancelled where the session is left."""
        self.stay()
        nap = asyncio.ensure_future(self._clock.sleep(seconds))
        self._naps.add(nap)
        try:
            await nap
        finally:
            self._naps.discard(nap)
            nap.cancel()

    async def of(self, server: Server) -> str:
        """``active`` or ``stopped``. Raises Refused where neither can be seen."""
        try:
            status = (await self._operations.api.server(server.id)).status
        except (NotFound, Forbidden, Rejected) as error:
            raise Refused(f"the power of {server.name} cannot be seen: {error}") from error
        if problem := stop_problem(status):
            raise Refused(f"{server.name} is neither running nor stopped: {problem}")
        return status

    async def becomes(self, server_id: Key, wanted: str) -> bool:
        """Whether a status is believed before the patience ends."""
        return await self.steady(server_id, (wanted,)) == wanted

    async def steady(
        self,
        server_id: Key,
        wanted: Sequence[str] = ("active", "stopped"),
        within: float | None = None,
    ) -> str:
        """The first of the wanted statuses that is read twice, a pause apart; empty: none was.

        `within` is in seconds, the patience where it is None. There are two readings at least,
        however long they take.
        """
        end = self._clock.monotonic() + (PATIENCE if within is None else within)
        before = ""
        for reading in count(1):
            self.stay()
            status = ""
            with suppress(VpsError):
                status = (await self._operations.api.server(server_id)).status
            if status == before and status in wanted:
                return status
            before = status
            if reading > 1 and self._clock.monotonic() >= end:
                break
            await self.sleep(PAUSE)
        return ""
