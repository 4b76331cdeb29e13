"""When the snapshots were made that servers have no more, as far as they were seen to go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tui.config.ages import DAY
from tui.vps.models import Key
from tui.widgets.timeline import DAYS

if TYPE_CHECKING:
    from tui.fleet.activity import Activity
    from tui.fleet.changes import FleetChange
    from tui.session.session import Session


class Gone:
    """Reads the record of a session once it is there, and keeps it up. `shown` follows news."""

    def __init__(self, shown: Callable[[], None]) -> None:
        self._shown = shown
        self._activity: Activity | None = None
        self._now: Callable[[], float] = lambda: 0.0
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
            activity.listen(partial(self._went, activity))
            self._now = session.service_now
            session.perform(self._read(activity, session.service_now()))

    async def _read(self, activity: Activity, now: float) -> None:
        from tui.fleet.journal.file import JournalUnavailable

        with suppress(JournalUnavailable):  # what it cannot tell is not shown
            found = await activity.book.gone(now - DAYS * DAY)
            if activity is self._activity:
                self._add(found)

    def _went(self, activity: Activity, found: Sequence[FleetChange]) -> None:
        from tui.fleet.changes import Happened

        if activity is not self._activity:  # it records to its end whatever is shown meanwhile
            return
        vanished = [c for c in found if c.kind is Happened.VANISHED and c.snapshot_id is not None]
        self._add([(c.server_id, c.made_at) for c in vanished if c.made_at])

    def _add(self, found: Sequence[tuple[Key, float]]) -> None:
        """Take more of them over, and keep those alone that a day is shown for."""
        if not found:
            return
        for key, made_at in found:
            self._made[key].append(made_at)
        first = self._now() - DAYS * DAY
        for key, made in list(self._made.items()):
            made[:] = [at for at in made if at > first]
            if not made:
                del self._made[key]
        self._shown()
