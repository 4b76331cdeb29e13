"""The server list: a name, a usage bar and the age of the newest completed snapshot each."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import UTC, datetime

from tui.fleet.operation import State
from tui.fleet.queries import Arrangement
from tui.fleet.state import Fleet, ServerView
from tui.text import short_age
from tui.widgets.glyphs import Glyphs
from tui.widgets.row_columns import Cell, Cells, Column
from tui.widgets.row_list import RowList
from tui.widgets.usage_bar import usage_cells, usage_word

COLUMNS = (
    Column("name", "Name", min_width=10),
    Column("slots", "Slots", width=5),
    Column("use", "", width=4, priority=2, gap=1),
    Column("age", "Age", width=4, align="right", priority=1, gap=1),
)


class ServerList(RowList[ServerView]):
    """Rows are server views; which operation runs on them comes with the fleet."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(COLUMNS, glyphs=glyphs, id=id, classes="pane")
        self.arrangement = Arrangement("name")
        self._fleet = Fleet()
        self._now = datetime.now(UTC)

    def show(self, rows: Sequence[ServerView], fleet: Fleet, now: datetime) -> None:
        """Take over new rows, the fleet they belong to, and the service's present time."""
        self._fleet, self._now = fleet, now
        self.set_rows(rows)

    def tick(self, now: datetime) -> None:
        """Let time pass in the cells that show it."""
        self._now = now
        self.refresh_cells()

    def row_key(self, row: ServerView) -> Hashable:
        """The server's id."""
        return row.server.id

    def row_cells(self, row: ServerView) -> Sequence[Cells]:
        """Name and state, bar, word, age of the newest completed snapshot."""
        if row.partial:  # how many there are, and how old the newest is, is not known yet
            unknown = Cell(self.glyphs.ellipsis, "dim")
            return self._name_cells(row), unknown, Cell(""), unknown
        newest = row.newest_completed
        age = short_age(newest.created_at if newest else None, self._now)
        return (
            self._name_cells(row),
            usage_cells(row.used, row.busy, row.failed, self.glyphs),
            usage_word(row.used, row.busy, row.failed),
            Cell(age, "dim"),
        )

    def _name_cells(self, row: ServerView) -> Cells:
        """The name, and what most needs to be known of the server where it is not just running."""
        name, status = row.server.name, row.server.status
        operation = self._fleet.operations.get(row.server.id)
        if self._fleet.restoring(row.server.id):
            return Cell(name), Cell(f" {self.glyphs.busy} restoring", "busy")
        if operation is not None and operation.state is State.UNKNOWN:
            return Cell(name), Cell(f" {self.glyphs.unknown} checking", "warn")
        if status in ("active", ""):
            return Cell(name)
        return Cell(name, "dim"), Cell(f" {status}", "dim" if status == "stopped" else "warn")
