"""The list of what changed in the fleet, newest first."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import UTC, datetime

from rich.cells import cell_len

from tui.fleet.changes import FleetChange, Happened
from tui.text import duration
from tui.widgets.glyphs import Glyphs
from tui.widgets.row_columns import Cell, Cells, Column
from tui.widgets.row_list import RowList

COLUMNS = (
    Column("day", "Day", width=10),
    Column("time", "Time", width=5),
    Column("what", "What", min_width=18),
    Column("server", "Server", min_width=12),
    Column("took", "Took", width=7, align="right", priority=1),
    Column("by", "By", width=19, priority=2),
)

_SIGN = 2
"""Cells of the sign before what happened."""


class ActivityList(RowList[FleetChange]):
    """Rows are changes; a day is named once, where it begins."""

    def __init__(self, glyphs: Glyphs, *, local: bool, id: str) -> None:
        super().__init__(COLUMNS, glyphs=glyphs, id=id, classes="pane")
        self._days: dict[Hashable, str] = {}
        self._local = local

    def show(self, rows: Sequence[FleetChange]) -> None:
        """Take over new rows, the newest first."""
        self._days, last = {}, ""
        for row in rows:
            day = day_of(row, local=self._local)
            self._days[self.row_key(row)] = "" if day == last else day
            last = day
        self.want(
            {
                "what": max((cell_len(row.short) for row in rows), default=0) + _SIGN,
                "server": max((cell_len(row.server_name) for row in rows), default=0),
            }
        )
        self.set_rows(rows)

    def row_key(self, row: FleetChange) -> Hashable:
        """What happened to which, and when."""
        return row.kind, row.server_id, row.snapshot_id, row.at

    def row_cells(self, row: FleetChange) -> Sequence[Cells]:
        """Day and time, what, where, how long it took, by whom."""
        took = row.took
        return (
            Cell(self._days.get(self.row_key(row), ""), "dim"),
            Cell(_moment(row, local=self._local).strftime("%H:%M"), "dim"),
            self._what(row),
            Cell(row.server_name),
            Cell("" if took is None else duration(took), "dim"),
            Cell(row.by, "dim" if row.ours else ""),
        )

    def _what(self, row: FleetChange) -> Cell:
        g = self.glyphs
        match row.kind:
            case Happened.FAILED:
                return Cell(f"{g.failed} {row.short}", "failed")
            case Happened.COMPLETED:
                return Cell(f"{g.completed} {row.short}", "dim")
            case Happened.VANISHED:
                return Cell(f"{g.dash} {row.short}", "warn")
            case Happened.FULL | Happened.STALE | Happened.OVERDUE | Happened.REFUSED:
                return Cell(f"{g.unknown} {row.what}", "warn")
            case Happened.RECOVERED:
                return Cell(f"{g.completed} {row.what}", "dim")
        return Cell(f"+ {row.short}")


def day_of(row: FleetChange, *, local: bool) -> str:
    """The day of a change: ``2025-01-22``."""
    return _moment(row, local=local).date().isoformat()


def _moment(row: FleetChange, *, local: bool) -> datetime:
    return datetime.fromtimestamp(row.when, None if local else UTC)
