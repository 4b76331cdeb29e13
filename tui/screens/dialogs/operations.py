"""Operations, running and past: what was asked for, when, by whom, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final, Literal

import msgspec
from textual import on, work
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.commands import bindings
from tui.fleet.journal.journal import JournalUnavailable
from tui.fleet.matching import fold
from tui.fleet.operation import Kind, Operation, State
from tui.fleet.plan import Plan
from tui.fleet.power import PowerNote
from tui.fleet.writes.drafts import made_by
from tui.notices import plan_title
from tui.screens.dialogs.details import to_clipboard
from tui.screens.dialogs.listing import ListDialog
from tui.screens.dialogs.operation_text import describe, describe_plan, searched
from tui.text import plural
from tui.widgets.glyphs import Glyphs
from tui.widgets.operation_list import Entry, OperationList, entry_key
from tui.widgets.text_field import Field

if TYPE_CHECKING:
    from tui.session.connection import Connection
    from tui.session.session import Session


_MOST: Final = 500
"""Operations that are listed, and plans."""
_AGAIN = (State.NOT_CARRIED_OUT, State.UNSEEN, State.NEVER_SENT, State.REFUSED)
_STOPPABLE = (State.WAITING, State.UNKNOWN, State.ACCEPTED)


class Asked(msgspec.Struct, frozen=True):
    """What is asked for: an operation again, the rest of a plan, or the delete of what it made."""

    what: Literal["again", "go on", "delete"]
    about: Entry


class OperationsDialog(ListDialog[Asked]):
    """A list over the timeline of the chosen operation, or the steps of the chosen plan."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        ["filter", "try_again", "stop_tracking", "go_on"],
        delete="delete_set",
        copy_id="copy",
        copy_json="copy",
        refresh="reload",
        operations="activity",
        close="leave",
    )
    AUTO_FOCUS = "#operations"

    def __init__(self, session: Session, live: Connection, glyphs: Glyphs, *, local: bool) -> None:
        super().__init__("Operations")
        self._session = session
        self._operations = live.operations
        self._plans = live.plans
        self._restarts = live.restarts
        self._glyphs = glyphs
        self._local = local
        self._all: Sequence[Entry] = ()
        self._opened: set[int] = set()
        self._sure: tuple[str, int] | None = None

    def body(self) -> Iterable[Widget]:
        """The list, and what is known of the chosen operation."""
        yield Field(id="operations-filter", placeholder="filter: part of a name, state or user")
        yield Static("", id="journal-trouble", classes="-warning", markup=False)
        yield OperationList(self._glyphs, id="operations")
        yield Static("", id="timeline", markup=False)

    def foot(self) -> Iterable[Widget]:
        """What the keys do with the chosen row."""
        yield Static("", id="operations-keys", classes="hint", markup=False)

    def _show_keys(self, row: Entry | None) -> None:
        uses = {"filter": "filter", "copy_id": "copy"}
        if isinstance(row, Plan):
            uses |= {"select": "close it" if row.id in self._opened else "open it"}
            if row.interrupted:
                uses |= {"go_on": "go on"}
            if row.open:
                uses |= {"stop_tracking": "end it"}
            if made_by(row):
                uses |= {"delete": "delete its snapshots"}
        else:
            if row and row.state in _AGAIN:
                uses |= {"try_again": "try again"}
            if self._tracked(row):
                uses |= {"stop_tracking": "stop tracking"}
            if (note := self._offer(row)) is not None:
                uses |= {"go_on": f"start {note.server_name}", "stop_tracking": "leave it"}
        uses |= {"operations": "activity", "leave": "close"}
        self.query_one("#operations-keys", Static).update(self.keys.hint(**uses))

    def on_mount(self) -> None:
        """Read the journal, and again whenever something changes."""
        self._end_listening = self._session.store.listen(self._changed)
        self._read()
        if self._session.news_of_activity:
            self.call_after_refresh(self.action_activity)

    def on_unmount(self) -> None:
        """Stop listening."""
        self._end_listening()

    def _changed(self, *_: object) -> None:
        self._read()

    @work(group="history", exclusive=True, exit_on_error=False)
    async def _read(self) -> None:
        operations = await self._operations.history(_MOST)
        found: list[Entry] = [*operations]
        # To read what plans did before the first of these takes a second after years.
        since = operations[-1].asked_at if len(operations) == _MOST else 0.0
        with suppress(JournalUnavailable):
            found += await self._plans.history(_MOST, since)
        trouble = self.query_one("#journal-trouble", Static)
        trouble.display = bool(self._operations.trouble)
        trouble.update(self._operations.trouble)
        if found != self._all:
            self._all = found
            self.show_rows()

    def show_rows(self) -> None:
        """List what matches the filter."""
        rows = self.query_one(OperationList)
        text = fold(self.query_one(Field).value)
        inner, found = self._arranged()
        found = [row for row in found if text in searched(row)]
        rows.empty = "Nothing matches" if text else "Nothing has been asked for yet"
        rows.show(found, datetime.fromtimestamp(self._session.service_now(), UTC), inner)
        self._describe()

    def _arranged(self) -> tuple[frozenset[int], Sequence[Entry]]:
        """All rows, newest first; operations of a plan only where it is opened, below it."""
        plans = [row for row in self._all if isinstance(row, Plan)]
        operations = {row.id: row for row in self._all if isinstance(row, Operation)}
        inner = frozenset(number for plan in plans for number in plan.operations)
        alone = [o for o in operations.values() if o.id not in inner]
        together: list[Entry] = [*plans, *alone]
        found: list[Entry] = []
        for row in sorted(together, key=lambda r: (r.asked_at, abs(r.id)), reverse=True):
            found.append(row)
            if isinstance(row, Plan) and row.id in self._opened:
                found += [s.became for s in row.steps if s.became is not None]
        return inner, found

    @on(OperationList.Selected)
    def opened(self) -> None:
        """Open a plan, or close it."""
        row = self._chosen
        if isinstance(row, Plan):
            self._opened ^= {row.id}
            self.show_rows()

    def _offer(self, row: Entry | None) -> PowerNote | None:
        """The server that ran before an operation, or before none, and is not seen running."""
        if isinstance(row, Plan):
            return None
        return self._restarts.offer_for(None if row is None else row.id)

    @property
    def _chosen(self) -> Entry | None:
        return self.query_one(OperationList).cursor_row

    @on(OperationList.Highlighted)
    def chosen(self) -> None:
        """Show the chosen operation's timeline."""
        self._sure = None
        self._describe()

    @work(group="timeline", exclusive=True, exit_on_error=False)
    async def _describe(self) -> None:
        row = self._chosen
        self._show_keys(row)
        text = ""
        if isinstance(row, Plan):
            text = describe_plan(row)
        elif row is not None:
            try:
                steps = await self._operations.timeline(row.id)
            except JournalUnavailable:
                steps = ()
            text = describe(row, steps, local=self._local)
        if (note := self._offer(row)) is not None:
            text = f"{text}\n{note.sentence()}".lstrip()
        self.query_one("#timeline", Static).update(Content(text))

    def action_activity(self) -> None:
        """Show what happened in the fleet, whoever did it."""
        activity = self._session.activity
        if activity is not None:
            from tui.screens.dialogs.activity import ActivityDialog

            self._session.news_of_activity = False
            self.app.push_screen(ActivityDialog(activity, self._glyphs, local=self._local))

    def action_reload(self) -> None:
        """Read the journal again."""
        self._read()

    def action_copy(self) -> None:
        """Put the chosen operation or plan on the clipboard, as JSON."""
        row = self._chosen
        if row is not None:
            encoded = msgspec.json.encode(row)
            text = msgspec.json.format(encoded, indent=2).decode()
            title = plan_title(row) if isinstance(row, Plan) else f"the {row.title}"
            to_clipboard(self.app, f"JSON of {title}", text)

    def action_try_again(self) -> None:
        """Leave for the dialog that asks for the same again; nothing is sent by this."""
        row = self._chosen
        if not isinstance(row, Operation) or row.state not in _AGAIN:
            self.app.notify("only what failed or was not sent can be tried again", markup=False)
        else:
            self.finish(Asked("again", row))

    def action_go_on(self) -> None:
        """Leave for the dialog that goes on with a plan; start a server that ran before."""
        row = self._chosen
        note = self._offer(row)
        if note is not None:
            self._session.perform(self._start(note))
            return
        if isinstance(row, Plan) and row.interrupted:
            self.finish(Asked("go on", row))
        else:
            self.app.notify("only a plan that stopped can go on", markup=False)

    async def _start(self, note: PowerNote) -> None:
        await self._restarts.start(note)
        self._read()

    def action_delete_set(self) -> None:
        """Leave for the dialog that deletes what a plan made; nothing is sent by this."""
        row = self._chosen
        if isinstance(row, Plan) and made_by(row):
            self.finish(Asked("delete", row))
        else:
            creates = isinstance(row, Plan) and any(s.kind is Kind.CREATE for s in row.steps)
            none = "it has made no snapshot so far"
            why = none if creates else "only a set of creates has snapshots to delete"
            self.app.notify(why, markup=False)

    def action_stop_tracking(self) -> None:
        """Wait no longer for an operation, or send nothing more of a plan; asked for twice."""
        row = self._chosen
        note = self._offer(row)
        if note is not None and not (isinstance(row, Operation) and row.state in _STOPPABLE):
            self._leave_stopped(note)
        elif row is None or not self._tracked(row):
            self.app.notify("only what is running can be ended", markup=False)
        elif self._sure != entry_key(row):
            self._sure = entry_key(row)
            self.app.notify(self._asked_twice(row), severity="warning", markup=False)
        elif isinstance(row, Plan):
            self._session.perform(self._end(row))
        else:
            self._session.perform(self._operations.declare_over(row.id))

    def _tracked(self, row: Entry | None) -> bool:
        """Whether there is something to stop."""
        if row is None or isinstance(row, Plan):
            return row is not None and row.open
        kept = [operation.id for operation in self._operations.kept().values()]
        return row.state in _STOPPABLE or row.id in kept

    def _leave_stopped(self, note: PowerNote) -> None:
        """Offer no longer to start a server; asked for twice."""
        sure = ("power", note.id)
        if self._sure == sure:
            self._session.perform(self._forget(note))
            return
        self._sure = sure
        words = f"{self.keys.shown('stop_tracking')} again leaves {note.server_name} as it is"
        self.app.notify(words, severity="warning", markup=False)

    async def _forget(self, note: PowerNote) -> None:
        await self._restarts.forget(note)
        self._read()

    def _asked_twice(self, row: Entry) -> str:
        key = self.keys.shown("stop_tracking")
        if isinstance(row, Plan):
            left = f"{len(row.unsent)} of {plural(len(row.steps), 'step')} are not sent"
            return f"{key} again ends it: {left}; what was sent goes on"
        if row.state is State.WAITING:
            return f"{key} again gives up the {row.title}: it will not be sent"
        return (
            f"{key} again stops tracking the {row.title}: you are not told how it ends, "
            f"and {row.server_name} is free for other writes"
        )

    async def _end(self, plan: Plan) -> None:
        await self._plans.end(plan.id)
        self._read()
