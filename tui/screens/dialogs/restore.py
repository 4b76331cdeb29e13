"""The restore dialog: the server's name to type, and the choice to snapshot it first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable
from datetime import datetime

from textual import on
from textual.widget import Widget
from textual.widgets import Static

from tui.fleet.clock import Clock
from tui.fleet.state import ServerView
from tui.fleet.writes.drafts import Safety, safety
from tui.fleet.writes.preflight import Refused
from tui.screens.dialogs.base import paragraph
from tui.screens.dialogs.confirm import ConfirmDialog, describe, restore_warnings
from tui.screens.dialogs.create import propose_name
from tui.screens.dialogs.write import Sent
from tui.text import age
from tui.vps.models import SLOTS, Key, Snapshot
from tui.widgets.checkbox import Choice

SendRestore = Callable[[Safety | None, bool], "asyncio.Task[Sent]"]
"""Sends the restore, or what comes first; True: even where no record of it can be kept."""


class RestoreDialog(ConfirmDialog):
    """Arms its button by the server's name; `tab` goes on to the choice of a safety snapshot."""

    def __init__(
        self,
        view: ServerView,
        target: Snapshot,
        now: datetime,
        clock: Clock,
        protected: Container[Key],
        send: SendRestore,
        *,
        local: bool = False,
    ) -> None:
        super().__init__(
            f"Restore {view.server.name}",
            clock,
            verb="Restore",
            target=describe(target, now, local=local),
            warnings=restore_warnings(target, view, now),
            expected=view.server.name,
            what="the server's name",
            send=lambda unrecorded: send(self._first(), unrecorded),
        )
        self._view = view
        self._now = now
        self._safety: Safety | None = None
        self._impossible = ""
        try:
            name = propose_name({s.name for s in view.snapshots}, now, "before-restore")
            self._safety = safety(view, target, name, protected)
        except Refused as error:
            self._impossible = str(error)

    def choices(self) -> Iterable[Widget]:
        """Whether to snapshot first, and what that takes, or why it is not possible."""
        off = self._safety is None
        yield Choice("Snapshot first", id="safety", disabled=off)
        yield paragraph(self._cost(), "safety-cost -told" if off else "safety-cost")

    def _cost(self) -> str:
        first = self._safety
        if first is None:
            return f"Not possible: {self._impossible}."
        room = f"in slot {self._view.used + 1} of {SLOTS}"
        if first.goes is not None:
            room = (
                f"for which {first.goes.name} #{first.goes.id} "
                f"({first.goes.status_words}, {age(first.goes.created_at, self._now)}) is deleted"
            )
        return (
            f"{first.name}, 3 to 10 minutes, {room}. "
            "The restore follows once it is completed. If ciplun ends before that, the next start "
            "offers to go on."
        )

    def _first(self) -> Safety | None:
        return self._safety if self.query_one(Choice).value else None

    @on(Choice.Changed)
    def chosen(self) -> None:
        """Have the button say what it will do."""
        first = self._first()
        label = "Restore"
        if first is not None:
            label = "Snapshot, then restore" if first.goes is None else "Delete, snapshot, restore"
        self.button.label = label
        self.button.refresh(layout=True)  # a longer label needs more room
        cost = self.query_one(".safety-cost", Static)
        cost.set_class(first is not None, "-told")
        cost.set_class(bool(first and first.goes), "-warning")
