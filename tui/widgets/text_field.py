"""A text field that stands still: its cursor does not blink over a slow line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.validation import Validator
from textual.widgets import Input

from tui.commands import bindings


class Field(Input, inherit_bindings=False):
    """One line of text on one line of the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(b for b in Input.BINDINGS if not (isinstance(b, Binding) and b.action == "submit")),
        *bindings(accept="submit"),
    ]

    def __init__(
        self,
        value: str = "",
        *,
        placeholder: str = "",
        password: bool = False,
        validators: Iterable[Validator] = (),
        id: str | None = None,
    ) -> None:
        super().__init__(value, placeholder, password=password, id=id, validators=validators)
        self.cursor_blink = False
