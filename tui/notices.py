"""What is told of an operation when it takes a step: one sentence, and whether it is bad news."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from tui.fleet.estimates import PUBLISHED
from tui.fleet.operation import DENIED, Certainty, Kind, Operation, State
from tui.fleet.plan import Plan, PlanKind, Standing, Step, Tally
from tui.text import duration, plural, some

_BAD_ENDS: Final = {
    State.FAILED: "The {title} on {server} {surely}failed: {words}",
    State.NOT_CARRIED_OUT: "The {title} on {server} was {surely}not carried out: {words}{still}",
    State.VANISHED: "The {title} on {server}: the snapshot is no longer listed",
    State.UNSEEN: "The {title} on {server}: {words}",
}


class News(msgspec.Struct, frozen=True):
    """A sentence for a toast.

    `ended` tells that the operation is over, `again` that it can be asked for once more, `standing`
    that it is told as long as it is so, not once.
    """

    text: str
    bad: bool = False
    ended: bool = False
    again: bool = False
    standing: bool = False


def news(operation: Operation, before: State | None) -> News | None:
    """What to tell of a step; None where a dialog has said it, or there is nothing to say.

    `before` is the state that was told last, None for an operation not heard of so far.
    """
    title, server, words = operation.title, operation.server_name, operation.words
    if before in DENIED and operation.state not in DENIED:
        why = operation.evidence or words
        told = f"The {title} on {server} was {_surely(operation)}carried out after all: {why}"
        return News(told, bad=True, ended=True)
    if before in (State.COMPLETED, State.FAILED) and operation.state is State.ACCEPTED:
        return News(f"The {title} on {server} is not over: {operation.evidence}", bad=True)
    if operation.state in _BAD_ENDS:
        again = operation.state is State.NOT_CARRIED_OUT
        surely = _surely(operation)
        still = "; it may still come" if surely else ""
        text = _BAD_ENDS[operation.state].format(
            title=title, server=server, words=words, surely=surely, still=still
        )
        return News(text, bad=True, ended=True, again=again)
    match operation.state:
        case State.WAITING:
            return News(f"The {title} on {server} waits for its safety snapshot")
        case State.UNKNOWN:
            return News(f"No answer to the {title} on {server}: checking the list", bad=True)
        case State.ACCEPTED if before is State.UNKNOWN:
            sure = _surely(operation)
            return News(f"The {title} on {server} was {sure}carried out, the list shows it")
        case State.ACCEPTED if before is not None:
            return News(_begun(operation))
        case State.COMPLETED:
            return News(_completed(operation) + _doubt(operation), ended=True)
        case State.NEVER_SENT if before in (None, State.WAITING):
            return News(f"The {title} on {server} was never sent: {words}", bad=True)
        case _:
            return None


def assurance(operation: Operation) -> str:
    """How sure it is what became of it, and why: ``likely: the server was seen …``."""
    if operation.certainty is None:
        return ""
    why = f": {operation.evidence}" if operation.evidence else ""
    return f"{operation.certainty.value}{why}"


def _surely(operation: Operation) -> str:
    """What is said before a verb that is not proved."""
    return "" if operation.proved else "likely "


def _doubt(operation: Operation) -> str:
    """What is added to good news that is not proved."""
    doubtful = operation.certainty not in (None, Certainty.PROVED)
    return f" · {assurance(operation)}" if doubtful else ""


_STANDS: Final[dict[State, str]] = {
    State.INTENT: "sending",
    State.SENT: "sending",
    State.UNKNOWN: "no answer, checking",
    State.ACCEPTED: "running",
}


def at_work(operation: Operation) -> str:
    """What goes on with an operation that has not ended."""
    return _STANDS.get(operation.state, operation.stands)


def step_words(step: Step) -> str:
    """Where a step of a plan stands, with the reason where it was not done."""
    why = f": {step.reason}" if step.reason else ""
    if step.power and (step.became is None or step.became.ended):
        return step.power
    match step.standing:
        case Standing.DONE:
            return "deleted" if step.kind is Kind.DELETE else "completed"
        case Standing.RUNNING if step.became is not None:
            late = ", overdue" if step.became.overdue else ""
            return at_work(step.became) + late
        case Standing.NOT_DONE if step.became is not None:
            return f"{step.became.stands}{why}"
        case Standing.SKIPPED:
            return step.words
    return str(step.standing.value)


def plan_title(plan: Plan) -> str:
    """What a plan does, in a few words."""
    on = plan.steps[-1].server_name if plan.steps else "no server"
    match plan.kind:
        case PlanKind.MAKE_ROOM:
            return f"Make room for {plan.name} on {on}"
        case PlanKind.SAFETY_RESTORE:
            return f"Snapshot, then restore {on} from {plan.name}"
        case PlanKind.DELETE:
            return f"Delete {plan.name}"
        case PlanKind.RETENTION:
            return f"Delete by policy {plan.name}"
    stopped = ", stopped for it" if plan.stops else ""
    servers = plural(len({step.server_id for step in plan.steps}), "server")
    return f"{plan.name} · {servers}{stopped}"


def tally_line(plan: Plan) -> str:
    """How many of its steps stand where: ``6 done · 3 running · 1 refused``."""
    tally = plan.tally
    parts = (
        (tally[Standing.DONE], "deleted" if plan.deletes else "done"),
        (tally[Standing.RUNNING], "running"),
        (tally[Standing.UNSENT], "not sent yet"),
        *_badly(plan, tally),
        (sum(step.over and step.power != "" for step in plan.steps), "starting again"),
    )
    return " · ".join(f"{count} {word}" for count, word in parts if count)


def tally_words(plan: Plan) -> str:
    """What has come of a plan so far, and why it stopped if it did."""
    tally = plan.tally
    if plan.deletes:
        parts = [(tally[Standing.DONE], "deleted"), (tally[Standing.RUNNING], "started")]
    else:
        parts = [(tally[Standing.DONE] + tally[Standing.RUNNING], "started")]
    parts += [*_badly(plan, tally), (tally[Standing.UNSENT], "not sent yet")]
    words = ", ".join(f"{count} {word}" for count, word in parts if count)
    return f"{words}. Stopped: {plan.words}" if plan.words and plan.open else words


def _badly(plan: Plan, tally: Tally) -> Sequence[tuple[int, str]]:
    """How many steps came to nothing or cannot be told, with a word for each kind."""
    failed, doubtful = plan.failed, plan.doubtful
    return (
        (tally.not_done - failed - doubtful - plan.given_up, "refused"),
        (plan.given_up, "given up"),
        (doubtful, "likely not done"),
        (failed, "failed"),
        (tally[Standing.UNTOLD], "cannot be told"),
    )


def stands(plan: Plan) -> str:
    """Where a plan that nobody is at stands, in a sentence."""
    why = f" ({plan.words})" if plan.words else ""
    left = plan.unsent[0]
    return (
        f"{plan_title(plan)}: stopped{why}, {tally_line(plan)}; "
        f"next is the {left.title} on {left.server_name}"
    )


def facts(operation: Operation) -> dict[str, str]:
    """What a command of the user's is told of an operation."""
    return {
        "kind": operation.kind.value,
        "state": operation.state.value,
        "server": operation.server_name,
        "snapshot": operation.snapshot_name,
        "certainty": operation.certainty.value if operation.certainty else "",
    }


