"""A field for a new snapshot's name, with what is wrong with it under it."""

from __future__ import annotations

from collections.abc import Container

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.validation import ValidationResult, Validator
from textual.widgets import Input, Static

from tui.fleet.writes.rules import name_problem
from tui.widgets.text_field import Field


class NameRule(Validator):
    """The published rule for names, and that the name is new among `taken`."""

    def __init__(self, taken: Container[str]) -> None:
        super().__init__()
        self._taken = taken

    def validate(self, value: str) -> ValidationResult:
        """Fails with the sentence that says what is wrong."""
        problem = name_problem(value, self._taken)
        return self.failure(problem) if problem else self.success()


class NameField(Vertical):
    """Its label, the field, and one sentence: the rule's, or the provider's after a refusal."""

    def __init__(self, label: str, value: str, taken: Container[str]) -> None:
        super().__init__()
        self._label = label
        self._at_first = value
        self._rule = NameRule(taken)

    def compose(self) -> ComposeResult:
        """The field between its label and what is wrong."""
        yield Static(self._label, classes="label", markup=False)
        yield Field(self._at_first, id="name", validators=[self._rule])
        yield Static("", id="name-problem", classes="-empty", markup=False)

    def on_mount(self) -> None:
        """Look at the proposed name as if it had been typed."""
        self._judge()

    @property
    def value(self) -> str:
        """What is typed."""
        return self.query_one(Field).value

    @property
    def valid(self) -> bool:
        """Whether it may be a name."""
        return self._rule.validate(self.value).is_valid

    def tell(self, problem: str) -> None:
        """Show what is wrong, until something else is typed."""
        line = self.query_one("#name-problem", Static)
        line.set_class(not problem, "-empty")
        line.update(problem)

    @on(Input.Changed)
    def _judge(self) -> None:
        self.tell("".join(self._rule.validate(self.value).failure_descriptions))
