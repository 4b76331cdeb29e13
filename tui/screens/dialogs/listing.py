"""A dialog that lists something, with a filter over the list."""

from __future__ import annotations

from typing import TypeVar

from textual import on
from textual.widgets import Input

from tui.screens.dialogs.base import Dialog
from tui.widgets.row_list import RowList
from tui.widgets.text_field import Field

T = TypeVar("T")


class ListDialog(Dialog[T]):
    """Has one `Field` and one `RowList` in its body."""

    wide = True

    def show_rows(self) -> None:
        """List what matches the filter."""
        raise NotImplementedError

    @on(Input.Changed)
    def filtered(self) -> None:
        """Filter as the text is typed."""
        self.show_rows()

    @on(Input.Submitted)
    def filter_kept(self) -> None:
        """Go back to the list."""
        self.query_one(RowList).focus()

    def action_filter(self) -> None:
        """Go to the filter."""
        self.query_one(Field).focus()

    def action_leave(self) -> None:
        """Clear the filter first, then leave."""
        field = self.query_one(Field)
        if field.has_focus:
            field.value = ""
            self.query_one(RowList).focus()
        else:
            super().action_leave()
