"""The list of operations and plans: running and past, newest first."""

from __future__ import annotations

from collections.abc import Container, Hashable, Sequence
from datetime import UTC, datetime

from tui.fleet.operation import Certainty, Operation, State
from tui.fleet.plan import Plan, Standing
from tui.notices import plan_title, tally_line
from tui.text import plural, short_age
from tui.widgets.glyphs import Glyphs
from tui.widgets.row_columns import Cell, Cells, Column
from tui.widgets.row_list import RowList

COLUMNS = (
    Column("when", "Asked", width=6),
    Column("what", "What", min_width=18),
    Column("server", "Server", width=14, priority=1),
    Column("state", "State", width=22),
    Column("who", "By", width=10, priority=2),
)
Entry = Operation | Plan
"""A row: an operation, or several that belong together."""
_GOOD = (State.COMPLETED,)
_BUSY = (State.WAITING, State.INTENT, State.SENT, State.ACCEPTED)
_DIM = (State.REFUSED, State.NEVER_SENT)


def entry_key(row: Entry) -> tuple[str, int]:
    """What tells a row from all others."""
    return ("plan" if isinstance(row, Plan) else "operation", row.id)


class OperationList(RowList[Entry]):
    """Rows are operations and plans; those of a plan that is opened follow it."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(COLUMNS, glyphs=glyphs, id=id, classes="pane")
        self._now = datetime.now(UTC)
        self._inner: Container[int] = ()

    def show(self, rows: Sequence[Entry], now: datetime, inner: Container[int] = ()) -> None:
        """Take over new rows; the operations `inner` stand under their plan."""
        self._now = now
        self._inner = inner
        self.set_rows(rows)

    def row_key(self, row: Entry) -> Hashable:
        """Its kind and number in the journal."""
        return entry_key(row)

    def row_cells(self, row: Entry) -> Sequence[Cells]:
        """When, what, where, how it stands, who."""
        when = Cell(short_age(datetime.fromtimestamp(row.asked_at, UTC), self._now), "dim")
        if isinstance(row, Plan):
            servers = {step.server_id: step.server_name for step in row.steps}
            name = next(iter(servers.values()), "-")
            where = name if len(servers) == 1 else plural(len(servers), "server")
            return (when, Cell(plan_title(row)), Cell(where), self._plan(row), self._who(row))
        indent = "  " if row.id in self._inner else ""
        what = (Cell(f"{indent}{row.kind.value} "), Cell(row.snapshot_name))
        return (when, what, Cell(row.server_name), self._state(row), self._who(row))

    def _who(self, row: Entry) -> Cell:
        return Cell(row.user, "dim")

    def _plan(self, row: Plan) -> Cell:
        g, tally = self.glyphs, row.tally
        if row.interrupted:
            return Cell(f"{g.unknown} stopped, {len(row.unsent)} not sent", "warn")
        if row.open:
            return Cell(f"{g.busy} {tally_line(row)}", "busy")
        if tally.not_done:
            return Cell(f"{g.failed} {tally_line(row)}", "failed")
        if tally[Standing.UNTOLD]:
            return Cell(f"{g.unknown} {tally_line(row)}", "warn")
        return Cell(f"{g.completed} {tally_line(row)}", "dim")

    def _state(self, row: Operation) -> Cell:
        g, words = self.glyphs, row.stands
        if row.open and row.overdue:
            return Cell(f"{g.busy} overdue", "warn")
        if row.state in _GOOD:
            if row.certainty in (None, Certainty.PROVED):
                return Cell(f"{g.completed} {words}", "dim")
            return Cell(f"{g.completed} likely {words}", "warn")
        if row.state in _BUSY:
            return Cell(f"{g.busy} {words}", "busy")
        if row.state in _DIM:
            return Cell(f"{g.dash} {words}", "dim")
        sign = g.failed if row.state is State.FAILED else g.unknown
        return Cell(f"{sign} {words}", "failed" if row.state is State.FAILED else "warn")
