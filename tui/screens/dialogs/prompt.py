"""Small questions: one line of text, or one of several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.screens.dialogs.base import Dialog, paragraph
from tui.widgets.choice_list import ChoiceList
from tui.widgets.text_field import Field


class AskDialog(Dialog[str]):
    """One line of text: it is given, stripped, unless it is empty."""

    def __init__(self, title: str, words: str, *, placeholder: str = "") -> None:
        super().__init__(title)
        self._words = words
        self._placeholder = placeholder

    def body(self) -> Iterable[Widget]:
        """The question and its field."""
        yield paragraph(self._words)
        yield Field(placeholder=self._placeholder)

    def foot(self) -> Iterable[Widget]:
        """What the keys do."""
        yield self.hint(accept="accepts", leave="leaves")

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Give the text."""
        if text := event.value.strip():
            self.finish(text)


class ChooseDialog(Dialog[str]):
    """One of several names."""

    def __init__(self, title: str, names: Sequence[str], chosen: str) -> None:
        super().__init__(title)
        self._names = names
        self._chosen = chosen

    def body(self) -> Iterable[Widget]:
        """The names, with the present one chosen."""
        options = ChoiceList(*(Option(Content(name)) for name in self._names))
        if self._chosen in self._names:
            options.highlighted = self._names.index(self._chosen)
        yield options

    def foot(self) -> Iterable[Widget]:
        """What the keys do."""
        yield self.hint(select="chooses", leave="leaves")

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        """Give the name."""
        self.finish(self._names[event.option_index])
