"""Where on the screen the thing is that keys act on: braille displays and magnifiers go there."""

from __future__ import annotations

from rich.cells import cell_len
from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Input, OptionList

from tui.widgets.row_list import RowList


def chosen_at(focused: Widget | None) -> Offset | None:
    """The first cell of the chosen row, choice or button, or where text goes on; None: nothing."""
    if focused is None:
        return None
    region, column, line = focused.content_region, 0, 0
    if isinstance(focused, Input):
        column = cell_len(focused.value[: focused.cursor_position]) - focused.scroll_offset.x
    elif isinstance(focused, RowList):
        line = 1 + focused.cursor - focused.scroll_offset.y  # below the headings
    elif isinstance(focused, OptionList):
        line = (focused.highlighted or 0) - focused.scroll_offset.y
    return region.offset + Offset(column, max(0, min(line, region.height - 1)))
