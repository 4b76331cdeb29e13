"""When the last known fleet (see `tui.fleet.memory`) is taken up in a session, and written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from tui.config import paths
from tui.config.settings import Settings
from tui.fleet.clock import Clock
from tui.fleet.memory import Memory, Packed, Remembered, shown
from tui.fleet.owner import memory_of, owner_of
from tui.fleet.state import Fleet, ServerView
from tui.fleet.store import Change, Store
from tui.vps.models import Key
from tui.vps.token import Token

_PACE: Final = 60.0
"""Seconds between two writings of what has changed."""
_OLDEST: Final = 900.0
"""Seconds after which it is written again though nothing has changed: its age is shown."""


class Remembering:
    """Shows what was known, until all of it has been asked for again, and keeps what is known.

    The key that tells whose it is lies in the folder `keys` (see `tui.fleet.identity`). Where
    nobody looks, `replaced` hears of what is about to be replaced, and by what: no later start
    knows it. It returns whether that is recorded; if not, the next one replaces it.
    """

    def __init__(self, memory: Memory, store: Store, clock: Clock, *, keys: Path, on: bool) -> None:
        self.replaced: Callable[[Remembered, Fleet], Awaitable[bool]] | None = None
        self._keys = keys
        self._before: Remembered | None = None
        self._ready = asyncio.Event()
        self._memory = memory
        self._store = store
        self._clock = clock
        self._on = on
        self._shows = False
        self._owner = ""
        self._written: Mapping[Key, ServerView] | None = None
        self._written_at = float("-inf")
        self._kept_as_of: float | None = None
        self._writing: asyncio.Task[None] | None = None
        self._end_listening: Callable[[], None] = lambda: None

    def glance(self) -> None:
        """Show the first servers at once, and the rest as soon as may be."""
        self._shows = True
        found = self._memory.glance(self._clock.wall()) if self._on else None
        if found is not None:
            self._show(found)

    async def before(self) -> Remembered | None:
        """What an earlier run knew, once the token has shown that it is this account's."""
        await self._ready.wait()
        return self._before

    async def token_read(self, token: Token) -> None:
        """Show the rest, or nothing, now that it is known whose fleet may be shown.

        Where nothing is to be remembered, what was is removed.
        """
        try:
            if self._on:
                await self._take_up(token)
            else:
                self._memory.forget()
        finally:
            self._ready.set()

    async def _take_up(self, token: Token) -> None:
        owner = await asyncio.to_thread(owner_of, self._keys, token)
        if not owner:  # whose it is cannot be told
            self._store.forget_remembered()
        if owner == self._owner:
            return
        if not self._owner:
            self._end_listening = self._store.listen(self._changed)
        self._owner = owner
        self._kept_as_of = self._store.fleet.freshness.as_of  # that was the other one's fleet
        if not self._shows:  # a command: nobody looks
            return
        self._before = await asyncio.to_thread(self._memory.load, self._clock.wall(), owner)
        if self._before is None:
            self._store.forget_remembered()
        else:
            self._show(self._before)

    async def close(self) -> None:
        """Write what has not been written."""
        self._end_listening()
        if self._writing is not None:
            await self._writing
        if self._kept_as_of != self._store.fleet.freshness.as_of:
            await self._write(self._store.fleet)

    def _show(self, found: Remembered) -> None:
        age = max(0.0, self._clock.wall() - found.head.as_of)
        at = self._clock.monotonic() - age
        self._store.apply_remembered(shown(found.views), found.head.totals, at)

    def _changed(self, fleet: Fleet, change: Change) -> None:
        """Write off the event loop, where a whole answer has brought something new."""
        as_of = fleet.freshness.as_of
        if not change.freshness or as_of in (None, self._kept_as_of) or not fleet.settled:
            return
        since = self._clock.monotonic() - self._written_at
        due = since >= (_PACE if fleet.servers is not self._written else _OLDEST)
        if due and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write(fleet), name="memory")

    async def _write(self, fleet: Fleet) -> None:
        as_of = fleet.freshness.as_of
        if not self._owner or as_of is None or not fleet.settled:
            return
        if not self._shows and self._memory.age(self._clock.wall()) < _PACE:
            return  # one command after the other
        self._written, self._kept_as_of = fleet.servers, as_of
        self._written_at = self._clock.monotonic()
        wall = self._clock.wall() - (self._clock.monotonic() - as_of)
        facts = tuple(fleet.servers.values()), fleet.totals, self._owner, wall
        pack = partial(self._memory.pack, *facts, whole=fleet.servers_whole)
        packed = await asyncio.to_thread(pack)
        if self.replaced is not None and not self._shows:
            before = await asyncio.to_thread(self._replaced_by, packed, fleet)
            if before is not None and not await self.replaced(before, fleet):
                return
        await asyncio.to_thread(self._memory.write, packed)

    def _replaced_by(self, packed: Packed, fleet: Fleet) -> Remembered | None:
        """What is there now, its servers those of `fleet` itself where they are the same."""
        now = self._clock.wall()
        if not self._memory.has(packed):
            return self._memory.load(now, self._owner)
        found = self._memory.glance(now)
        if found is None or found.head.owner != self._owner:
            return None
        return Remembered(found.head, fleet.servers)


def remembering(
    settings: Settings, environ: Mapping[str, str], store: Store, clock: Clock
) -> Remembering:
    """What a session remembers; of the demo nothing."""
    on = settings.remember and not settings.demo
    keys = paths.state_folder(environ)
    return Remembering(memory_of(settings, environ), store, clock, keys=keys, on=on)
