"""A person with cron, one policy and a check forgets about forty servers: ninety days of it.

Each night a process of its own ensures and prunes, now and then by the plan of `prune`, on one
journal. Creates fail, answers get lost, two runs are killed, the service is away for a week, an
admin fills servers up.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from tests.helpers.clocks import FakeClock
from tests.helpers.provider import Provider
from tui.config.ages import DAY, HOUR
from tui.config.tables import Policy
from tui.fleet.actor import Who
from tui.fleet.clock import Moments
from tui.fleet.ensure import Wanted
from tui.fleet.health import Judge, Rules
from tui.fleet.identity import Identity
from tui.fleet.journal.journal import Journal
from tui.fleet.operation import Kind, State
from tui.fleet.plan import Plan
from tui.fleet.retention import retain
from tui.fleet.state import ServerView, Sighting, newest_first
from tui.fleet.templates import Template
from tui.fleet.writes.drafts import retention_plan
from tui.fleet.writes.ensuring import Ensured, Ensurer
from tui.fleet.writes.operations import Operations, Refused
from tui.fleet.writes.plans import Plans
from tui.simulator.objects import SimSnapshot
from tui.vps.errors import Unreachable, VpsError
from tui.vps.models import Key, Listing, Phase, Server, Snapshot

SERVERS: Final = 40
DAYS: Final = 90
CALM: Final = 16
"""Days at the end without faults: what was missed is made up for by then."""
OUTAGE: Final = range(30, 37)
CRASHES: Final = {12: 3, 51: 9}
"""The days on which a run is killed, and in which of its writes."""
FILLED: Final = range(20, 26)
"""The days on which an admin's own snapshots fill two servers."""
POLICY = Policy(name="nightly-{date}", keep_last=2, keep_daily=1, keep_weekly=1, reserve=1)
WANTED = Wanted(20 * HOUR, Template(POLICY.name), policy=POLICY)
MADE = WANTED.template.made


class Killed(BaseException):
    """The process is gone."""


class Faulty(Provider):
    """A provider with the faults of three months, that watches what is done to it."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock, servers=SERVERS)
        self.dice = random.Random(90)
        self.away = self.calm = False
        self.until_killed: int | None = None
        self.killed = False
        self.posts: Counter[tuple[Key, str]] = Counter()

    async def snapshots(self, server_id: Key | None = None) -> Listing[Snapshot]:
        if self.away:
            raise Unreachable("could not reach it")
        return await super().snapshots(server_id)

    async def create_snapshot(self, server_id: Key, name: str, description: str = "") -> Snapshot:
        self.posts[server_id, name] += 1
        self.draw()
        now = self.world.clock.now()
        for there in self.there(server_id):
            assert there.status(now) != "in_progress", "one was on its way"
            fresh = now - there.created_at < WANTED.max_age and there.status(now) == "completed"
            assert not fresh, "one was fresh"
        try:
            return await super().create_snapshot(server_id, name, description)
        finally:
            made = [s for s in self.there(server_id) if s.name == name]
            if made and not self.calm and self.dice.random() < 0.05:
                made[0].outcome = "failed"
            self.kill()

    async def delete_snapshot(self, snapshot_id: Key) -> bool:
        self.draw()
        target, now = self.held(snapshot_id), self.world.clock.now()
        assert MADE(target.name), "it was not made by the policy"
        if target.status(now) == "completed":
            good = [s for s in self.there(target.server.id) if s.status(now) == "completed"]
            assert any(s.created_at > target.created_at for s in good), "it was the last good one"
        try:
            return await super().delete_snapshot(snapshot_id)
        finally:
            self.kill()

    def there(self, server_id: Key) -> Sequence[SimSnapshot]:
        return list(self.world.by_server[int(server_id)].values())

    def draw(self) -> None:
        """What becomes of the next write."""
        fates = ["answered"] * 16 + ["lost", "dropped", "unreachable"]
        self.fate = "answered" if self.calm else self.dice.choice(fates)

    def kill(self) -> None:
        if self.until_killed is not None:
            self.until_killed -= 1
            if self.until_killed == 0:
                self.killed = True
                raise Killed


class Night:
    """One run of a command: a process of its own."""

    def __init__(self, provider: Faulty, folder: Path) -> None:
        self.provider = provider
        now = provider.world.clock.now
        self.operations = Operations(
            api=provider,
            journal=Journal(folder / "journal.sqlite3", moments=Moments(provider.clock)),
            clock=provider.clock,
            now=now,
            account=Identity("test"),
            who=Who("cron", ""),
        )
        self.ensurer = Ensurer(self.operations, WANTED, now=now, protected=frozenset)
        self.plans = Plans(self.operations, now=now)

    async def run(self, *, by_plan: bool) -> Sequence[Ensured]:
        """As `ensure --policy` does it: read, settle, ensure, wait, prune.

        `by_plan`: as `ensure`, and then `prune --policy`, which has a plan on disk.
        """
        await self.operations.start()
        await self.look()
        for plan in await self.plans.refresh():
            if plan.interrupted:
                await self.carry_out(await self.plans.go_on(plan.id))
        servers = [self.provider.server_model(key) for key in self.provider.ids]
        found = await self.ensurer.all(servers, lambda ensured: None)
        waiting = [asyncio.ensure_future(self.ensurer.completed(ensured)) for ensured in found]
        await self.until(lambda: all(task.done() for task in waiting))
        for task in waiting:
            task.cancel()
        done = await asyncio.gather(*waiting, return_exceptions=True)
        if by_plan:
            await self.prune(servers)
        else:
            for server in servers:
                pruned = await self.ensurer.prune(server)
                assert pruned.good or not self.provider.calm, pruned.words
        return [ensured for ensured in done if isinstance(ensured, Ensured)]

    async def prune(self, servers: Sequence[Server]) -> None:
        """As `prune --policy --yes` does it."""
        items, now = (await self.provider.snapshots()).items, self.provider.world.clock.now()
        views = [view_of(self.provider, server, items) for server in servers]
        found = [retain(view, POLICY, MADE, datetime.fromtimestamp(now, UTC)) for view in views]
        plan = retention_plan(found, "nightly")
        if plan.steps:
            await self.carry_out(await self.plans.start(plan))

    async def carry_out(self, plan: Plan) -> None:
        """Send what is left of a plan, as far as an hour allows."""
        running = asyncio.ensure_future(self.plans.run(plan))
        await self.until(running.done)
        if not running.done():
            running.cancel()  # the rest is gone on with by the next night
        with suppress(VpsError, Refused, asyncio.CancelledError):
            await running
        if self.provider.killed:  # a plan goes on where one of its steps has an error
            raise Killed

    async def until(self, holds: Callable[[], bool]) -> None:
        """Poll for an hour at most."""
        for _ in range(12):
            if holds():
                return
            await self.provider.pass_time(300)
            await self.look()

    async def look(self) -> None:
        asked_at = self.provider.clock.monotonic()
        listing = await self.provider.snapshots()
        await self.operations.observe(Sighting(listing.items, listing.settled, asked_at))


async def night(provider: Faulty, folder: Path, day: int) -> None:
    """The run of one night, whatever becomes of it."""
    provider.calm = day >= DAYS - CALM
    provider.away = day in OUTAGE
    provider.until_killed = CRASHES.get(day)
    provider.killed = False
    before = asyncio.all_tasks()
    run = Night(provider, folder)
    try:
        with suppress(Unreachable):
            await run.run(by_plan=day % 5 == 0)
        await run.operations.leave()
    except Killed:
        left = asyncio.all_tasks() - before
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        run.operations.journal.file._thread.shutdown(cancel_futures=True)  # no write comes after it
        run.operations.journal._sessions.leave()  # as the system does for what was killed
        return
    await run.operations.close()


def fill(provider: Faulty, day: int) -> None:
    """An admin's own snapshots, that no policy touches."""
    for key in provider.ids[:2]:
        server = provider.machine(key)
        if day == FILLED.start:
            while len(provider.there(key)) < 5:
                provider.world.add_snapshot(server, f"mine-{len(provider.there(key))}", hours=900)
        if day == FILLED.stop:
            for snapshot in provider.there(key):
                if snapshot.name.startswith("mine"):
                    provider.world.delete(provider.world.account, snapshot.id)


