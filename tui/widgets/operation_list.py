"""The list of operations: running and past, newest first."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import UTC, datetime

from tui.fleet.operation import Certainty, Operation, State
from tui.text import age
from tui.widgets.glyphs import Glyphs
from tui.widgets.row_columns import Cell, Cells, Column
from tui.widgets.row_list import RowList

COLUMNS = (
    Column("when", "Asked", width=13),
    Column("what", "What", min_width=18),
    Column("server", "Server", min_width=12),
    Column("state", "State", width=18),
    Column("who", "By", width=10, priority=1),
)
_GOOD = (State.COMPLETED,)
_BUSY = (State.WAITING, State.INTENT, State.SENT, State.ACCEPTED)
_DIM = (State.REFUSED, State.NEVER_SENT)


class OperationList(RowList[Operation]):
    """Rows are operations."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(COLUMNS, glyphs=glyphs, id=id, classes="pane")
        self._now = datetime.now(UTC)

    def show(self, rows: Sequence[Operation], now: datetime) -> None:
        """Take over new rows."""
        self._now = now
        self.set_rows(rows)

    def row_key(self, row: Operation) -> Hashable:
        """The operation's number in the journal."""
        return row.id

    def row_cells(self, row: Operation) -> Sequence[Cells]:
        """When, what, where, how it stands, who."""
        return (
            Cell(age(datetime.fromtimestamp(row.asked_at, UTC), self._now), "dim"),
            (Cell(f"{row.kind.value} "), Cell(row.snapshot_name)),
            Cell(row.server_name),
            self._state(row),
            Cell(row.user, "dim"),
        )

    def _state(self, row: Operation) -> Cell:
        g = self.glyphs
        if row.open and row.overdue:
            return Cell(f"{g.busy} overdue", "warn")
        if row.state in _GOOD:
            if row.certainty in (None, Certainty.PROVED):
                return Cell(f"{g.completed} {row.state.value}", "good")
            return Cell(f"{g.completed} likely {row.state.value}", "warn")
        if row.state in _BUSY:
            return Cell(f"{g.busy} {row.state.value}", "busy")
        if row.state in _DIM:
            return Cell(f"{g.dash} {row.state.value}", "dim")
        sign = g.failed if row.state is State.FAILED else g.unknown
        return Cell(f"{sign} {row.state.value}", "failed" if row.state is State.FAILED else "warn")
