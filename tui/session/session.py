"""One account at work: client, store, poller and operations, put together from the settings.

It knows nothing of the screen. What happens is told to the store's listeners and to its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from msgspec.structs import replace

from tui.config import paths
from tui.config.credentials import TokenError
from tui.config.settings import Settings
from tui.fleet.clock import Clock, SystemClock
from tui.fleet.health import Judge, Rules
from tui.fleet.operation import Kind
from tui.fleet.remembering import remembering
from tui.fleet.store import Store
from tui.fleet.write_lock import WriteLock
from tui.notices import Listener, News, Teller
from tui.session.access import DEMO_SPEED
from tui.session.connector import Connector, Surroundings
from tui.session.errands import Errands
from tui.text import duration
from tui.vps.errors import Unauthorised, VpsError
from tui.vps.models import Key
from tui.vps.token import Token

if TYPE_CHECKING:
    from tui.fleet.activity import Activity, Summary
    from tui.fleet.changes import FleetChange
    from tui.fleet.journal.changes import ChangeBook
    from tui.fleet.memory import Remembered
    from tui.fleet.plan import Plan, Step
    from tui.fleet.poller import Poller
    from tui.fleet.state import Fleet
    from tui.fleet.writes.plan_run import Told
    from tui.fleet.writes.stopping import Ask
    from tui.session.connection import Connection

T = TypeVar("T")


class Session:
    """Built at once; `run` connects and then polls until it is cancelled.

    Whatever asks the provider for something goes through `live`, which is None until then.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.store = Store(self.clock)
        self.judge = Judge(Rules.of(settings))
        self.lock = WriteLock(
            self.clock,
            read_only=settings.read_only,
            locked=settings.locked,
            minutes=settings.unlock_minutes,
        )
        self.host = f"{DEMO_SPEED:g}x speed" if settings.demo else urlsplit(settings.url).netloc
        self.token_read: Callable[[Token], None] = lambda token: None
        self.activity: Activity | None = None
        self.greet: Callable[[Summary], None] = lambda summary: None
        self.plan_ended: Callable[[Plan], None] = lambda plan: None
        self.journal_slow: Callable[[], None] = lambda: None
        self.changed: Callable[[Sequence[FleetChange]], None] = lambda found: None
        self.news_of_activity = False
        self.chosen: Key | None = None
        self._woken = asyncio.Event()
        self.remembering = remembering(settings, environ, self.store, self.clock)
        self._teller = Teller()
        self._environ = environ
        self._errands = Errands(lambda words: self._teller.tell(None, News(words, bad=True)))
        self._connector = Connector(
            Surroundings(
                settings,
                environ,
                self.clock,
                self.store,
                self.lock,
                self._teller,
                self._errands,
                token_read=self._token_read,
                plan_ended=lambda plan: self.plan_ended(plan),
                journal_slow=lambda: self.journal_slow(),
                chosen=lambda: self.chosen,
            )
        )

    @property
    def live(self) -> Connection | None:
        """What exists only once there is a token and its client."""
        return self._connector.live

    def _token_read(self, token: Token) -> None:
        self.token_read(token)
        self.perform(self.remembering.token_read(token))

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` all news, of an operation or of none; returns what ends that."""
        return self._teller.listen(listener)

    @property
    def view_file(self) -> Path | None:
        """Where it is kept how this profile's fleet was looked at; None where it is not."""
        settings = self.settings
        if settings.demo or not settings.remember:
            return None
        return paths.view_file(self._environ, settings.profile)

    # -- life ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, take up open operations, and poll for ever."""
        while (live := self.live or await self._connect()) is None:
            self._woken.clear()
            await self._woken.wait()
        if self.activity is None:
            self.activity = self._watch(live)
        self._connector.attend()
        await live.poller.run()

    def _watch(self, live: Connection) -> Activity:
        from tui.fleet.activity import Activity

        activity = Activity(
            self.change_book(live),
            self.store,
            rules=Rules.of(self.settings),
            now=self.service_now,
            before=self.before,
            greet=self._greeted,
        )
        activity.listen(lambda found: self.changed(found))
        return activity

    def _greeted(self, summary: Summary) -> None:
        self.news_of_activity = True
        self.greet(summary)

    async def open(self) -> Connection:
        """Connect for a command, without polling. Raises TokenError or VpsError."""
        live = await self._connector.connect()
        self.remembering.replaced = partial(self._record_since, live)
        return live

    async def before(self) -> Remembered | None:
        """What an earlier run knew (see `Remembering.before`), by the service's clock."""
        found = await self.remembering.before()
        return None if found is None else self._by_service(found)

    def _by_service(self, found: Remembered) -> Remembered:
        as_of = found.head.as_of + self.service_now() - self.clock.wall()
        return replace(found, head=replace(found.head, as_of=as_of))

    async def _record_since(self, live: Connection, before: Remembered, fleet: Fleet) -> bool:
        from tui.fleet.recorder import record_since

        book, rules = self.change_book(live), Rules.of(self.settings)
        at, earlier = self.service_now(), self._by_service(before)
        return await record_since(book, earlier, fleet, rules=rules, at=at)

    def change_book(self, live: Connection) -> ChangeBook:
        """Where the changes in the fleet of this account are kept."""
        from tui.fleet.journal.changes import ChangeBook

        return ChangeBook(live.operations.journal.file, lambda: live.operations.account)

    async def _connect(self) -> Connection | None:
        from tui.simulator.child import SimulatorFailed

        try:
            return await self._connector.connect()
        except TokenError as error:
            self._failed(Unauthorised(str(error)))
        except (SimulatorFailed, VpsError) as error:
            self._failed(VpsError(str(error)))
        return None

    def _failed(self, error: VpsError) -> None:
        self.store.apply_freshness(replace(self.store.fleet.freshness, error=error))

    async def close(self) -> None:
        """Let what is on the wire end, and close everything. Operations go on at the provider."""
        live = self.live
        keeping = asyncio.create_task(self.remembering.close())
        await self._connector.close()
        await keeping  # what it replaces is recorded
        if live is not None:
            if self.activity is not None:
                await self.activity.close()
            await live.operations.close()
        await self._connector.access.close()

    # -- what the screen asks for -------------------------------------------------------------

    def refresh(self, *, anew: bool = False) -> None:
        """Ask at once; after a refused token with the token read again.

        `anew` drops what has just been asked for: the answer may be from before a pause.
        """
        live = self.live
        if live is None:
            self._woken.set()
            return
        live.client.forbidden = None
        live.restarts.power.stopping.denied.clear()
        if isinstance(self.store.fleet.freshness.error, Unauthorised):
            self.perform(self._reconnect(live.poller))
        else:
            live.poller.refresh(anew=anew)

    async def _reconnect(self, poller: Poller) -> None:
        try:
            await self._connector.reconnect()
        except TokenError as error:
            self._failed(Unauthorised(str(error)))
        except VpsError as error:
            self._failed(error)
        else:
            poller.refresh()

    def pause(self) -> None:
        """Stop asking, or go on."""
        if self.live is not None:
            self.live.poller.pause(not self.live.poller.paused)

    def perform(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something to its end, whatever becomes of who asked for it."""
        return self._errands.perform(work)

    async def begin(self, live: Connection, plan: Plan, told: Told, ask: Ask) -> Plan:
        """Carry out a plan that was started or taken over; it goes on by itself.

        `ask` is asked about a server that does not stop for its snapshot.

        Returns once all is sent, or the rest waits for the provider or for servers to stop. Raises
        HalfDone where a plan about one server stopped half way, and what its first write raised
        where nothing was done; what stops it later is told.
        """
        from tui.fleet.writes.drafts import HalfDone, shortfall

        latest = plan
        under_way: asyncio.Future[Plan] = asyncio.get_running_loop().create_future()

        def hear(now: Plan, step: Step) -> None:
            nonlocal latest
            latest = now
            told(now, step)
            if (now.waiting or step.power) and not under_way.done():
                under_way.set_result(now)

        running = self.perform(live.plans.run(plan, hear, ask))
        await asyncio.wait({running, under_way}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            running.add_done_callback(self._tell_stopped)
        now = running.result() if running.done() else latest
        if not now.many and (words := shortfall(now)):
            raise HalfDone(words)
        return now

    def _tell_stopped(self, running: asyncio.Task[Plan]) -> None:
        """Tell why nothing came of a plan in the end, whose dialog waits no longer."""
        error = None if running.cancelled() else running.exception()
        if error is not None:
            self._teller.tell(None, News(str(error), bad=True))

    def service_now(self) -> float:
        """Seconds since 1970 by the service's clock; by this machine's until it has answered."""
        return self._connector.service_now()

    @property
    def now(self) -> datetime:
        """The service's present time, to which all ages refer."""
        return datetime.fromtimestamp(self.service_now(), UTC)

    def expected_time(self, kind: Kind) -> tuple[str, float] | None:
        """How long an operation of this kind should take: words, and seconds until overdue."""
        found = self.live.operations.expected(kind) if self.live is not None else None
        if found is None:
            return None
        if found.own:
            return f"~{duration(found.low)}", found.late
        return f"{found.low // 60:.0f}-{found.high // 60:.0f}m", found.late
