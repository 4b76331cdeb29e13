"""The second line: the views with their counts, and how much is marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from textual.events import Click
from textual.message import Message

from tui.fleet.views import ALL, Counted, View
from tui.widgets.line import Line, Piece

_STYLES: Final = {
    "Problems": "$text-warning",
    "Stale": "$text-error",
    "Failed": "bold $text-error",
    "Full": "$text-warning",
    "Busy": "$text-accent",
}
_GAP: Final = "   "
_KEPT: Final = ("Failed", "Problems")
"""Views that are shown however little room there is, where they have something."""


class ViewsBar(Line):
    """A click on a view chooses it."""

    class Chosen(Message):
        """A view was clicked."""

        def __init__(self, view: View) -> None:
            super().__init__()
            self.view = view

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._ends: list[tuple[int, View]] = []

    def show_views(
        self, views: Sequence[View], counted: Counted, current: View, marked: str
    ) -> None:
        """Show the views that there is room for, and what is marked, in words."""
        room = self.app.size.width - 2 - cell_len(marked)
        pairs = fitting(list(zip(views, counted.counts, strict=False)), current, room)
        pieces: list[Piece] = []
        self._ends = []
        x = 1
        for view, count in pairs:
            pieces += view_pieces(view, count, counted, chosen=view == current)
            pieces.append((_GAP, ""))
            x += sum(cell_len(text) for text, _ in pieces[-3:])
            self._ends.append((x, view))
        self.show(pieces, [(marked, "bold $text-accent")] if marked else [])

    def on_click(self, event: Click) -> None:
        """Choose the view under the pointer."""
        for end, view in self._ends:
            if event.x < end:
                self.post_message(self.Chosen(view))
                return


def view_pieces(view: View, count: int, counted: Counted, *, chosen: bool) -> Sequence[Piece]:
    """A view and its count: loud where it has something, underlined where it is chosen."""
    style = _STYLES.get(view.name, "") if count else "$text-muted"
    if view.name == "Problems" and counted.critical:
        style = "bold $text-error"
    if chosen:
        style = f"{style or '$text'} underline"
    return [(f"{view.name} ", style), (f"{count}", style)]


def fitting(
    pairs: Sequence[tuple[View, int]], current: View, room: int
) -> Sequence[tuple[View, int]]:
    """The views that there is room for: empty ones go first, one of something failed never."""

    def worth(pair: tuple[View, int]) -> tuple[int, int]:
        view, count = pair
        kept = view == current or (count and view.name in _KEPT)
        return (3 if kept else 2 if view == ALL else 1 if count else 0), -pairs.index(pair)

    kept = list(pairs)
    while len(kept) > 1 and _width(kept) > room:
        worst = min(kept, key=worth)
        if worth(worst)[0] == 3:
            break
        kept.remove(worst)
    return kept


def _width(pairs: Sequence[tuple[View, int]]) -> int:
    return sum(cell_len(v.name) + len(str(n)) + 1 + len(_GAP) for v, n in pairs) - len(_GAP)


def alarms(views: Sequence[View], counted: Counted, marked: str) -> Sequence[Piece]:
    """What the header says where it has one line: what needs somebody, and what is marked."""
    pieces: list[Piece] = []
    for view, count in zip(views, counted.counts, strict=False):
        if count and view.name in _KEPT:
            pieces += [*view_pieces(view, count, counted, chosen=False), ("  ", "")]
    if marked:
        pieces += [(marked, "bold $text-accent"), ("  ", "")]
    return pieces
