"""What is told of an operation when it takes a step: one sentence, and whether it is bad news."""

from __future__ import annotations

from dataclasses import dataclass

from tui.fleet.operation import Kind, Operation, State
from tui.text import duration


@dataclass(frozen=True, slots=True)
class News:
    """A sentence for a toast. `ended` tells that the operation is over."""

    text: str
    bad: bool = False
    ended: bool = False


def news(operation: Operation, before: State | None) -> News | None:
    """What to tell of a step; None where a dialog has said it, or there is nothing to say.

    `before` is the state that was told last, None for an operation not heard of so far.
    """
    title, server = operation.title, operation.server_name
    match operation.state:
        case State.UNKNOWN:
            return News(f"No answer to the {title} on {server}: checking the list", bad=True)
        case State.ACCEPTED if before is State.UNKNOWN:
            return News(f"The {title} on {server} was carried out, the list shows it")
        case State.ACCEPTED if before is not None:
            return News(f"The provider is at work: {title} on {server}")
        case State.COMPLETED:
            return News(_completed(operation), ended=True)
        case State.FAILED:
            return News(f"The {title} on {server} failed: {operation.words}", True, True)
        case State.NOT_CARRIED_OUT:
            return News(f"The {title} on {server} was not carried out: {operation.words}", True)
        case State.VANISHED:
            return News(f"The {title} on {server}: the snapshot is no longer listed", True, True)
        case State.UNSEEN:
            return News(f"The {title} on {server}: {operation.words}", True, True)
        case State.NEVER_SENT if before is None:
            return News(f"The {title} on {server} was never sent: {operation.words}", bad=True)
        case _:
            return None


def overdue(operation: Operation) -> News:
    """It takes longer than it ever should."""
    return News(f"The {operation.title} on {operation.server_name} is overdue", bad=True)


def _completed(operation: Operation) -> str:
    took = ""
    if operation.ended_at is not None and operation.accepted_at is not None:
        seconds = operation.ended_at - operation.accepted_at
        took = f" after {duration(seconds)}" if seconds >= 1 else ""
    name, server = operation.snapshot_name, operation.server_name
    match operation.kind:
        case Kind.CREATE:
            return f"{name} of {server} is completed{took}"
        case Kind.RESTORE:
            return f"{server} is restored from {name}{took}"
        case Kind.DELETE:
            gone = f", {operation.words}" if operation.words else ""
            return f"{name} of {server} is deleted{gone}"
