"""One virtual list under both panes: it draws what is visible and repaints what has changed.

Built on Textual's Line API because a stock table repaints a screenful for one changed cell, and
takes seconds to load ten thousand rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from textwrap import wrap
from typing import Any, ClassVar, Final, Generic, TypeVar

import msgspec
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Blur, Click, Focus, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.glyphs import UNICODE, Glyphs
from tui.widgets.line import differing
from tui.widgets.row_columns import Cell, Cells, Column, Place, fit, place

Row = TypeVar("Row")
_LOOKS: Final = (
    "cursor",
    "cursor-idle",
    "header",
    "empty",
    "stale",
    "sign",
    "mark",
    "dim",
    "busy",
    "failed",
    "full",
    "used",
    "free",
    "good",
    "warn",
)


_KEPT: Final = 200
"""Rows whose cells are kept until anything changes: a few screens to scroll in."""
Parts = tuple[tuple[int, tuple[Cell, ...]], ...]
"""Pieces of a line, each with the cell it begins at."""


class Line(msgspec.Struct, frozen=True):
    """One line as it is drawn: the look of the whole, and pieces that begin at given cells."""

    look: str = ""
    parts: Parts = ()


class RowList(ScrollView, Generic[Row], can_focus=True):
    """A list of rows with a cursor that follows its item.

    Subclasses say what a row's key is and what its cells hold; rows come filtered and sorted.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"row-list--{name}" for name in _LOOKS}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, id="down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="up"),
        Binding("home,g", "first", "First", show=False, id="first"),
        Binding("end,G", "last", "Last", show=False, id="last"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="page_down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="page_up"),
        Binding("enter", "select", "Details", show=False, id="select"),
    ]

    class Highlighted(Message):
        """The cursor is on another item, or on none. `key` is the item's."""

        def __init__(self, rows: RowList[Any], key: Hashable | None) -> None:
            super().__init__()
            self.rows = rows
            self.key = key

        @property
        def control(self) -> RowList[Any]:
            """The list, for ``@on`` selectors."""
            return self.rows

    class Selected(Highlighted):
        """The item under the cursor was chosen by `enter` or a double click."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.glyphs = glyphs
        self.marks: set[Hashable] = set()
        self._columns = tuple(columns)
        self._places: tuple[Place, ...] = ()
        self._rows: Sequence[Row] = ()
        self._cursor = 0
        self._told: Hashable | None = None
        self._sort = ("", False)
        self._empty = ""
        self._drawn: dict[int, Line] = {}
        self._made: dict[int, Parts] = {}
        self._strips: dict[int, tuple[int, Line, Strip]] = {}
        self._title: Content | None = None
        self._held = False

    # -- for subclasses --------------------------------------------------------------

    def row_key(self, row: Row) -> Hashable:
        """What makes a row the same item in another list."""
        raise NotImplementedError

    def row_cells(self, row: Row) -> Sequence[Cells]:
        """The cells of a row, one for each column."""
        raise NotImplementedError

    # -- data in -----------------------------------------------------------------------

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Take over rows. The cursor stays on its item, and the item on its line of the screen.

        Where the item is gone, the cursor goes to what is now in its place.
        """
        key, was = self.cursor_key, self._cursor
        self._rows = rows
        self._made.clear()
        self._cursor = self._find(key, was)
        self._tell()
        if not self._held:
            self._lay_out(0 if key is None else self._cursor - was)

    def hold(self) -> None:
        """Take rows over but paint nothing until `release`: more is coming at once."""
        self._held = True

    def release(self) -> None:
        """Paint what has changed since `hold`."""
        if self._held:
            self._held = False
            self._lay_out(0)
            self._move(self._cursor)

    def _lay_out(self, shift: int) -> None:
        """Scroll by `shift` rows and paint what differs."""
        # Never smaller than the window: a change of the virtual size repaints the whole screen.
        size = Size(self.size.width, max(len(self._rows) + 1, self.size.height))
        if size != self.virtual_size:
            self.virtual_size = size
        if shift:
            self._show_from(self.scroll_offset.y + shift)
        self.refresh_cells()

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

    def set_sort(self, column: str, reverse: bool) -> None:
        """Point out the column that the rows are sorted by."""
        self._sort = (column, reverse)
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

    def show_title(self, title: Content) -> None:
        """Set the title in the border, if it differs."""
        if self._title is None:
            self.border_title = title
        elif not title.is_same(self._title):
            start, end = differing(self._title, title)
            self._border_title = title  # setting `border_title` would repaint the whole pane
            self.refresh(Region(start + 2, -1, end - start + 1, 1))  # behind a corner and a dash
        self._title = title

    # -- cursor and marks ------------------------------------------------------------

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    @property
    def cursor_row(self) -> Row | None:
        """The item under the cursor."""
        return self._rows[self._cursor] if self._cursor < len(self._rows) else None

    @property
    def cursor_key(self) -> Hashable | None:
        """The key of the item under the cursor."""
        row = self.cursor_row
        return None if row is None else self.row_key(row)

    def move_to(self, key: Hashable) -> bool:
        """Put the cursor on an item; False where there is none with this key."""
        index = self._find(key, -1)
        if index >= 0:
            self._move(index)
        return index >= 0

    def move_to_first(self) -> None:
        """Put the cursor on the first row."""
        self._move(0)

    def toggle_mark(self) -> None:
        """Mark or unmark the item under the cursor, and go on to the next."""
        key = self.cursor_key
        if key is not None:
            self.marks ^= {key}
            self.refresh_cells()
            self._move(self._cursor + 1)

    def clear_marks(self) -> None:
        """Unmark everything."""
        self.marks.clear()
        self.refresh_cells()

    def action_move(self, rows: int) -> None:
        """Move by rows."""
        self._move(self._cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move by pages."""
        self._move(self._cursor + pages * max(1, self._height - 1))

    def action_first(self) -> None:
        """Move to the first row."""
        self._move(0)

    def action_last(self) -> None:
        """Move to the last row."""
        self._move(len(self._rows) - 1)

    def action_select(self) -> None:
        """Choose the item under the cursor."""
        if self.cursor_row is not None:
            self.post_message(self.Selected(self, self.cursor_key))

    def _move(self, index: int) -> None:
        before, self._cursor = self._cursor, max(0, min(index, len(self._rows) - 1))
        self._tell()
        if self._held:
            return
        top = self.scroll_offset.y
        if self._cursor < top:
            self._show_from(self._cursor)
        elif self._cursor >= top + self._height:
            self._show_from(self._cursor - self._height + 1)
        if self.scroll_offset.y == top:  # scrolling repaints every line by itself
            self._refresh_lines((before - top + 1, self._cursor - top + 1))

    def _find(self, key: Hashable | None, near: int) -> int:
        """Where the item is now; where it is gone, `near`, as far as there are rows."""
        rows, row_key = self._rows, self.row_key
        if key is not None:
            if 0 <= near < len(rows) and row_key(rows[near]) == key:
                return near
            for index, row in enumerate(rows):
                if row_key(row) == key:
                    return index
        return min(near, max(0, len(rows) - 1))

    def _tell(self) -> None:
        key = self.cursor_key
        if key != self._told:
            self._told = key
            self.post_message(self.Highlighted(self, key))

    @property
    def _height(self) -> int:
        """Rows that are visible at once."""
        return max(1, self.size.height - 1)

    def _show_from(self, top: int) -> None:
        self.scroll_to(y=max(0, top), animate=False, force=True, immediate=True)

    # -- events --------------------------------------------------------------------------

    def on_resize(self, event: Resize) -> None:
        """Lay the columns out anew, with the cursor in sight."""
        self._place()
        self._lay_out(0)
        self._move(self._cursor)

    def on_focus(self, event: Focus) -> None:
        """Show the cursor of the pane that keys act on."""
        self.refresh_cells()

    def on_blur(self, event: Blur) -> None:
        """Show it fainter."""
        self.refresh_cells()

    def on_click(self, event: Click) -> None:
        """Put the cursor where the pointer is; a double click chooses."""
        offset = event.get_content_offset(self)
        if offset is None or not offset.y:
            return
        index = self.scroll_offset.y + offset.y - 1
        if index < len(self._rows):
            self._move(index)
            if event.chain == 2:
                self.action_select()

    # -- drawing ------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line: the header, a row, or what is said instead of rows."""
        line = self._drawn[y] = self._line(y)
        number, width = (self.scroll_offset.y + y if y else 0), self.size.width
        known = self._strips.get(number)
        if known is not None and known[:2] == (width, line):
            return known[2]
        if len(self._strips) >= _KEPT:
            self._strips.clear()
        strip = self._strip(line).adjust_cell_length(width, self._style(self.rich_style, line.look))
        self._strips[number] = (width, line, strip)
        return strip

    def _strip(self, line: Line) -> Strip:
        base = self._style(self.rich_style, line.look)
        segments: list[Segment] = []
        x = 0
        for start, cells in line.parts:
            if start > x:
                segments.append(Segment(" " * (start - x), base))
            segments += [Segment(cell.text, self._style(base, cell.style)) for cell in cells]
            x = start + sum(cell_len(cell.text) for cell in cells)
        return Strip(segments)

    def notify_style_update(self) -> None:
        """Draw anew: colours may have changed."""
        self._strips.clear()
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
        return tuple(
            (p.x, fit(cells[p.column], p.width, columns[p.column].align, more))
            for p in self._places
        )

    def _header(self) -> Line:
        name, reverse = self._sort
        arrow = self.glyphs.up if reverse else self.glyphs.down
        labels = [Cell(c.label + (f" {arrow}" if c.key == name else "")) for c in self._columns]
        return Line("header", self._parts(labels))

    def _empty_line(self, y: int) -> Line:
        lines = self._empty.split("\n")
        width = max(0, self.size.width - 2)
        wrapped = [part for line in lines for part in (wrap(line, max(1, width)) or [""])]
        number = y - max(0, (self.size.height - len(wrapped)) // 2)
        if not 0 <= number < len(wrapped):
            return Line()
        text = wrapped[number]
        x = max(0, (self.size.width - cell_len(text)) // 2)
        return Line("", ((x, (Cell(text, "empty"),)),))

    def _style(self, base: Style, look: str) -> Style:
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
        places = place(self._columns, max(0, self.size.width - 1))
        if places != self._places:
            self._places = places
            self._drawn.clear()
            self._made.clear()
            self.refresh()
