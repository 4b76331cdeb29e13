"""Which of the snapshots that are new on a server may be the one that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui.fleet.operation import Operation
from tui.vps.models import Snapshot
from tui.vps.sanitize import DESCRIPTION_LENGTH, clean

CLOCKS: Final = 300.0
"""Seconds that the service's clock and our idea of it may differ. It only breaks ties."""
_SHOWN: Final = 3


def candidates(operation: Operation, fresh: Sequence[Snapshot]) -> Sequence[Snapshot]:
    """Those of this very name and description; the one of the right time where that is one."""
    same = [s for s in fresh if s.name == operation.snapshot_name and _described(s, operation)]
    if len(same) < 2:
        return same
    near = [s for s in same if s.created_at and _near(s.created_at.timestamp(), operation)]
    return near if len(near) == 1 else same


def alike(operation: Operation, fresh: Sequence[Snapshot]) -> Sequence[Snapshot]:
    """Those whose name the service may have made of the one that was asked for."""
    asked = _folded(operation.snapshot_name)
    return [s for s in fresh if _folded(s.name) == asked]


def named(snapshots: Sequence[Snapshot]) -> str:
    """Their ids and names, the first of many: ``#827 nightly``."""
    words = [f"#{s.id} {s.name}" for s in snapshots[:_SHOWN]]
    more = len(snapshots) - _SHOWN
    return ", ".join(words) + (f" and {more} more" if more > 0 else "")


def _described(snapshot: Snapshot, operation: Operation) -> bool:
    asked = clean(operation.description, DESCRIPTION_LENGTH)
    return snapshot.description.split() == asked.split()


def _near(created: float, operation: Operation) -> bool:
    return abs(created - operation.asked_at) <= CLOCKS


def _folded(name: str) -> str:
    """A name without what services are known to change: case, white space, signs."""
    return "".join(char for char in name.casefold() if char.isalnum())
