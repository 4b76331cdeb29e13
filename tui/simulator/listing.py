"""Lists of snapshots, kept while they hold: a page of 50,000 is not gathered anew each time."""

from __future__ import annotations

from dataclasses import dataclass

from tui.simulator.objects import NEVER, Account, SimSnapshot

Stamp = tuple[int, int]
"""Another one means that something has come or gone since."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What is listed now, newest first, and the moment when that changes by itself."""

    items: list[SimSnapshot]
    until: float
    stamp: Stamp


class SnapshotLists:
    """The list of each account as it was last asked for."""

    def __init__(self) -> None:
        self._kept: dict[str, Listed] = {}

    def of(
        self, account: Account, source: dict[int, SimSnapshot], now: float, stamp: Stamp
    ) -> list[SimSnapshot]:
        """The snapshots of an account among all there are; the list is not to be changed."""
        kept = self._kept.get(account.email)
        if kept is None or kept.stamp != stamp or now >= kept.until:
            kept = self._kept[account.email] = listed(account, source, now, stamp)
        return kept.items


def listed(
    account: Account, source: dict[int, SimSnapshot], now: float, stamp: Stamp = (0, 0)
) -> Listed:
    """Gather the list."""
    items, until = [], NEVER
    for snapshot in reversed(source.values()):
        if snapshot.server.account is account:
            if snapshot.listed_at <= now < snapshot.gone_at:
                items.append(snapshot)
            for moment in (snapshot.listed_at, snapshot.gone_at):
                if now < moment < until:
                    until = moment
    return Listed(items, until, stamp)
