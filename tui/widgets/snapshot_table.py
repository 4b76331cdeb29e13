"""The snapshot table: of one server, or of all."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime

from textual.events import Resize
from textual.reactive import var

from tui.fleet.operation import Kind
from tui.fleet.queries import Arrangement
from tui.fleet.state import Fleet
from tui.text import age, duration, short_age, size
from tui.vps.models import Phase, Snapshot
from tui.widgets.glyphs import Glyphs
from tui.widgets.row_columns import Cell, Cells, Column
from tui.widgets.row_list import RowList

COLUMNS = (
    Column("name", "Name", min_width=12),
    Column("status", "Status", width=18),
    Column("size", "Size", width=8, align="right", priority=1),
    Column("created", "Created", width=12, align="right"),
)
ALL_COLUMNS = (
    Column("server", "Server", width=24),
    *COLUMNS,
)

NARROW = (
    Column("name", "Name", min_width=12),
    Column("status", "Status", width=18),
    Column("created", "Age", width=5, align="right"),
)
TINY = (Column("name", "Name", min_width=10), Column("status", "Status", width=12))
_NARROW_BELOW, _TINY_BELOW = 62, 44
_MAKING = ("in_progress", "creating", "pending", "running")

Expectation = Callable[[Kind], tuple[str, float] | None]
"""How long an operation should take: words, and the seconds from which on it is overdue."""


class SnapshotTable(RowList[Snapshot]):
    """Rows are snapshots; the time a busy one has taken is counted from its creation.

    Where `everything` is listed, a column says whose snapshot it is.
    """

    everything = var(False, init=False)

    def __init__(self, glyphs: Glyphs, expectation: Expectation, *, id: str) -> None:
        super().__init__(COLUMNS, glyphs=glyphs, id=id, classes="pane")
        self.arrangement = Arrangement("created")
        self._expectation = expectation
        self._now = datetime.now(UTC)
        self._fleet = Fleet()
        self._narrow = False

    def show(self, rows: Sequence[Snapshot], fleet: Fleet, now: datetime) -> None:
        """Take over new rows, the fleet they belong to, and the service's present time."""
        self._fleet, self._now = fleet, now
        self.set_rows(rows)

    def watch_everything(self) -> None:
        """Show or drop the column that says whose snapshot it is."""
        self._choose_columns(self.size.width)

    def on_resize(self, event: Resize) -> None:
        """Leave out what there is no room for."""
        self._choose_columns(event.size.width)
        super().on_resize(event)

    def _choose_columns(self, width: int) -> None:
        self._narrow = width < _NARROW_BELOW and not self.everything
        columns: tuple[Column, ...] = COLUMNS
        if self.everything:
            columns = ALL_COLUMNS
        elif self._narrow:
            columns = TINY if width < _TINY_BELOW else NARROW
        self.set_columns(columns)

    def tick(self, now: datetime) -> None:
        """Let time pass in the cells that show it."""
        self._now = now
        self.refresh_cells()

    def row_key(self, row: Snapshot) -> Hashable:
        """The snapshot's id."""
        return row.id

    def row_cells(self, row: Snapshot) -> Sequence[Cells]:
        """The server where asked for, name, status, size, age."""
        plain = Cell(row.name, "dim" if row.phase is Phase.UNKNOWN else "")
        name: Cells = plain
        if row.id in self._fleet.protected:
            name = (Cell(f"{self.glyphs.protected} ", "mark"), plain)
        status = self._status(row)
        if self._narrow:
            return name, status, Cell(short_age(row.created_at, self._now), "dim")
        cells: tuple[Cells, ...] = (
            name,
            status,
            Cell(size(row.size_mb), "dim" if row.size_mb is None else ""),
            Cell(age(row.created_at, self._now), "dim"),
        )
        return (Cell(row.server_name), *cells) if self.everything else cells

    def _status(self, row: Snapshot) -> Cell:
        g = self.glyphs
        words = row.status_words
        running = self._fleet.operations.get(row.server_id)
        if running and running.kind is Kind.RESTORE and running.snapshot_id == row.id:
            return self._elapsed("restoring", Kind.RESTORE, running.accepted_at)
        match row.phase:
            case Phase.COMPLETED:
                return Cell(f"{g.completed} {words}", "good")
            case Phase.FAILED:
                return Cell(f"{g.failed} {words}", "failed")
            case Phase.UNKNOWN:
                return Cell(f"{g.unknown} {words}", "warn")
            case Phase.BUSY:
                kind = Kind.CREATE if row.status in _MAKING else None
                since = row.created_at.timestamp() if row.created_at else None
                return self._elapsed(words, kind, since)

    def _elapsed(self, words: str, kind: Kind | None, since: float | None) -> Cell:
        """Elapsed and expected time; a percentage would be invented, the provider gives none."""
        sign = self.glyphs.busy
        expected = None if kind is None else self._expectation(kind)
        if since is None or expected is None:
            return Cell(f"{sign} {words}", "busy")
        elapsed = max(0.0, self._now.timestamp() - since)
        text, late = expected
        if elapsed > late:
            return Cell(f"{sign} {duration(elapsed)} overdue", "warn")
        if kind is Kind.RESTORE:
            return Cell(f"{sign} {words} {duration(elapsed)}", "busy")
        return Cell(f"{sign} {duration(elapsed)} of {text}", "busy")
