"""What becomes of writes: waited for together, a line for each, one exit code for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from tui.cli.documents import operation_document
from tui.cli.output import out, output
from tui.cli.waiting import Wait
from tui.exit_codes import ExitCode
from tui.fleet.operation import Operation, State
from tui.notices import news

if TYPE_CHECKING:
    from tui.session.connection import Connection
    from tui.session.session import Session

SETTLING: float = 180.0
"""Seconds for which a command waits to learn what became of a write without an answer."""
LONGEST: float = 3_600.0
"""Seconds for which `--wait` waits if not told: what takes an hour may never end."""
_GRAVEST: Final = (ExitCode.NOT_AUTHORISED, ExitCode.FAILED, ExitCode.UNKNOWN)


async def finish(
    session: Session,
    live: Connection,
    operations: Sequence[Operation],
    *,
    wait: bool,
    timeout: float | None = None,
) -> int:
    """Follow writes as `follow` does; returns the exit code for all."""
    latest = await follow(session, live, operations, wait=wait, timeout=timeout)
    return gravest([code_of(operation, wait=wait) for operation in latest])


async def follow(
    session: Session,
    live: Connection,
    operations: Sequence[Operation],
    *,
    wait: bool,
    timeout: float | None = None,
) -> Sequence[Operation]:
    """Follow writes of which a line has been said already; returns where they stand then.

    Unknown outcomes are waited for in any case, with `wait` all ends, but not for ever; `timeout`
    is in seconds.
    """
    told = {operation.id: operation.state for operation in operations}

    def tell(operation: Operation) -> None:
        if told[operation.id] is not operation.state:
            out(said(operation, told[operation.id]))
            told[operation.id] = operation.state

    latest = operations
    steps: list[tuple[Callable[[Operation], bool], float]] = [(_is_known, SETTLING)]
    if wait:
        steps.append((_has_ended, LONGEST))
    for reached, longest in steps:
        limit = longest if timeout is None or not wait else timeout
        latest = await Wait(session, live, latest, reached, tell).during(limit)
        for operation in latest:
            tell(operation)
        late = [operation for operation in latest if not reached(operation)]
        for operation in late:
            out(f"{said(operation)}; {_left(operation)}")
        if late:
            break
    for operation in latest:
        output.note("operations", operation_document(operation))
    return latest


def _is_known(operation: Operation) -> bool:
    return operation.state is not State.UNKNOWN


def _has_ended(operation: Operation) -> bool:
    return operation.ended


def _left(operation: Operation) -> str:
    """What is said of a write that has not got as far as it was waited for."""
    if operation.state is State.UNKNOWN:
        return "`ciplun settle --wait` keeps looking"
    return "it has not ended yet; stopped waiting"


def said(operation: Operation, before: State = State.SENT) -> str:
    """Where an operation stands, in one line that begins with its snapshot's id."""
    told = news(operation, before)
    words = f"The {operation.title} on {operation.server_name}: {operation.stands}"
    return f"#{operation.snapshot_id or '?'}  {told.text if told else words}"


def code_of(operation: Operation, *, wait: bool) -> int:
    """The exit code for a write that stands so."""
    if operation.state is State.COMPLETED or (operation.state is State.ACCEPTED and not wait):
        return ExitCode.DONE
    if operation.open or operation.state is State.UNSEEN:
        return ExitCode.UNKNOWN
    return ExitCode.FAILED


def gravest(codes: Sequence[int]) -> int:
    """The one code that tells of several: what failed comes before what is unknown."""
    return next((code for code in _GRAVEST if code in codes), ExitCode.DONE)
