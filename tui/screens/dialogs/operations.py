"""Operations, running and past: what was asked for, when, by whom, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.commands import bindings
from tui.fleet.actor import Who
from tui.fleet.journal.journal import JournalUnavailable, Step
from tui.fleet.operation import Operation, State
from tui.notices import assurance
from tui.screens.dialogs.base import Dialog
from tui.screens.dialogs.details import to_clipboard
from tui.text import duration, stamp
from tui.widgets.glyphs import Glyphs
from tui.widgets.operation_list import OperationList
from tui.widgets.text_field import Field

if TYPE_CHECKING:
    from tui.fleet.writes.operations import Operations
    from tui.session import Session


_AGAIN = (State.NOT_CARRIED_OUT, State.UNSEEN, State.NEVER_SENT, State.REFUSED)


class OperationsDialog(Dialog[Operation]):
    """A list over the timeline of the chosen operation. The result is the one to try again."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        ["filter", "try_again", "stop_tracking"],
        copy_id="copy",
        copy_json="copy",
        refresh="reload",
        operations="activity",
        close="leave",
    )
    AUTO_FOCUS = "#operations"
    wide = True

    def __init__(self, session: Session, operations: Operations, glyphs: Glyphs) -> None:
        super().__init__("Operations")
        self._session = session
        self._operations = operations
        self._glyphs = glyphs
        self._all: Sequence[Operation] = ()
        self._sure: int | None = None

    def body(self) -> Iterable[Widget]:
        """The list, and what is known of the chosen operation."""
        yield Field(id="operations-filter", placeholder="filter: part of a name, state or user")
        yield Static("", id="journal-trouble", classes="-warning", markup=False)
        yield OperationList(self._glyphs, id="operations")
        yield Static("", id="timeline", markup=False)

    def foot(self) -> Iterable[Widget]:
        """What the keys do."""
        yield self.hint(
            filter="filters",
            copy_id="copies",
            try_again="tries again",
            stop_tracking="stops tracking",
            operations="shows the activity",
            leave="leaves",
        )

    def on_mount(self) -> None:
        """Read the journal, and again whenever something changes."""
        self._end_listening = self._session.store.listen(lambda fleet, change: self._changed())
        self._changed()
        if self._session.news_of_activity:
            self.call_after_refresh(self.action_activity)

    def on_unmount(self) -> None:
        """Stop listening."""
        self._end_listening()

    def _changed(self) -> None:
        self.run_worker(self._read(), group="history", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        found = await self._operations.history()
        trouble = self.query_one("#journal-trouble", Static)
        trouble.display = bool(self._operations.trouble)
        trouble.update(self._operations.trouble)
        if found != self._all:
            self._all = found
            self._show()

    def _show(self) -> None:
        rows = self.query_one(OperationList)
        text = self.query_one(Field).value.lower()
        found = [operation for operation in self._all if text in _searched(operation)]
        rows.empty = "Nothing matches" if text else "Nothing has been asked for yet"
        rows.show(found, datetime.fromtimestamp(self._session.service_now(), UTC))
        self._describe()

    @on(OperationList.Highlighted)
    def chosen(self) -> None:
        """Show the chosen operation's timeline."""
        self._sure = None
        self._describe()

    def _describe(self) -> None:
        self.run_worker(self._timeline(), group="timeline", exclusive=True, exit_on_error=False)

    async def _timeline(self) -> None:
        operation = self.query_one(OperationList).cursor_row
        text = ""
        if operation is not None:
            try:
                steps = await self._operations.timeline(operation.id)
            except JournalUnavailable:
                steps = ()
            text = describe(operation, steps)
        self.query_one("#timeline", Static).update(Content(text))

    @on(Input.Changed, "#operations-filter")
    def filtered(self) -> None:
        """Filter as the text is typed."""
        self._show()

    @on(Input.Submitted, "#operations-filter")
    def filter_kept(self) -> None:
        """Go back to the list."""
        self.query_one(OperationList).focus()

    def action_filter(self) -> None:
        """Go to the filter."""
        self.query_one(Field).focus()

    def action_leave(self) -> None:
        """Clear the filter first, then leave."""
        field = self.query_one(Field)
        if field.has_focus:
            field.value = ""
            self.query_one(OperationList).focus()
        else:
            super().action_leave()

    def action_activity(self) -> None:
        """Show what happened in the fleet, whoever did it."""
        activity = self._session.activity
        if activity is not None:
            from tui.screens.dialogs.activity import ActivityDialog

            self._session.news_of_activity = False
            self.app.push_screen(ActivityDialog(activity, self._glyphs))

    def action_reload(self) -> None:
        """Read the journal again."""
        self._changed()

    def action_copy(self) -> None:
        """Put the chosen operation on the clipboard, as JSON."""
        operation = self.query_one(OperationList).cursor_row
        if operation is not None:
            encoded = msgspec.json.encode(asdict(operation))
            text = msgspec.json.format(encoded, indent=2).decode()
            to_clipboard(self.app, f"JSON of the {operation.title}", text)

    def action_try_again(self) -> None:
        """Leave for the dialog that asks for the same again; nothing is sent by this."""
        operation = self.query_one(OperationList).cursor_row
        if operation is None or operation.state not in _AGAIN:
            self.app.notify("what is running or done is not tried again", markup=False)
        else:
            self.finish(operation)

    def action_stop_tracking(self) -> None:
        """Stop waiting for an operation whose end cannot be seen; asked for twice."""
        operation = self.query_one(OperationList).cursor_row
        stoppable = (State.WAITING, State.UNKNOWN, State.ACCEPTED)
        if operation is None or operation.state not in stoppable:
            self.app.notify("only what is running is tracked", markup=False)
        elif self._sure != operation.id:
            self._sure = operation.id
            key, server = self.keys.shown("stop_tracking"), operation.server_name
            words = (
                f"{key} again stops tracking the {operation.title}: how it ends is not told then, "
                f"and {server} is free for other writes"
            )
            if operation.state is State.WAITING:
                words = f"{key} again gives up the {operation.title}: it is not sent"
            self.app.notify(words, severity="warning", markup=False)
        else:
            self._session.perform(self._operations.declare_over(operation.id))


def _searched(operation: Operation) -> str:
    parts = (operation.title, operation.server_name, operation.state.value, operation.user)
    return " ".join((*parts, operation.words)).lower()


def describe(operation: Operation, steps: Sequence[Step]) -> str:
    """Who asked for what, and every step with its time."""
    who = Who(operation.user, operation.origin)
    number = f"#{operation.snapshot_id} " if operation.snapshot_id is not None else ""
    lines = [
        f"{operation.kind.value} {number}{operation.snapshot_name} "
        f"on {operation.server_name} #{operation.server_id}, by {who}"
    ]
    if operation.description:
        lines.append(operation.description)
    for step in steps:
        words = f"  {step.words}" if step.words else ""
        when = stamp(datetime.fromtimestamp(step.at, UTC))
        lines.append(
            f"{when}  {duration(step.at - operation.asked_at):>7}  {step.state.value}{words}"
        )
    if not steps:
        lines.append(f"{operation.state.value}  {operation.words}")
    if sure := assurance(operation):
        lines.append(sure)
    if operation.id < 0:
        lines.append("kept in memory only: gone when ciplun ends")
    return "\n".join(lines)
