"""Small questions: one line of text, or one of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.screens.dialogs.base import Dialog, paragraph
from tui.widgets.choice_list import ChoiceList
from tui.widgets.text_field import Field


class AskDialog(Dialog[str]):
    """One line of text: it is given, stripped, unless it is empty or `check` says what is wrong."""

    def __init__(
        self,
        title: str,
        words: str,
        *,
        placeholder: str = "",
        check: Callable[[str], str] = lambda text: "",
    ) -> None:
        super().__init__(title)
        self._check = check
        self._words = words
        self._placeholder = placeholder

    def body(self) -> Iterable[Widget]:
        """The question and its field."""
        yield paragraph(self._words)
        yield Field(placeholder=self._placeholder)

    def foot(self) -> Iterable[Widget]:
        """What is wrong, and what the keys do."""
        yield Static("", id="answer", markup=False)
        yield self.hint(accept="accept", leave="cancel")

    @on(Input.Changed)
    def changed(self) -> None:
        """Take back what was said of another text."""
        self.query_one("#answer", Static).update("")

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Give the text, or say what is wrong with it."""
        text = event.value.strip()
        problem = self._check(text) if text else ""
        if problem:
            self.query_one("#answer", Static).update(problem)
        elif text:
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
        yield self.hint(select="choose", leave="cancel")

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        """Give the name."""
        self.finish(self._names[event.option_index])
