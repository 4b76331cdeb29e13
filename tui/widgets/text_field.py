"""A text field that stands still: its cursor does not blink over a slow line."""

from __future__ import annotations

from textual.widgets import Input


class Field(Input):
    """One line of text on one line of the screen."""

    def __init__(
        self,
        value: str = "",
        *,
        placeholder: str = "",
        password: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(value, placeholder, password=password, id=id)
        self.cursor_blink = False
