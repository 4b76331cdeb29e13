"""The button of a dialog that sends something."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Button
from textual.widgets.button import ButtonVariant

from tui.commands import bindings


class SendButton(Button, inherit_bindings=False):
    """One line high; pressed by the key that goes on from a field, or by a click."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(accept="press")

    def __init__(
        self, label: str, *, id: str, variant: ButtonVariant, disabled: bool = False
    ) -> None:
        super().__init__(label, variant=variant, id=id, disabled=disabled, compact=True)
        self.active_effect_duration = 0  # the answer above it shows that it was pressed
