"""Watches a store and keeps what changes in it: also what was done while nobody looked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from tui.fleet.changes import FleetChange, Happened, between, certain, known, of_token, turned
from tui.fleet.health import Health, Judge, Rules
from tui.fleet.journal.changes import MOST, ChangeBook
from tui.fleet.journal.file import JournalUnavailable
from tui.fleet.memory import Head, Remembered
from tui.fleet.merge import Views
from tui.fleet.state import Fleet
from tui.fleet.store import Change, Store
from tui.vps.errors import Unauthorised
from tui.vps.models import Key

log = logging.getLogger(__name__)
Told = Callable[[Sequence[FleetChange]], None]


class ChangeRecorder:
    """Compares each settled state of the fleet with the one before and records what changed.

    The first is compared with what an earlier run knew, if `before` gives that. `now` is the
    service's time in seconds since 1970; `told` hears of what no other session had told.
    """

    def __init__(
        self,
        book: ChangeBook,
        store: Store,
        *,
        rules: Rules,
        now: Callable[[], float],
        before: Callable[[], Awaitable[Remembered | None]],
        told: Told,
    ) -> None:
        self._book = book
        self._store = store
        self._judge = Judge(rules)
        self._now = now
        self._before = before
        self._told = told
        self.looked = asyncio.Event()
        """Set once the fleet has been compared for the first time."""
        self._seen: Views | None = None
        self._account = ""
        self._whole = False
        """Whether all servers could be seen so far, so that another one is new."""
        self._as_of: float | None = None
        self._swept_at = 0.0
        self._healths: Mapping[Key, Health] = {}
        self._refused: bool | None = None
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self._owed: list[FleetChange] = []
        self._failed = False
        self._end_listening = store.listen(self._changed)

    async def close(self) -> None:
        """Listen no longer, and let what has been heard of be recorded."""
        self._end_listening()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def _changed(self, fleet: Fleet, change: Change) -> None:
        """Look, once the fleet is known; what comes meanwhile is looked at after."""
        looked = change.servers or change.freshness
        if not looked or not (_is_refused(fleet) or _is_known(fleet)):
            return
        if self._task is not None and not self._task.done():
            self._again = True
            return
        self._task = asyncio.create_task(self._look(), name="changes")

    async def _look(self) -> None:
        self._again = True
        while self._again:
            self._again = False
            try:
                fleet = self._store.fleet
                found = self._of_token(fleet)
                if _is_known(fleet):
                    found += await self._found(fleet)
                self._owed = [*self._owed, *found][-MOST:]
                if self._owed or not self.looked.is_set():
                    news = await self._book.record(self._owed)
                    self._owed, self._failed = [], False
                    if news:
                        self._told(news)
            except JournalUnavailable as error:
                if not self._failed:
                    log.warning("changes are not recorded yet: %s", error)
                self._failed = True
            if _is_known(fleet):
                self.looked.set()

    def _of_token(self, fleet: Fleet) -> list[FleetChange]:
        """Whether the token is taken, where that may be news; the book knows what it was before."""
        refused, at = _is_refused(fleet), self._now()
        if refused is self._refused or not (refused or fleet.freshness.live):
            return []
        self._refused = refused
        kind = Happened.REFUSED if refused else Happened.RECOVERED
        return [of_token(kind, self._swept_at or at, at)]

    async def _found(self, fleet: Fleet) -> list[FleetChange]:
        """What has changed since the last look; between sweeps one server at a time is read."""
        at, views, as_of = self._now(), fleet.servers, fleet.freshness.as_of
        seen, since = self._seen, self._swept_at
        if seen is views and as_of == self._as_of:
            return []  # only when to ask next, or the service's clock, is new
        swept, earlier = as_of != self._as_of, None
        if seen is None:
            seen, since, earlier = await self._known_before(views, at)
        elif swept and self._is_foreign(seen, views):
            seen = None
            self._healths = await asyncio.to_thread(self._judge.all, views, at)
        self._seen = views
        if swept:
            self._as_of, self._swept_at, self._account = as_of, at, self._book.account
        whole = self._whole if earlier is None else earlier.whole
        self._whole = fleet.servers_whole or (self._whole and earlier is None)
        if seen is None:
            return []
        found = await asyncio.to_thread(between, seen, views, since, at)
        if earlier is not None or not whole:
            found = certain(found, fleet, whole=whole)
        if swept:
            before, judged = self._healths, await asyncio.to_thread(self._judge.all, views, at)
            self._healths = healths = known(before, judged)
            found += turned(views, before, healths, since, at)
        return found

    async def _known_before(
        self, views: Views, at: float
    ) -> tuple[Views | None, float, Head | None]:
        """What an earlier run knew, if anything, and when; how its servers were is kept."""
        earlier = await self._before()
        if earlier is None:
            self._healths = await asyncio.to_thread(self._judge.all, views, at)
            return None, at, None
        since = min(earlier.head.as_of, at)
        self._healths = await asyncio.to_thread(self._judge.all, earlier.views, since)
        return earlier.views, since, earlier.head

    def _is_foreign(self, seen: Views, views: Views) -> bool:
        """Whether the token has changed, and what it shows is another account's."""
        return self._book.account != self._account and bool(seen) and not seen.keys() & views.keys()


async def record_since(
    book: ChangeBook, before: Remembered, fleet: Fleet, *, rules: Rules, at: float
) -> bool:
    """Record what changed since an earlier run, seen at `at` by a session that nobody looks at.

    It is told by the next one that somebody does. Returns whether it could be kept.
    """
    try:
        if found := await asyncio.to_thread(_since, before, fleet, rules, at):
            await book.record(found, told=False)
    except JournalUnavailable as error:
        log.warning("changes are not recorded yet: %s", error)
        return False
    return True


def _since(before: Remembered, fleet: Fleet, rules: Rules, at: float) -> list[FleetChange]:
    views = fleet.servers
    judge, earlier, since = Judge(rules), before.views, min(before.head.as_of, at)
    healths = judge.all(earlier, since)
    found = certain(between(earlier, views, since, at), fleet, whole=before.head.whole)
    return found + turned(views, healths, known(healths, judge.all(views, at)), since, at)


def _is_known(fleet: Fleet) -> bool:
    return fleet.freshness.live and fleet.settled


def _is_refused(fleet: Fleet) -> bool:
    return isinstance(fleet.freshness.error, Unauthorised)
