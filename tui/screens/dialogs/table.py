"""A small table inside a dialog: cells in columns as wide as they need, nothing parsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.content import Content

from tui.widgets.line import Piece
from tui.widgets.row_columns import cut_middle

GAP: Final = "  "


def table(head: Sequence[str], rows: Sequence[Sequence[Piece]], widest: int = 26) -> Content:
    """The rows under their head; a cell is cut to `widest` cells, but never in the last column."""
    shown = [
        [Content.styled(cut_middle(text, widest), style) for text, style in row[:-1]]
        for row in rows
    ]
    whole = [
        [*cells, Content.styled(*row[-1])] for cells, row in zip(shown, rows, strict=True) if row
    ]
    heads = [Content.styled(word, "$text-muted") for word in head]
    everything = [heads, *whole]
    widths = [max(row[n].cell_length for row in everything) for n in range(len(head) - 1)]
    widths.append(0)  # blanks at the end would be cut, as if they were words
    return Content("\n").join(
        Content(GAP).join(
            cell.pad_right(max(0, width - cell.cell_length))
            for cell, width in zip(row, widths, strict=True)
        )
        for row in everything
    )
