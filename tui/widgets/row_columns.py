"""Columns and cells of a row list: which fit, how wide they are, and cutting text to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from rich.cells import cell_len, set_cell_size

GUTTER: Final = 3
"""Cells before the first column: cursor, mark, a space."""


class Cell(msgspec.Struct, frozen=True):
    """A text and the name of its look: the component class ``row-list--NAME``."""

    text: str
    style: str = ""


Cells = Cell | tuple[Cell, ...]
"""The content of one column: one piece, or several of different looks."""


class Column(msgspec.Struct, frozen=True):
    """One column. `width` is in cells; 0 takes what the others leave, at least `min_width`.

    Where there is too little room the column with the highest `priority` goes first; 0 stays.
    `gap` are the empty cells before it, unless it is the first.
    """

    key: str
    label: str
    width: int = 0
    min_width: int = 8
    align: str = "left"
    priority: int = 0
    gap: int = 2


class Place(msgspec.Struct, frozen=True):
    """Where a column stands: its number, first cell and width."""

    column: int
    x: int
    width: int


def place(columns: Sequence[Column], room: int) -> tuple[Place, ...]:
    """Lay columns out in `room` cells, dropping those that don't fit."""
    kept = list(range(len(columns)))
    while True:
        fixed = GUTTER + sum(columns[i].width for i in kept)
        fixed += sum(columns[i].gap for i in kept[1:])
        flexible = [i for i in kept if not columns[i].width]
        wanted = sum(columns[i].min_width for i in flexible)
        worst = max(kept, key=lambda i: columns[i].priority)
        if fixed + wanted <= room or not columns[worst].priority:
            break
        kept.remove(worst)
    spare = max(0, room - fixed)
    places: list[Place] = []
    x = GUTTER
    for i in kept:
        x += columns[i].gap if places else 0
        width = columns[i].width
        if not width:
            width = spare // len(flexible)
            spare -= width
            flexible.pop()
        width = max(0, min(width, room - x))
        places.append(Place(i, x, width))
        x += width
    return tuple(places)


def fit(cells: Cells, width: int, align: str, ellipsis: str) -> tuple[Cell, ...]:
    """Cut or pad pieces to exactly `width` cells; wide and combining characters count as shown."""
    pieces = (cells,) if isinstance(cells, Cell) else cells
    length = sum(cell_len(piece.text) for piece in pieces)
    if length <= width:
        pad = Cell(" " * (width - length))
        return (pad, *pieces) if align == "right" else (*pieces, pad)
    if not width:
        return ()
    kept: list[Cell] = []
    left = width - cell_len(ellipsis)
    for piece in pieces:
        text = piece.text
        if cell_len(text) > left:
            text = set_cell_size(text, left)
        kept.append(Cell(text, piece.style))
        left -= cell_len(text)
    return (*kept, Cell(ellipsis, pieces[-1].style))
