"""Restore and delete: what would be lost, and a name to type before the button works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec
from textual.widget import Widget

from tui.fleet.clock import Clock
from tui.fleet.state import ServerView
from tui.screens.dialogs.base import paragraph
from tui.screens.dialogs.write import SendingDialog, Sent
from tui.text import age, long_duration, size, some, stamp
from tui.vps.models import Phase, Snapshot
from tui.widgets.confirm_field import ConfirmField

Send = Callable[[bool], "asyncio.Task[Sent]"]


class Warning(msgspec.Struct, frozen=True):
    """A sentence of a confirmation; the grave ones stand out."""

    text: str
    grave: bool = False


def describe(snapshot: Snapshot, now: datetime, *, local: bool = False) -> str:
    """The target in three lines: names may look alike, ids don't."""
    made = stamp(snapshot.created_at, local=local) if snapshot.created_at else "at an unknown time"
    return (
        f"#{snapshot.id}  {snapshot.name}  ({snapshot.status_words}, "
        f"{size(snapshot.size_mb)})\n"
        f"of server {snapshot.server_name} #{snapshot.server_id}\n"
        f"created {made}, {age(snapshot.created_at, now)}"
    )


def restore_warnings(target: Snapshot, view: ServerView, now: datetime) -> Sequence[Warning]:
    """What a restore of `target` would cost, worst first."""
    found = []
    if target.created_at is None:
        lost = "Everything written since the snapshot was taken is lost; its age is unknown."
    else:
        seconds = max(0.0, (now - target.created_at).total_seconds())
        lost = f"Loses {long_duration(seconds)} of changes: all data on {target.server_name} is \
overwritten."
    found.append(Warning(lost, grave=True))
    newer = [s for s in _newer(view, target) if s.phase is Phase.COMPLETED]
    if newer:
        names = some([f"{s.name} ({age(s.created_at, now)})" for s in newer], 3)
        found.append(Warning(f"Newer snapshots exist: {names}.", grave=True))
    found.append(Warning("The server is stopped first. Takes 5 to 15 minutes, cannot be undone."))
    return found


def delete_warnings(target: Snapshot, view: ServerView, now: datetime) -> Sequence[Warning]:
    """What a delete of `target` would cost."""
    found = [Warning("Deleting is permanent: it cannot be undone.", grave=True)]
    completed = [s for s in view.snapshots if s.phase is Phase.COMPLETED and s.id != target.id]
    if target.phase is Phase.COMPLETED and not completed:
        found.append(
            Warning("It is this server's only completed snapshot: none is left then.", grave=True)
        )
    elif completed:
        left = completed[0]
        found.append(Warning(f"The newest one left is {left.name}, {age(left.created_at, now)}."))
    return found


def _newer(view: ServerView, target: Snapshot) -> list[Snapshot]:
    if target.created_at is None:
        return []
    return [s for s in view.snapshots if s.created_at and s.created_at > target.created_at]


class ConfirmDialog(SendingDialog):
    """Arms its button only while the typed text equals `expected` exactly."""

    danger = True

    def __init__(
        self,
        title: str,
        clock: Clock,
        *,
        verb: str,
        target: str,
        warnings: Sequence[Warning],
        expected: str,
        what: str,
        send: Send,
    ) -> None:
        super().__init__(title, clock)
        self._verb = verb
        self._target = target
        self._warnings = warnings
        self._expected = expected
        self._what = what
        self._start = send

    def body(self) -> Iterable[Widget]:
        """The frozen target, and its costs."""
        yield paragraph(self._target, "target")
        for warning in self._warnings:
            yield paragraph(warning.text, "-warning" if warning.grave else "")

    def foot(self) -> Iterable[Widget]:
        """The field stays in sight."""
        yield ConfirmField(f"Type {self._what} to enable the button:", self._expected, id="confirm")
        yield from self.choices()
        yield from super().foot()

    def choices(self) -> Iterable[Widget]:
        """What can be chosen between the field and the button."""
        return ()

    def on_mount(self) -> None:
        """Label the button and put the focus into the field."""
        self.button.label = self._verb
        self.query_one("#typed").focus()

    def complete(self) -> bool:
        """Whether the text matches to the letter."""
        return self.query_one("#confirm", ConfirmField).enabled

    def start(self, unrecorded: bool) -> asyncio.Task[Sent]:
        """Start the write on the target as it was shown."""
        return self._start(unrecorded)
