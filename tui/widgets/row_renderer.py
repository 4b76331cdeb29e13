"""The lines of a list: only what is visible is drawn, and only what has changed is drawn again."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from textwrap import TextWrapper
from typing import ClassVar, Final, Generic, TypeVar

import msgspec
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.fleet.queries import Arrangement
from tui.terminal.textual_private import KeptLines
from tui.widgets.glyphs import Glyphs
from tui.widgets.row_columns import Cell, Cells, Column, Place, fit, heading, place

Row = TypeVar("Row")
_LOOKS: Final = (
    "cursor",
    "cursor-idle",
    "stale",
    "sign",
    "mark",
    "dim",
    "busy",
    "failed",
    "used",
    "free",
    "warn",
)


_KEPT: Final = 200
"""Rows whose cells are kept until anything changes: a few screens to scroll in."""
Parts = tuple[tuple[int, tuple[Cell, ...]], ...]
"""Pieces of a line, each with the cell it begins at."""


class _Wrapper(TextWrapper):
    """Breaks lines at spaces, and addresses that are too long for one behind a slash."""

    wordsep_re = re.compile(r"(\s+|(?<=/)(?=[^\s/]))")


class Line(msgspec.Struct, frozen=True):
    """One line as it is drawn: the look of the whole, and pieces that begin at given cells."""

    look: str = ""
    parts: Parts = ()


class RowLines(ScrollView, KeptLines, Generic[Row]):
    """Draws rows in columns, with a header above them and a cursor on one of them."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"row-list--{name}" for name in _LOOKS}

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        glyphs: Glyphs,
        id: str | None,
        classes: str | None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.glyphs = glyphs
        self.marks: set[Hashable] = set()
        self._columns = tuple(columns)
        self._places: tuple[Place, ...] = ()
        self._wanted: dict[str, int] = {}
        self._rows: Sequence[Row] = ()
        self._cursor = 0
        self.arrangement = Arrangement()
        self._empty = ""
        self._held = False
        self._drawn: dict[int, Line] = {}
        self._made: dict[int, Parts] = {}
        self._strips: dict[tuple[int, str], tuple[int, Line, Strip]] = {}
        self._styles: dict[tuple[str, Style | None], Style] = {}

    # -- for subclasses --------------------------------------------------------------

    def row_key(self, row: Row) -> Hashable:
        """What makes a row the same item in another list."""
        raise NotImplementedError

    def row_cells(self, row: Row) -> Sequence[Cells]:
        """The cells of a row, one for each column."""
        raise NotImplementedError

    # -- what is drawn -----------------------------------------------------------------

    def refresh_cells(self) -> None:
        """Repaint, of the visible rows, the cells that would now look different."""
        self._made.clear()
        if not self._held:
            self._refresh_lines(self._drawn)

    def _refresh_lines(self, lines: Iterable[int]) -> None:
        for y in tuple(lines):
            drawn, line = self._drawn.get(y), self._line(y)
            if drawn is not None and line != drawn:
                self._repaint(y, drawn, line)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns."""
        if tuple(columns) != self._columns:
            self._columns, self._places = tuple(columns), ()
            self._place()

    def want(self, widths: Mapping[str, int]) -> None:
        """Take over at which width columns that share the room show everything."""
        if dict(widths) != self._wanted:
            self._wanted = dict(widths)
            self._place()

    @property
    def shown_columns(self) -> Sequence[str]:
        """The keys of the columns that there is room for."""
        return [self._columns[p.column].key for p in self._places]

    @property
    def held(self) -> bool:
        """Whether what is painted is older than the rows."""
        return self._held

    def column_at(self, x: int) -> str:
        """The key of the column at a cell, with the gap before it; empty for none."""
        found = [p for p in self._places if x < p.x + p.width]
        return self._columns[found[0].column].key if found else ""

    def order_by(self, arrangement: Arrangement) -> None:
        """Remember how the rows are chosen and ordered, and point out the column."""
        self.arrangement = arrangement
        self.refresh_cells()

    @property
    def empty(self) -> str:
        """What is said where there are no rows."""
        return self._empty

    @empty.setter
    def empty(self, text: str) -> None:
        if text != self._empty:
            self._empty = text
            self.refresh_cells()

    # -- drawing ------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line: the header, a row, or what is said instead of rows."""
        line = self._line(y)
        if self._held and y in self._drawn:
            line = self._drawn[y]  # what belongs to these rows elsewhere is not shown yet
        self._drawn[y] = line
        number, width = (self.scroll_offset.y + y if y else 0), self.size.width
        known = self._strips.get((number, line.look))  # a row comes with and without the cursor
        if known is not None and known[:2] == (width, line):
            return known[2]
        if len(self._strips) >= _KEPT:
            self._strips.clear()
        strip = self._strip(line).adjust_cell_length(width, self._style(line.look))
        self._strips[number, line.look] = (width, line, strip)
        return strip

    def _strip(self, line: Line) -> Strip:
        base = self._style(line.look)
        segments: list[Segment] = []
        x = 0
        for start, cells in line.parts:
            if start > x:
                segments.append(Segment(" " * (start - x), base))
            segments += [Segment(cell.text, self._style(cell.style, base)) for cell in cells]
            x = start + sum(cell_len(cell.text) for cell in cells)
        return Strip(segments)

    def notify_style_update(self) -> None:
        """Draw anew: colours may have changed."""
        self._strips.clear()
        self._styles.clear()
        super().notify_style_update()

    def _line(self, y: int) -> Line:
        if not self._rows:
            return self._empty_line(y)
        if y == 0:
            return self._header()
        index = self.scroll_offset.y + y - 1
        if index >= len(self._rows):
            return Line()
        row = self._rows[index]
        look = sign = ""
        if index == self._cursor:
            look = "cursor" if self.has_focus else "cursor-idle"
            sign = self.glyphs.cursor if self.has_focus else self.glyphs.cursor_idle
        mark = self.glyphs.mark if self.row_key(row) in self.marks else " "
        gutter = (0, (Cell(sign or " ", "sign"), Cell(mark, "mark")))
        parts = self._made.get(index)
        if parts is None:
            if len(self._made) >= _KEPT:
                self._made.clear()
            parts = self._made[index] = self._parts(self.row_cells(row))
        return Line(look, (gutter, *parts))

    def _parts(self, cells: Sequence[Cells]) -> Parts:
        columns, more = self._columns, self.glyphs.ellipsis
        parts: list[tuple[int, tuple[Cell, ...]]] = []
        for p in self._places:
            column = columns[p.column]
            cell = fit(cells[p.column], p.width, column.align, more, middle=column.middle)
            parts.append((p.x, cell))
        return tuple(parts)

    def _header(self) -> Line:
        by, parts = self.arrangement, []
        arrow = self.glyphs.up if by.reverse else self.glyphs.down
        for p in self._places:
            column = self._columns[p.column]
            label = heading(column, p.width, arrow if column.key == by.sort else "")
            parts.append((p.x, fit(label, p.width, column.align, self.glyphs.ellipsis)))
        return Line("dim", tuple(parts))

    def _empty_line(self, y: int) -> Line:
        lines = self._empty.split("\n")
        width = max(0, self.size.width - 2)
        wrap = _Wrapper(max(1, width)).wrap
        wrapped = [part for line in lines for part in (wrap(line) or [""])]
        number = y - max(0, (self.size.height - len(wrapped)) // 2)
        if not 0 <= number < len(wrapped):
            return Line()
        text = wrapped[number]
        x = max(0, (self.size.width - cell_len(text)) // 2)
        return Line("", ((x, (Cell(text, "dim"),)),))

    def _style(self, look: str, base: Style | None = None) -> Style:
        """A look over the `base`, or over the list's own style."""
        found = self._styles.get((look, base))
        if found is None:
            found = self._styles[look, base] = self._mixed(look, base or self.rich_style)
        return found

    def _mixed(self, look: str, base: Style) -> Style:
        if self.has_class("-stale") and look not in ("cursor", "cursor-idle", "sign", "mark"):
            look = "stale"
        if not look:
            return base
        return base + self.get_component_rich_style(f"row-list--{look}", partial=True)

    def _repaint(self, y: int, old: Line, new: Line) -> None:
        """Have repainted what differs: the columns, or the line where its look changed."""
        if old.look != new.look or len(old.parts) != len(new.parts) or not self._rows:
            self.refresh(Region(0, y, self.size.width, 1))
            return
        for (x, before), (_, after) in zip(old.parts, new.parts, strict=True):
            if before != after:
                width = sum(cell_len(cell.text) for cell in after)
                self.refresh(Region(x, y, width, 1))

    def _place(self) -> None:
        places = place(self._columns, max(0, self.size.width - 1), self._wanted)
        if places != self._places:
            self._places = places
            self._drawn.clear()
            self._made.clear()
            self.refresh()
