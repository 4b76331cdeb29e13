"""A snapshot of each marked server, under one name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.commands import bindings
from tui.fleet.clock import Clock
from tui.fleet.plan import Plan, Step
from tui.fleet.state import ServerView
from tui.fleet.writes.plan_run import Told
from tui.fleet.writes.rules import create_advice
from tui.screens.dialogs.bulk import BulkDialog, Row
from tui.screens.dialogs.create import propose_name
from tui.screens.dialogs.write import Sent
from tui.text import plural, short_age, size
from tui.vps.models import SLOTS, Key, Snapshot
from tui.widgets.checkbox import Choice
from tui.widgets.confirm_field import ConfirmField
from tui.widgets.line import Piece
from tui.widgets.name_field import NameField

SendCreates = Callable[[str, bool, Told, bool], "asyncio.Task[Plan]"]
"""Creates on all under a name, making room where it is needed if the second is true."""


class CreateSetDialog(BulkDialog):
    """One name for a snapshot of every marked server that has room, or where room is made."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(["make_room"])
    verb = "Create all"

    def __init__(
        self,
        views: Sequence[ServerView],
        busy: Mapping[Key, str],
        goes: Mapping[Key, Snapshot],
        now: datetime,
        clock: Clock,
        send: SendCreates,
    ) -> None:
        free = [view for view in views if view.server.id not in busy]
        self._busy = [view for view in views if view.server.id in busy]
        self._fitting = [view for view in free if not view.full]
        self._roomy = [view for view in free if view.full and view.server.id in goes]
        self._stuck = [view for view in free if view.full and view.server.id not in goes]
        self._goes = goes
        self._now = now
        self._send_all = send
        super().__init__(f"Create a snapshot of {plural(len(views), 'server')}", clock)

    def question(self) -> Iterable[Widget]:
        """Who is skipped, the choice to make room, the name, and what to type for it."""
        if self._busy:
            yield _skipped("busy", self._busy)
        if self._stuck:
            yield _skipped("no free slot, and nothing there should go", self._stuck)
        if self._roomy:
            yield _skipped("no free slot", self._roomy, "room-skipped")
            key = self.keys.shown("make_room")
            yield Choice(f"Make room on {plural(len(self._roomy), 'server')} ({key})", id="room")
        taken = frozenset(s.name for view in self._chosen(all_of=True) for s in view.snapshots)
        yield NameField("One name for all", propose_name(taken, self._now), taken)
        confirm = ConfirmField(
            "Making room deletes for good. Type this to enable the button:",
            f"delete {len(self._roomy)}",
            id="confirm-room",
        )
        confirm.display = False
        yield confirm

    @property
    def _room(self) -> bool:
        return bool(self._roomy) and self.query_one("#room", Choice).value

    def _chosen(self, *, all_of: bool = False) -> Sequence[ServerView]:
        return [*self._fitting, *(self._roomy if all_of or self._room else [])]

    @property
    def guarded(self) -> bool:
        """What deletes to make room takes no press just after it was enabled."""
        return self._room or super().guarded

    def on_mount(self) -> None:
        """Begin at the name."""
        super().on_mount()
        self.query_one("#name").focus()

    def head(self) -> Sequence[str]:
        """What goes is a column where room is made."""
        return ("Server", "Slots", *(("Deletes", "Age", "Size") if self._room else ()), "Note")

    def rows(self) -> Sequence[Row]:
        """Each server with its slots, and what goes there."""
        found: list[Row] = []
        for view in self._chosen():
            words, grave = create_advice(view.server.status)
            cells: list[Piece] = [
                (view.server.name, ""),
                (f"{view.used} of {SLOTS}", "$text-warning" if view.full else ""),
                *(self._cost(view) if self._room else ()),
                (words, "$text-warning" if grave else "$text-muted"),
            ]
            found.append((view.server.id, cells))
        return found

    def _cost(self, view: ServerView) -> Sequence[Piece]:
        """What is deleted on a server to make room; it is never its last good one."""
        if not view.full:
            return (("-", "$text-muted"), ("", ""), ("", ""))
        goes = self._goes[view.server.id]
        facts = (goes.name, short_age(goes.created_at, self._now), size(goes.size_mb))
        return [(fact, "$text-error") for fact in facts]

    def row_of(self, step: Step) -> Hashable:
        """That of its server."""
        return step.server_id

    @on(Choice.Changed)
    def _room_chosen(self) -> None:
        if self._begun:
            return
        self.query_one("#confirm-room", ConfirmField).display = self._room
        self.query_one("#room-skipped", Static).display = not self._room
        self.show_items()
        self.update_button()

    def action_make_room(self) -> None:
        """Choose to make room, or not."""
        if self._roomy and not self.begun:
            self.query_one("#room", Choice).action_tick()

    def update_button(self) -> None:
        """Arm or disarm the button; what is sent is chosen no more."""
        super().update_button()
        for choice in self.query("#room"):
            choice.disabled = self.begun

    def complete(self) -> bool:
        """Whether the name is allowed on every server, and what makes room is agreed to."""
        agreed = not self._room or self.query_one("#confirm-room", ConfirmField).enabled
        return super().complete() and agreed and self.query_one(NameField).valid

    def go_on(self, event: Input.Submitted) -> None:
        """Send from the name; where room is made go on to what is typed, then to the button."""
        if event.input.id == "name" and self._room:
            self.query_one("#confirm-room #typed").focus()
        elif self.guarded:
            super().go_on(event)
        else:
            self.press()

    def start(self, unrecorded: bool) -> asyncio.Task[Sent]:
        """Start all."""
        name = self.query_one(NameField).value
        return self._send_all(name, self._room, self.told, unrecorded)


def _skipped(why: str, views: Sequence[ServerView], name: str | None = None) -> Static:
    names = ", ".join(view.server.name for view in views)
    words = f"Skipped, {why}: {names}"
    return Static(words, id=name, classes="paragraph -warning", markup=False)
