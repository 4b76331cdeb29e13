"""Where on the screen the thing is that keys act on: braille displays and magnifiers go there."""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len
from textual.command import CommandPalette
from textual.geometry import Offset
from textual.screen import Screen
from textual.widgets import Input, OptionList

from tui.terminal.textual_private import line_of_option
from tui.widgets.row_list import RowList


def chosen_at(screen: Screen[Any]) -> Offset:
    """The first cell of the chosen row, choice or button, or where text goes on.

    Where nothing has the focus it is the first cell of what there is to read.
    """
    focused = screen.focused
    if focused is None:
        text = screen.query(".dialog-body, Monitor #names")
        return text.first().content_region.offset if text else Offset(0, 0)
    if isinstance(screen, CommandPalette):
        # It keeps the focus in its field; below the first command somebody has gone down its list.
        focused = next((o for o in screen.query(OptionList) if o.highlighted), focused)
    region, column, line = focused.content_region, 0, 0
    if isinstance(focused, Input):
        column = cell_len(focused.value[: focused.cursor_position]) - focused.scroll_offset.x
    elif isinstance(focused, RowList):
        line = 1 + focused.cursor - focused.scroll_offset.y  # below the headings
    elif isinstance(focused, OptionList):
        line = line_of_option(focused, focused.highlighted or 0) - focused.scroll_offset.y
    return region.offset + Offset(column, max(0, min(line, region.height - 1)))
