"""What goes on in a session's fleet: recorded, told, and summed up for whoever comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from tui.fleet.changes import FleetChange, Happened
from tui.fleet.health import Rules
from tui.fleet.journal.changes import ChangeBook
from tui.fleet.journal.file import JournalUnavailable
from tui.fleet.memory import Remembered
from tui.fleet.recorder import ChangeRecorder
from tui.fleet.store import Store

_AWAY: Final = 300.0
"""Seconds after which who comes back is told what has happened."""
Listener = Callable[[Sequence[FleetChange]], None]


class Summary(msgspec.Struct, frozen=True):
    """How many snapshots came, went and failed since somebody looked, `away` seconds ago."""

    away: float
    appeared: int = 0
    vanished: int = 0
    failed: int = 0

    def __bool__(self) -> bool:
        return bool(self.appeared or self.vanished or self.failed)


def summed_up(found: Sequence[FleetChange], away: float) -> Summary:
    """Count what happened to snapshots."""
    kinds = [change.kind for change in found if change.snapshot_id is not None]
    return Summary(
        away,
        kinds.count(Happened.APPEARED),
        kinds.count(Happened.VANISHED),
        kinds.count(Happened.FAILED),
    )


class Activity:
    """Records changes while it lives. `book` has those of earlier times, too.

    `greet` is called once, if there is something to tell since somebody looked last.
    """

    def __init__(
        self,
        book: ChangeBook,
        store: Store,
        *,
        rules: Rules,
        now: Callable[[], float],
        before: Callable[[], Awaitable[Remembered | None]],
        greet: Callable[[Summary], None],
    ) -> None:
        self.book = book
        self._store = store
        self._now = now
        self._greet = greet
        self._listeners: list[Listener] = []
        self._recorder = ChangeRecorder(
            book, store, rules=rules, now=now, before=before, told=self._told
        )
        self._greeting = asyncio.create_task(self._sum_up(), name="greeting")
        self._greeted = False
        self._looking: asyncio.Task[None] | None = None

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` what this session was the first to see; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def name_now(self, change: FleetChange) -> str:
        """What its server is called by now, empty where that is not known or no other name."""
        view = self._store.fleet.servers.get(change.server_id)
        return "" if view is None or view.server.name == change.server_name else view.server.name

    async def close(self) -> None:
        """Record that somebody looked until now."""
        self._greeting.cancel()
        await self._recorder.close()
        if self._looking is not None:
            await self._looking
        if self._greeted:
            await self._look()

    async def _look(self) -> None:
        with suppress(JournalUnavailable):
            await self.book.look(self._now())

    def _told(self, found: Sequence[FleetChange]) -> None:
        if self._greeted:  # whatever ends this session: what it shows was seen
            self._looking = asyncio.create_task(self._look(), name="look")
        for listener in tuple(self._listeners):
            listener(found)

    async def _sum_up(self) -> None:
        with suppress(JournalUnavailable):
            await self._recorder.looked.wait()  # by then the service's time is known
            now = self._now()
            last = await self.book.look(now)
            self._greeted = True
            if last is None or now - last.at < _AWAY:
                return
            summary = summed_up(await self.book.read(after=last.newest), now - last.at)
            if summary:
                self._greet(summary)
