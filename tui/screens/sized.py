"""A screen that has the classes of its size before it is styled for the first time.

Textual gives them at the first resize, and styles, lays out and paints all a second time then.
"""

from __future__ import annotations

from typing import Any

from textual.screen import Screen


def sized(screen: Screen[Any]) -> None:
    """Give a screen that is being made the classes that the app's size asks for."""
    columns, rows = screen.app.size
    for cells, breakpoints in (
        (columns, screen.HORIZONTAL_BREAKPOINTS),
        (rows, screen.VERTICAL_BREAKPOINTS),
    ):
        reached = [name for least, name in sorted(breakpoints or ()) if cells >= least]
        screen.add_class(*reached[-1:], update=False)
