"""One action on many: a snapshot of each marked server, or the delete of all marked snapshots."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from tui.fleet.state import ServerView
from tui.fleet.writes.plans import Result
from tui.fleet.writes.rules import name_problem
from tui.screens.dialogs.base import Dialog, paragraph
from tui.screens.dialogs.create import propose_name
from tui.text import plural
from tui.vps.models import Key, Snapshot
from tui.widgets.send_button import SendButton
from tui.widgets.text_field import Field

Told = Callable[[Key, Result], None]
SendAll = Callable[[str, Told], "asyncio.Task[None]"]
"""Starts all writes, with what is typed; tells the result of each."""


class ManyDialog(Dialog[None]):
    """Names the items, sends once, and then shows a result for each."""

    verb = "Send"
    danger = False

    def __init__(self, title: str, items: Sequence[tuple[Key, str]], send: SendAll) -> None:
        super().__init__(title)
        self._items = items
        self._send_all = send
        self._results: dict[Key, Result] = {}
        self._sent = False

    def body(self) -> Iterable[Widget]:
        """What is asked, then one line for each item."""
        yield from self.question()
        yield Static("", id="items", markup=False)

    def question(self) -> Iterable[Widget]:
        """The fields above the list of items."""
        return ()

    def foot(self) -> Iterable[Widget]:
        """The one button."""
        yield Static("", id="answer", markup=False)
        with Horizontal(classes="dialog-buttons"):
            yield self.hint(leave="leaves")
            variant = "error" if self.danger else "primary"
            yield SendButton(self.verb, id="send", variant=variant, disabled=True)  # type: ignore[arg-type]

    def on_mount(self) -> None:
        """Show the items."""
        self._show()
        self.typed()

    def ready(self) -> bool:
        """Whether what is typed may be sent."""
        return bool(self._items)

    def text(self) -> str:
        """What is typed."""
        return ""

    @on(Input.Changed)
    def typed(self) -> None:
        """Arm or disarm the button."""
        self.query_one("#send", Button).disabled = self._sent or not self.ready()

    @on(Button.Pressed, "#send")
    def send(self) -> None:
        """Send once."""
        if self._sent or not self.ready():
            return
        self._sent = True
        self.typed()
        task = self._send_all(self.text(), self._told)
        task.add_done_callback(lambda _: self._done())

    def _told(self, key: Key, result: Result) -> None:
        self._results[key] = result
        if self.is_attached:
            self._show()

    def _done(self) -> None:
        if self.is_attached:
            bad = sum(not result.good for result in self._results.values())
            words = f"done: {plural(len(self._results) - bad, 'time')} accepted"
            self.query_one("#answer", Static).update(words + (f", {bad} not" if bad else ""))

    def _show(self) -> None:
        lines = []
        for key, label in self._items:
            result = self._results.get(key)
            words = ("  sending …" if self._sent else "") if result is None else f"  {result.words}"
            style = "" if result is None else "$text-success" if result.good else "$text-error"
            lines.append(Content.assemble(Content(label), (words, style)))
        self.query_one("#items", Static).update(Content("\n").join(lines))


class CreateSetDialog(ManyDialog):
    """One name for a snapshot of every marked server that has room."""

    verb = "Create all"

    def __init__(self, views: Sequence[ServerView], now: datetime, send: SendAll) -> None:
        self._fitting = [view for view in views if not view.full and not view.busy]
        self._left_out = [view for view in views if view.full or view.busy]
        self._taken = frozenset(s.name for view in self._fitting for s in view.snapshots)
        self._now = now
        items = [(v.server.id, f"{v.server.name}  {v.used}/5") for v in self._fitting]
        title = f"Create a snapshot of each of {plural(len(self._fitting), 'server')}"
        super().__init__(title, items, send)

    def question(self) -> Iterable[Widget]:
        """The name, and who is left out."""
        yield Static("One name for all", classes="label", markup=False)
        yield Field(propose_name(self._taken, self._now), id="name")
        yield Static("", id="name-problem", markup=False)
        for view in self._left_out:
            why = "full" if view.full else "busy"
            yield paragraph(f"Left out: {view.server.name} is {why}.", "-warning")

    def ready(self) -> bool:
        """Whether the name is allowed on every server."""
        problem = name_problem(self.text(), self._taken)
        self.query_one("#name-problem", Static).update(problem)
        return bool(self._items) and not problem

    def text(self) -> str:
        """The name."""
        return self.query_one("#name", Input).value

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Send by `enter`."""
        self.send()


class DeleteSetDialog(ManyDialog):
    """All marked snapshots, deleted after a count is typed."""

    verb = "Delete all"
    danger = True

    def __init__(
        self, snapshots: Sequence[Snapshot], protected: Sequence[Snapshot], send: SendAll
    ) -> None:
        self._left_out = protected
        self._expected = f"delete {len(snapshots)}"
        items = [(s.id, f"#{s.id}  {s.name} of {s.server_name}") for s in snapshots]
        super().__init__(f"Delete {plural(len(snapshots), 'snapshot')}", items, send)

    def question(self) -> Iterable[Widget]:
        """The cost, and the words to type."""
        yield paragraph("Deleting is permanent: it cannot be undone.", "-warning")
        for snapshot in self._left_out:
            words = f"Left out: {snapshot.name} of {snapshot.server_name} is protected here."
            yield paragraph(words, "-warning")
        yield Static("Type this to arm the button:", classes="label", markup=False)
        yield Static(self._expected, classes="expected", markup=False)
        yield Field(id="typed")

    def ready(self) -> bool:
        """Whether the words match to the letter."""
        return super().ready() and self.query_one("#typed", Input).value == self._expected

    @on(Input.Submitted)
    def to_button(self) -> None:
        """Go to the button; only a second `enter`, on it, fires."""
        if self.ready():
            self.query_one("#send").focus()
