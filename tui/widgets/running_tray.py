"""What runs, waits or has just ended, under the panes: it covers nothing, and goes when empty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tui.commands import Keys, keys_of
from tui.fleet.operation import Kind, Operation, State
from tui.fleet.plan import Plan, PlanKind, Standing
from tui.fleet.power import PowerNote
from tui.fleet.state import Fleet
from tui.notices import News, doing, plan_title, tally_line
from tui.text import coarse, elapsed
from tui.widgets.glyphs import Glyphs
from tui.widgets.line import Line, Piece

MOST: Final = 5
"""Lines at most; what does not fit is counted."""
UNDER_TOASTS: Final = 5
"""Lines of details and keys, over which no toast lies."""
KEPT: Final = 50
"""Ends that are kept until they are seen; of more the oldest go."""
Expected = Callable[[Kind], tuple[str, float] | None]
"""How long an operation of a kind usually takes, in words, and when it is overdue."""
_DOING: Final = {Kind.CREATE: "Creating", Kind.RESTORE: "Restoring", Kind.DELETE: "Deleting"}


class Entry(msgspec.Struct, frozen=True):
    """One line. `urgent` ones are shown first."""

    sign: str
    text: str
    right: str = ""
    style: str = ""
    urgent: bool = False

    @property
    def plain(self) -> str:
        """The whole of it as text."""
        return f"{self.sign} {self.text}  {self.right}".rstrip()


class End(msgspec.Struct, frozen=True):
    """What has ended and was not seen yet: a sentence, and what can be done about it."""

    text: str
    bad: bool = False
    more: str = ""


class Ends:
    """The ends that nobody has taken note of; a later one overwrites no other."""

    def __init__(self) -> None:
        self._ends: dict[tuple[str, int], End] = {}

    def __bool__(self) -> bool:
        return bool(self._ends)

    def operation(self, operation: Operation, news: News, more: str = "") -> None:
        """Keep the end of an operation; where it is corrected, the newer word counts."""
        self._keep(("operation", operation.id), End(news.text, news.bad, more))

    def plan(self, plan: Plan) -> None:
        """Keep the end of a plan, in place of those of its operations."""
        for number in plan.operations:
            self._ends.pop(("operation", number), None)
        tally = plan.tally
        bad = tally.not_done + tally[Standing.UNTOLD]
        why = f" · {plan.words}" if plan.words else ""
        if not plan.many and bad and not why:
            why = "".join(f" · {step.reason}" for step in plan.steps if step.reason)[:200]
        took = f" after {coarse((plan.ended_at or plan.asked_at) - plan.asked_at)}"
        text = f"{plan_title(plan)}: {tally_line(plan)}{took}{why}"
        self._keep(("plan", plan.id), End(text, bad > 0))

    def seen(self) -> bool:
        """Take it that all were seen; whether there were any."""
        had = bool(self._ends)
        self._ends.clear()
        return had

    def all(self) -> Sequence[End]:
        """Bad ones first, each newest first."""
        newest = list(self._ends.values())[::-1]
        return sorted(newest, key=lambda end: not end.bad)

    def _keep(self, key: tuple[str, int], end: End) -> None:
        self._ends.pop(key, None)
        self._ends[key] = end
        while len(self._ends) > KEPT:
            del self._ends[next(iter(self._ends))]


def entries(
    fleet: Fleet,
    ends: Ends,
    now: float,
    expected: Expected,
    glyphs: Glyphs,
    keys: Keys,
    offers: Sequence[PowerNote] = (),
) -> Sequence[Entry]:
    """All lines at `now` (seconds since 1970), what needs somebody first.

    `offers` are servers that ran before and can be started.
    """
    plans = fleet.plans.values()
    inner = {number for plan in plans for number in plan.operations}
    alone = [o for o in fleet.operations.values() if o.id not in inner]
    going: list[Entry] = [_plan(plan, now, expected, glyphs, keys) for plan in plans]
    going += [_operation(o, now, expected, glyphs) for o in alone]
    ended = [
        Entry(
            glyphs.failed if end.bad else glyphs.completed,
            end.text,
            end.more,
            style="$text-error" if end.bad else "$text-success",
            urgent=end.bad,
        )
        for end in ends.all()
    ]
    stopped = [_offer(note, glyphs, keys) for note in offers]
    return sorted([*stopped, *going, *ended], key=lambda entry: not entry.urgent)


def _offer(note: PowerNote, glyphs: Glyphs, keys: Keys) -> Entry:
    right = f"{keys.shown('operations')} {keys.shown('go_on')} starts it"
    return Entry(glyphs.unknown, note.sentence(), right, "$text-warning", urgent=True)


def _time(since: float, now: float, kind: Kind, expected: Expected) -> str:
    usual, taken = expected(kind), coarse(elapsed(since, now))
    return f"{taken}, usually {usual[0]}" if usual else taken


def _operation(operation: Operation, now: float, expected: Expected, glyphs: Glyphs) -> Entry:
    what = doing(operation)
    right = _time(operation.accepted_at or operation.asked_at, now, operation.kind, expected)
    if operation.state is State.UNKNOWN:
        return Entry(glyphs.unknown, f"{what}: no answer, checking", right, "$text-warning", True)
    if operation.overdue:
        return Entry(glyphs.busy, f"{what}: overdue", right, "$text-warning", urgent=True)
    return Entry(glyphs.busy, what, right, "$text-accent")


def _plan(plan: Plan, now: float, expected: Expected, glyphs: Glyphs, keys: Keys) -> Entry:
    text = f"{plan_title(plan)}   {tally_line(plan)}"
    key = keys.shown("operations")
    if plan.interrupted:
        return Entry(
            glyphs.unknown, f"{text}   stopped", f"{key} go on or end", "$text-warning", urgent=True
        )
    kind = Kind.DELETE if plan.deletes else Kind.CREATE
    right = coarse(now - plan.asked_at) if plan.stops else _time(plan.asked_at, now, kind, expected)
    if plan.kind is PlanKind.SAFETY_RESTORE:
        running = next((s for s in plan.steps if s.standing is Standing.RUNNING), None)
        now_doing = f"{_DOING[running.kind]} {running.name}" if running else "waiting"
        since = running.became.asked_at if running and running.became else plan.asked_at
        right = _time(since, now, running.kind if running else Kind.CREATE, expected)
        text = f"{plan_title(plan)}   {now_doing}"
        if plan.unsent:
            right = f"{right} · {key} gives it up"
    overdue = any(s.became is not None and s.became.overdue for s in plan.steps if not s.over)
    style = "$text-warning" if overdue else "$text-accent"
    return Entry(glyphs.busy, f"{text}{'   overdue' if overdue else ''}", right, style, overdue)


class RunningTray(Vertical):
    """Shows entries, as many as there is room for; the same ones again repaint nothing."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self.ends = Ends()
        self.entries: Sequence[Entry] = ()
        self._lines_taken: int | None = None

    def compose(self) -> ComposeResult:
        """One line for each entry that may be shown."""
        for _ in range(MOST):
            line = Line()
            line.display = False
            yield line

    def show(
        self, fleet: Fleet, now: float, expected: Expected, offers: Sequence[PowerNote] = ()
    ) -> None:
        """Take over what runs at `now` (seconds since 1970), beside what has ended."""
        keys = keys_of(self)
        self.entries = entries(fleet, self.ends, now, expected, self._glyphs, keys, offers)
        self._fit()

    def end_of(self, operation: Operation, news: News, fleet: Fleet) -> None:
        """Keep the end of an operation in sight; those of a plan stand in the plan's line."""
        if any(operation.id in plan.operations for plan in fleet.plans.values()):
            return
        keys = keys_of(self)
        again = f"{keys.shown('operations')} {keys.shown('try_again')} try again"
        self.ends.operation(operation, news, again if news.again else "")

    def end_of_plan(self, plan: Plan) -> None:
        """Keep the end of a plan in sight, unless nothing came of it, which a dialog has said."""
        if any(step.standing is not Standing.SKIPPED for step in plan.steps):
            self.ends.plan(plan)

    def _fit(self) -> None:
        """Lay the lines out for the room that there is now."""
        height = self.app.size.height
        room = 1 if height < 20 else 2 if height < 30 else MOST
        shown = list(self.entries[:room])
        hidden = len(self.entries) - len(shown)
        self.display = bool(shown)
        frame = 2 if shown and height >= 20 else 0
        self._lift_toasts(len(shown) + frame)
        if not shown:
            return
        title = f"Running · {self._note()}" if self.ends else "Running"
        if title != self.border_title:
            self.border_title = Content(title)
        for line, entry in zip(self.query(Line), [*shown, *[None] * MOST], strict=False):
            line.display = entry is not None
            if entry is not None:
                more = f"  and {hidden} more" if hidden and entry is shown[-1] else ""
                line.show(_pieces(entry), [(f"{entry.right}{more}", "$text-muted")])

    def _lift_toasts(self, lines: int) -> None:
        """Keep words from lying over a result that takes so many lines."""
        if lines != self._lines_taken:  # to look for the rack costs as much as all the rest
            for rack in self.screen.query("#textual-toastrack"):
                rack.styles.margin = (0, 0, UNDER_TOASTS + lines, 0)
                self._lines_taken = lines

    def _note(self) -> str:
        return f"{keys_of(self).shown('clear')} clears what has ended"

    def on_resize(self) -> None:
        """Show as much as there is room for now."""
        self._fit()


def _pieces(entry: Entry) -> Sequence[Piece]:
    return [(f"{entry.sign} ", entry.style), (entry.text, entry.style if entry.urgent else "")]
