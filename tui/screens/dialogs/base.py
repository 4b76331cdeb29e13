"""The safe base of all dialogs: every way out dismisses once, and nothing is parsed as markup."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any, ClassVar, Final, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from tui.commands import Keys, bindings, keys_of
from tui.config.paths import STYLES
from tui.screens.sized import sized

T = TypeVar("T")


SCROLLING: Final = {
    "down": "scroll(1)",
    "up": "scroll(-1)",
    "page_down": "scroll_pages(1)",
    "page_up": "scroll_pages(-1)",
    "half_page_down": "scroll_pages(0.5)",
    "half_page_up": "scroll_pages(-0.5)",
    "first": "scroll_to_end(False)",
    "last": "scroll_to_end(True)",
}
"""What the moving keys do where no list has them: they scroll the body."""


class Dialog(ModalScreen[T | None], inherit_bindings=False):
    """A framed box over the dashboard. Leaving it gives None, and so does a lost race."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        ["leave"],
        next_field="app.focus_next",
        previous_field="app.focus_previous",
        **SCROLLING,
    )
    CSS_PATH: ClassVar[list[str | PurePath]] = [STYLES / "dialogs.tcss"]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-short"), (30, "-tall")]  # noqa: RUF012
    wide: ClassVar[bool] = False

    class WorkerFailed(Message):
        """A worker of the dialog ended by an error that nobody foresaw."""

        def __init__(self, worker: Worker[Any]) -> None:
            super().__init__()
            self.worker = worker

    def __init__(self, title: str) -> None:
        super().__init__()
        sized(self)
        self._title = title
        self.note = ""  # what should be known before all else

    def compose(self) -> ComposeResult:
        """The frame, with what `body` gives inside and what `foot` gives below it."""
        with Vertical(classes="dialog -wide" if self.wide else "dialog") as box:
            box.border_title = Content(self._title)
            with VerticalScroll(classes="dialog-body", can_focus=False):
                if self.note:
                    yield paragraph(self.note, "-warning")
                yield from self.body()
            with Vertical(classes="dialog-foot"):
                said = Static("", id="said", markup=False)
                said.display = False
                yield said
                yield from self.foot()

    def on_resize(self) -> None:
        """Keep what has the focus in sight."""
        self.call_after_refresh(self._show_focused)

    def _show_focused(self) -> None:
        if self.focused is not None:
            self.focused.scroll_visible(animate=False)

    def body(self) -> Iterable[Widget]:
        """What scrolls where the terminal is too low for it."""
        return ()

    def foot(self) -> Iterable[Widget]:
        """What always stays in sight."""
        return ()

    @property
    def keys(self) -> Keys:
        """The keys as set."""
        return keys_of(self)

    def hint(self, **uses: str) -> Static:
        """The line that says what some keys do here."""
        return Static(self.keys.hint(**uses), classes="hint", markup=False)

    def say(self, words: str, *, bad: bool = False) -> None:
        """Show a few words above the keys, in place of a toast that would lie over it all."""
        said = self.query("#said")
        if said:
            line = said.only_one(Static)
            line.set_class(bad, "-warning")
            line.display = True
            line.update(words)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Hand a failure on to the app."""
        if event.state is WorkerState.ERROR:
            self.app.post_message(self.WorkerFailed(event.worker))

    def action_leave(self) -> None:
        """Cancel, or close."""
        self.finish(None)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self._body.scroll_relative(y=lines, animate=False)

    def action_scroll_pages(self, pages: float) -> None:
        """Scroll by pages, or parts of one."""
        self._body.scroll_relative(y=int(pages * self._body.size.height), animate=False)

    def action_scroll_to_end(self, last: bool) -> None:
        """Scroll to the first or the last line."""
        body = self._body
        body.scroll_to(y=body.max_scroll_y if last else 0, animate=False)

    @property
    def _body(self) -> VerticalScroll:
        return self.query_one(".dialog-body", VerticalScroll)

    def finish(self, result: T | None) -> None:
        """Dismiss, unless another way out was quicker."""
        if self.is_active:
            self.dismiss(result)


def paragraph(text: str, classes: str = "") -> Static:
    """A piece of text, shown as it is."""
    return Static(text, classes=f"paragraph {classes}".strip(), markup=False)


class Page(Dialog[None]):
    """Something to read: it has no fields, and the keys that choose or close leave it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(close="leave", select="leave")
    wide = True
