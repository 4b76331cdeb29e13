"""A field that asks for one exact text before something may be done."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tui.widgets.text_field import Field


class ConfirmField(Vertical):
    """What to type stands above the field; it is compared to the letter."""

    class Enabled(Message):
        """The text matches now, or no longer. `enabled` tells which."""

        def __init__(self, enabled: bool) -> None:
            super().__init__()
            self.enabled = enabled

    def __init__(self, label: str, expected: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = label
        self._expected = expected
        self._told = False

    def compose(self) -> ComposeResult:
        """What to type, and where."""
        yield Static(self._label, classes="label", markup=False)
        yield Static(Content(self._expected), classes="expected")
        yield Field(id="typed")

    @property
    def enabled(self) -> bool:
        """Whether what is typed is what was asked for."""
        return self.query_one(Field).value == self._expected

    def ask(self, label: str, expected: str) -> None:
        """Ask for another text."""
        self._label, self._expected = label, expected
        self.query_one(".label", Static).update(label)
        self.query_one(".expected", Static).update(Content(expected))
        self._tell()

    @on(Input.Changed)
    def _tell(self) -> None:
        if self.enabled != self._told:
            self._told = self.enabled
            self.post_message(self.Enabled(self._told))
