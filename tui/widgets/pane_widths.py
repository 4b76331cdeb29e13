"""How the two panes share the screen: names are whole where there is room for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tui.fleet.state import ServerView
from tui.vps.models import Key
from tui.widgets.server_list import BASE_WIDTH
from tui.widgets.snapshot_table import FIXED_WIDTH

TINY_BELOW: Final = 72
NARROW_BELOW: Final = 90
LARGE_FROM: Final = 140
_LEAST: Final = 40
"""Cells of the servers' pane at least, from `NARROW_BELOW` on."""
_LEAST_TABLE: Final = 52
"""Cells of the table at least, where the servers' rows have a strip of days."""
_LONGEST: Final = 40
"""Cells that a name is given at most."""


class Longest:
    """The longest names of a fleet, in cells. They only grow, so that columns stay in place."""

    def __init__(self) -> None:
        self.server = 0
        self.snapshot = 0
        self._seen: Mapping[Key, ServerView] = {}

    def measure(self, servers: Mapping[Key, ServerView]) -> bool:
        """Look at the servers that are new or have changed; whether a name is longer than all."""
        if servers is self._seen:
            return False
        before, seen = (self.server, self.snapshot), self._seen
        for key, view in servers.items():
            if seen.get(key) is not view:
                status = view.server.status
                state = 0 if status in ("active", "") else len(status) + 1
                self.server = max(self.server, len(view.server.name) + state)
                for snapshot in view.snapshots:
                    self.snapshot = max(self.snapshot, len(snapshot.name))
        self._seen = servers
        self.server, self.snapshot = min(self.server, _LONGEST), min(self.snapshot, _LONGEST)
        return (self.server, self.snapshot) != before


def servers_width(total: int, server: int, snapshot: int, extras: Sequence[int]) -> int:
    """Cells of the servers' pane on a screen `total` wide, for names as long as given.

    `extras` are the cells of the columns that a large screen adds, the first before the next.
    """
    if total < TINY_BELOW:
        return 28
    if total < NARROW_BELOW:
        return 34
    wanted, table = BASE_WIDTH + server, FIXED_WIDTH + max(12, snapshot)
    if total < LARGE_FROM:
        return max(_LEAST, min(wanted, total - table))
    first = min(wanted + extras[0], total - _LEAST_TABLE)
    for more in extras:
        if wanted + more > total - table:
            break
        wanted += more
    return max(first, wanted)
