"""One action on many: a snapshot of each marked server, or the delete of all marked snapshots."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final

from textual import on
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.commands import bindings
from tui.fleet.clock import Clock
from tui.fleet.plan import Plan, Standing, Step
from tui.fleet.state import ServerView
from tui.fleet.writes.plans import Told
from tui.fleet.writes.rules import create_advice
from tui.notices import step_words, tally_words
from tui.screens.dialogs.base import paragraph
from tui.screens.dialogs.create import propose_name
from tui.screens.dialogs.table import table
from tui.screens.dialogs.write import SendingDialog, Sent
from tui.text import plural, short_age, size
from tui.vps.models import SLOTS, Key, Phase, Snapshot
from tui.widgets.checkbox import Choice
from tui.widgets.confirm_field import ConfirmField
from tui.widgets.line import Piece
from tui.widgets.name_field import NameField

_STYLES: Final = {
    Standing.DONE: "$text-success",
    Standing.RUNNING: "$text-success",
    Standing.NOT_DONE: "$text-error",
    Standing.SKIPPED: "$text-error",
    Standing.UNTOLD: "$text-warning",
}
Row = tuple[Hashable, Sequence[Piece]]
"""What a row is about, and its cells."""


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

    def question(self) -> Iterable[Widget]:
        """The fields under the table."""
        return ()

    def body(self) -> Iterable[Widget]:
        """The table, then what is asked."""
        yield Static("", id="items", markup=False)
        yield from self.question()

    def on_mount(self) -> None:
        """Show the items."""
        self.show_items()
        self.update_button()

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
            self._answer_tally(sent)

    def _show_begun(self) -> None:
        """From now on there is nothing to cancel."""
        if not self._begun and self.is_attached:
            hint = self.query_one(".dialog-buttons .hint", Static)
            hint.update(self.keys.hint(leave="close"))
        self._begun = True

    def _answer_tally(self, plan: Plan) -> None:
        bad = plan.tally[Standing.NOT_DONE] + plan.tally[Standing.SKIPPED]
        self.answer(tally_words(plan), good=not bad and not plan.words)

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
                last = ("waits its turn", "$text-muted")
            lines.append([*cells[:kept], last])
        narrow = self.app.size.width < 90
        heads = (*head[:kept], "Result" if begun else head[-1])
        content = table(heads, lines, 18 if narrow else 28)
        self.query_one("#items", Static).update(content)


SendCreates = Callable[[str, bool, Told, bool], "asyncio.Task[Plan]"]
"""Creates on all under a name, making room where it is needed if the second is true."""


class CreateSetDialog(BulkDialog):
    """One name for a snapshot of every marked server that has room, or where room is made."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(["make_room"])
    verb = "Create all"

    def __init__(
        self,
        views: Sequence[ServerView],
        busy: Mapping[Key, str],
        goes: Mapping[Key, Snapshot],
        now: datetime,
        clock: Clock,
        send: SendCreates,
    ) -> None:
        free = [view for view in views if view.server.id not in busy]
        self._busy = [view for view in views if view.server.id in busy]
        self._fitting = [view for view in free if not view.full]
        self._roomy = [view for view in free if view.full and view.server.id in goes]
        self._stuck = [view for view in free if view.full and view.server.id not in goes]
        self._goes = goes
        self._now = now
        self._send_all = send
        super().__init__(f"Create a snapshot of {plural(len(views), 'server')}", clock)

    def question(self) -> Iterable[Widget]:
        """Who is skipped, the choice to make room, the name, and what to type for it."""
        if self._busy:
            yield _skipped("busy", self._busy)
        if self._stuck:
            yield _skipped("no free slot, and nothing there should go", self._stuck)
        if self._roomy:
            yield _skipped("no free slot", self._roomy, "room-skipped")
            key = self.keys.shown("make_room")
            yield Choice(f"Make room on {plural(len(self._roomy), 'server')} ({key})", id="room")
        taken = frozenset(s.name for view in self._chosen(all_of=True) for s in view.snapshots)
        yield NameField("One name for all", propose_name(taken, self._now), taken)
        confirm = ConfirmField(
            "Making room deletes for good. Type this to enable the button:",
            f"delete {len(self._roomy)}",
            id="confirm-room",
        )
        confirm.display = False
        yield confirm

    @property
    def _room(self) -> bool:
        return bool(self._roomy) and self.query_one("#room", Choice).value

    def _chosen(self, *, all_of: bool = False) -> Sequence[ServerView]:
        return [*self._fitting, *(self._roomy if all_of or self._room else [])]

    @property
    def guarded(self) -> bool:
        """What deletes to make room takes no press just after it was enabled."""
        return self._room or super().guarded

    def on_mount(self) -> None:
        """Begin at the name."""
        super().on_mount()
        self.query_one("#name").focus()

    def head(self) -> Sequence[str]:
        """What goes is a column where room is made."""
        return ("Server", "Slots", *(("Deletes", "Age", "Size") if self._room else ()), "Note")

    def rows(self) -> Sequence[Row]:
        """Each server with its slots, and what goes there."""
        found: list[Row] = []
        for view in self._chosen():
            words, grave = create_advice(view.server.status)
            cells: list[Piece] = [
                (view.server.name, ""),
                (f"{view.used} of {SLOTS}", "$text-warning" if view.full else ""),
                *(self._cost(view) if self._room else ()),
                (words, "$text-warning" if grave else "$text-muted"),
            ]
            found.append((view.server.id, cells))
        return found

    def _cost(self, view: ServerView) -> Sequence[Piece]:
        """What is deleted on a server to make room; it is never its last good one."""
        if not view.full:
            return (("-", "$text-muted"), ("", ""), ("", ""))
        goes = self._goes[view.server.id]
        facts = (goes.name, short_age(goes.created_at, self._now), size(goes.size_mb))
        return [(fact, "$text-error") for fact in facts]

    def row_of(self, step: Step) -> Hashable:
        """That of its server."""
        return step.server_id

    @on(Choice.Changed)
    def _room_chosen(self) -> None:
        if self._begun:
            return
        self.query_one("#confirm-room", ConfirmField).display = self._room
        self.query_one("#room-skipped", Static).display = not self._room
        self.show_items()
        self.update_button()

    def action_make_room(self) -> None:
        """Choose to make room, or not."""
        if self._roomy:
            self.query_one("#room", Choice).action_tick()

    def complete(self) -> bool:
        """Whether the name is allowed on every server, and what makes room is agreed to."""
        agreed = not self._room or self.query_one("#confirm-room", ConfirmField).enabled
        return super().complete() and agreed and self.query_one(NameField).valid

    def go_on(self, event: Input.Submitted) -> None:
        """Send from the name; where room is made go on to what is typed, then to the button."""
        if event.input.id == "name" and self._room:
            self.query_one("#confirm-room #typed").focus()
        elif self.guarded:
            super().go_on(event)
        else:
            self.press()

    def start(self, unrecorded: bool) -> asyncio.Task[Sent]:
        """Start all."""
        name = self.query_one(NameField).value
        return self._send_all(name, self._room, self.told, unrecorded)


