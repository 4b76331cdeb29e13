"""The newest backup of each server, for wide screens: asked for seldom, and only looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tui.vps.errors import Forbidden, NotFound, Rejected, VpsError
from tui.vps.models import Backup, Key

if TYPE_CHECKING:
    from tui.session.connection import Connection
    from tui.session.session import Session

FIRST: Final = 10.0
"""Seconds after the first look: the fleet itself comes before."""
EVERY: Final = 1_800.0
"""Seconds between two readings."""


class BackupsSeen:
    """Asks a session's service as long as it answers. `shown` hears of what has changed.

    `newest` is None where nothing can be said; one that is not in it has none, if `complete`.
    """

    def __init__(self, shown: Callable[[BackupsSeen], None]) -> None:
        self._shown = shown
        self._session: Session | None = None
        self._due = 0.0
        self.newest: Mapping[str, Backup] | None = None
        self.complete = False

    def of(self, key: Key) -> datetime | None:
        """When a server's newest backup was made; None without one."""
        found = (self.newest or {}).get(str(key))
        return found.created_at if found is not None else None

    def follow(self, session: Session) -> None:
        """Ask if that is due; nothing is asked while updates are paused."""
        now = session.clock.monotonic()
        if session is not self._session:
            self._session, self._due = session, now + FIRST
            if self.newest is not None:
                self.newest = None
                self._shown(self)
        freshness = session.store.fleet.freshness
        if session.live is None or freshness.paused or not freshness.live or now < self._due:
            return
        self._due = now + EVERY
        session.perform(self._ask(session, session.live))

    async def _ask(self, session: Session, live: Connection) -> None:
        from tui.fleet.backups import newest

        found, complete = None, False
        try:
            listing = await live.client.backups()
        except (NotFound, Forbidden, Rejected):
            self._due = float("inf")  # it has none, or shows none
        except VpsError:
            return  # what was seen before still holds, and shows its age
        else:
            found, complete = newest(listing.items, session.now), listing.complete
        if session is self._session and (found, complete) != (self.newest, self.complete):
            self.newest, self.complete = found, complete
            self._shown(self)
