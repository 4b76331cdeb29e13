"""When to ask the provider next: one flight at a time, for weeks, whatever goes wrong."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec.structs import replace

from tui.fleet.api import Api
from tui.fleet.clock import Clock
from tui.fleet.merge import merge
from tui.fleet.parts import Parts, Pauses
from tui.fleet.schedule import Turns
from tui.fleet.state import Sighting
from tui.fleet.store import Store
from tui.fleet.together import both
from tui.vps.errors import BadResponse, Forbidden, NotFound, RateLimited, Unauthorised, VpsError
from tui.vps.models import Account, Key, Listing, Server, Snapshot, Told
from tui.vps.pace import NAP

log = logging.getLogger(__name__)

FIRST_BACKOFF: Final = 2.0
LAST_BACKOFF: Final = 60.0
IN_THREAD: Final = 2_000
"""Snapshots from which a listing is merged off the event loop."""
LATE: Final = 30.0
"""Seconds after which a poll of a small fleet is late: what is shown is not called live then."""
LONGEST: Final = 2_400.0
"""Seconds more after which a poll that brings no end is given up, whatever still trickles in: as
long as a list may take, and pause where the service limits the rate."""


class Poller:
    """Keeps a store fresh: the busy servers every `busy` seconds, everything every `idle`.

    `observe` gets every answer of the list call, as evidence for running operations. `renew` is
    asked once when a token that was good is refused: whether there is another one now. Where a
    fleet is so large that sweeps are rare, the server that `chosen` gives is asked for in between.
    """

    def __init__(
        self,
        *,
        api: Api,
        store: Store,
        clock: Clock,
        observe: Callable[[Sighting], Awaitable[None]],
        renew: Callable[[], Awaitable[bool]] | None = None,
        chosen: Callable[[], Key | None] = lambda: None,
        idle: float = 60.0,
        busy: float = 10.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.api = api
        self._store = store
        self._clock = clock
        self._observe = observe
        self._renew = renew
        self._turns = Turns(store, clock, idle, chosen)
        self._busy = busy
        self._jitter = jitter
        self._woken = asyncio.Event()
        self._flight: asyncio.Task[float | None] | None = None
        self._sweep_due = 0.0
        self._failures = 0
        self._started = float("-inf")
        self._wanted: set[Key] = set()
        self._account_wanted = True
        self._shifting = False

    async def run(self) -> None:
        """Poll for ever; ends only by cancellation."""
        try:
            while True:
                self._woken.clear()
                self._started = self._clock.monotonic()
                self._flight = asyncio.create_task(self._poll(), name="poll")
                if not await self._ends(self._flight):
                    words = "the answer did not end: what came of it is not used"
                    await self._wait(self._backoff(BadResponse(words)))
                elif not self._flight.cancelled():  # else by refresh: start again at once
                    await self._wait(self._flight.result())
        finally:
            if self._flight is not None:
                self._flight.cancel()

    async def _ends(self, flight: asyncio.Task[float | None]) -> bool:
        """Wait for a poll to end. False: it had to be stopped."""
        done, _ = await asyncio.wait({flight}, timeout=LATE + self._turns.weight())
        if not done:
            self._fresh(late=True)
            done, _ = await asyncio.wait({flight}, timeout=LONGEST)
        if not done:
            flight.cancel()
            await asyncio.wait({flight})
        return bool(done)

    def refresh(self, server_id: Key | None = None, *, anew: bool = False) -> None:
        """Ask at once for everything, or for one server.

        A flight under way is dropped: its answer may be older than what made this necessary. Only
        `anew` drops one that began within the last second too, when everything is asked for.
        """
        if server_id is None:
            self._sweep_due = self._clock.monotonic()
            self._account_wanted = True
        else:
            self._wanted.add(server_id)
        self._failures = 0
        self._woken.set()
        young = self._clock.monotonic() - self._started < 1.0
        held = young and server_id is None and not anew
        if self._flight is None or self._flight.done() or held:
            return  # a held key does not become a storm of requests
        self._flight.cancel()

    @property
    def paused(self) -> bool:
        """Whether nothing is asked for unless told to."""
        return self._store.fleet.freshness.paused

    def pause(self, paused: bool) -> None:
        """Stop asking, or go on at once."""
        self._fresh(paused=paused, next_try=None)
        if not paused:
            self.refresh()

    async def _poll(self) -> float | None:
        """Ask once. Returns the seconds until the next time; None: not before `refresh`."""
        try:
            due = self._clock.monotonic() >= self._sweep_due
            await (self.sweep(shown=True) if due and not self._wanted else self._look())
        except Unauthorised as error:
            before = self._store.fleet.freshness
            good_before = before.as_of is not None and before.error is None
            self._fresh(error=error, next_try=None, late=False, reading=None)
            if good_before and self._renew is not None and await self._renew():
                return 0.0
            return None
        except VpsError as error:
            return self._backoff(error)
        except Exception as error:  # a monitor outlives its own mistakes, and shows them
            log.exception("unexpected error while polling")
            return self._backoff(VpsError(f"unexpected error: {type(error).__name__}"))
        self._failures = 0
        until_sweep = max(0.0, self._sweep_due - self._clock.monotonic())
        delay = min(self._busy, until_sweep) if self._turns.between() else until_sweep
        self._fresh(error=None, next_try=None, late=False, service=self.api.service)
        return delay

    def _backoff(self, error: VpsError) -> float:
        grown = min(LAST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(self._failures, 10))
        grown *= 0.75 + 0.25 * self._jitter()
        delay = max(grown, error.retry_after or 0.0)  # "in 0 seconds" is no leave to ask like mad
        self._failures += 1
        if isinstance(error, BadResponse):  # what came before that is not believed either
            self._store.forget_partial()
        self._wanted.clear()
        now = self._clock.monotonic()
        if not isinstance(error, RateLimited):
            self._sweep_due = now  # after an outage everything is asked for again
        self._fresh(error=error, next_try=now + delay, late=False, reading=None)
        return delay

    def _fresh(self, **changes: object) -> None:
        self._store.apply_freshness(replace(self._store.fleet.freshness, **changes))

    async def _wait(self, delay: float | None) -> None:
        """Wait `delay` seconds or until woken; a pause waits for waking alone."""
        start = self._clock.monotonic()
        while not self._woken.is_set():
            if delay is None or self.paused:
                await self._woken.wait()
                return
            left = start + delay - self._clock.monotonic()
            if left <= 0:
                return
            await self._nap(min(left, NAP))

    async def _nap(self, seconds: float) -> None:
        tasks = {
            asyncio.ensure_future(self._clock.sleep(seconds)),
            asyncio.ensure_future(self._woken.wait()),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    async def sweep(self, *, shown: bool = False) -> None:
        """Ask for everything, and weigh it as evidence. Raises VpsError.

        `shown`: somebody sees what comes of the first one while it comes, and how later ones pause.
        """
        asked_at, awake = self._clock.monotonic(), self._clock.awake()
        first = self._store.fleet.freshness.as_of is None
        parts = (Parts if first else Pauses)(self._store, self._clock) if shown else None
        if not first:
            self._fresh(reading=None)  # one that was dropped may have had it
        servers, snapshots = await both(
            self._servers(parts.servers if parts else None),
            self.api.snapshots(told=parts.snapshots if parts else None),
        )
        statuses: dict[Key, str] = {}
        if servers is not None:
            statuses = {server.id: server.status for server in servers.items}
        await self._take(snapshots, None, asked_at, statuses, servers)
        # What shifted while it was read is swept again soon, but only once: a service that
        # counts wrong would otherwise be asked without end.
        again = not self._store.fleet.settled and not self._shifting
        self._shifting = not self._store.fleet.settled
        self._turns.swept(self._clock.awake() - awake)
        pace = max(self._busy, self._turns.rest()) if again else self._turns.pace()
        self._sweep_due = self._clock.monotonic() + pace
        self._fresh(as_of=asked_at, error=None, late=False, reading=None, remembered=None)
        if self._account_wanted:
            await self._ask_account()

    async def _servers(self, told: Told[Server] | None) -> Listing[Server] | None:
        """All servers, or None where this service or this token does not give them."""
        try:
            listing = await self.api.servers(told)
        except (NotFound, Forbidden) as error:
            self._store.apply_servers_error(error)
            return None
        self._store.apply_servers_error(None)
        return listing

    async def _ask_account(self) -> None:
        """Ask what the token may do; where that cannot be had, the lists are good all the same."""
        try:
            self._store.apply_account(await self.api.account())
        except (NotFound, Forbidden):
            self._store.apply_account(Account())
        except Unauthorised:
            raise
        except VpsError:
            return  # asked again with the next sweep
        self._account_wanted = False

    async def _look(self) -> None:
        """Ask for the chosen and the busy servers alone, a few at a time."""
        for key in tuple(self._wanted) or self._turns.next():
            asked_at = self._clock.monotonic()
            listing = await self.api.snapshots(key)
            status = await self._status(key) if self._store.fleet.restoring(key) else {}
            await self._take(listing, key, asked_at, status)
            self._wanted.discard(key)
            self._turns.asked(key)

    async def _status(self, key: Key) -> dict[Key, str]:
        """The status of a server that is being restored, as far as it can be seen."""
        try:
            server = await self.api.server(key)
        except (NotFound, Forbidden):
            return {}
        self._store.apply_server(server)
        return {key: server.status}

    async def _take(
        self,
        listing: Listing[Snapshot],
        scope: Key | None,
        asked_at: float,
        statuses: dict[Key, str],
        servers: Listing[Server] | None = None,
    ) -> None:
        before = self._store.fleet.servers
        large = len(listing.items) + (len(servers.items) if servers else 0) >= IN_THREAD
        # What shifted only this time is asked for again soon, and hides nothing meanwhile.
        first = self._store.fleet.freshness.as_of is None
        lacking = listing.lacking and (listing.settled or self._shifting or first)
        arguments = (listing, servers, scope, self._store.written_since(asked_at))
        if large:
            views = await asyncio.to_thread(merge, before, *arguments, lacking=lacking)
        if not large or self._store.fleet.servers is not before:  # a write came between
            arguments = (listing, servers, scope, self._store.written_since(asked_at))
            views = merge(self._store.fleet.servers, *arguments, lacking=lacking)
        if scope is None:
            problems = listing.problems + (servers.problems if servers else ())
            settled = listing.settled and (servers is None or servers.settled)
            whole = servers is not None and not servers.unreadable
            self._store.apply_views(views, problems=problems, settled=settled, servers_whole=whole)
        else:
            self._store.apply_views(views)
        await self._observe(Sighting.of(listing, asked_at, statuses))
