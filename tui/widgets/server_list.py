"""The server list: a name, a usage bar and the age of the newest completed snapshot each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final

import msgspec
from msgspec.structs import replace
from textual.events import Resize

from tui.fleet.operation import State
from tui.fleet.queries import Arrangement
from tui.fleet.scope import Scope
from tui.fleet.state import Fleet, ServerView
from tui.text import short_age
from tui.vps.models import Key
from tui.widgets.glyphs import Glyphs
from tui.widgets.risk import age_cell
from tui.widgets.row_columns import AROUND, EXTRA, Cell, Cells, Column, cells_of
from tui.widgets.row_list import RowList
from tui.widgets.timeline import STRIP_DAYS, strip_cells
from tui.widgets.usage_bar import usage_cells, usage_word


class Extras(msgspec.Struct, frozen=True):
    """How wide what a large screen adds is: a strip of so many `days`, cells of a location."""

    days: int = STRIP_DAYS
    location: int = 14
    backups: bool = False


@cache
def wide_columns(extras: Extras) -> Sequence[Column]:
    """The columns that are shown where there is room for all."""
    backup = Column("backup", "Backup", width=6, align="right", priority=7)
    return (
        Column("name", "Name", min_width=10, middle=0),
        Column("status", "State", width=11, priority=9),  # where it is none, the name has it
        Column("address", "Address", width=15, priority=8),
        Column("location", "Location", width=extras.location, priority=6),
        Column("days", f"{extras.days} days", width=extras.days, priority=5),
        Column("slots", "Slots", width=5, priority=2),
        Column("use", "", width=4, gap=1),
        Column("age", "Newest", width=9, align="right", gap=1),
        *((backup,) if extras.backups else ()),
    )


NARROW = (
    Column("name", "Name", min_width=8, middle=0),
    Column("slots", "Use", width=4, gap=1),
    Column("age", "Age", width=5, align="right", gap=1),
)
"""Without the bar: a name is worth more than a second way to show the same figure."""
_NARROW_BELOW: Final = 44
_TINY_BELOW: Final = 30
_RUNNING: Final = ("active", "")
BASE_WIDTH: Final = AROUND + cells_of(c for c in wide_columns(Extras())[1:] if c.priority < EXTRA)
"""Cells of the list with its least columns, without those of the name."""


Gone = Callable[[Key], Iterable[float]]
"""When the snapshots were made that a server has no more, in seconds since 1970."""
BackupOf = Callable[[Key], datetime | None]
"""When the newest backup of a server was made."""


class ServerList(RowList[ServerView]):
    """Rows are server views; which operation runs on them comes with the fleet."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(wide_columns(Extras()), glyphs=glyphs, id=id, classes="pane")
        self.arrangement = Arrangement("name")
        self._scope = Scope(Fleet(), 0.0)
        self.gone: Gone = lambda key: ()
        self._backup_of: BackupOf | None = None
        self.extras = Extras()
        self._no_backup = ""

    def show(self, rows: Sequence[ServerView], scope: Scope) -> None:
        """Take over new rows, and the fleet they belong to at the service's present time."""
        self._scope = scope
        self.set_rows(rows)

    def on_resize(self, event: Resize) -> None:
        """Leave out what there is no room for."""
        self._choose_columns(event.size.width)
        super().on_resize(event)

    def spread(self, extras: Extras) -> None:
        """Make what a large screen adds so wide."""
        if extras != self.extras:
            self.extras = extras
            self._choose_columns(self.size.width)

    def show_backups(self, backup_of: BackupOf | None, *, complete: bool) -> None:
        """Show how old backups are, or none of that; `complete`: what is not seen is not there."""
        self._backup_of, self._no_backup = backup_of, "none" if complete else "?"
        self.spread(replace(self.extras, backups=backup_of is not None))
        self.refresh_cells()

    def _choose_columns(self, width: int) -> None:
        self.set_columns(NARROW if width < _NARROW_BELOW else wide_columns(self.extras))

    def tick(self, scope: Scope) -> None:
        """Let time pass in the cells that show it."""
        self._scope = scope
        self.refresh_cells()

    def row_key(self, row: ServerView) -> Hashable:
        """The server's id."""
        return row.server.id

    def row_cells(self, row: ServerView) -> Sequence[Cells]:
        """Name and state, what is used, age of the newest completed snapshot."""
        age = age_cell(row, self._scope)
        use = usage_word(row.used, row.busy, row.failed, self.glyphs)
        server, state = row.server, self._state(row)
        bar: Cells = usage_cells(row.used, row.busy, row.failed, self.glyphs)
        if row.partial:  # how many there are, and how old the newest is, is not known yet
            bar = use = age = Cell(self.glyphs.ellipsis, "dim")
        name = Cell(server.name, "" if server.status in _RUNNING else "dim")
        if self._columns is NARROW:
            if self.size.width < _TINY_BELOW and state is not None:
                state = self._sign(state)
            return self._with_state(name, state), use, age
        apart = "status" in self.shown_columns
        cells: tuple[Cells, ...] = (
            name if apart else self._with_state(name, state),
            state or Cell(server.status, "dim"),
            Cell(server.address, "dim"),
            Cell(server.location, "dim"),
            self._days(row),
            bar,
            use,
            age,
        )
        return cells if self._backup_of is None else (*cells, self._backup(row, self._backup_of))

    def _backup(self, row: ServerView, backup_of: BackupOf) -> Cell:
        when = backup_of(row.server.id)
        now = datetime.fromtimestamp(self._scope.now, UTC)
        return Cell(self._no_backup if when is None else short_age(when, now), "dim")

    def _days(self, row: ServerView) -> Cells:
        if row.partial or "days" not in self.shown_columns:
            return Cell("")
        gone = self.gone(row.server.id)
        return strip_cells(row, self._scope, gone, self.glyphs, self.extras.days)

    @staticmethod
    def _with_state(name: Cell, state: Cell | None) -> Cells:
        return name if state is None else (name, Cell(f" {state.text}", state.style))

    def _sign(self, state: Cell) -> Cell:
        """The same without its word, where that would be cut, or cut the name, to nothing."""
        sign, _, word = state.text.partition(" ")
        return Cell(f"{sign}!" if word == "overdue" else sign, state.style) if word else state

    def _state(self, row: ServerView) -> Cell | None:
        """What most needs to be known of a server that is not just running."""
        status = row.server.status
        operation = self._scope.fleet.operations.get(row.server.id)
        if self._scope.fleet.restoring(row.server.id):
            return Cell(f"{self.glyphs.busy} restoring", "busy")
        if operation is not None and operation.state is State.UNKNOWN:
            return Cell(f"{self.glyphs.unknown} checking", "warn")
        if self._scope.health(row).has("overdue"):
            return Cell(f"{self.glyphs.busy} overdue", "failed")
        if status in _RUNNING:
            return None
        return Cell(status, "dim" if status == "stopped" else "warn")