def view_of(provider: Faulty, server: Server, items: Sequence[Snapshot]) -> ServerView:
    return ServerView(server, newest_first(s for s in items if s.server_id == server.id))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder, in memory where that can be had: here it is not the disk that is tried."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield Path(name)


async def test_ninety_days_with_cron_and_one_policy(folder: Path) -> None:
    provider = Faulty(FakeClock())
    kept = provider.world.add_snapshot(provider.machine(provider.ids[3]), "golden", hours=5_000)
    for day in range(DAYS):
        began = provider.world.clock.now()
        fill(provider, day)
        await night(provider, folder, day)
        await provider.pass_time(DAY - (provider.world.clock.now() - began))

    # Every server is covered as the policy says, and what is not its own is still there.
    now = datetime.fromtimestamp(provider.world.clock.now(), UTC)
    provider.away = False
    items = (await provider.snapshots()).items
    judge = Judge(Rules(max_age=26 * HOUR))
    for key in provider.ids:
        view = view_of(provider, provider.server_model(key), items)
        assert not judge.of(view, now.timestamp()).has("stale")
        found = retain(view, POLICY, MADE, now)
        own = [v.snapshot for v in found.verdicts if MADE(v.snapshot.name)]
        others = view.used - len(own)  # the reserve comes first, then what the policy keeps
        assert (len(own), found.goes) == (POLICY.keeps - others, [])
        assert all(snapshot.phase is Phase.COMPLETED for snapshot in own)
        rules = ["last", "last", "daily", "weekly"]
        kept_by = [v.why.split()[0] for v in found.verdicts if MADE(v.snapshot.name)]
        assert kept_by == rules[: len(own)]
    assert "golden" in {snapshot.name for snapshot in items}
    assert kept.status(provider.world.clock.now()) == "completed"

    # Nothing was sent twice for one intent, and nothing is left open.
    after = Night(provider, folder).operations
    await after.start()
    history = await after.history(100_000)
    assert set(provider.posts.values()) == {1}
    creates = [o for o in history if o.kind is Kind.CREATE]
    assert set(provider.posts) <= {(o.server_id, o.snapshot_name) for o in creates}
    assert after.running() == []
    assert {o.state for o in history} >= {State.COMPLETED, State.FAILED, State.NEVER_SENT}
    await after.close()
