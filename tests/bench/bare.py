"""A bare Textual app to compare with: the same layout of widgets with nothing behind them.

``python bare.py ROWS [follow]``: two lists on the Line API, of the same columns as ours, in fixed
colours. With ``follow`` the second list and the details change with the cursor of the first.
"""

from __future__ import annotations

import sys

from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Static

CURSOR, PLAIN = Style(bgcolor="grey23", bold=True), Style()
COLUMNS = (
    ("   server-{:05}              ", Style(color="grey84")),
    ("  ▰▰▰▱▱", Style(color="blue")),
    (" 3/5 ", Style(color="grey84")),
    ("  2d", Style(color="grey50")),
)


class Rows(ScrollView, can_focus=True):
    """A list of rows on the Line API: the least that such a list can be."""

    BINDINGS = [
        Binding("j,down", "move(1)"),
        Binding("k,up", "move(-1)"),
        Binding("pagedown", "move(30)"),
    ]

    class Moved(Message):
        """The cursor is on another row."""

    def __init__(self, count: int, id: str) -> None:
        super().__init__(id=id)
        self.count = count
        self.first = 0
        self.cursor = 0

    def on_mount(self) -> None:
        self.virtual_size = Size(30, self.count)

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        base = CURSOR if index == self.cursor else PLAIN
        if index >= self.count:
            return Strip([]).adjust_cell_length(self.size.width, base)
        number = self.first + index
        segments = [Segment(text.format(number), base + style) for text, style in COLUMNS]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def action_move(self, rows: int) -> None:
        before, top = self.cursor, self.scroll_offset.y
        self.cursor = max(0, min(self.count - 1, before + rows))
        if self.cursor >= top + self.size.height:
            self.scroll_to(
                y=self.cursor - self.size.height + 1, animate=False, force=True, immediate=True
            )
        elif self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True, immediate=True)
        for row in (before, self.cursor):
            self.refresh(Region(0, row - self.scroll_offset.y, self.size.width, 1))
        self.post_message(self.Moved())


class Bare(App[None]):
    """Header, two panes, details, footer."""

    CSS = """
    Rows { border: round gray; height: 1fr; scrollbar-size-vertical: 1; }
    #a { width: 44; }
    #h, #f { height: 1; }
    #d { height: 4; border: round gray; }
    """
    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        count = int(sys.argv[1]) if len(sys.argv) > 1 else 12
        yield Static("a header", id="h")
        with Horizontal():
            yield Rows(count, "a")
            yield Rows(5, "b")
        yield Static("details", id="d")
        yield Static("a footer READY", id="f")

    def on_rows_moved(self) -> None:
        if "follow" in sys.argv:
            first, second = self.query(Rows)
            second.first = first.cursor * 5
            second.border_title = f"Snapshots of {first.cursor}"
            self.query_one("#d", Static).update(f"server-{first.cursor:05}\nactive, 10.0.0.1")


if __name__ == "__main__":
    Bare().run()
