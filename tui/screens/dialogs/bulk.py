"""One action on many: the items as a table, which shows what became of each once it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import ClassVar, Final

from textual.widget import Widget
from textual.widgets import Static

from tui.fleet.clock import Clock
from tui.fleet.plan import Plan, Standing, Step
from tui.fleet.writes.plan_run import Told
from tui.notices import step_words, tally_words
from tui.screens.dialogs.table import table
from tui.screens.dialogs.write import SendingDialog, Sent
from tui.widgets.line import Piece

_STYLES: Final = {
    Standing.DONE: "$text-success",
    Standing.RUNNING: "$text-success",
    Standing.NOT_DONE: "$text-error",
    Standing.SKIPPED: "$text-error",
    Standing.UNTOLD: "$text-warning",
}
Row = tuple[Hashable, Sequence[Piece]]
"""What a row is about, and its cells."""

SendDeletes = Callable[[Told, bool], "asyncio.Task[Plan]"]
"""Deletes all."""


class BulkDialog(SendingDialog):
    """Shows the items as a table, sends once, and then shows in it what became of each."""

    wide = True
    named_by: ClassVar[int] = 1
    """How many columns name a row: once it is sent they stand beside the results alone."""

    def __init__(self, title: str, clock: Clock) -> None:
        super().__init__(title, clock)
        self._results: dict[Hashable, Step] = {}
        self._plan: Plan | None = None
        self._begun = self._shown_begun = False

    def head(self) -> Sequence[str]:
        """The names of the columns; the last one becomes the result."""
        raise NotImplementedError

    def rows(self) -> Sequence[Row]:
        """The items as they are now."""
        raise NotImplementedError

    def row_of(self, step: Step) -> Hashable:
        """Which row a step belongs to."""
        raise NotImplementedError

    def facts(self) -> Iterable[Widget]:
        """What is to be known before the table, and scrolls with it."""
        return ()

    def question(self) -> Iterable[Widget]:
        """The fields under the table, which stay in sight."""
        return ()

    def body(self) -> Iterable[Widget]:
        """What is to be known, then the table."""
        yield from self.facts()
        yield Static("", id="items", markup=False)

    def foot(self) -> Iterable[Widget]:
        """What is asked, then what every dialog has."""
        yield from self.question()
        yield from super().foot()

    def on_mount(self) -> None:
        """Show the items."""
        self.show_items()
        self.update_button()

    def on_resize(self) -> None:
        """Cut names to what there is room for now."""
        self.show_items()

    @property
    def begun(self) -> bool:
        """Whether it is being sent, or was: then results are shown."""
        return self._begun or self._sending is not None

    def update_button(self) -> None:
        """Arm or disarm the button; once it is pressed the table shows results."""
        super().update_button()
        if self.begun != self._shown_begun:
            self._shown_begun = self.begun
            self.show_items()

    def complete(self) -> bool:
        """Whether there is something to send, and it was not sent already."""
        return bool(self.rows()) and not self._begun

    def told(self, plan: Plan, step: Step) -> None:
        """Show what became of one."""
        self._plan = plan
        self._results[self.row_of(step)] = step
        if self.is_attached:
            self._show_begun()
            self.show_items()
            self._answer_tally(plan)

    def sent(self, sent: Sent) -> None:
        """Stay: what becomes of each is shown here, and elsewhere too."""
        self._show_begun()
        if isinstance(sent, Plan) and self.is_attached:
            # More may have been heard before this came here; why it stopped is only in this.
            self._answer_tally(sent if sent.words else self._plan or sent)

    def _show_begun(self) -> None:
        """From now on there is nothing to cancel."""
        if not self._begun and self.is_attached:
            hint = self.query_one(".dialog-buttons .hint", Static)
            hint.update(self.keys.hint(leave="close"))
        self._begun = True

    def _answer_tally(self, plan: Plan) -> None:
        self.answer(tally_words(plan), good=not plan.tally.not_done and not plan.words)

    @property
    def tight(self) -> bool:
        """Whether the last column needs the room of what can be done without."""
        return self.app.size.width < 70

    @property
    def _widest(self) -> int:
        """Cells at which all columns but the last one are cut."""
        if self.tight:
            return 13
        return 18 if self.app.size.width < 90 else 28

    def show_items(self) -> None:
        """Paint the table."""
        head, begun = self.head(), self.begun
        kept = self.named_by if begun else len(head) - 1
        lines = []
        for key, cells in self.rows():
            step = self._results.get(key)
            last: Piece = cells[-1]
            if step is not None:
                last = (step_words(step), _STYLES.get(step.standing, ""))
            elif begun:
                last = (Standing.UNSENT.value, "$text-muted")
            lines.append([*cells[:kept], last])
        heads = (*head[:kept], "Result" if begun else head[-1])
        content = table(heads, lines, self._widest)
        items = self.query_one("#items", Static)
        items.display = bool(lines)
        items.update(content)
