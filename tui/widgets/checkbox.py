"""A choice between yes and no that can be read without colour."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.commands import bindings


class Choice(Static, can_focus=True):
    """Off at first; a key or a click changes it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(["tick"])

    class Changed(Message):
        """The choice was made, or taken back."""

    def __init__(self, label: str, *, id: str, disabled: bool = False) -> None:
        super().__init__(id=id, disabled=disabled, markup=False)
        self._label = label
        self.value = False

    def render(self) -> Content:
        """The state by its shape, then the label."""
        return Content(f"[{'x' if self.value else ' '}] {self._label}")

    def action_tick(self) -> None:
        """Change it."""
        self.value = not self.value
        self.refresh()
        self.post_message(self.Changed())

    def on_click(self) -> None:
        """Change it."""
        self.action_tick()
