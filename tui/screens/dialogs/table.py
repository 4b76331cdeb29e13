"""A small table inside a dialog: cells in columns as wide as they need, nothing parsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tui.widgets.line import Piece

GAP: Final = "  "


def table(head: Sequence[str], rows: Sequence[Sequence[Piece]], widest: int = 26) -> Content:
    """The rows under their head; a cell is cut to `widest` cells, but never in the last column."""
    shown = [[_cut(text, style, widest) for text, style in row[:-1]] for row in rows]
    whole = [
        [*cells, Content.styled(*row[-1])] for cells, row in zip(shown, rows, strict=True) if row
    ]
    heads = [Content.styled(word, "$text-muted") for word in head]
    everything = [heads, *whole]
    widths = [max(row[n].cell_length for row in everything) for n in range(len(head))]
    return Content("\n").join(
        Content(GAP).join(
            cell.pad_right(max(0, width - cell.cell_length))
            for cell, width in zip(row, widths, strict=True)
        )
        for row in everything
    )


def _cut(text: str, style: str, widest: int) -> Content:
    """A text of at most `widest` cells: the middle goes, for names differ at their ends."""
    if cell_len(text) > widest:
        half = widest // 2
        end = text[-half:]
        while cell_len(end) > half:
            end = end[1:]
        text = f"{set_cell_size(text, widest - 1 - cell_len(end)).rstrip()}…{end}"
    return Content.styled(text, style)
