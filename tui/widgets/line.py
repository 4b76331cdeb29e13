"""One line of styled pieces, left and right, cut to fit: what the bars at top and bottom are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from tui.terminal.textual_private import KeptLines

Piece = tuple[str, str]
"""A text, never parsed as markup, and the style it is shown in (Textual style, may be empty)."""


class Line(KeptLines):
    """A line with pieces at its left and right end; the left ones give way.

    Setting the same pieces again repaints nothing.
    """

    DEFAULT_CSS = """
    Line { height: 1; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._left: tuple[Piece, ...] = ()
        self._right: tuple[Piece, ...] = ()

    def show(self, left: Sequence[Piece], right: Sequence[Piece] = ()) -> None:
        """Take over new pieces and repaint if they differ."""
        new = (tuple(left), tuple(right))
        if new != (self._left, self._right):
            before = self.render()
            self._left, self._right = new
            repaint(self, [before], [self.render()])

    def render(self) -> Content:
        """The whole line, exactly as wide as the widget."""
        width = self.content_size.width
        right = Content.assemble(*self._right)
        left = Content.assemble(*self._left)
        room = max(0, width - right.cell_length - (1 if self._right else 0))
        if left.cell_length > room:
            left = left.truncate(room, ellipsis=True)
        gap = " " * max(0, width - left.cell_length - right.cell_length)
        return Content.assemble(left, gap, right).truncate(width)


def repaint(widget: Widget, before: Sequence[Content], after: Sequence[Content]) -> None:
    """Have a widget paint, of its lines, the cells that differ from those before."""
    for y, (old, new) in enumerate(zip_longest(before, after, fillvalue=Content(""))):
        start, end = differing(old, new)
        if end:
            widget.refresh(Region(start, y, end - start, 1))


def differing(before: Content, after: Content) -> tuple[int, int]:
    """The cells, from the first to behind the last, in which two lines differ."""
    old, new = _looks(before), _looks(after)
    length = max(len(old), len(new))
    if max(before.cell_length, after.cell_length) != length:  # a wide character moves the others
        return 0, max(before.cell_length, after.cell_length)
    old += [None] * (length - len(old))
    new += [None] * (length - len(new))
    differ = [n for n in range(length) if old[n] != new[n]]
    return (differ[0], differ[-1] + 1) if differ else (0, 0)


def _looks(content: Content) -> list[tuple[str, str] | None]:
    """Each character with its styles."""
    styles = [""] * len(content.plain)
    for span in content.spans:
        for n in range(span.start, min(span.end, len(styles))):
            styles[n] += f" {span.style}"
    return list(zip(content.plain, styles, strict=True))
