"""Pane titles that reach from corner to corner, so that something can stand at the right."""

from __future__ import annotations

from textual.content import Content


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
