"""Pane titles that reach from corner to corner, so that something can stand at the right."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from tui.fleet.queries import Arrangement
from tui.fleet.state import ServerView
from tui.widgets.glyphs import Glyphs
from tui.widgets.usage_bar import usage_title

_SHORT_BELOW: Final = 60
"""Cells of a table below which its bar has a short word."""
_NAME_BELOW: Final = 44
"""Cells below which the server's name stands alone."""


def pane_title(left: str, right: Content | None, width: int, *, dash: str = "─") -> Content:
    """A border title for a pane `width` cells wide, with `right` at the far end if it fits."""
    room = max(0, width - 6)  # corners, the border's own dashes, the title's padding
    title = Content(left)
    if right is None:
        return title.truncate(room, ellipsis=True)
    title = title.truncate(max(8, room - right.cell_length - 4), ellipsis=True)
    gap = room - title.cell_length - right.cell_length - 2
    if gap < 1:
        return title
    return Content.assemble(title, " ", (dash * gap, "$border-blurred"), " ", right)


def servers_title(by: Arrangement, view: str, listed: int, known: int) -> str:
    """Which servers are listed, and how many of all where some are filtered away."""
    left = f"Servers · {view}" if view else "Servers"
    if by.sort == "risk":
        left += " · by risk"
    return f"{left} · {listed} of {known}" if by.text else left


def table_title(view: ServerView | None, text: str, glyphs: Glyphs, width: int) -> Content:
    """Whose snapshots these are, with the large usage bar."""
    if view is None:
        return pane_title(f"Snapshots{_matching(text)}", None, width)
    name = view.server.name if width < _NAME_BELOW else f"Snapshots of {view.server.name}"
    bar = None
    if not view.partial:
        figures = view.used, view.busy, view.failed
        bar = usage_title(*figures, glyphs, short=width < _SHORT_BELOW)
    return pane_title(f"{name}{_matching(text)}", bar, width, dash=glyphs.dash)


def all_title(view: str, text: str, listed: int, glyphs: Glyphs, width: int) -> Content:
    """How many snapshots of all servers are listed, and of which view."""
    left = f"All snapshots · {listed}" + (f" · {view}" if view else "")
    return pane_title(f"{left}{_matching(text)}", None, width, dash=glyphs.dash)


def _matching(text: str) -> str:
    return f" · matching “{text}”" if text else ""
