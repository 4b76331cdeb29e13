"""Columns and cells of a row list: which fit, how wide they are, and cutting text to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec
from rich.cells import cell_len, set_cell_size

GUTTER: Final = 3
"""Cells before the first column: cursor, mark, a space."""
AROUND: Final = GUTTER + 3
"""Cells of a list beside its columns: gutter, frame and scroll bar."""
EXTRA: Final = 5
"""The priority from which on a column gives way before a name is cut."""
_LEAST_NAME: Final = 4
"""Cells that a name keeps at least, so that what stands beside it stays whole."""


class Cell(msgspec.Struct, frozen=True):
    """A text and the name of its look: the component class ``row-list--NAME``."""

    text: str
    style: str = ""


Cells = Cell | tuple[Cell, ...]
"""The content of one column: one piece, or several of different looks."""


class Column(msgspec.Struct, frozen=True):
    """One column. `width` is in cells; 0 takes what the others leave, at least `min_width`.

    Where there is too little room the column with the highest `priority` goes first; 0 stays.
    `gap` are the empty cells before it, unless it is the first. `key` is also what it sorts by.
    Where a text is too long, its piece number `middle` is cut in its middle and the others stay.
    """

    key: str
    label: str
    width: int = 0
    min_width: int = 8
    align: str = "left"
    priority: int = 0
    gap: int = 2
    middle: int | None = None


def cells_of(columns: Iterable[Column]) -> int:
    """Cells of columns that are so wide as they say, with the gaps before them."""
    return sum(column.width + column.gap for column in columns)


class Place(msgspec.Struct, frozen=True):
    """Where a column stands: its number, first cell and width."""

    column: int
    x: int
    width: int


def place(
    columns: Sequence[Column], room: int, wanted: Mapping[str, int] = MappingProxyType({})
) -> tuple[Place, ...]:
    """Lay columns out in `room` cells, dropping those that don't fit.

    `wanted` are the widths at which columns that take what is left show everything: where they
    get more, the last of them has it.
    """
    kept = list(range(len(columns)))
    fixed, flexible = _measured(columns, kept)
    while True:
        worst = max(kept, key=lambda i: columns[i].priority)
        extra = columns[worst].priority >= EXTRA
        least = sum(_wanted(columns[i], wanted if extra else {}) for i in flexible)
        if fixed + least <= room or not columns[worst].priority:
            break
        kept.remove(worst)
        fixed, flexible = _measured(columns, kept)
    widths = _shares(columns, flexible, max(0, room - fixed), wanted)
    places: list[Place] = []
    x = GUTTER
    for i in kept:
        x += columns[i].gap if places else 0
        width = max(0, min(columns[i].width or widths[i], room - x))
        places.append(Place(i, x, width))
        x += width
    return tuple(places)


def _measured(columns: Sequence[Column], kept: Sequence[int]) -> tuple[int, list[int]]:
    """The cells that are taken whatever the room is, and the columns that share the rest."""
    fixed = GUTTER + sum(columns[i].width for i in kept)
    fixed += sum(columns[i].gap for i in kept[1:])
    return fixed, [i for i in kept if not columns[i].width]


def _wanted(column: Column, wanted: Mapping[str, int]) -> int:
    return max(column.min_width, wanted.get(column.key, 0))


def _shares(
    columns: Sequence[Column], flexible: Sequence[int], spare: int, wanted: Mapping[str, int]
) -> dict[int, int]:
    """What each flexible column gets: all that it wants, or an even part."""
    shares: dict[int, int] = {}
    for number, i in enumerate(flexible):
        rest = flexible[number + 1 :]
        share = spare // (len(rest) + 1)
        if rest:
            others = sum(_wanted(columns[n], wanted) for n in rest)
            want = _wanted(columns[i], wanted) if columns[i].key in wanted else share
            share = min(want, max(share, spare - others))
        shares[i] = share
        spare -= share
    return shares


def cut_middle(text: str, width: int, ellipsis: str = "…") -> str:
    """A text of at most `width` cells: the middle goes, for names differ at their ends."""
    if cell_len(text) <= width:
        return text
    half = width // 2
    end = text[len(text) - half :]
    while cell_len(end) > half:
        end = end[1:]
    begin = set_cell_size(text, max(0, width - cell_len(ellipsis) - cell_len(end)))
    return f"{begin.rstrip()}{ellipsis}{end}"


def fit(
    cells: Cells, width: int, align: str, ellipsis: str, *, middle: int | None = None
) -> tuple[Cell, ...]:
    """Cut or pad pieces to exactly `width` cells; wide and combining characters count as shown.

    The piece number `middle` is cut in its middle, if that leaves the others whole.
    """
    pieces = (cells,) if isinstance(cells, Cell) else cells
    length = sum(cell_len(piece.text) for piece in pieces)
    if length <= width:
        pad = Cell(" " * (width - length))
        return (pad, *pieces) if align == "right" else (*pieces, pad)
    if not width:
        return ()
    if middle is not None:
        at = middle % len(pieces)
        name, alone = pieces[at], cell_len(pieces[at].text)
        room = width - length + alone
        if room >= _LEAST_NAME:
            return (*pieces[:at], *_cut(name, room, ellipsis), *pieces[at + 1 :])
        if alone >= width:
            return _cut(name, width, ellipsis)
    kept: list[Cell] = []
    left = width - cell_len(ellipsis)
    for piece in pieces:
        text = piece.text
        if cell_len(text) > left:
            text = set_cell_size(text, left)
        kept.append(Cell(text, piece.style))
        left -= cell_len(text)
    return (*kept, Cell(ellipsis, pieces[-1].style))


def _cut(name: Cell, width: int, ellipsis: str) -> tuple[Cell, ...]:
    """A name, cut in its middle, on `width` cells."""
    text = cut_middle(name.text, width, ellipsis)
    return Cell(text, name.style), Cell(" " * (width - cell_len(text)))


def heading(column: Column, width: int, arrow: str) -> Cell:
    """A column's label, with the arrow of the order at its end: the label is cut, never that."""
    if not arrow:
        return Cell(column.label)
    room = width - cell_len(arrow)
    label = column.label if cell_len(column.label) <= room else set_cell_size(column.label, room)
    gap = " " if cell_len(label) < room else ""
    return Cell(f"{label}{gap}{arrow}")
