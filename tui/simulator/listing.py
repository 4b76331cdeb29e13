"""What an account is shown of a world, kept while it holds: pages of 50,000 are gathered once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from tui.simulator.objects import NEVER, Account, SimBackup, SimServer, SimSnapshot

if TYPE_CHECKING:
    from tui.simulator.world import World

T = TypeVar("T")
Stamp = tuple[int, int]
"""The number of changes and of things; another one means that the list may be another."""


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    """A list as it was gathered, and the moment when it changes by itself."""

    items: list[T]
    stamp: Stamp
    until: float = NEVER


class Lists:
    """The lists of a world. None that is given is to be changed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._servers: dict[str, _Kept[SimServer]] = {}
        self._snapshots: dict[str, _Kept[SimSnapshot]] = {}

    def servers(self, account: Account) -> list[SimServer]:
        """All servers of an account, oldest first."""
        world = self._world
        stamp = (world.changes, len(world.servers))
        kept = self._servers.get(account.email)
        if kept is None or kept.stamp != stamp:
            found = [s for s in world.servers.values() if s.account is account]
            kept = self._servers[account.email] = _Kept(found, stamp)
        return kept.items

    def snapshots(self, account: Account, server: SimServer | None = None) -> list[SimSnapshot]:
        """All snapshots of an account or of one server, the last made first."""
        world, now = self._world, self._world.clock.now()
        if server is not None:
            own = reversed(world.by_server[server.id].values())
            return [s for s in own if server.account is account and s.listed_at <= now < s.gone_at]
        stamp = (world.changes, len(world.snapshots))
        kept = self._snapshots.get(account.email)
        if kept is None or kept.stamp != stamp or now >= kept.until:
            mine = (s for s in reversed(world.snapshots.values()) if s.server.account is account)
            kept = self._snapshots[account.email] = _gather(mine, now, stamp)
        return kept.items

    def backups(
        self, account: Account, server: SimServer | None, kind: str | None
    ) -> list[SimBackup]:
        """All backups of an account, newest first, or of one server or kind."""
        found = (
            b
            for b in self._world.backups.values()
            if b.server.account is account
            and (server is None or b.server is server)
            and (kind is None or b.kind == kind)
        )
        return sorted(found, key=lambda b: b.created_at, reverse=True)


def _gather(mine: Iterable[SimSnapshot], now: float, stamp: Stamp) -> _Kept[SimSnapshot]:
    items, until = [], NEVER
    for snapshot in mine:
        if snapshot.listed_at <= now < snapshot.gone_at:
            items.append(snapshot)
        for moment in (snapshot.listed_at, snapshot.gone_at):
            if now < moment < until:
                until = moment
    return _Kept(items, stamp, until)
