"""What takes more than one write: making room for a create, and the same on many servers."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from tui.fleet.journal import JournalUnavailable
from tui.fleet.operation import Operation, State
from tui.fleet.operations import Operations
from tui.fleet.recheck import Refused
from tui.fleet.state import ServerView
from tui.vps.errors import VpsError
from tui.vps.models import Key, Phase, Server, Snapshot

T = TypeVar("T")
AT_ONCE: Final = 3
"""Writes of one set that are on their way at the same time."""


class OneShort(Exception):
    """A snapshot was deleted to make room, and the create after it did not come about."""


def dispensable(view: ServerView) -> Sequence[Snapshot]:
    """What could go to make room: failed ones first, then the oldest; never the only completed."""
    oldest_first = view.snapshots[::-1]
    failed = [s for s in oldest_first if s.phase is Phase.FAILED]
    completed = [s for s in oldest_first if s.phase is Phase.COMPLETED]
    return [*failed, *(completed if len(completed) > 1 else [])]


async def make_room(
    operations: Operations, target: Snapshot, server: Server, name: str, description: str
) -> Operation:
    """Delete `target`, and only once that is certain create `name`.

    Raises what delete raises, as long as nothing is deleted; OneShort afterwards.
    """
    deleted = await operations.delete(target, reason=f"to make room for {name}")
    if deleted.state is not State.COMPLETED:
        raise Refused(f"the delete of {target.name} is not certain: {name} was not asked for")
    try:
        return await operations.create(server, name, description)
    except (VpsError, Refused, JournalUnavailable) as error:
        raise OneShort(
            f"{target.name} is deleted, {name} was not created: {error}. "
            f"{server.name} is one snapshot short."
        ) from error


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
