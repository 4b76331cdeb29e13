"""The server list: a name, a usage bar and the age of the newest completed snapshot each."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import UTC, datetime
from typing import Final

from textual.events import Resize

from tui.fleet.operation import State
from tui.fleet.queries import Arrangement
from tui.fleet.state import Fleet, ServerView
from tui.text import short_age
from tui.widgets.glyphs import Glyphs
from tui.widgets.row_columns import Cell, Cells, Column
from tui.widgets.row_list import RowList
from tui.widgets.usage_bar import usage_cells, usage_word

COLUMNS = (
    Column("name", "Name", min_width=10, keep_end=True),
    Column("status", "State", width=11, priority=6),
    Column("address", "Address", width=15, priority=7),
    Column("location", "Location", width=14, priority=8),
    Column("slots", "Slots", width=5, priority=2),
    Column("use", "", width=4, gap=1),
    Column("age", "Newest", width=8, align="right", gap=1),
)
NARROW = (
    Column("name", "Name", min_width=8, keep_end=True),
    Column("slots", "Use", width=4, gap=1),
    Column("age", "Age", width=5, align="right", gap=1),
)
"""Without the bar: a name is worth more than a second way to show the same figure."""
_NARROW_BELOW: Final = 38
_RUNNING: Final = ("active", "")
_MORE: Final = 6
"""Cells of frame, scroll bar and gutter."""
BASE_WIDTH: Final = _MORE + sum(c.width + c.gap for c in COLUMNS[4:])
"""Cells of the list with its least columns, without those of the name."""
EXTRA_WIDTH: Final = sum(c.width + c.gap for c in COLUMNS[1:4])
"""Cells of the columns that a large screen adds."""


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

    def on_resize(self, event: Resize) -> None:
        """Leave out what there is no room for."""
        narrow = event.size.width < _NARROW_BELOW
        self.set_columns(NARROW if narrow else COLUMNS)
        super().on_resize(event)

    def tick(self, now: datetime) -> None:
        """Let time pass in the cells that show it."""
        self._now = now
        self.refresh_cells()

    def row_key(self, row: ServerView) -> Hashable:
        """The server's id."""
        return row.server.id

    def row_cells(self, row: ServerView) -> Sequence[Cells]:
        """Name and state, what is used, age of the newest completed snapshot."""
        newest = row.newest_completed
        age = short_age(newest.created_at if newest else None, self._now)
        use = usage_word(row.used, row.busy, row.failed, self.glyphs)
        server, state = row.server, self._state(row)
        bar: Cells = usage_cells(row.used, row.busy, row.failed, self.glyphs)
        if row.partial:  # how many there are, and how old the newest is, is not known yet
            bar = use = Cell(self.glyphs.ellipsis, "dim")
            age = self.glyphs.ellipsis
        name = Cell(server.name, "" if server.status in _RUNNING else "dim")
        if self._columns is NARROW:
            return self._with_state(name, state), use, Cell(age, "dim")
        apart = "status" in self.shown_columns
        return (
            name if apart else self._with_state(name, state),
            state or Cell(server.status, "dim"),
            Cell(server.address, "dim"),
            Cell(server.location, "dim"),
            bar,
            use,
            Cell(age, "dim"),
        )

    @staticmethod
    def _with_state(name: Cell, state: Cell | None) -> Cells:
        return name if state is None else (name, Cell(f" {state.text}", state.style))

    def _state(self, row: ServerView) -> Cell | None:
        """What most needs to be known of a server that is not just running."""
        status = row.server.status
        operation = self._fleet.operations.get(row.server.id)
        if self._fleet.restoring(row.server.id):
            return Cell(f"{self.glyphs.busy} restoring", "busy")
        if operation is not None and operation.state is State.UNKNOWN:
            return Cell(f"{self.glyphs.unknown} checking", "warn")
        if status in _RUNNING:
            return None
        return Cell(status, "dim" if status == "stopped" else "warn")
