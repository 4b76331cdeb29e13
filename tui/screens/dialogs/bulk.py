"""One action on many: a snapshot of each marked server, or the delete of all marked snapshots."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.fleet.clock import Clock
from tui.fleet.state import ServerView
from tui.fleet.writes.unplanned import Result
from tui.screens.dialogs.base import paragraph
from tui.screens.dialogs.create import propose_name
from tui.screens.dialogs.write import WriteDialog
from tui.text import plural
from tui.vps.models import SLOTS, Key, Snapshot
from tui.widgets.confirm_field import ConfirmField
from tui.widgets.name_field import NameField

Told = Callable[[Key, Result], None]
SendAll = Callable[[str, Told], "asyncio.Task[None]"]
"""Starts all writes, with what is typed; tells the result of each."""


class BulkDialog(WriteDialog[None]):
    """Names the items, sends once, and then shows a result for each."""

    leaving = "leaves"

    def __init__(
        self, title: str, clock: Clock, items: Sequence[tuple[Key, str]], send: SendAll
    ) -> None:
        super().__init__(title, clock)
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

    def on_mount(self) -> None:
        """Show the items."""
        self._show()
        self.update_button()

    def complete(self) -> bool:
        """Whether everything that this dialog asks for is there."""
        return True

    def ready(self) -> bool:
        """Whether there is something to send, all is there, and it was not sent already."""
        return bool(self._items) and not self._sent and self.complete()

    def text(self) -> str:
        """What is typed."""
        return ""

    def send(self) -> None:
        """Send all, once."""
        self._sent = True
        self.answer("")
        self.update_button()
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
            self.answer(words + (f", {bad} not" if bad else ""), good=not bad)

    def _show(self) -> None:
        lines = []
        for key, label in self._items:
            result = self._results.get(key)
            words = ("  sending …" if self._sent else "") if result is None else f"  {result.words}"
            style = "" if result is None else "$text-success" if result.good else "$text-error"
            lines.append(Content.assemble(Content(label), (words, style)))
        self.query_one("#items", Static).update(Content("\n").join(lines))


class CreateSetDialog(BulkDialog):
    """One name for a snapshot of every marked server that has room."""

    verb = "Create all"

    def __init__(
        self, views: Sequence[ServerView], now: datetime, clock: Clock, send: SendAll
    ) -> None:
        self._fitting = [view for view in views if not view.full and not view.busy]
        self._left_out = [view for view in views if view.full or view.busy]
        self._taken = frozenset(s.name for view in self._fitting for s in view.snapshots)
        self._now = now
        items = [(v.server.id, f"{v.server.name}  {v.used}/{SLOTS}") for v in self._fitting]
        title = f"Create a snapshot of each of {plural(len(self._fitting), 'server')}"
        super().__init__(title, clock, items, send)

    def question(self) -> Iterable[Widget]:
        """The name, and who is left out."""
        yield NameField("One name for all", propose_name(self._taken, self._now), self._taken)
        for view in self._left_out:
            why = "full" if view.full else "busy"
            yield paragraph(f"Left out: {view.server.name} is {why}.", "-warning")

    def complete(self) -> bool:
        """Whether the name is allowed on every server."""
        return self.query_one(NameField).valid

    def text(self) -> str:
        """The name."""
        return self.query_one(NameField).value

    def go_on(self, event: Input.Submitted) -> None:
        """Send from the field."""
        self.press()


class DeleteSetDialog(BulkDialog):
    """All marked snapshots, deleted after a count is typed."""

    verb = "Delete all"
    danger = True

    def __init__(
        self,
        snapshots: Sequence[Snapshot],
        protected: Sequence[Snapshot],
        clock: Clock,
        send: SendAll,
    ) -> None:
        self._left_out = protected
        self._expected = f"delete {len(snapshots)}"
        items = [(s.id, f"#{s.id}  {s.name} of {s.server_name}") for s in snapshots]
        super().__init__(f"Delete {plural(len(snapshots), 'snapshot')}", clock, items, send)

    def question(self) -> Iterable[Widget]:
        """The cost, and the words to type."""
        yield paragraph("Deleting is permanent: it cannot be undone.", "-warning")
        for snapshot in self._left_out:
            words = f"Left out: {snapshot.name} of {snapshot.server_name} is protected here."
            yield paragraph(words, "-warning")
        yield ConfirmField("Type this to arm the button:", self._expected)

    def complete(self) -> bool:
        """Whether the words match to the letter."""
        return self.query_one(ConfirmField).enabled
