"""Two lines under the panes: what is wrong, the chosen snapshot, its server."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content
from textual.widgets import Static

from tui.fleet.state import ServerView
from tui.text import age, size, stamp
from tui.vps.models import Snapshot
from tui.widgets.line import Piece

_DOT: Piece = (" · ", "$text-muted")


class Details(Static):
    """Repaints only when its text differs."""

    def __init__(self, *, id: str) -> None:
        super().__init__("", id=id, markup=False)
        self.border_title = "Details"
        self._lines: tuple[Content, Content] = (Content(""), Content(""))
        self._outage = ""

    def show(
        self,
        snapshot: Snapshot | None,
        view: ServerView | None,
        under_way: str,
        now: datetime,
    ) -> None:
        """Describe what is chosen, and what is `under_way` on its server."""
        first = _snapshot_line(snapshot, now) if snapshot else Content("")
        second = _server_line(view, under_way) if view else Content("")
        self._show((first, second), self._outage)

    def show_outage(self, words: str) -> None:
        """Say why the data is old, before all else; empty when it is not."""
        self.set_class(bool(words), "-outage")
        self._show(self._lines, words)

    def _show(self, lines: tuple[Content, Content], outage: str) -> None:
        if (lines, outage) == (self._lines, self._outage) and lines[0].is_same(self._lines[0]):
            return
        self._lines, self._outage = lines, outage
        shown = [line for line in lines if line]
        if outage:
            shown.insert(0, Content.styled(outage, "$text-error"))
        self.update(Content("\n").join(shown[:2]))


def _snapshot_line(snapshot: Snapshot, now: datetime) -> Content:
    pieces: list[Piece] = [(f"#{snapshot.id} ", "$text-muted"), (snapshot.name, "bold")]
    if snapshot.created_at:
        made = f"created {stamp(snapshot.created_at)}, {age(snapshot.created_at, now)}"
        pieces += [_DOT, (made, "")]
    if snapshot.size_mb is not None:
        pieces += [_DOT, (size(snapshot.size_mb), "")]
    if snapshot.description:
        pieces += [_DOT, (snapshot.description, "")]
    return Content.assemble(*pieces)


def _server_line(view: ServerView, under_way: str) -> Content:
    server = view.server
    facts = (server.status, server.address, server.location, server.plan, server.os)
    pieces: list[Piece] = [(f"#{server.id} ", "$text-muted"), (server.name, "")]
    if under_way:
        pieces += [_DOT, (under_way, "$text-accent")]
    for fact in filter(None, facts):
        pieces += [_DOT, (fact, "$text-muted")]
    return Content.assemble(*pieces)
