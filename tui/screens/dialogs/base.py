"""The safe base of all dialogs: every way out dismisses once, and nothing is parsed as markup."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker, WorkerState

T = TypeVar("T")


class Dialog(ModalScreen[T | None]):
    """A framed box over the dashboard. `esc` leaves it with None, and so does a lost race."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave", show=False)]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-short"), (30, "-tall")]  # noqa: RUF012
    wide: ClassVar[bool] = False

    class WorkerFailed(Message):
        """A worker of the dialog ended by an error that nobody foresaw."""

        def __init__(self, worker: Worker[Any]) -> None:
            super().__init__()
            self.worker = worker

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        """The frame, with what `body` gives inside and what `foot` gives below it."""
        with Vertical(classes="dialog -wide" if self.wide else "dialog") as box:
            box.border_title = Content(self._title)
            with VerticalScroll(classes="dialog-body", can_focus=False):
                yield from self.body()
            with Vertical(classes="dialog-foot"):
                yield from self.foot()

    def body(self) -> Iterable[Widget]:
        """What scrolls where the terminal is too low for it."""
        return ()

    def foot(self) -> Iterable[Widget]:
        """What always stays in sight."""
        return ()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Hand a failure on to the app."""
        if event.state is WorkerState.ERROR:
            self.app.post_message(self.WorkerFailed(event.worker))

    def action_leave(self) -> None:
        """Leave without effect."""
        self.finish(None)

    def finish(self, result: T | None) -> None:
        """Dismiss, unless another way out was quicker."""
        if self.is_active:
            self.dismiss(result)


def paragraph(text: str, classes: str = "") -> Static:
    """A piece of text, shown as it is."""
    return Static(text, classes=f"paragraph {classes}".strip(), markup=False)
