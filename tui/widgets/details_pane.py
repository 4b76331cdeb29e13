"""Two lines under the panes: what is wrong, the chosen snapshot, its server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from tui.fleet.operation import Certainty
from tui.fleet.state import ServerView
from tui.notices import at_work
from tui.terminal.textual_private import KeptLines
from tui.text import age, size, stamp, taken
from tui.vps.models import Snapshot
from tui.widgets.line import Piece, repaint

if TYPE_CHECKING:
    from tui.session.session import Session

_DOT: Piece = (" · ", "$text-muted")


class Details(KeptLines):
    """Repaints only what differs."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.border_title = Content("Details")
        self._lines: tuple[Content, ...] = ()
        self._outage = ""
        self._shown: list[Content] = []

    def render(self) -> Content:
        """The lines that there is room for."""
        return Content("\n").join(self._shown)

    def show(
        self,
        snapshot: Snapshot | None,
        view: ServerView | None,
        session: Session,
        now: datetime,
        *,
        local: bool = False,
    ) -> None:
        """Describe what is chosen, and what is under way on its server."""
        lines = []
        if snapshot is not None:
            protected = snapshot.id in session.store.fleet.protected
            lines.append(_snapshot_line(snapshot, now, protected, local))
        if view is not None:
            lines.append(_server_line(view, _under_way(view, session, now)))
        self._show(tuple(lines), self._outage)

    def show_outage(self, words: str) -> None:
        """Say why the data is old, before all else; empty when it is not."""
        self.set_class(bool(words), "-outage")
        self._show(self._lines, words)

    def _show(self, lines: tuple[Content, ...], outage: str) -> None:
        self._lines, self._outage = lines, outage
        first = [Content.styled(line, "$text-error") for line in self._broken(outage)]
        before, self._shown = self._shown, [*first, *lines][:2]
        repaint(self, before, self._shown)

    def _broken(self, outage: str) -> Sequence[str]:
        """On both lines where one is too short: what to do about it stands at its end."""
        width, height = self.content_size
        if height < 2 or cell_len(outage) <= width:
            return [outage] if outage else []
        first, *rest = wrap(outage, width)
        return [first, " ".join(rest)]

    def on_resize(self) -> None:
        """Break what is too long for the new width."""
        self._show(self._lines, self._outage)


def _snapshot_line(snapshot: Snapshot, now: datetime, protected: bool, local: bool) -> Content:
    pieces: list[Piece] = [(f"#{snapshot.id} ", "$text-muted"), (snapshot.name, "bold")]
    if snapshot.created_at:
        made = f"created {stamp(snapshot.created_at, local=local)}, {age(snapshot.created_at, now)}"
        pieces += [_DOT, (made, "")]
    if snapshot.size_mb is not None:
        pieces += [_DOT, (size(snapshot.size_mb), "")]
    if protected:
        pieces += [_DOT, ("protected here", "$text-accent")]
    if snapshot.description:
        pieces += [_DOT, (snapshot.description, "")]
    return Content.assemble(*pieces)


def _under_way(view: ServerView, session: Session, now: datetime) -> str:
    """What is being done to a server, since when and for how long."""
    fleet, key = session.store.fleet, view.server.id
    operation = fleet.operations.get(key)
    if operation is None:
        return "being restored" if fleet.restoring(key) else ""
    if operation.accepted_at is None:
        return f"{operation.title}: {at_work(operation)}"
    doubt = " · likely" if operation.certainty is Certainty.LIKELY else ""
    time = taken(operation.accepted_at, now.timestamp())
    expected = session.expected_time(operation.kind)
    return f"{operation.title}: {time}" + (f" of {expected[0]}" if expected else "") + doubt


def _server_line(view: ServerView, under_way: str) -> Content:
    server = view.server
    facts = (server.status, server.address, server.location, server.plan, server.os)
    pieces: list[Piece] = [(f"#{server.id} ", "$text-muted"), (server.name, "")]
    if under_way:
        pieces += [_DOT, (under_way, "$text-accent")]
    for fact in filter(None, facts):
        pieces += [_DOT, (fact, "$text-muted")]
    return Content.assemble(*pieces)
