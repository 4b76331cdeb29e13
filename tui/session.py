"""One account at work: client, store, poller and operations, put together from the settings.

It knows nothing of the screen. What happens is told to the store's listeners and to its own.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from msgspec.structs import replace

from tui.access import DEMO_SPEED, Access
from tui.config import paths
from tui.config.credentials import TokenError
from tui.config.settings import Settings
from tui.fleet.actor import Who
from tui.fleet.clock import Clock, Moments, SystemClock
from tui.fleet.health import Judge, Rules
from tui.fleet.operation import Kind, Operation, State
from tui.fleet.remembering import remembering
from tui.fleet.state import Fleet
from tui.fleet.store import Change, Store
from tui.fleet.write_lock import WriteLock
from tui.notices import Listener, News, Teller, found_open, stands
from tui.text import duration
from tui.vps.errors import Unauthorised, VpsError
from tui.vps.models import Account, Key
from tui.vps.token import Token

if TYPE_CHECKING:
    from tui.fleet.activity import Activity, Summary
    from tui.fleet.changes import FleetChange
    from tui.fleet.plan import Plan, Step
    from tui.fleet.poller import Poller
    from tui.fleet.state import Sighting
    from tui.fleet.writes.operations import Operations
    from tui.fleet.writes.plans import Plans, Told
    from tui.fleet.writes.restarts import Restarts
    from tui.vps.client import Client

T = TypeVar("T")
log = logging.getLogger(__name__)


def _foreseen(error: BaseException | None) -> bool:
    """Whether whoever asked for a write shows its error."""
    from tui.fleet.journal.plans import PlanTaken
    from tui.fleet.writes.drafts import HalfDone
    from tui.fleet.writes.operations import JournalUnavailable, Refused

    return isinstance(
        error, VpsError | Refused | HalfDone | PlanTaken | JournalUnavailable | TokenError
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Connection:
    """What exists only once there is a token and its client."""

    client: Client
    poller: Poller
    operations: Operations
    plans: Plans
    restarts: Restarts


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
        self.live: Connection | None = None
        self.activity: Activity | None = None
        self.greet: Callable[[Summary], None] = lambda summary: None
        self.plan_ended: Callable[[Plan], None] = lambda plan: None
        self.changed: Callable[[Sequence[FleetChange]], None] = lambda found: None
        self.news_of_activity = False
        self.chosen: Key | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._woken = asyncio.Event()
        self._attended = False  # whether somebody watches: a command looks after its own
        self.remembering = remembering(settings, environ, self.store, self.clock)
        self._learned: Account | None = None
        self.store.listen(self._learn)
        self._teller = Teller()
        self._environ = environ
        self._access = Access(
            settings,
            environ,
            may_write=self.lock.ask,
            monotonic=self.clock.monotonic,
            token_read=self._token_read,
        )

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
        self._attended = True
        self.perform(live.restarts.take_up())
        await live.poller.run()

    def _watch(self, live: Connection) -> Activity:
        from tui.fleet.activity import Activity
        from tui.fleet.journal.changes import ChangeBook

        activity = Activity(
            ChangeBook(live.operations.journal.file, lambda: live.operations.account),
            self.store,
            rules=Rules.of(self.settings),
            now=self.service_now,
            before=self.remembering.before,
            greet=self._greeted,
        )
        activity.listen(lambda found: self.changed(found))
        return activity

    def _greeted(self, summary: Summary) -> None:
        self.news_of_activity = True
        self.greet(summary)

    async def open(self) -> Connection:
        """Connect for a command, without polling. Raises TokenError or VpsError."""
        return await self._build()

    async def _connect(self) -> Connection | None:
        from tui.simulator.child import SimulatorFailed

        try:
            return await self._build()
        except TokenError as error:
            self._failed(Unauthorised(str(error)))
        except (SimulatorFailed, VpsError) as error:
            self._failed(VpsError(str(error)))
        return None

    def _failed(self, error: VpsError) -> None:
        self.store.apply_freshness(replace(self.store.fleet.freshness, error=error))

    async def _build(self) -> Connection:
        client = await self._access.client()
        from tui.fleet.journal.journal import Journal, JournalUnavailable
        from tui.fleet.poller import Poller
        from tui.fleet.writes.operations import Operations
        from tui.fleet.writes.plans import Plans
        from tui.fleet.writes.restarts import looking_after

        settings, account = self.settings, await self._access.identity(client)
        pace = self._access.pace
        operations = Operations(
            api=client,
            journal=Journal(
                None if settings.demo else paths.journal_file(self._environ),
                moments=Moments(self.clock, pace),
            ),
            clock=self.clock,
            now=self.service_now,
            account=account,
            who=Who.here(self._environ),
            pace=pace,
            on_change=self._operation_changed,
            on_correct=self._teller.know,
            on_protected=self.store.apply_protected,
        )
        plans = Plans(operations, now=self.service_now, on_change=self._plan_changed)
        poller = Poller(
            api=client,
            store=self.store,
            clock=self.clock,
            observe=partial(self._observe, operations, plans),
            renew=self._renew,
            chosen=lambda: self.chosen,
            idle=settings.poll_idle,
            busy=settings.poll_busy,
        )
        try:
            taken_up = await operations.start()
            with suppress(JournalUnavailable):
                await plans.refresh()
        except BaseException:
            await operations.close()
            await client.aclose()
            raise
        restarts = looking_after(
            operations,
            self._switch,
            clock=self.clock,
            start_after_restore=settings.start_after_restore,
            refused=self.lock.reason,
            tell=lambda words, bad: self._teller.tell(None, News(words, bad=bad)),
            now=self.service_now,
        )
        self.live = live = Connection(client, poller, operations, plans, restarts)
        if taken_up:
            self._teller.tell(None, News(found_open(taken_up)))
        for plan in plans.running():
            if plan.interrupted:
                self._teller.tell(None, News(stands(plan), bad=True, standing=True))
        self._teller.trouble(live.operations.trouble)
        self.store.apply_kept(operations.kept())
        return live

    def _switch(self) -> Client:
        """The present client: a new token may have been given."""
        if self.live is None:
            raise RuntimeError("nothing is switched before there is a connection")
        return self.live.client

    def _learn(self, fleet: Fleet, change: Change) -> None:
        """Have the account's operations known as its own once it has said who it is."""
        if change.rest and self.live is not None and fleet.account not in (None, self._learned):
            self._learned = fleet.account
            self.perform(self.live.operations.learn(fleet.account))

    async def _renew(self) -> bool:
        """Read the token's source again; whether it gives another one, which is used from now."""
        try:
            client = await self._access.client()
        except (TokenError, VpsError):
            return False
        if self.live is not None and client.same_token(self.live.client):
            await client.aclose()
            return False
        await self._use(client)
        return True

    async def _use(self, client: Client) -> None:
        """Ask with another token from now on."""
        live = self.live
        if live is not None:
            live.poller.api = client
            live.operations.become(client, await self._access.identity(client))
            self.perform(live.operations.identify())
            self.live = dataclasses.replace(live, client=client)
            await live.client.aclose()

    async def close(self) -> None:
        """Let what is on the wire end, and close everything. Operations go on at the provider."""
        live = self.live
        keeping = asyncio.create_task(self.remembering.close())
        if live is not None:
            live.plans.leave()
            live.restarts.power.leave()
            await live.operations.leave()
            await live.client.aclose()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if self.activity is not None:
                await self.activity.close()
            await live.operations.close()
        await self._access.close()
        await keeping

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
        if isinstance(self.store.fleet.freshness.error, Unauthorised):
            self.perform(self._reconnect(live.poller))
        else:
            live.poller.refresh(anew=anew)

    async def _reconnect(self, poller: Poller) -> None:
        try:
            client = await self._access.client()
        except TokenError as error:
            self._failed(Unauthorised(str(error)))
            return
        except VpsError as error:
            self._failed(error)
            return
        await self._use(client)
        poller.refresh()

    def pause(self) -> None:
        """Stop asking, or go on."""
        if self.live is not None:
            self.live.poller.pause(not self.live.poller.paused)

    def perform(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something to its end, whatever becomes of who asked for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._performed)
        return task

    def _performed(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not _foreseen(error):
            log.error("unforeseen error in a write", exc_info=error)
            self._teller.tell(
                None, News(f"sorry, an unforeseen error: {type(error).__name__}", bad=True)
            )

    async def begin(self, live: Connection, plan: Plan, told: Told) -> Plan:
        """Carry out a plan that was started or taken over; it goes on by itself.

        Returns once all is sent, or the rest waits for the provider. Raises HalfDone where a plan
        about one server stopped half way, and what its first write raised where nothing was done.
        """
        from tui.fleet.writes.drafts import HalfDone, shortfall

        under_way: asyncio.Future[Plan] = asyncio.get_running_loop().create_future()

        def hear(now: Plan, step: Step) -> None:
            told(now, step)
            if now.waiting and not under_way.done():
                under_way.set_result(now)

        running = self.perform(live.plans.run(plan, hear))
        await asyncio.wait({running, under_way}, return_when=asyncio.FIRST_COMPLETED)
        now = running.result() if running.done() else under_way.result()
        if not now.many and (words := shortfall(now)):
            raise HalfDone(words)
        return now

    def service_now(self) -> float:
        """Seconds since 1970 by the service's clock; by this machine's until it has answered."""
        service = self.live.client.service if self.live is not None else None
        if service is None:
            return self.clock.wall()
        epoch, instant = service
        return epoch + self.clock.monotonic() - instant

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

    async def _observe(self, operations: Operations, plans: Plans, sighting: Sighting) -> None:
        """Weigh an answer, and see what other sessions have done with their plans."""
        from tui.fleet.journal.journal import JournalUnavailable

        await operations.observe(sighting)
        self.store.apply_kept(operations.kept())
        with suppress(JournalUnavailable):
            await plans.refresh()

    def _plan_changed(self, plan: Plan) -> None:
        self.store.apply_plan(plan)
        if not plan.open:
            self.plan_ended(plan)

    def _operation_changed(self, operation: Operation) -> None:
        self.store.apply_operation(operation)
        live = self.live
        if live is not None:
            live.plans.note(operation)
            if operation.ended:
                self.store.apply_kept(live.operations.kept())
            self._teller.trouble(live.operations.trouble)
        before = self._teller.step(operation)
        if before is operation.state:
            return
        if operation.state is not State.INTENT:
            self.store.note_write(operation.server_id)
        if live is None:
            return
        if before is State.SENT:
            live.poller.refresh(operation.server_id)
        if self._attended and operation.kind is Kind.RESTORE and operation.ended:
            self.perform(live.restarts.restore_ended(operation))
