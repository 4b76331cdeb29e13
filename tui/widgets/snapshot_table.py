"""The snapshot table: of one server, or of all."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime

from tui.text import age, duration, size
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

Expectation = Callable[[Snapshot], tuple[str, float] | None]
"""How long the work on a busy snapshot should take: words, and the seconds from which on it is
overdue. None where nothing is known of what is being done."""


class SnapshotTable(RowList[Snapshot]):
    """Rows are snapshots; the time a busy one has taken is counted from its creation."""

    def __init__(self, glyphs: Glyphs, expectation: Expectation, *, id: str) -> None:
        super().__init__(COLUMNS, glyphs=glyphs, id=id, classes="pane")
        self._expectation = expectation
        self._now = datetime.now(UTC)
        self._restoring: frozenset[Hashable] = frozenset()
        self._everything = False

    def show(
        self, rows: Sequence[Snapshot], now: datetime, *, restoring: frozenset[Hashable]
    ) -> None:
        """Take over new rows, and the ids of snapshots that a server is being restored from."""
        self._now, self._restoring = now, restoring
        self.set_rows(rows)
        self.refresh_cells()

    def show_servers(self, everything: bool) -> None:
        """Show or drop the column that says whose snapshot it is."""
        if everything != self._everything:
            self._everything = everything
            self.set_columns(ALL_COLUMNS if everything else COLUMNS)

    def tick(self, now: datetime) -> None:
        """Let time pass in the cells that show it."""
        self._now = now
        self.refresh_cells()

    def row_key(self, row: Snapshot) -> Hashable:
        """The snapshot's id."""
        return row.id

    def row_cells(self, row: Snapshot) -> Sequence[Cells]:
        """The server where asked for, name, status, size, age."""
        cells = (
            Cell(row.name, "dim" if row.phase is Phase.UNKNOWN else ""),
            self._status(row),
            Cell(size(row.size_mb), "dim" if row.size_mb is None else ""),
            Cell(age(row.created_at, self._now), "dim"),
        )
        return (Cell(row.server_name), *cells) if self._everything else cells

    def _status(self, row: Snapshot) -> Cell:
        g = self.glyphs
        words = row.status.replace("_", " ")
        if row.id in self._restoring:
            return Cell(f"{g.busy} restoring from it", "busy")
        match row.phase:
            case Phase.COMPLETED:
                return Cell(f"{g.completed} {words}", "good")
            case Phase.FAILED:
                return Cell(f"{g.failed} {words}", "failed")
            case Phase.UNKNOWN:
                return Cell(f"{g.unknown} {words}", "warn")
            case Phase.BUSY:
                return self._busy(row, words)

    def _busy(self, row: Snapshot, words: str) -> Cell:
        """Elapsed and expected time; a percentage would be invented, the provider gives none."""
        expected = self._expectation(row)
        if row.created_at is None or expected is None:
            return Cell(f"{self.glyphs.busy} {words}", "busy")
        elapsed = max(0.0, (self._now - row.created_at).total_seconds())
        text, late = expected
        if elapsed > late:
            return Cell(f"{self.glyphs.busy} {duration(elapsed)} overdue", "warn")
        return Cell(f"{self.glyphs.busy} {duration(elapsed)} of {text}", "busy")