def found_open(operations: Sequence[Operation]) -> str:
    """What earlier or other sessions have left open, in one sentence."""
    named = [
        f"{o.title} on {o.server_name} ({o.stands}{', overdue' if o.overdue else ''})"
        for o in operations
    ]
    return f"{plural(len(named), 'operation')} from before, followed again: {some(named, 3)}"


def farewell(
    operations: Sequence[Operation], plans: Sequence[Plan] = (), down: Iterable[str] = ()
) -> str:
    """What to say on leaving while operations have not ended; empty where nothing is open.

    `down` are the names of servers that are stopped for their snapshots.
    """
    lines = []
    if names := some(sorted(down), 5):
        lines.append(
            f"Asked to stop for a snapshot, and not started again yet: {names}. "
            "The next start of ciplun starts what ran before, and so does `ciplun settle --go-on`."
        )
    running = [o for o in operations if o.open]
    if running:
        verb = "goes" if len(running) == 1 else "go"
        them = "it" if len(running) == 1 else "them"
        lines.append(
            f"{plural(len(running), 'operation')} {verb} on at the provider; "
            f"the next start follows {them} again."
        )
    lines += [f"{stands(plan)}. The next start offers to go on." for plan in plans if plan.unsent]
    return "\n".join(lines)


def overdue(operation: Operation) -> News:
    """It takes longer than it ever should."""
    return News(f"The {operation.title} on {operation.server_name} is overdue", bad=True)


