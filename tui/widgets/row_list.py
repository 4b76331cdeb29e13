"""One virtual list under both panes: its rows, its cursor, its marks.

Built on Textual's Line API because a stock table repaints a screenful for one changed cell, and
takes seconds to load ten thousand rows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.events import Blur, Click, Focus, Resize
from textual.geometry import Region, Size
from textual.message import Message

from tui.commands import bindings
from tui.terminal.textual_private import replace_border_title
from tui.widgets.glyphs import UNICODE, Glyphs
from tui.widgets.line import differing
from tui.widgets.row_columns import Column
from tui.widgets.row_renderer import Row, RowLines

TitleMaker = Callable[[int], Content]
"""Makes a title for a pane so many cells wide."""


class RowList(RowLines[Row], can_focus=True):
    """A list of rows with a cursor that follows its item.

    Subclasses say what a row's key is and what its cells hold; rows come filtered and sorted.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        ["first", "last", "select"],
        down="move(1)",
        up="move(-1)",
        page_down="page(1)",
        page_up="page(-1)",
        half_page_down="page(0.5)",
        half_page_up="page(-0.5)",
    )

    class Highlighted(Message, bubble=False):
        """The cursor is on another item, or on none. `key` is the item's.

        It goes to the screen alone: on the way there nobody asks for it, and each stop costs time.
        """

        def __init__(self, rows: RowList[Any], key: Hashable | None) -> None:
            super().__init__()
            self.rows = rows
            self.key = key

        @property
        def control(self) -> RowList[Any]:
            """The list, for ``@on`` selectors."""
            return self.rows

    class Selected(Highlighted, bubble=True):
        """The item under the cursor was chosen by `enter` or a double click."""

    class ColumnChosen(Message):
        """The heading of a column was clicked. `column` is its key."""

        def __init__(self, rows: RowList[Any], column: str) -> None:
            super().__init__()
            self.rows = rows
            self.column = column

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(columns, glyphs=glyphs, id=id, classes=classes)
        self._told: Hashable | None = None
        self._range: Hashable | None = None  # the row at which a range begins
        self._title: Content | None = None
        self._make_title: TitleMaker = lambda width: Content("")

    def tells(self) -> bool:
        """Whether anybody wants to know now where the cursor is."""
        return True

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
        # The same for all that fits: a change of the virtual size lays the whole screen out anew.
        lines = len(self._rows) + 1
        self.virtual_size = Size(0, lines if 0 < self.size.height < lines else 0)
        if shift:
            self._show_from(self.scroll_offset.y + shift)
        self.refresh_cells()

    def show_title(self, make: TitleMaker) -> None:
        """Set the title in the border, made for the width that the list has, now and later."""
        self._make_title = make
        self._fit_title()

    def _fit_title(self) -> None:
        title = self._make_title(self.outer_size.width)
        if self._title is None:
            self.border_title = title
        elif not title.is_same(self._title):
            start, end = differing(self._title, title)
            replace_border_title(self, title)
            self.refresh(Region(start + 2, -1, end - start + 1, 1))  # behind a corner and a dash
        self._title = title

    # -- cursor and marks ------------------------------------------------------------

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    @property
    def rows(self) -> Sequence[Row]:
        """The rows as they are listed."""
        return self._rows

    @property
    def cursor(self) -> int:
        """The number of the row under the cursor, from 0."""
        return self._cursor

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

    def mark_all(self) -> None:
        """Mark every row that is listed; where all are, unmark them."""
        shown = {self.row_key(row) for row in self._rows}
        self._mark(self.marks - shown if shown <= self.marks else self.marks | shown)

    def invert_marks(self) -> None:
        """Mark every row that is listed and not marked, and unmark the others of them."""
        self._mark(self.marks ^ {self.row_key(row) for row in self._rows})

    def mark_range(self) -> bool:
        """Begin a range at the cursor, or mark all rows from its begin to here; whether it ended.

        Where the row at which it began is no longer listed, it begins anew.
        """
        begin, key = self._range, self.cursor_key
        start = -1 if begin is None else self._find(begin, -1)
        if start < 0:
            self._range = key
            return False
        first, last = sorted((start, self._cursor))
        self._range = None
        self._mark(self.marks | {self.row_key(row) for row in self._rows[first : last + 1]})
        return True

    def _mark(self, marks: set[Hashable]) -> None:
        self.marks = marks
        self.refresh_cells()

    @property
    def marks_shown(self) -> int:
        """How many marked rows are listed now."""
        return sum(self.row_key(row) in self.marks for row in self._rows) if self.marks else 0

    def clear_marks(self) -> None:
        """Unmark everything."""
        self._range = None
        self.marks.clear()
        self.refresh_cells()

    def action_move(self, rows: int) -> None:
        """Move by rows."""
        self._move(self._cursor + rows)

    def action_page(self, pages: float) -> None:
        """Move by pages, or parts of one."""
        self._move(self._cursor + int(pages * max(2, self._height - 1)))

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
            if self.is_attached and self.tells():
                self.screen.post_message(self.Highlighted(self, key))

    @property
    def _height(self) -> int:
        """Rows that are visible at once."""
        return max(1, self.size.height - 1)

    def _show_from(self, top: int) -> None:
        self.scroll_to(y=max(0, top), animate=False, force=True, immediate=True)

    # -- events --------------------------------------------------------------------------

    def watch_show_vertical_scrollbar(self, there: bool) -> None:
        """Have a bar that comes say where the list is: it may have been scrolled before."""
        if there:
            self.vertical_scrollbar.position = self.scroll_y

    def on_resize(self, event: Resize) -> None:
        """Lay the columns out anew, with the cursor in sight, and the title."""
        self._held = False
        self._place()
        self._lay_out(0)
        self._move(self._cursor)
        self._fit_title()

    def on_focus(self, event: Focus) -> None:
        """Show the cursor of the pane that keys act on."""
        self.refresh_cells()

    def on_blur(self, event: Blur) -> None:
        """Show it fainter."""
        self.refresh_cells()

    def on_click(self, event: Click) -> None:
        """Put the cursor where the pointer is; a double click chooses, a heading sorts."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if not offset.y:
            if column := self.column_at(offset.x):
                self.post_message(self.ColumnChosen(self, column))
            return
        index = self.scroll_offset.y + offset.y - 1
        if index < len(self._rows):
            self._move(index)
            if event.chain == 2:
                self.action_select()
