"""When the snapshots were made that servers have no more, as far as they were seen to go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tui.config.ages import DAY
from tui.vps.models import Key
from tui.widgets.timeline import DAYS

if TYPE_CHECKING:
    from tui.fleet.activity import Activity
    from tui.fleet.changes import FleetChange
    from tui.session.session import Session

_MOST: Final = 10_000
"""Changes that are read at once."""


class Gone:
    """Reads the record of a session once it is there, and keeps it up. `shown` follows news."""

    def __init__(self, shown: Callable[[], None]) -> None:
        self._shown = shown
        self._activity: Activity | None = None
        self._made: dict[Key, list[float]] = defaultdict(list)

    def of(self, key: Key) -> Sequence[float]:
        """Those of a server, in seconds since 1970."""
        return self._made.get(key, ())

    def follow(self, session: Session) -> None:
        """Take the session's record over, once it keeps one."""
        activity = session.activity
        if activity is self._activity:
            return
        self._activity = activity
        self._made.clear()
        if activity is not None:
            activity.listen(self._add)
            session.perform(self._read(activity, session.service_now()))

    async def _read(self, activity: Activity, now: float) -> None:
        from tui.fleet.journal.file import JournalUnavailable

        with suppress(JournalUnavailable):  # what it cannot tell is not shown
            found = await activity.book.read(since=now - DAYS * DAY, limit=_MOST)
            if activity is self._activity:
                self._add(found)

    def _add(self, found: Sequence[FleetChange]) -> None:
        from tui.fleet.changes import Happened

        news = False
        for change in found:
            if change.kind is Happened.VANISHED and change.snapshot_id and change.made_at:
                self._made[change.server_id].append(change.made_at)
                news = True
        if news:
            self._shown()