def _begun(operation: Operation) -> str:
    """What the provider does now, and how long it says that it takes."""
    low, high = PUBLISHED.get(operation.kind, (0.0, 0.0))
    takes = f" ({low / 60:.0f}-{high / 60:.0f} min)" if high else ""
    return f"{doing(operation)}{takes}"


def doing(operation: Operation) -> str:
    """What is done while it runs: ``Creating before-update on mail``."""
    name, server = operation.snapshot_name, operation.server_name
    match operation.kind:
        case Kind.CREATE:
            return f"Creating {name} on {server}"
        case Kind.RESTORE:
            return f"Restoring {server} from {name}"
        case Kind.DELETE:
            return f"Deleting {name} of {server}"


def _completed(operation: Operation) -> str:
    took = ""
    if operation.took is not None and operation.took >= 1:
        took = f" after {duration(operation.took)}"
    name, server = operation.snapshot_name, operation.server_name
    match operation.kind:
        case Kind.CREATE:
            return f"{name} of {server} is completed{took}"
        case Kind.RESTORE:
            return f"{server} is restored from {name}{took}"
        case Kind.DELETE:
            gone = f", {operation.words}" if operation.words else ""
            return f"{name} of {server} is deleted{gone}"


Listener = Callable[[Operation | None, News], None]


KEPT: Final = 1_000
"""Ends that were told: of more the oldest are forgotten, as none comes again that late."""


class Teller:
    """Tells its listeners each step of each operation once, and trouble with the journal."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._told: dict[int, State] = {}
        self._ended: dict[int, State] = {}
        self._told_overdue: set[int] = set()
        self._told_trouble = ""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` from now on; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, operation: Operation | None, told: News) -> None:
        """Tell something, of an operation or of none."""
        for listener in tuple(self._listeners):
            listener(operation, told)

    def know(self, operation: Operation) -> None:
        """Take it that somebody was told of this end, which is about to be corrected."""
        if operation.id not in self._told and operation.id not in self._ended:
            self._end(operation)

    def step(self, operation: Operation) -> State | None:
        """Tell what is new of it; returns the state it was in when it was told last."""
        before = self._told.get(operation.id, self._ended.get(operation.id))
        if operation.overdue and operation.open and operation.id not in self._told_overdue:
            self._told_overdue.add(operation.id)
            if before is not None:  # else an earlier session has told it
                self.tell(operation, overdue(operation))
        if operation.ended:
            self._end(operation)
        else:
            self._told[operation.id] = operation.state
        told = None if before is operation.state else news(operation, before)
        if told is not None:
            self.tell(operation, told)
        return before

    def _end(self, operation: Operation) -> None:
        self._told.pop(operation.id, None)
        self._ended.pop(operation.id, None)
        self._ended[operation.id] = operation.state
        while len(self._ended) > KEPT:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            self._told_overdue.discard(oldest)

    def trouble(self, words: str) -> None:
        """Tell once that no record can be kept, or what happened to the journal."""
        if words and words != self._told_trouble:
            self.tell(None, News(words, bad=True))
        self._told_trouble = words
