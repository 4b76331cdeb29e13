"""How a session gets its connection, and another token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tui.config import paths
from tui.config.credentials import TokenError
from tui.config.settings import Settings
from tui.fleet.actor import Who
from tui.fleet.clock import Clock, Moments
from tui.fleet.plan import Plan
from tui.fleet.store import Store
from tui.fleet.write_lock import WriteLock
from tui.notices import News, Teller, found_open, stands
from tui.session.access import Access
from tui.session.connection import Connection
from tui.session.consequences import Consequences
from tui.session.errands import Errands
from tui.vps.errors import VpsError
from tui.vps.models import Key
from tui.vps.token import Token, Unshown

if TYPE_CHECKING:
    from tui.fleet.identity import Identity
    from tui.fleet.poller import Poller
    from tui.fleet.writes.operations import Operations
    from tui.fleet.writes.plans import Plans
    from tui.fleet.writes.restarts import Restarts
    from tui.vps.client import Client


class Surroundings(Unshown, frozen=True):
    """What a session has from its start, whether it ever connects or not.

    `token_read` hears of each token before it is used, `plan_ended` of each plan that has ended,
    `journal_slow` of each answer of the journal that takes its time; `chosen` is the server that
    somebody looks at.
    """

    settings: Settings
    environ: Mapping[str, str]
    clock: Clock
    store: Store
    lock: WriteLock
    teller: Teller
    errands: Errands
    token_read: Callable[[Token], None]
    plan_ended: Callable[[Plan], None]
    journal_slow: Callable[[], None]
    chosen: Callable[[], Key | None]


class Connector:
    """Connects a session, and has it ask with another token where its source gives one."""

    def __init__(self, around: Surroundings) -> None:
        self.live: Connection | None = None
        self._around = around
        self._consequences = Consequences(
            around.store, around.teller, around.errands, lambda: self.live, around.plan_ended
        )
        self.access = Access(
            around.settings,
            around.environ,
            may_write=around.lock.ask,
            monotonic=around.clock.monotonic,
            token_read=around.token_read,
        )

    def service_now(self) -> float:
        """Seconds since 1970 by the service's clock; by this machine's until it has answered."""
        clock = self._around.clock
        service = self.live.client.service if self.live is not None else None
        if service is None:
            return clock.wall()
        epoch, instant = service
        return epoch + clock.monotonic() - instant

    async def connect(self) -> Connection:
        """Make everything, and take up what is open. Raises TokenError or VpsError."""
        client = await self.access.client()
        from tui.fleet.journal.journal import JournalUnavailable
        from tui.fleet.writes.plans import Plans

        operations = self._operations(client, await self.access.identity(client))
        restarts = self._restarts(operations)
        plans = Plans(
            operations,
            now=self.service_now,
            on_change=self._consequences.of_plan,
            power=restarts.power,
            switched=self._consequences.of_power,
        )
        try:
            taken_up = await operations.start()
            with suppress(JournalUnavailable):
                await plans.refresh()
        except BaseException:
            await operations.close()
            await client.aclose()
            raise
        poller = self._poller(client, operations, plans)
        self.live = live = Connection(client, poller, operations, plans, restarts)
        teller = self._around.teller
        if taken_up:
            teller.tell(None, News(found_open(taken_up)))
        for plan in plans.running():
            if plan.interrupted:
                teller.tell(None, News(stands(plan), bad=True, standing=True))
        teller.trouble(operations.trouble)
        self._around.store.apply_kept(operations.kept())
        return live

    def attend(self) -> None:
        """Look after what restores have left, since somebody watches."""
        self._consequences.attended = True
        if self.live is not None:
            self._around.errands.perform(self.live.restarts.take_up())

    async def renew(self) -> bool:
        """Read the token's source again; whether it gives another one, which is used from now."""
        try:
            client = await self.access.client()
        except (TokenError, VpsError):
            return False
        if self.live is not None and client.same_token(self.live.client):
            await client.aclose()
            return False
        await self._use(client)
        return True

    async def reconnect(self) -> None:
        """Ask with the token as it is read now, whichever it is. Raises TokenError or VpsError."""
        await self._use(await self.access.client())

    async def close(self) -> None:
        """Let what is on the wire end. Operations go on at the provider; records stay open."""
        live = self.live
        if live is not None:
            live.plans.leave()
            live.restarts.power.leave()
            await live.operations.leave()
            await live.client.aclose()
            await self._around.errands.ended()

    async def _use(self, client: Client) -> None:
        live = self.live
        if live is not None:
            live.poller.api = client
            live.operations.become(client, await self.access.identity(client))
            self._around.errands.perform(live.operations.identify())
            self.live = replace(live, client=client)
            await live.client.aclose()

    # -- its parts --------------------------------------------------------------------------

    def _operations(self, client: Client, account: Identity) -> Operations:
        from tui.fleet.journal.journal import Journal
        from tui.fleet.writes.operations import Operations

        around = self._around
        demo, environ = around.settings.demo, around.environ
        return Operations(
            api=client,
            journal=Journal(
                None if demo else paths.journal_file(environ),
                moments=Moments(around.clock, self.access.pace),
                slow=around.journal_slow,
            ),
            clock=around.clock,
            now=self.service_now,
            account=account,
            who=Who.here(environ),
            listed=lambda key: around.store.fleet.listed_status(key),
            on_change=self._consequences.of_operation,
            on_correct=around.teller.know,
            on_protected=around.store.apply_protected,
        )

    def _poller(self, client: Client, operations: Operations, plans: Plans) -> Poller:
        from tui.fleet.poller import Poller

        around = self._around
        return Poller(
            api=client,
            store=around.store,
            clock=around.clock,
            observe=partial(self._consequences.of_sighting, operations, plans),
            renew=self.renew,
            chosen=around.chosen,
            idle=around.settings.poll_idle,
            busy=around.settings.poll_busy,
        )

    def _restarts(self, operations: Operations) -> Restarts:
        from tui.fleet.writes.restarts import looking_after

        around = self._around
        return looking_after(
            operations,
            self._switch,
            clock=around.clock,
            start_after_restore=around.settings.start_after_restore,
            refused=around.lock.reason,
            tell=lambda words, bad: around.teller.tell(None, News(words, bad=bad)),
            now=self.service_now,
        )

    def _switch(self) -> Client:
        """The present client: a new token may have been given."""
        if self.live is None:
            raise RuntimeError("the profile cannot be changed before there is a connection")
        return self.live.client
