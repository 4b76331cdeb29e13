"""The snapshot table: of one server, or of all."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from textual.events import Resize
from textual.reactive import var

from tui.fleet.operation import Kind
from tui.fleet.queries import Arrangement
from tui.fleet.state import Fleet
from tui.text import age, coarse, elapsed, short_age, size, stamp, taken
from tui.vps.models import Phase, Snapshot
from tui.widgets.glyphs import Glyphs
from tui.widgets.row_columns import AROUND, EXTRA, GUTTER, Cell, Cells, Column, cells_of
from tui.widgets.row_list import RowList

_NAME = Column("name", "Name", min_width=12, middle=-1)
_STATUS = Column("status", "Status", width=16)
_SHORT_STATUS = Column("status", "Status", width=9, gap=1)
_AGE = Column("created", "Age", width=5, align="right")
_NEAR_AGE = Column("created", "Age", width=5, align="right", gap=1)
_SHORT_AGE = Column("created", "Age", width=4, align="right", gap=1)
COLUMNS = (
    _NAME,
    Column("description", "Description", min_width=16, priority=7),
    _STATUS,
    Column("size", "Size", width=8, align="right", priority=1),
    Column("when", "Created at", width=20, priority=8),
    Column("created", "Created", width=12, align="right"),
)
ALL_COLUMNS = (Column("server", "Server", min_width=14, middle=0), *COLUMNS)
NARROW = (_NAME, _STATUS, _AGE)
SMALL = (_NAME, _SHORT_STATUS, _NEAR_AGE)
"""A name is worth more than what a busy one usually takes, which the tray says as well."""
TINY = (Column("name", "Name", min_width=10, middle=-1), _SHORT_STATUS, _SHORT_AGE)
TINY_ALL = (
    Column("server", "Server", width=16, middle=0),
    _NAME,
    _SHORT_STATUS,
    _SHORT_AGE,
)
_NARROW_BELOW, _SMALL_BELOW, _TINY_BELOW, _TINY_ALL_BELOW = 62, 52, 41, 72
FIXED_WIDTH: Final = AROUND + cells_of(c for c in COLUMNS[2:] if c.priority < EXTRA)
"""Cells of the table without those of the name and of what only a large screen adds."""
COMPACT_WIDTH: Final = AROUND + cells_of(SMALL[1:])
"""The same of the table that has a short status."""
_NARROW_ROOM: Final = GUTTER + cells_of(NARROW[1:])
DESCRIPTION_WIDTH: Final = COLUMNS[1].min_width + COLUMNS[1].gap

Expectation = Callable[[Kind], tuple[str, float] | None]
"""How long an operation should take: words, and the seconds from which on it is overdue."""


class SnapshotTable(RowList[Snapshot]):
    """Rows are snapshots; the time a busy one has taken is counted from its creation.

    Where `everything` is listed, a column says whose snapshot it is.
    """

    everything = var(False, init=False)
    local_time = var(False, init=False)

    def __init__(self, glyphs: Glyphs, expectation: Expectation, *, id: str) -> None:
        super().__init__(COLUMNS, glyphs=glyphs, id=id, classes="pane")
        self.arrangement = Arrangement("created")
        self._expectation = expectation
        self._now = datetime.now(UTC)
        self._fleet = Fleet()

    def show(self, rows: Sequence[Snapshot], fleet: Fleet, now: datetime) -> None:
        """Take over new rows, the fleet they belong to, and the service's present time."""
        self._fleet, self._now = fleet, now
        self.set_rows(rows)

    def watch_everything(self) -> None:
        """Show or drop the column that says whose snapshot it is."""
        self._choose_columns(self.size.width)

    def watch_local_time(self) -> None:
        """Show moments in the other zone."""
        self.refresh_cells()

    def on_resize(self, event: Resize) -> None:
        """Leave out what there is no room for."""
        self._choose_columns(event.size.width)
        super().on_resize(event)

    def _choose_columns(self, width: int) -> None:
        columns: Sequence[Column]
        if self.everything:
            columns = TINY_ALL if width < _TINY_ALL_BELOW else ALL_COLUMNS
        elif width < _NARROW_BELOW:
            small = TINY if width < _TINY_BELOW else SMALL
            cut = width < _NARROW_ROOM + self._wanted.get("name", 0)
            columns = small if cut or width < _SMALL_BELOW else NARROW
        else:
            columns = COLUMNS
        self.set_columns(columns)

    def want(self, widths: Mapping[str, int]) -> None:
        """Take over how long names are: a long one has more room beside a short status."""
        super().want(widths)
        self._choose_columns(self.size.width)

    def tick(self, now: datetime) -> None:
        """Let time pass in the cells that show it."""
        self._now = now
        self.refresh_cells()

    def tells(self) -> bool:
        """Only while it has the keys: else its cursor moves with that of the servers."""
        return self.has_focus

    def row_key(self, row: Snapshot) -> Hashable:
        """The snapshot's id."""
        return row.id

    def row_cells(self, row: Snapshot) -> Sequence[Cells]:
        """A cell for each column; empty for those that there is no room for."""
        shown = self.shown_columns
        nothing = Cell("")
        return [
            _CELLS[column.key](self, row) if column.key in shown else nothing
            for column in self._columns
        ]

    def _server(self, row: Snapshot) -> Cells:
        return Cell(row.server_name)

    def _name_cells(self, row: Snapshot) -> Cells:
        plain = Cell(row.name, "dim" if row.phase is Phase.UNKNOWN else "")
        if row.id in self._fleet.protected:
            return Cell(f"{self.glyphs.protected} ", "mark"), plain
        return plain

    def _description(self, row: Snapshot) -> Cells:
        return Cell(row.description, "dim")

    def _size_cell(self, row: Snapshot) -> Cells:
        return Cell(size(row.size_mb), "dim" if row.size_mb is None else "")

    def _when(self, row: Snapshot) -> Cells:
        moment = row.created_at
        return Cell(stamp(moment, local=self.local_time) if moment else "-", "dim")

    def _created(self, row: Snapshot) -> Cells:
        short = self._columns not in (COLUMNS, ALL_COLUMNS)
        return Cell((short_age if short else age)(row.created_at, self._now), "dim")

    def _status(self, row: Snapshot) -> Cell:
        g = self.glyphs
        words = row.status_words
        running = self._fleet.operations.get(row.server_id)
        if running and running.kind is Kind.RESTORE and running.snapshot_id == row.id:
            return self._elapsed("restoring", Kind.RESTORE, running.accepted_at)
        match row.phase:
            case Phase.COMPLETED:
                return Cell(g.completed, "dim")
            case Phase.FAILED:
                return Cell(f"{g.failed} {words}", "failed")
            case Phase.UNKNOWN:
                return Cell(f"{g.unknown} {words}", "warn")
            case Phase.BUSY:
                kind = Kind.CREATE if row.making else None
                since = row.created_at.timestamp() if row.created_at else None
                return self._elapsed(words, kind, since)

    def _elapsed(self, words: str, kind: Kind | None, since: float | None) -> Cell:
        """Elapsed and expected time; a percentage would be invented, the provider gives none."""
        sign = self.glyphs.busy
        expected = None if kind is None else self._expectation(kind)
        if since is None or expected is None:
            return Cell(f"{sign} {words}", "busy")
        now, (text, late) = self._now.timestamp(), expected
        time, overdue = taken(since, now), now - since > late
        if self._columns in (SMALL, TINY, TINY_ALL):
            return Cell(f"{sign} {time}" + "!" * overdue, "busy")
        if overdue:
            return Cell(f"{sign} {time} overdue", "warn")
        if kind is Kind.RESTORE:
            return Cell(f"{sign} {words} {coarse(elapsed(since, now))}", "busy")
        return Cell(f"{sign} {time} of {text}", "busy")


_CELLS: Final[Mapping[str, Callable[[SnapshotTable, Snapshot], Cells]]] = {
    "server": SnapshotTable._server,
    "name": SnapshotTable._name_cells,
    "description": SnapshotTable._description,
    "status": SnapshotTable._status,
    "size": SnapshotTable._size_cell,
    "when": SnapshotTable._when,
    "created": SnapshotTable._created,
}
