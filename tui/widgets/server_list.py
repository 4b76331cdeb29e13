"""The server list: a name, a usage bar and the age of the newest completed snapshot each."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import UTC, datetime

from tui.fleet.operation import Kind
from tui.fleet.state import Fleet, ServerView
from tui.text import short_age
from tui.widgets.glyphs import Glyphs
from tui.widgets.row_columns import Cell, Cells, Column
from tui.widgets.row_list import RowList
from tui.widgets.usage_bar import usage_cells, usage_word

COLUMNS = (
    Column("name", "Name", min_width=8),
    Column("slots", "Slots", width=5),
    Column("use", "", width=9, priority=1),
    Column("age", "Newest", width=6, align="right"),
)


class ServerList(RowList[ServerView]):
    """Rows are server views; which operation runs on them comes with the fleet."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(COLUMNS, glyphs=glyphs, id=id, classes="pane")
        self._fleet = Fleet()
        self._now = datetime.now(UTC)

    def show(self, rows: Sequence[ServerView], fleet: Fleet, now: datetime) -> None:
        """Take over new rows, the fleet they belong to, and the service's present time."""
        self._fleet, self._now = fleet, now
        self.set_rows(rows)
        self.refresh_cells()

    def tick(self, now: datetime) -> None:
        """Let time pass in the cells that show it."""
        self._now = now
        self.refresh_cells()

    def row_key(self, row: ServerView) -> Hashable:
        """The server's id."""
        return row.server.id

    def row_cells(self, row: ServerView) -> Sequence[Cells]:
        """Name, bar, word, age."""
        newest = row.newest_completed
        age = short_age(newest.created_at if newest else None, self._now)
        return (
            Cell(row.server.name, "" if row.server.status in ("active", "") else "dim"),
            usage_cells(row.used, row.busy, row.failed, self.glyphs),
            self._word(row),
            Cell(age, "dim"),
        )

    def _word(self, row: ServerView) -> Cell:
        """What most needs to be known of the server, in one word."""
        operation = self._fleet.operations.get(row.server.id)
        if self._fleet.restoring(row.server.id):
            return Cell("restoring", "busy")
        if operation is not None and operation.kind is Kind.DELETE:
            return Cell("deleting", "busy")
        if row.server.status not in ("active", "restoring", "", "stopped"):
            return Cell(row.server.status[:9], "warn")
        return usage_word(row.used, row.busy, row.failed)
