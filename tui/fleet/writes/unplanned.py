"""What takes more than one write: making room, a safety restore, and the same on many servers."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from tui.fleet.journal.journal import JournalUnavailable
from tui.fleet.operation import Operation, State
from tui.fleet.writes.drafts import Safety
from tui.fleet.writes.operations import Operations
from tui.fleet.writes.preflight import Refused
from tui.vps.errors import VpsError
from tui.vps.models import Key, Server, Snapshot

T = TypeVar("T")
AT_ONCE: Final = 3
"""Writes of one set that are on their way at the same time."""


class OneShort(Exception):
    """A snapshot was deleted to make room, and the create after it did not come about."""


async def make_room(
    operations: Operations,
    target: Snapshot,
    server: Server,
    name: str,
    description: str = "",
    *,
    unjournaled: bool = False,
) -> Operation:
    """Delete `target`, and only once that is certain create `name`.

    Raises what delete raises, as long as nothing is deleted; OneShort afterwards.
    """
    reason = f"to make room for {name}"
    deleted = await operations.delete(target, reason=reason, unjournaled=unjournaled)
    if deleted.state is not State.COMPLETED:
        raise Refused(f"the delete of {target.name} is not certain: {name} was not asked for")
    try:
        return await operations.create(server, name, description, unjournaled=unjournaled)
    except (VpsError, Refused, JournalUnavailable) as error:
        raise OneShort(
            f"{target.name} is deleted, {name} was not created: {error}. "
            f"{server.name} is one snapshot short."
        ) from error


async def begin_safety_restore(
    operations: Operations,
    target: Snapshot,
    server: Server,
    first: Safety,
    *,
    unjournaled: bool = False,
) -> tuple[Operation, Operation]:
    """Record the restore as waiting and ask for the snapshot that comes first.

    Returns the create and the restore that waits for it. Raises what `make_room` raises; then
    the restore is recorded as never sent.
    """
    waiting = await operations.plan_restore(target, unjournaled=unjournaled)
    why = f"before {server.name} is restored from {target.name}"
    try:
        if first.goes is None:
            created = await operations.create(server, first.name, why, unjournaled=unjournaled)
        else:
            created = await make_room(
                operations, first.goes, server, first.name, why, unjournaled=unjournaled
            )
    except Exception as error:
        await operations.give_up(waiting, f"its safety snapshot was not made: {error}")
        raise
    return created, waiting


async def finish_safety_restore(
    operations: Operations, target: Snapshot, created: Operation, waiting: Operation
) -> Operation:
    """Once the snapshot is completed send the restore, and in no other case.

    Raises what `restore` raises.
    """
    made = await operations.outcome(created)
    if made.state is State.COMPLETED:
        return await operations.restore(target, planned=waiting)
    words = f"its safety snapshot {made.snapshot_name} is not completed ({made.state.value})"
    return await operations.give_up(waiting, words)


@dataclass(frozen=True, slots=True)
class Result:
    """How one of many went: `words` say so, `good` whether it was accepted."""

    words: str
    good: bool


async def each(
    items: Sequence[T],
    server: Callable[[T], Key],
    write: Callable[[T], Awaitable[Operation]],
    done: Callable[[T, Result], None],
) -> None:
    """Do one write for each item; one that fails stops no other.

    A few servers are written to at a time, and each of them takes one write after the other.
    """
    turn = asyncio.Semaphore(AT_ONCE)
    lanes: dict[Key, list[T]] = defaultdict(list)
    for item in items:
        lanes[server(item)].append(item)

    async def lane(queue: Sequence[T]) -> None:
        async with turn:
            for item in queue:
                done(item, await _result(write(item)))

    await asyncio.gather(*(lane(queue) for queue in lanes.values()))


async def _result(writing: Awaitable[Operation]) -> Result:
    try:
        operation = await writing
    except (VpsError, Refused, JournalUnavailable) as error:
        return Result(str(error), good=False)
    good = operation.state in (State.ACCEPTED, State.COMPLETED)
    return Result("unknown, checking" if not good else operation.state.value, good)
