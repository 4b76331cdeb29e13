"""Going on with a plan that stopped: what is left of it, and what to type where that destroys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from textual.widget import Widget
from textual.widgets import Static

from tui.fleet.clock import Clock
from tui.fleet.operation import Kind
from tui.fleet.plan import Plan
from tui.notices import plan_title, step_words, tally_line
from tui.screens.dialogs.base import paragraph
from tui.screens.dialogs.table import table
from tui.screens.dialogs.write import SendingDialog, Sent
from tui.widgets.confirm_field import ConfirmField

GoOn = Callable[[], "asyncio.Task[Plan]"]
"""Takes the plan over and sends what is left."""


class GoOnDialog(SendingDialog):
    """Shows every step; what is left to destroy is agreed to once more."""

    verb = "Go on"
    danger = True
    wide = True

    def __init__(self, plan: Plan, clock: Clock, go_on: GoOn) -> None:
        super().__init__("Go on with a plan", clock)
        self._plan = plan
        self._go_on = go_on

    @property
    def _expected(self) -> tuple[str, str]:
        """What is asked, and what is to be typed for it; empty where nothing is destroyed."""
        left = self._plan.unsent
        restored = [step for step in left if step.kind is Kind.RESTORE]
        deletes = sum(step.kind is Kind.DELETE for step in left)
        if restored:
            return "Type the server's name to enable the button:", restored[0].server_name
        if deletes:
            return "Type this to enable the button:", f"delete {deletes}"
        return "", ""

    def body(self) -> Iterable[Widget]:
        """The plan and its steps."""
        plan = self._plan
        yield paragraph(plan_title(plan), "target")
        why = f" It stopped: {plan.words}." if plan.words else ""
        yield paragraph(f"{tally_line(plan)}.{why} Nothing that was sent is sent again.")
        if plan.stops:
            yield paragraph("Each server is stopped for its snapshot, and started after.")
        if any(step.kind is Kind.RESTORE for step in plan.unsent):
            yield paragraph("A restore overwrites all data on the server.", "-warning")
        rows = [
            [(str(s.number), ""), (s.title, ""), (s.server_name, ""), (step_words(s), "")]
            for s in plan.steps
        ]
        content = table(("", "Step", "Server", "Stands"), rows, 34)
        yield Static(content, id="items", markup=False)

    def foot(self) -> Iterable[Widget]:
        """The field, in sight however many steps there are."""
        words, expected = self._expected
        if expected:
            yield ConfirmField(words, expected, id="confirm")
        yield from super().foot()

    def on_mount(self) -> None:
        """Begin at the field, or at the button."""
        self.update_button()
        (self.query("#typed").first() if self._expected[1] else self.button).focus()

    def complete(self) -> bool:
        """Whether what is destroyed is agreed to."""
        return all(field.enabled for field in self.query("#confirm").results(ConfirmField))

    def start(self, unrecorded: bool) -> asyncio.Task[Sent]:
        """Go on."""
        return self._go_on()
