"""Making room: which snapshot goes, and what takes its place, as one plan."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable
from datetime import datetime

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.fleet.clock import Clock
from tui.fleet.state import ServerView
from tui.fleet.writes.drafts import dispensable, no_room
from tui.screens.dialogs.base import paragraph
from tui.screens.dialogs.create import propose_name
from tui.screens.dialogs.write import SendingDialog, Sent
from tui.text import age, size
from tui.vps.models import SLOTS, Key, Snapshot
from tui.widgets.choice_list import ChoiceList
from tui.widgets.confirm_field import ConfirmField
from tui.widgets.name_field import NameField

MakeRoom = Callable[[Snapshot, str, str, bool], "asyncio.Task[Sent]"]
"""Deletes a snapshot, then creates one (name, description); True: even without a record."""


class RoomDialog(SendingDialog):
    """At five of five: choose what goes, name what comes, and type the name of what goes."""

    verb = "Delete and create"
    danger = True

    def __init__(
        self,
        view: ServerView,
        now: datetime,
        clock: Clock,
        protected: Container[Key],
        make_room: MakeRoom,
        *,
        name: str = "",
        description: str = "",
    ) -> None:
        super().__init__(f"Make room on {view.server.name}", clock)
        self._view = view
        self._now = now
        self._make_room = make_room
        self._description = description
        self._taken = frozenset(s.name for s in view.snapshots)
        self._candidates = dispensable(view, protected)
        self._name_at_first = name or propose_name(self._taken, now)

    def body(self) -> Iterable[Widget]:
        """The candidates, the new name, and the costs."""
        yield paragraph(f"All {SLOTS} slots of this server are used.", "-warning")
        if not self._candidates:
            why = "None of them should be deleted: busy, protected, or the only good one."
            if self._view.used > SLOTS:
                why = f"{no_room(self._view).capitalize()}."
            yield paragraph(why)
            return
        yield Static("Delete which one? Safest choice first.", classes="label", markup=False)
        yield ChoiceList(*(Option(self._line(s)) for s in self._candidates), compact=True)
        yield NameField("Name of the new snapshot", self._name_at_first, self._taken)
        if self._description:
            yield paragraph(f"Description: {self._description}")
        yield paragraph(
            "First the chosen one is deleted for good, then the new one is created. Until that is "
            "completed, the server is one snapshot short.",
            "-warning",
        )

    def foot(self) -> Iterable[Widget]:
        """The name of what goes is typed in sight of the button."""
        if self._candidates:
            yield ConfirmField("", "", id="confirm")
        yield from super().foot()

    def _line(self, snapshot: Snapshot) -> Content:
        facts = f"{snapshot.status_words}, {age(snapshot.created_at, self._now)}"
        return Content(f"{snapshot.name}  ({facts}, {size(snapshot.size_mb)})")

    def on_mount(self) -> None:
        """Choose the most dispensable one."""
        if not self._candidates:
            self.button.display = False
            return
        self.query_one(OptionList).highlighted = 0
        self.query_one(OptionList).focus()

    @property
    def _target(self) -> Snapshot:
        return self._candidates[self.query_one(OptionList).highlighted or 0]

    def complete(self) -> bool:
        """Whether the new name is allowed and the old one is typed to the letter."""
        if not self._candidates:
            return False
        return self.query_one(NameField).valid and self._confirm.enabled

    @property
    def _confirm(self) -> ConfirmField:
        return self.query_one("#confirm", ConfirmField)

    @on(OptionList.OptionHighlighted)
    def chosen(self) -> None:
        """Ask for the name of the one that is chosen now."""
        words = f"Type the name of what is deleted (#{self._target.id}) to enable the button:"
        self._confirm.ask(words, self._target.name)
        self.update_button()

    @on(OptionList.OptionSelected)
    def to_confirm(self) -> None:
        """Go on to what is typed; whoever wants another name than the proposed one tabs to it."""
        self.query_one("#typed" if self.query_one(NameField).valid else "#name").focus()

    def go_on(self, event: Input.Submitted) -> None:
        """Go on to the next field, at last to the button; never press it."""
        if event.input.id == "name":
            self.query_one("#typed").focus()
        else:
            super().go_on(event)

    def start(self, unrecorded: bool) -> asyncio.Task[Sent]:
        """Start the plan."""
        name = self.query_one(NameField).value
        return self._make_room(self._target, name, self._description, unrecorded)
