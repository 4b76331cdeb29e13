"""A server's last days in a row: what is kept, what is gone, what failed, and the gaps."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from tui.config.ages import DAY
from tui.fleet.health import Health
from tui.fleet.state import ServerView
from tui.vps.models import Phase


class Mark(enum.IntEnum):
    """What is to be said of a day; of several the greatest."""

    NOTHING = 0
    GAP = 1
    GONE = 2
    KEPT = 3
    BUSY = 4
    FAILED = 5


_PHASES: Final = {
    Phase.COMPLETED: Mark.KEPT,
    Phase.BUSY: Mark.BUSY,
    Phase.FAILED: Mark.FAILED,
    Phase.UNKNOWN: Mark.KEPT,
}


def days(
    view: ServerView, health: Health, now: float, count: int, gone: Iterable[float] = ()
) -> tuple[Mark, ...]:
    """The last `count` days, today last. `gone` are creations of snapshots that are no more.

    All times are in seconds since 1970. A gap is a time whose newest snapshot that is known of,
    kept or gone, was too old. Before the first of them nothing can be told; where there is none,
    today alone is a gap.
    """
    marks, gone = [Mark.NOTHING] * count, list(gone)
    for ago in _past_gaps(view, health, now, count, gone):
        marks[-1 - ago] = Mark.GAP
    for ago in range(_gap(view, health, now, count)):
        marks[-1 - ago] = Mark.GAP
    for moment in gone:
        _set(marks, now - moment, Mark.GONE)
    for snapshot in view.snapshots:
        if snapshot.created_at is not None:
            _set(marks, now - snapshot.created_at.timestamp(), _PHASES[snapshot.phase])
    return tuple(marks)


def joined(marks: Sequence[Mark], each: int) -> tuple[Mark, ...]:
    """The same with `each` days in one, today last."""
    first = len(marks) % each
    groups = [marks[:first]] if first else []
    groups += [marks[n : n + each] for n in range(first, len(marks), each)]
    return tuple(max(group) for group in groups)


def _set(marks: list[Mark], age: float, mark: Mark) -> None:
    ago = int(max(0.0, age) // DAY)
    if ago < len(marks):
        marks[-1 - ago] = max(marks[-1 - ago], mark)


def _gap(view: ServerView, health: Health, now: float, count: int) -> int:
    """The days, from today back, for which the newest completed one has been too old."""
    newest = view.newest_completed
    if newest is None:
        return int(health.has("none"))
    if not health.has("stale") or newest.created_at is None:
        return 0
    too_old = now - newest.created_at.timestamp() - health.max_age
    return min(count, int(too_old // DAY) + 1)


def _past_gaps(
    view: ServerView, health: Health, now: float, count: int, gone: Iterable[float]
) -> Iterator[int]:
    """The days, counted back from today, most of which lie between two snapshots too far apart.

    What may have been completed counts as if it was.
    """
    if not health.max_age:
        return
    made = [
        snapshot.created_at.timestamp()
        for snapshot in view.snapshots
        if snapshot.created_at is not None and snapshot.phase in (Phase.COMPLETED, Phase.UNKNOWN)
    ]
    for older, newer in pairwise(sorted([*made, *gone])):
        begin, end = (now - older - health.max_age) / DAY, (now - newer) / DAY
        yield from range(max(0, round(end)), min(count, round(begin)))
