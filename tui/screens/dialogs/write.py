"""A dialog that sends one write, once, and keeps what was typed when the answer is no."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Static

from tui.fleet.operation import Operation
from tui.fleet.writes.operations import JournalUnavailable, Refused
from tui.fleet.writes.plans import OneShort
from tui.screens.dialogs.base import Dialog
from tui.vps.errors import Rejected, VpsError
from tui.widgets.send_button import SendButton

HELD: float = 0.7
"""Seconds between two presses up to which the second may be a key that is held down."""


class SendingDialog(Dialog[Operation]):
    """The base of create, restore and delete.

    `start` is called at most once at a time however often keys repeat, and after a refusal only
    once the key has been let go; the task it returns goes on if the dialog is left. The result is
    the operation, None where nothing was sent.
    """

    verb: ClassVar[str] = "Send"
    danger: ClassVar[bool] = False

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self._sending: asyncio.Task[Operation] | None = None
        self._pressed_at = float("-inf")
        self._focused_before: Widget | None = None

    def foot(self) -> Iterable[Widget]:
        """The provider's words, and the one button that acts."""
        yield Static("", id="answer", markup=False)
        with Horizontal(classes="dialog-buttons"):
            yield self.hint(leave="leaves without effect")
            without = SendButton("Without a record", id="unrecorded", variant="warning")
            without.display = False
            yield without
            yield SendButton(
                self.verb,
                id="send",
                variant="error" if self.danger else "primary",
                disabled=True,
            )

    def ready(self) -> bool:
        """Whether what is typed may be sent."""
        return True

    def start(self, unrecorded: bool) -> asyncio.Task[Operation]:
        """Start the write."""
        raise NotImplementedError

    def update_button(self) -> None:
        """Arm or disarm the button."""
        off = self._sending is not None or not self.ready()
        for button in self.query("#send, #unrecorded").results(Button):
            button.disabled = off

    def answer(self, text: str, *, good: bool = False) -> None:
        """Show a sentence above the button."""
        line = self.query_one("#answer", Static)
        line.set_class(good, "-good")
        line.update(text)

    @on(Button.Pressed, "#send")
    def send(self, event: Message) -> None:
        """Send once; further presses do nothing until there is an answer."""
        held = event.time - self._pressed_at < HELD
        self._pressed_at = event.time
        if not held:
            self._begin(unrecorded=False)

    @on(Button.Pressed, "#unrecorded")
    def send_unrecorded(self) -> None:
        """Send although no record can be kept: a button of its own asks for that."""
        self._begin(unrecorded=True)

    def _begin(self, *, unrecorded: bool) -> None:
        if self._sending is not None or not self.ready():
            return
        self._sending = self.start(unrecorded)
        self._focused_before = self.focused
        self.update_button()
        self.answer("sending …", good=True)
        self.run_worker(self._send(self._sending), group="send", exit_on_error=False)

    async def _send(self, sending: asyncio.Task[Operation]) -> None:
        try:
            operation = await asyncio.shield(sending)
        except JournalUnavailable as error:
            self.answer(f"{error} Nothing was sent. Another button sends it without a record.")
            self.query_one("#unrecorded").display = True
        except Rejected as error:
            self.rejected(error)
        except (Refused, OneShort, VpsError) as error:
            self.answer(str(error))
        else:
            self.finish(operation)
            return  # what is pressed while the dialog closes sends nothing more
        self._sending = None
        self.update_button()
        if self.focused is None and self._focused_before is not None:
            self._focused_before.focus()  # a button that is disabled loses the focus

    def action_leave(self) -> None:
        """Leave. What is on the wire already goes on, and its refusal is told all the same."""
        if self._sending is not None:
            self._sending.add_done_callback(self._refused_later)
        super().action_leave()

    def _refused_later(self, sending: asyncio.Task[Operation]) -> None:
        error = None if sending.cancelled() else sending.exception()
        if error is not None and self.app.is_running:
            self.app.notify(str(error), severity="warning", markup=False)

    def rejected(self, error: Rejected) -> None:
        """Show the provider's own words; a subclass puts them beside their fields."""
        self.answer(str(error))
