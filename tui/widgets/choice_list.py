"""A short list to choose one of: the moving keys work in it as in the lists of the dashboard."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import OptionList

from tui.commands import bindings


class ChoiceList(OptionList, inherit_bindings=False):
    """Its options are content, never markup: whoever makes them sees to that."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        ["first", "last", "page_down", "page_up", "select"],
        down="cursor_down",
        up="cursor_up",
        half_page_down="half_page(1)",
        half_page_up="half_page(-1)",
    )

    def action_half_page(self, direction: int) -> None:
        """Move by half a page."""
        if self.option_count:
            step = direction * max(1, self.size.height // 2)
            self.highlighted = max(0, min(self.option_count - 1, (self.highlighted or 0) + step))
