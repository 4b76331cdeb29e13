"""Figures that are read from three metres: of whole cells, as large as there is room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

_PIXELS: Final = {
    "0": "### #.# #.# #.# ###",
    "1": ".#. ##. .#. .#. ###",
    "2": "### ..# ### #.. ###",
    "3": "### ..# ### ..# ###",
    "4": "#.# #.# ### ..# ..#",
    "5": "### #.. ### ..# ###",
    "6": "### #.. ### #.# ###",
    "7": "### ..# ..# ..# ..#",
    "8": "### #.# ### #.# ###",
    "9": "### #.# ### ..# ###",
    "?": "### ..# .## ... .#.",
    "O": "### #.# #.# #.# ###",
    "K": "#.# #.# ##. #.# #.#",
}
_ROWS: Final = 5
_COLUMNS: Final = 3
_GAP: Final = 8
"""Cells between two figures at least, so that they are not read as one."""


class Figure(msgspec.Struct, frozen=True):
    """A number or a word of the letters that there are, what it counts, and its style."""

    text: str
    label: str
    style: str


class BigFigures(Widget):
    """Figures side by side, each with its label below it; the last ones give way."""

    def __init__(self, block: str, *, id: str) -> None:
        super().__init__(id=id)
        self._block = block
        self._figures: Sequence[Figure] = ()

    def show(self, figures: Sequence[Figure]) -> None:
        """Show figures, if they differ."""
        if tuple(figures) != self._figures:
            self._figures = tuple(figures)
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Their height at the scale that there is room for, and the labels."""
        return _ROWS * self._scale(width, viewport.height) + 2

    def _scale(self, width: int, screen_height: int) -> int:
        """How many cells high a pixel is: a third of the screen at most."""
        scale = max(1, screen_height // 3 // _ROWS)
        while scale > 1 and _width(self._figures, scale) > width:
            scale -= 1
        return scale

    def render(self) -> Content:
        """The pixels, and the labels under them."""
        width = self.content_size.width
        scale = self._scale(width, self.app.size.height)
        shown = list(self._figures)
        while len(shown) > 1 and _width(shown, scale) > width:
            shown.pop()
        margin = " " * max(0, (width - _width(shown, scale)) // 2)
        lines: list[Content] = []
        for y in range(_ROWS):
            pieces: list[tuple[str, str]] = [(margin, "")]
            for figure in shown:
                room = _figure_width(figure, scale)
                pieces += [
                    (self._row(figure.text, y, scale).ljust(room), figure.style),
                    (" " * _gap(scale), ""),
                ]
            lines += [Content.assemble(*pieces)] * scale
        labels: list[tuple[str, str]] = [(margin, "")]
        for figure in shown:
            room = _figure_width(figure, scale)
            label = figure.label[:room].ljust(room)
            labels += [(label, f"bold {figure.style}"), (" " * _gap(scale), "")]
        return Content("\n").join([*lines, Content(""), Content.assemble(*labels)])

    def _row(self, text: str, y: int, scale: int) -> str:
        blank, full = " " * 2 * scale, self._block * 2 * scale
        letters = (_PIXELS[letter].split()[y] for letter in text)
        return blank.join("".join(full if p == "#" else blank for p in row) for row in letters)


def _figure_width(figure: Figure, scale: int) -> int:
    letters = len(figure.text)
    pixels = letters * _COLUMNS + letters - 1
    return max(pixels * 2 * scale, len(figure.label))


def _width(figures: Sequence[Figure], scale: int) -> int:
    return sum(_figure_width(f, scale) for f in figures) + _gap(scale) * max(0, len(figures) - 1)


def _gap(scale: int) -> int:
    return max(_GAP, 5 * scale)
