"""What is said where there is too little room, instead of showing half of everything."""

from __future__ import annotations

from typing import Final

from textual.content import Content
from textual.events import Resize
from textual.widget import Widget

MIN_SIZE: Final = (60, 15)
"""Columns and rows from which on the dashboard is shown."""


class TooSmall(Widget):
    """Tells how large the terminal is, and should be; the style sheet shows it when it matters."""

    def render(self) -> Content:
        """Two lines."""
        size = self.app.size
        least = "{}x{} at least".format(*MIN_SIZE)
        return Content(f"too small: {size.width}x{size.height}\n{least}")

    def on_resize(self, event: Resize) -> None:
        """Tell the new size."""
        self.refresh()
