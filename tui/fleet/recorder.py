"""Watches a store and keeps what changes in it: also what was done while nobody looked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from tui.fleet.changes import FleetChange, between, grown_stale
from tui.fleet.health import Judge, Rules
from tui.fleet.journal.changes import ChangeBook
from tui.fleet.journal.file import JournalUnavailable
from tui.fleet.memory import Remembered
from tui.fleet.merge import Views
from tui.fleet.state import Fleet
from tui.fleet.store import Change, Store
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
        self._as_of: float | None = None
        self._swept_at = 0.0
        self._stale: set[Key] = set()
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self._failed = False
        self._end_listening = store.listen(self._changed)

    async def close(self) -> None:
        """Listen no longer, and let what is being recorded end."""
        self._end_listening()
        self._again = False
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def _changed(self, fleet: Fleet, change: Change) -> None:
        """Look, once the fleet is known; what comes meanwhile is looked at after."""
        looked = change.servers or change.freshness
        if not looked or not fleet.freshness.live or not fleet.settled:
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
                found = await self._found(self._store.fleet)
                if (found or not self.looked.is_set()) and (news := await self._book.record(found)):
                    self._told(news)
            except JournalUnavailable as error:
                if not self._failed:
                    log.warning("changes are not recorded: %s", error)
                self._failed = True
            self.looked.set()

    async def _found(self, fleet: Fleet) -> list[FleetChange]:
        """What has changed since the last look; between sweeps one server at a time is read."""
        at, views, as_of = self._now(), fleet.servers, fleet.freshness.as_of
        seen, since = self._seen, self._swept_at
        if seen is views and as_of == self._as_of:
            return []  # only when to ask next, or the service's clock, is new
        if seen is None:
            earlier = await self._before()
            if earlier is not None:
                seen, since = earlier.views, earlier.head.as_of
                self._stale = await asyncio.to_thread(self._all_stale, seen, since)
            else:
                self._stale = await asyncio.to_thread(self._all_stale, views, at)
        self._seen = views
        if seen is None:
            self._as_of, self._swept_at = as_of, at
            return []
        found = await asyncio.to_thread(between, seen, views, since, at)
        if as_of != self._as_of:
            self._as_of, self._swept_at = as_of, at
            stale, before = await asyncio.to_thread(self._all_stale, views, at), self._stale
            self._stale = stale
            grown = sorted((key for key in stale - before if key in seen), key=str)
            found += grown_stale(views, grown, since, at)
        return found

    def _all_stale(self, views: Views, now: float) -> set[Key]:
        return _stale(self._judge, views, now)


async def record_since(
    book: ChangeBook, before: Remembered, fleet: Fleet, *, rules: Rules, at: float
) -> None:
    """Record what changed since an earlier run, seen at `at` by a session that nobody looks at.

    It is told by the next one that somebody does. What cannot be kept is logged.
    """
    try:
        if found := await asyncio.to_thread(_since, before, fleet.servers, rules, at):
            await book.record(found, told=False)
    except JournalUnavailable as error:
        log.warning("changes are not recorded: %s", error)


def _since(before: Remembered, views: Views, rules: Rules, at: float) -> list[FleetChange]:
    judge, earlier, since = Judge(rules), before.views, before.head.as_of
    found = between(earlier, views, since, at)
    stale = _stale(judge, views, at) & earlier.keys()
    stale -= _stale(judge, {key: earlier[key] for key in stale}, since)
    return found + grown_stale(views, sorted(stale, key=str), since, at)


def _stale(judge: Judge, views: Views, now: float) -> set[Key]:
    return {key for key, health in judge.all(views, now).items() if health.has("stale")}
