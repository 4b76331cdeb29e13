"""How the two panes share the screen: names are whole where there is room for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from tui.fleet.state import ServerView
from tui.vps.models import Key
from tui.widgets.server_list import BASE_WIDTH, Extras, wide_columns
from tui.widgets.snapshot_table import COMPACT_WIDTH, DESCRIPTION_WIDTH, FIXED_WIDTH
from tui.widgets.timeline import SHORT_STRIP_DAYS, STRIP_DAYS

TINY_BELOW: Final = 72
NARROW_BELOW: Final = 90
LARGE_FROM: Final = 140
_LEAST: Final = 40
"""Cells of the servers' pane at least, from `NARROW_BELOW` on."""
_LEAST_TABLE: Final = 52
"""Cells of the table at least, where the servers' rows have a strip of days."""
_LONGEST: Final = 40
"""Cells that a name is given at most."""
_LEAST_NAME: Final = wide_columns(Extras())[0].min_width
_LEAST_LOCATION, _LONGEST_LOCATION = 10, 16
"""Cells of a location; the heading needs ten, with the arrow of the order."""


class Longest:
    """The longest names and locations of a fleet, in cells.

    They only grow, so that columns stay in place.
    """

    def __init__(self) -> None:
        self.server = 0
        self.snapshot = 0
        self.location = 0
        self._seen: Mapping[Key, ServerView] = {}

    def measure(self, servers: Mapping[Key, ServerView]) -> bool:
        """Look at the servers that are new or have changed; whether one is longer than all."""
        if servers is self._seen:
            return False
        before, seen = (self.server, self.snapshot, self.location), self._seen
        for key, view in servers.items():
            if seen.get(key) is not view:
                status = view.server.status
                state = 0 if status in ("active", "") else len(status) + 1
                self.server = max(self.server, len(view.server.name) + state)
                self.location = max(self.location, len(view.server.location))
                for snapshot in view.snapshots:
                    self.snapshot = max(self.snapshot, len(snapshot.name))
        self._seen = servers
        self.server, self.snapshot = min(self.server, _LONGEST), min(self.snapshot, _LONGEST)
        self.location = min(self.location, _LONGEST_LOCATION)
        return (self.server, self.snapshot, self.location) != before


class Share(msgspec.Struct, frozen=True):
    """Cells of the servers' pane, and how wide what it has beside the names is."""

    width: int
    extras: Extras


def share(total: int, longest: Longest, *, backups: bool) -> Share:
    """The servers' part of a screen `total` wide.

    Names are whole where they can be; then come, as far as there is room, a strip of days, the
    location, backups, the address, the table's description, more days, and the state.
    """
    server, table = max(_LEAST_NAME, longest.server), FIXED_WIDTH + max(12, longest.snapshot)
    extras = Extras(STRIP_DAYS, max(_LEAST_LOCATION, longest.location), backups)
    if total < TINY_BELOW:
        return Share(28, extras)
    if total < NARROW_BELOW:
        return Share(34, extras)
    wanted = BASE_WIDTH + server
    if total < LARGE_FROM:
        return Share(max(_LEAST, min(wanted, total - table)), extras)
    widths = {c.key: c.width + c.gap for c in wide_columns(extras)}
    more_days = widths["more days"] = STRIP_DAYS - SHORT_STRIP_DAYS
    whole, described = total - table, total - table - DESCRIPTION_WIDTH
    rooms = {  # up to how many cells each is added, the first before the next
        "location": total - max(_LEAST_TABLE, COMPACT_WIDTH + longest.snapshot),
        "backup": whole,
        "address": whole,
        "more days": described,
        "status": described,
    }
    wanted += widths["days"] - more_days
    added = []
    for key in filter(widths.__contains__, rooms):
        if wanted + widths[key] > rooms[key]:
            break
        wanted += widths[key]
        added.append(key)
    if not added and wanted + more_days <= total - _LEAST_TABLE:
        return Share(wanted + more_days, extras)
    days = STRIP_DAYS if "more days" in added else SHORT_STRIP_DAYS
    return Share(wanted, replace(extras, days=days))
