"""How many of its slots a server uses, small for a row and large for a title."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from tui.vps.models import SLOTS
from tui.widgets.glyphs import Glyphs
from tui.widgets.row_columns import Cell

_MOST: Final = 9
"""Slots drawn at most, should a server ever hold more than the published limit."""


def usage_cells(used: int, busy: int, failed: int, glyphs: Glyphs) -> tuple[Cell, ...]:
    """One sign for each slot: used, busy, failed, then free; a full server's differ in shape."""
    if used >= SLOTS and not busy and not failed:
        return (Cell(glyphs.full * min(used, _MOST), "warn"),)
    done = max(0, min(used, _MOST) - busy - failed)
    pieces = (
        Cell(glyphs.used * done, "warn" if used >= SLOTS else "used"),
        Cell(glyphs.failed_slot * failed, "failed"),
        Cell(glyphs.busy_slot * busy, "busy"),
        Cell(glyphs.free * max(0, SLOTS - used), "free"),
    )
    return tuple(piece for piece in pieces if piece.text)


def usage_word(used: int, busy: int, failed: int, glyphs: Glyphs) -> Cell:
    """The same in at most four cells: ``3/5``, ``full``; ``3/5✗`` where one has failed."""
    if failed:
        return Cell(f"{min(used, _MOST)}/{SLOTS}{glyphs.failed}", "failed")
    if used >= SLOTS:
        return Cell("full" if used == SLOTS else f"{min(used, _MOST)}/{SLOTS}!", "warn")
    return Cell(f"{used}/{SLOTS}", "busy" if busy else "" if used else "free")


_STYLES: Final = {
    "warn": "$text-warning",
    "used": "$text-primary",
    "failed": "$text-error",
    "busy": "$text-accent",
    "free": "$text-muted",
}


def usage_title(
    used: int, busy: int, failed: int, glyphs: Glyphs, *, short: bool = False
) -> Content:
    """The large form: the bar, and ``3 of 5 slots``, or ``3/5`` where there is little room."""
    cells = usage_cells(used, busy, failed, glyphs)
    bar = [(f"{cell.text}", _STYLES[cell.style]) for cell in cells]
    words = f" {used} of {SLOTS} slots" + (" · full" if used >= SLOTS else "")
    if short:
        words = f" {used}/{SLOTS}"
    return Content.assemble(*bar, (words, "bold"))