def _skipped(why: str, views: Sequence[ServerView], name: str | None = None) -> Static:
    names = ", ".join(view.server.name for view in views)
    words = f"Skipped, {why}: {names}"
    return Static(words, id=name, classes="paragraph -warning", markup=False)


SendDeletes = Callable[[Told, bool], "asyncio.Task[Plan]"]
"""Deletes all."""


class DeleteSetDialog(BulkDialog):
    """Many snapshots, deleted after a count is typed; with a second one for the last good ones."""

    verb = "Delete all"
    danger = True
    named_by = 2

    def __init__(
        self,
        snapshots: Sequence[Snapshot],
        left_out: Sequence[tuple[Snapshot, str]],
        views: Mapping[Key, ServerView],
        now: datetime,
        clock: Clock,
        send: SendDeletes,
    ) -> None:
        self._snapshots = sorted(snapshots, key=lambda s: (s.server_name, str(s.server_id)))
        self._left_out = left_out
        self._views = views
        self._now = now
        self._send_all = send
        self._bare = left_bare(snapshots, views)
        super().__init__(f"Delete {plural(len(snapshots), 'snapshot')}", clock)

    def question(self) -> Iterable[Widget]:
        """Who is left out, the cost, and the words to type."""
        whys: dict[str, list[str]] = defaultdict(list)
        for snapshot, why in self._left_out:
            whys[why].append(f"{snapshot.name} of {snapshot.server_name}")
        for why, skipped in whys.items():
            yield paragraph(f"Skipped, {why}: {', '.join(skipped)}", "-warning")
        if not self._snapshots:
            return
        yield paragraph("Deleting is permanent: it cannot be undone.", "-warning")
        count = f"delete {len(self._snapshots)}"
        yield ConfirmField("Type this to enable the button:", count, id="confirm")
        if self._bare:
            names = ", ".join(view.server.name for view in self._bare)
            words = f"No completed snapshot is left on {names}. Type this too:"
            yield ConfirmField(words, f"leave {len(self._bare)} without", id="confirm-bare")

    def on_mount(self) -> None:
        """Begin where the count is typed."""
        super().on_mount()
        if self._snapshots:
            self.query_one("#confirm #typed").focus()

    def head(self) -> Sequence[str]:
        """As for one: what it is, and what is left."""
        return ("Server", "Snapshot", "Age", "Size", "Left")

    def rows(self) -> Sequence[Row]:
        """Each snapshot, and what its server has afterwards."""
        going = {snapshot.id for snapshot in self._snapshots}
        bare = {view.server.id for view in self._bare}
        found: list[Row] = []
        for snapshot in self._snapshots:
            last = snapshot.server_id in bare and snapshot.phase is Phase.COMPLETED
            style = "$text-error" if last else ""
            left = (
                ("none: the last good one", "bold $text-error")
                if last
                else self._left(snapshot, going)
            )
            cells: list[Piece] = [
                (snapshot.server_name, ""),
                (snapshot.name, style),
                (short_age(snapshot.created_at, self._now), style),
                (size(snapshot.size_mb), ""),
                left,
            ]
            found.append((snapshot.id, cells))
        return found

    def _left(self, snapshot: Snapshot, going: set[Key]) -> Piece:
        view = self._views.get(snapshot.server_id)
        kept = [s for s in view.snapshots if s.id not in going] if view else []
        good = [s for s in kept if s.phase is Phase.COMPLETED]
        if not good:
            return f"{len(kept)}, none completed", "$text-warning"
        return f"{len(kept)}, newest {short_age(good[0].created_at, self._now)}", "$text-muted"

    def row_of(self, step: Step) -> Hashable:
        """That of its snapshot."""
        return step.target.id if step.target else None

    def complete(self) -> bool:
        """Whether the words match to the letter."""
        fields = self.query("#confirm, #confirm-bare").results(ConfirmField)
        return super().complete() and all(field.enabled for field in fields)

    def go_on(self, event: Input.Submitted) -> None:
        """Go on to what else is to be typed, then to the button."""
        if self._bare and not self.ready():
            self.query_one("#confirm-bare #typed").focus()
        else:
            super().go_on(event)

    def start(self, unrecorded: bool) -> asyncio.Task[Sent]:
        """Start all."""
        return self._send_all(self.told, unrecorded)


def left_bare(
    snapshots: Sequence[Snapshot], views: Mapping[Key, ServerView]
) -> Sequence[ServerView]:
    """The servers that have a completed snapshot now, and none once these are deleted."""
    gone = Counter(s.server_id for s in snapshots if s.phase is Phase.COMPLETED)
    found = []
    for key, count in gone.items():
        view = views.get(key)
        if view and count >= sum(s.phase is Phase.COMPLETED for s in view.snapshots):
            found.append(view)
    return found
