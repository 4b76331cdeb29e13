"""A snapshot of each marked server, under one name."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final

from textual import on
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.commands import bindings
from tui.fleet.clock import Clock
from tui.fleet.plan import Plan, Step
from tui.fleet.state import ServerView
from tui.fleet.writes.drafts import no_room
from tui.fleet.writes.plan_run import AT_ONCE, Told
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

SendCreates = Callable[[Sequence[ServerView], str, bool, Told, bool], "asyncio.Task[Plan]"]
"""Creates on these under a name, making room on full ones; True: each is stopped for it."""
_MAKING_ROOM: Final = "Making room deletes for good. Type this:"


class CreateSetDialog(BulkDialog):
    """One name for a snapshot of every marked server that has room, or where room is made."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(["make_room"])
    verb = "Create all"

    def __init__(
        self,
        views: Sequence[ServerView],
        busy: Mapping[Key, str],
        goes: Mapping[Key, Snapshot],
        unstoppable: Mapping[Key, str],
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
        self._unstoppable = unstoppable
        self._now = now
        self._send_all = send
        super().__init__(f"Create a snapshot of {plural(len(views), 'server')}", clock)

    def facts(self) -> Iterable[Widget]:
        """Who is skipped, and why."""
        yield Static("", id="skipped", classes="paragraph -warning", markup=False)

    def _skipped(self) -> Iterable[tuple[str, Sequence[ServerView]]]:
        """Who is skipped as it is chosen now, by reason."""
        yield "busy", self._busy
        whys: dict[str, list[ServerView]] = defaultdict(list)
        for view in self._stuck:
            whys[f"no free slot, and {no_room(view)}"].append(view)
        whys["no free slot"] += [] if self._room else self._roomy
        for view in self._free if self._stop else ():
            if words := self._unstoppable.get(view.server.id):
                whys[words].append(view)
        yield from whys.items()

    def question(self) -> Iterable[Widget]:
        """The choices to make room and to stop, the name, and what to type for it."""
        if self._roomy:
            yield Choice(f"Make room on {plural(len(self._roomy), 'server')}", id="room")
        whys = [self._unstoppable.get(v.server.id, "") for v in self._not_stopped]
        if whys:
            why = f"{AT_ONCE} at a time" if "" in whys else whys[0]
            yield Choice(f"Stop each first, start it after ({why})", id="stop")
        taken = frozenset(s.name for view in self._free for s in view.snapshots)
        yield NameField("One name for all", propose_name(taken, self._now), taken)
        confirm = ConfirmField(_MAKING_ROOM, f"delete {len(self._roomy)}", id="confirm-room")
        confirm.display = False
        yield confirm

    @property
    def _room(self) -> bool:
        return self._ticked("room")

    @property
    def _stop(self) -> bool:
        return self._ticked("stop")

    def _ticked(self, name: str) -> bool:
        """Whether a choice is there and chosen; it is looked for in the whole dialog."""
        return any(choice.value for choice in self.query(f"#{name}").results(Choice))

    @property
    def _not_stopped(self) -> Sequence[ServerView]:
        """The servers that are not known to be stopped."""
        return [view for view in self._free if view.server.status != "stopped"]

    @property
    def _free(self) -> Sequence[ServerView]:
        """The servers that could take a snapshot."""
        return [*self._fitting, *self._roomy]

    def _chosen(self) -> Sequence[ServerView]:
        """The servers that do, as it is chosen now."""
        found = self._free if self._room else self._fitting
        left_out = self._unstoppable if self._stop else ()
        return [view for view in found if view.server.id not in left_out]

    @property
    def _confirm(self) -> ConfirmField:
        return self.query_one("#confirm-room", ConfirmField)

    @property
    def guarded(self) -> bool:
        """What deletes to make room takes no press just after it was enabled."""
        return bool(self._confirm.display) or super().guarded

    def on_mount(self) -> None:
        """Begin at the name; where all are full, at the choice to make room."""
        super().on_mount()
        all_full = self._roomy and not self._fitting
        self.query_one("#room" if all_full else "#name").focus()

    def head(self) -> Sequence[str]:
        """What goes is a column where room is made."""
        return ("Server", "Slots", *(("Deletes", "Age", "Size") if self._room else ()), "Note")

    def rows(self) -> Sequence[Row]:
        """Each server with its slots, and what goes there."""
        found: list[Row] = []
        room, stop = self._room, self._stop
        for view in self._chosen():
            words, grave = create_advice(view.server.status)
            if stop:
                stays = view.server.status == "stopped"
                words = "is stopped, and stays so" if stays else "stopped for it, started after"
                grave = False
            cells: list[Piece] = [
                (view.server.name, ""),
                (f"{view.used} of {SLOTS}", "$text-warning" if view.full else ""),
                *(self._cost(view) if room else ()),
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

    def show_items(self) -> None:
        """Paint the table, and say who is not in it."""
        super().show_items()
        lines = [
            f"Skipped, {why}: {', '.join(view.server.name for view in views)}"
            for why, views in self._skipped()
            if views
        ]
        skipped = self.query_one("#skipped", Static)
        skipped.display = bool(lines)
        skipped.update("\n".join(lines))

    @on(Choice.Changed)
    def _chosen_now(self) -> None:
        if self._begun:
            return
        deletes = sum(view.full for view in self._chosen())
        self._confirm.display = deletes > 0
        self._confirm.ask(_MAKING_ROOM, f"delete {deletes}")
        self.show_items()
        self.update_button()

    def action_make_room(self) -> None:
        """Choose to make room, or not."""
        if self._roomy and not self.begun:
            self.query_one("#room", Choice).action_tick()

    def update_button(self) -> None:
        """Arm or disarm the button; what is sent is chosen no more."""
        super().update_button()
        none_stops = all(view.server.id in self._unstoppable for view in self._not_stopped)
        for choice in self.query("#room, #stop"):
            choice.disabled = self.begun or (choice.id == "stop" and none_stops)

    def complete(self) -> bool:
        """Whether the name is allowed on every server, and what makes room is agreed to."""
        agreed = not self._confirm.display or self._confirm.enabled
        return super().complete() and agreed and self.query_one(NameField).valid

    def go_on(self, event: Input.Submitted) -> None:
        """Send from the name; where room is made go on to what is typed, then to the button."""
        if event.input.id == "name" and self._confirm.display:
            self.query_one("#confirm-room #typed").focus()
        elif self.guarded:
            super().go_on(event)
        else:
            self.press()

    def start(self, unrecorded: bool) -> asyncio.Task[Sent]:
        """Start all."""
        name = self.query_one(NameField).value
        return self._send_all(self._chosen(), name, self._stop, self.told, unrecorded)
