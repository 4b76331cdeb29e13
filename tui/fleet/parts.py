"""A fleet while it is read: the first time it is shown as its pages come, believed in nothing."""

from __future__ import annotations

from typing import Final, Literal

from msgspec.structs import replace

from tui.fleet.clock import Clock
from tui.fleet.merge import merge_part
from tui.fleet.state import Reading
from tui.fleet.store import Store
from tui.vps.models import Listing, Part, Server, Snapshot

What = Literal["servers", "snapshots"]
_SOONEST: Final = 0.15
_SERVERS_A_SECOND: Final = 5_000
"""How often the screen is laid out anew while pages come: it takes longer as the fleet grows."""
_AT_ONCE: Final = 5_000
"""Items that are merged in one turn: a list that is not paged may bring all of them together."""


class Parts:
    """Merges the pages of one sweep as they come: the first at once, others a few times a second.

    They add and change, and remove nothing. Of a server that they bring it is not known yet which
    snapshots it has (`ServerView.partial`); the end of the sweep tells it. A pause is one of both
    lists, whichever was refused, and shown at once.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._asked_at = clock.monotonic()
        self._due = self._until = float("-inf")
        self._servers: list[Server] = []
        self._snapshots: list[Snapshot] = []
        self._of_servers = Reading("servers")

    def servers(self, part: Part[Server]) -> None:
        """Take a page of servers."""
        self._servers += part.items
        self._of_servers = _reading("servers", part)
        if not part.last:  # else the snapshots come now, and a short list is whole at once
            self._show(self._of_servers, part.pause)

    def snapshots(self, part: Part[Snapshot]) -> None:
        """Take a page of snapshots."""
        self._snapshots += part.items
        counted = self._of_servers.total is not None and not self._of_servers.done
        if not part.last:
            reading = self._of_servers if counted else _reading("snapshots", part)
            self._show(reading, part.pause)

    def _show(self, reading: Reading, pause: float) -> None:
        now = self._clock.monotonic()
        if pause:
            self._until = now + pause
        elif now < self._due:
            return
        store = self._store
        servers, self._servers = self._servers[:_AT_ONCE], self._servers[_AT_ONCE:]
        snapshots, self._snapshots = self._snapshots[:_AT_ONCE], self._snapshots[_AT_ONCE:]
        views = merge_part(
            store.fleet.servers,
            Listing(items=tuple(snapshots), settled=False),
            Listing(items=tuple(servers), settled=False),
            store.written_since(self._asked_at),
        )
        store.apply_views(views)
        if self._until > now:
            reading = replace(reading, until=self._until)
        # What went wrong before is over: it answers.
        fresh = replace(store.fleet.freshness, reading=reading, error=None, next_try=None)
        store.apply_freshness(fresh)
        self._due = now + max(_SOONEST, len(views) / _SERVERS_A_SECOND)


class Pauses:
    """Tells of a later sweep only that the service has it pause: what is known stays meanwhile."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def servers(self, part: Part[Server]) -> None:
        """Hear of a page of servers, or that the next one has to wait."""
        self._hear("servers", part)

    def snapshots(self, part: Part[Snapshot]) -> None:
        """Hear of a page of snapshots, or that the next one has to wait."""
        self._hear("snapshots", part)

    def _hear(self, what: What, part: Part[Server] | Part[Snapshot]) -> None:
        if part.pause:
            until = self._clock.monotonic() + part.pause
            reading = replace(_reading(what, part), until=until)
            self._store.apply_freshness(replace(self._store.fleet.freshness, reading=reading))


def _reading(what: What, part: Part[Server] | Part[Snapshot]) -> Reading:
    """How far a list has come with a page."""
    return Reading(what, part.received, part.total)
