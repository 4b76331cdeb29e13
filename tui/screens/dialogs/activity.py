"""What happened in the fleet, day by day, whoever did it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.commands import bindings
from tui.fleet.activity import Activity, Summary
from tui.fleet.changes import FleetChange
from tui.fleet.journal.changes import MOST
from tui.fleet.journal.file import JournalUnavailable
from tui.fleet.matching import fold
from tui.screens.dialogs.listing import ListDialog
from tui.text import duration, short_age, stamp
from tui.widgets.activity_list import ActivityList, day_of
from tui.widgets.glyphs import Glyphs
from tui.widgets.text_field import Field


class ActivityDialog(ListDialog[None]):
    """A list over what is known of the chosen change."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        ["filter"], refresh="reload", operations="leave", close="leave"
    )
    AUTO_FOCUS = "#activity"

    def __init__(self, activity: Activity, glyphs: Glyphs, *, local: bool) -> None:
        super().__init__("Activity")
        self._activity = activity
        self._glyphs = glyphs
        self._local = local
        self._all: Sequence[tuple[FleetChange, str]] = ()
        """Each with what a filter looks at."""
        self._without = ""

    def body(self) -> Iterable[Widget]:
        """The list, and more of the chosen change."""
        yield Field(
            id="activity-filter", placeholder="filter: parts of a server, a snapshot, a kind, a day"
        )
        yield Static("", id="activity-trouble", classes="-warning", markup=False)
        yield ActivityList(self._glyphs, local=self._local, id="activity")
        yield Static("", id="timeline", markup=False)

    def foot(self) -> Iterable[Widget]:
        """What the keys do."""
        yield self.hint(filter="filter", operations="operations", leave="close")

    def on_mount(self) -> None:
        """Read the changes, and again whenever there are new ones."""
        self._end_listening = self._activity.listen(lambda _: self.action_reload())
        self.action_reload()

    def on_unmount(self) -> None:
        """Stop listening."""
        self._end_listening()

    def action_reload(self) -> None:
        """Read them again."""
        self.run_worker(self._read(), group="activity", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        trouble = self.query_one("#activity-trouble", Static)
        try:
            found, words = await self._activity.book.read(), ""
            if len(found) == MOST:
                words = f"only the newest {MOST:,} are shown"
            self._all = await asyncio.to_thread(self._searchable, found)
        except JournalUnavailable as error:
            words = f"No record can be read: {error.why}."
            self._all = ()
        self._without = "" if words else "Nothing has changed since ciplun first looked"
        trouble.display = bool(words)
        trouble.update(Content(words))
        self.show_rows()

    def show_rows(self) -> None:
        """List what matches the filter."""
        words = fold(self.query_one(Field).value).split()
        rows = self.query_one(ActivityList)
        rows.empty = "Nothing matches" if words else self._without
        rows.show([change for change, text in self._all if all(word in text for word in words)])
        self._describe()

    def _searchable(self, found: Sequence[FleetChange]) -> Sequence[tuple[FleetChange, str]]:
        """The changes, the newest first, each with all the words by which it is found."""

        def text(change: FleetChange) -> str:
            names = change.server_name, self._activity.name_now(change)
            parts = (change.what, change.short, change.by, day_of(change, local=self._local))
            return fold("\n".join((*names, *parts)))

        newest_first = sorted(found, key=lambda change: change.when, reverse=True)
        return [(change, text(change)) for change in newest_first]

    @on(ActivityList.Highlighted)
    def _describe(self) -> None:
        """Say when it happened, as far as that is known, and to what."""
        change = self.query_one(ActivityList).cursor_row
        words = "" if change is None else self._words(change)
        self.query_one("#timeline", Static).update(Content(words))

    def _words(self, change: FleetChange) -> str:
        name = self._activity.name_now(change)
        return describe(change, local=self._local) + (f"\nnow called {name}" if name else "")


def describe(change: FleetChange, *, local: bool) -> str:
    """All that is known of a change."""
    number = "" if change.snapshot_id is None else f" #{change.snapshot_id}"
    where = "" if change.of_account else f"{number} on {change.server_name} #{change.server_id}"
    lines = [f"{change.what}{where}"]
    if change.made_at is not None:
        lines.append(f"created {_stamp(change.made_at, local)}")
    lines.append(f"seen {_stamp(change.at, local)}, not yet {_stamp(change.since, local)}")
    if change.took is not None:
        lines.append(f"took about {duration(change.took)}")
    if change.by:
        lines.append(f"done by {change.by}" if change.ours else change.by)
    return "\n".join(lines)


def summary_words(summary: Summary) -> str:
    """What somebody is told who comes back: ``since you last looked, 14 h ago: 12 new``."""
    counts = (
        (summary.appeared, "new"),
        (summary.vanished, "gone"),
        (summary.failed, "failed"),
    )
    told = ", ".join(f"{count} {word}" for count, word in counts if count)
    return f"since you last looked, {_away(summary.away)} ago: {told}"


def _away(seconds: float) -> str:
    epoch = datetime.fromtimestamp(0, UTC)
    age = short_age(epoch, datetime.fromtimestamp(seconds, UTC))
    return f"{age[:-1]} {age[-1]}" if age[-1] != "m" else f"{age[:-1]} min"


def _stamp(at: float, local: bool) -> str:
    return stamp(datetime.fromtimestamp(at, UTC), local=local)
