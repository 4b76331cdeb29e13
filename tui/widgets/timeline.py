"""The last days of the chosen server, a sign for each: kept, gone, failed, and the gaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from textual.content import Content

from tui.fleet.scope import Scope
from tui.fleet.state import ServerView
from tui.fleet.timeline import Mark, days, joined
from tui.terminal.textual_private import KeptLines
from tui.widgets.glyphs import Glyphs
from tui.widgets.line import repaint
from tui.widgets.row_columns import Cell
from tui.widgets.titles import pane_title

DAYS: Final = 90
STRIP_DAYS: Final = 30
SHORT_STRIP_DAYS: Final = 14
"""Days in the row of a server where the other columns need the room."""
_LOOKS: Final = {
    Mark.NOTHING: "free",
    Mark.GAP: "warn",
    Mark.GONE: "dim",
    Mark.KEPT: "used",
    Mark.BUSY: "busy",
    Mark.FAILED: "failed",
}
_STYLES: Final = {
    Mark.NOTHING: "$text-disabled",
    Mark.GAP: "$text-warning",
    Mark.GONE: "$text-muted",
    Mark.KEPT: "$text-primary",
    Mark.BUSY: "$text-accent",
    Mark.FAILED: "bold $text-error",
}
_LEGEND: Final = (
    (Mark.KEPT, "kept"),
    (Mark.GONE, "gone"),
    (Mark.FAILED, "failed"),
    (Mark.GAP, "gap"),
)
_LABELS: Final = 30
"""Days between two labels of the axis."""


def sign(mark: Mark, glyphs: Glyphs) -> str:
    """What stands for a day."""
    return {
        Mark.NOTHING: glyphs.day_nothing,
        Mark.GAP: glyphs.day_gap,
        Mark.GONE: glyphs.day_gone,
        Mark.KEPT: glyphs.day_kept,
        Mark.BUSY: glyphs.busy_slot,
        Mark.FAILED: glyphs.failed_slot,
    }[mark]


def strip_cells(
    view: ServerView, scope: Scope, gone: Iterable[float], glyphs: Glyphs, count: int
) -> tuple[Cell, ...]:
    """The last `count` days as the cells of a row."""
    marks = days(view, scope.health(view), scope.now, count, gone)
    return tuple(
        Cell(sign(mark, glyphs) * len(list(same)), _LOOKS[mark]) for mark, same in groupby(marks)
    )


class Timeline(KeptLines):
    """Two lines: the days, oldest first, and how long ago they were. Repaints what differs."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._marks: Sequence[Mark] = ()
        self._shown: tuple[Content, Content] = (Content(""), Content(""))

    def show(self, view: ServerView | None, scope: Scope, gone: Iterable[float]) -> None:
        """Show a server's days; nothing where there is none."""
        if view is None or view.partial:
            self._marks = ()
        else:
            self._marks = days(view, scope.health(view), scope.now, DAYS, gone)
        self._draw()

    def on_resize(self) -> None:
        """Put as many days into one cell as the width asks for."""
        legend: list[tuple[str, str]] = []
        for mark, word in _LEGEND:
            legend += [(f"{sign(mark, self._glyphs)} ", _STYLES[mark]), (f"{word}  ", "")]
        key = Content.assemble(*legend).rstrip()
        title = pane_title(f"{DAYS} days", key, self.outer_size.width, dash=self._glyphs.dash)
        self.border_title = title
        self._draw()

    def render(self) -> Content:
        """Both lines."""
        return Content("\n").join(self._shown)

    def _draw(self) -> None:
        each = max(1, -(-len(self._marks) // max(1, self.content_size.width)))
        marks = joined(self._marks, each) if self._marks else ()
        cells = [(sign(mark, self._glyphs), _STYLES[mark]) for mark in marks]
        axis = Content.styled(_axis(len(marks), each), "$text-muted")
        before, self._shown = self._shown, (Content.assemble(*cells), axis)
        repaint(self, before, self._shown)


def _axis(cells: int, each: int) -> str:
    """``90d       60d       30d      now`` under that many cells of so many days."""
    line = [" "] * cells
    for ago in range(_LABELS, DAYS + 1, _LABELS):
        label, at = f"{ago}d", cells - -(-ago // each)
        if at >= 0 and at + len(label) <= cells:
            line[at : at + len(label)] = label
    if cells:
        line[-3:] = "now"
    return "".join(line)
