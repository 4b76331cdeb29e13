"""A dialog that sends writes, once, and keeps what was typed when the answer is no."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar, Final, TypeVar

from textual import on
from textual.containers import Horizontal
from textual.events import Key
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from tui.fleet.clock import Clock
from tui.fleet.operation import Operation
from tui.fleet.plan import Plan
from tui.fleet.power import PowerNote
from tui.fleet.writes.drafts import HalfDone
from tui.fleet.writes.operations import JournalUnavailable, Refused
from tui.screens.dialogs.base import Dialog
from tui.vps.errors import Rejected, VpsError
from tui.widgets.confirm_field import ConfirmField
from tui.widgets.send_button import SendButton

T = TypeVar("T")
Sent = Operation | Plan | PowerNote
"""What a dialog has begun."""
QUIET: Final = 1.0
"""Seconds without a press after which the next one counts: a key held down, a doubled one and a
pasted line end all come sooner."""
UNRECORDED: Final = "without a record"


class Trigger:
    """Tells a press that is meant from one that is only the end of something else."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = float("-inf")

    def arm(self) -> None:
        """Take no press for a while: the button has just come to life, or into the focus."""
        self._since = self._clock.monotonic()

    def pull(self, late: float = 0.0) -> bool:
        """Whether this press counts; if not, it takes the next one no sooner.

        `late` are the seconds that the key has waited before it was handled.
        """
        instant = self._clock.monotonic() - late
        meant = instant - self._since >= QUIET
        self._since = max(self._since, instant)
        return meant


class WriteDialog(Dialog[T]):
    """The base of all dialogs that send: an answer, a hint and one button that acts.

    A button that destroys takes no press within a second of being armed; one that was refused
    can be pressed again once the key has been let go for as long.
    """

    verb: ClassVar[str] = "Send"
    danger: ClassVar[bool] = False
    leaving: ClassVar[str] = "cancel"

    def __init__(self, title: str, clock: Clock) -> None:
        super().__init__(title)
        self._trigger = Trigger(clock)
        self._late = 0.0

    def foot(self) -> Iterable[Widget]:
        """The provider's words, and the one button that acts."""
        yield Static("", id="answer", classes="-empty", markup=False)
        with Horizontal(classes="dialog-buttons"):
            yield self.hint(leave=self.leaving)
            variant = "error" if self.danger else "primary"
            yield SendButton(self.verb, id="send", variant=variant, disabled=True)  # type: ignore[arg-type]

    @property
    def button(self) -> SendButton:
        """The one that acts."""
        return self.query_one("#send", SendButton)

    @property
    def guarded(self) -> bool:
        """Whether the button takes no press just after it was armed."""
        return self.danger

    def ready(self) -> bool:
        """Whether what is typed may be sent."""
        return True

    def send(self) -> None:
        """Send what is typed; called only while `ready` and after a press that is meant."""
        raise NotImplementedError

    def update_button(self) -> None:
        """Arm or disarm the button."""
        off = not self.ready()
        if self.button.disabled and not off and self.guarded:
            self._trigger.arm()
        self.button.disabled = off

    def answer(self, text: str, *, good: bool = False) -> None:
        """Show a sentence above the button."""
        line = self.query_one("#answer", Static)
        line.set_class(good, "-good")
        line.set_class(not text, "-empty")
        line.update(text)

    def press(self) -> None:
        """Send, if the press is meant and everything is ready."""
        if not self.ready():
            return
        if self._trigger.pull(self._late):
            self.send()
        elif self.guarded:
            key = self.keys.shown("accept")
            self.answer(f"Too soon: press {key} again after a second.", good=True)

    @on(Button.Pressed, "#send")
    def pressed(self) -> None:
        """Send by the button."""
        self.press()

    @on(Input.Changed)
    @on(ConfirmField.Enabled)
    def _typed(self) -> None:
        self.typed()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.go_on(event)

    def typed(self) -> None:
        """Arm or disarm the button by what is typed."""
        self.update_button()

    def go_on(self, event: Input.Submitted) -> None:
        """Go on from a field to the button, but never press it."""
        if self.ready():
            self._trigger.arm()
            self.button.focus()

    def on_key(self, event: Key) -> None:
        """Note how long a key has waited: an app that was busy sees several at once."""
        self._late = max(0.0, Message().time - event.time)


class SendingDialog(WriteDialog[Sent]):
    """The base of create, restore and delete, of one or of many.

    `start` is called at most once at a time; the task it returns goes on if the dialog is left.
    The result is what was begun, None where nothing was sent.
    """

    def __init__(self, title: str, clock: Clock) -> None:
        super().__init__(title, clock)
        self._sending: asyncio.Task[Sent] | None = None
        self._focused_before: Widget | None = None

    def foot(self) -> Iterable[Widget]:
        """Room to ask whether to send without a record, then what every dialog has."""
        unrecorded = ConfirmField("Type this to send it anyway:", UNRECORDED, id="unrecorded")
        unrecorded.display = False
        yield unrecorded
        yield from super().foot()

    def complete(self) -> bool:
        """Whether everything that this dialog asks for is there."""
        return True

    def ready(self) -> bool:
        """Whether it may be sent now."""
        if self._sending is not None or not self.complete():
            return False
        return not self._unrecorded.display or self._unrecorded.enabled

    @property
    def guarded(self) -> bool:
        """What destroys, and what leaves no record."""
        return self.danger or bool(self._unrecorded.display)

    @property
    def _unrecorded(self) -> ConfirmField:
        return self.query_one("#unrecorded", ConfirmField)

    def start(self, unrecorded: bool) -> asyncio.Task[Sent]:
        """Start the write; `unrecorded`: even where no record of it can be kept."""
        raise NotImplementedError

    def send(self) -> None:
        """Send once; further presses do nothing until there is an answer."""
        self._sending = self.start(bool(self._unrecorded.display))
        self._focused_before = self.focused
        self.update_button()
        self.answer("sending …", good=True)
        self.run_worker(self._send(self._sending), group="send", exit_on_error=False)

    async def _send(self, sending: asyncio.Task[Sent]) -> None:
        try:
            sent = await asyncio.shield(sending)
        except JournalUnavailable as error:
            self.answer(f"{error} Nothing was sent.")
            self._unrecorded.display = True
            self._unrecorded.query_one(Input).focus()
        except Rejected as error:
            self.rejected(error)
        except (Refused, HalfDone, VpsError) as error:
            self.answer(str(error))
        else:
            self.sent(sent)
            return  # what is pressed while the dialog closes sends nothing more
        self._sending = None
        self.update_button()
        if self.focused is None and self._focused_before is not None:
            self._focused_before.focus()  # a button that is disabled loses the focus

    def sent(self, sent: Sent) -> None:
        """Close: what goes on is told elsewhere."""
        self.finish(sent)

    def action_leave(self) -> None:
        """Leave. What is on the wire already goes on, and its refusal is told all the same."""
        if self._sending is not None:
            self._sending.add_done_callback(self._refused_later)
        super().action_leave()

    def _refused_later(self, sending: asyncio.Task[Sent]) -> None:
        error = None if sending.cancelled() else sending.exception()
        if error is not None and self.app.is_running:
            self.app.notify(str(error), severity="warning", markup=False)

    def rejected(self, error: Rejected) -> None:
        """Show the provider's own words; a subclass puts them beside their fields."""
        self.answer(str(error))
