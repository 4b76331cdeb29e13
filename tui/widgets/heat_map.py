"""All servers at once, each a field in the colour of its risk; what is worst of some, if many."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.widget import Widget

_FIELD: Final = 22
"""Cells of a field with a name."""
_STYLES: Final[Mapping[int, str]] = {
    0: "$text on $success 25%",
    1: "$text on $warning 25%",
    2: "bold reverse $warning",
    3: "bold reverse $error",
}
_UNSHADED: Final[Mapping[int, str]] = {**_STYLES, 0: "$success", 1: "$warning"}
"""In the terminal's own colours, which have no shades: what is well has no ground."""


class Heat(enum.IntEnum):
    """How much a server needs somebody."""

    WELL = 0
    NEAR = 1
    WARNING = 2
    CRITICAL = 3


class Field(msgspec.Struct, frozen=True):
    """One server: its name, a short word (an age, ``none``), and its heat."""

    name: str
    word: str
    heat: Heat


class HeatMap(Widget):
    """Fields with names where they fit; else a sign for each server, or for some of them."""

    def __init__(self, signs: str, *, id: str) -> None:
        super().__init__(id=id)
        self._signs = signs
        self._fields: Sequence[Field] = ()

    def show(self, fields: Sequence[Field]) -> None:
        """Show servers, if they differ."""
        if tuple(fields) != self._fields:
            self._fields = tuple(fields)
            self.refresh()

    def render(self) -> Content:
        """As many lines as there is room for."""
        width, height = self.content_size
        columns = max(1, (width + 1) // (_FIELD + 1))
        if not self._fields or not width or not height:
            return Content("")
        styles = _UNSHADED if self.app.native_ansi_color else _STYLES
        if len(self._fields) <= columns * height:
            return self._named(columns, height, styles)
        return self._signed(width, height, styles)

    def _named(self, columns: int, height: int, styles: Mapping[int, str]) -> Content:
        """A field with its name for each; with an empty line between where there is room."""
        rows = [self._fields[n : n + columns] for n in range(0, len(self._fields), columns)]
        gap = Content(" ")
        lines = [
            gap.join(Content.styled(_label(field), styles[field.heat]) for field in row)
            for row in rows
        ]
        if 4 * len(lines) - 1 <= height:  # fields of three lines
            blanks = [
                gap.join(Content.styled(" " * _FIELD, styles[field.heat]) for field in row)
                for row in rows
            ]
            lines = [
                Content("\n").join((blank, line, blank))
                for blank, line in zip(blanks, lines, strict=True)
            ]
        apart = 2 * len(rows) - 1 <= height
        return Content("\n\n" if apart else "\n").join(lines)

    def _signed(self, width: int, height: int, styles: Mapping[int, str]) -> Content:
        each = -(-len(self._fields) // (width // 2 * height))
        groups = [self._fields[n : n + each] for n in range(0, len(self._fields), each)]
        worst = [max(field.heat for field in group) for group in groups]
        across = max(1, width // 2)
        lines = [
            Content.assemble(*((f"{self._signs[heat]} ", styles[heat]) for heat in row))
            for row in (worst[n : n + across] for n in range(0, len(worst), across))
        ]
        return Content("\n").join(lines)


def _label(field: Field) -> str:
    room = _FIELD - 3 - cell_len(field.word)
    name = field.name
    name = f"{set_cell_size(name, room - 1)}…" if cell_len(name) > room else name
    return f" {name}{' ' * (room - cell_len(name))} {field.word} "
