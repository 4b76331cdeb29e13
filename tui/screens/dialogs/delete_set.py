"""The delete of all marked snapshots, after their count is typed."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime

from textual.widget import Widget
from textual.widgets import Input

from tui.fleet.clock import Clock
from tui.fleet.plan import Step
from tui.fleet.state import ServerView
from tui.screens.dialogs.base import paragraph
from tui.screens.dialogs.bulk import BulkDialog, Row, SendDeletes
from tui.screens.dialogs.write import Sent
from tui.text import plural, short_age, size, some
from tui.vps.models import Key, Phase, Snapshot
from tui.widgets.confirm_field import ConfirmField
from tui.widgets.line import Piece


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

    def facts(self) -> Iterable[Widget]:
        """Who is left out, and why."""
        whys: dict[str, list[str]] = defaultdict(list)
        for snapshot, why in self._left_out:
            whys[why].append(f"{snapshot.name} of {snapshot.server_name}")
        for why, skipped in whys.items():
            yield paragraph(f"Skipped, {why}: {', '.join(skipped)}", "-warning")

    def question(self) -> Iterable[Widget]:
        """The cost, and the words to type."""
        if not self._snapshots:
            return
        yield paragraph("Deleting is permanent: it cannot be undone.", "-warning")
        count = f"delete {len(self._snapshots)}"
        yield ConfirmField("Type this to enable the button:", count, id="confirm")
        if self._bare:
            names = some([view.server.name for view in self._bare], 3)
            words = f"No completed snapshot is left on {names}. Type this too:"
            yield ConfirmField(words, f"leave {len(self._bare)} without", id="confirm-bare")

    def on_mount(self) -> None:
        """Begin where the count is typed."""
        super().on_mount()
        if self._snapshots:
            self.query_one("#confirm #typed").focus()

    def head(self) -> Sequence[str]:
        """As for one: what it is, and what is left."""
        return ("Server", "Snapshot", "Age", *(() if self.tight else ("Size",)), "Left")

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
                *(() if self.tight else ((size(snapshot.size_mb), ""),)),
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
