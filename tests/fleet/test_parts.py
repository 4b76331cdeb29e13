"""What is shown of a fleet while its lists are read for the first time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.helpers.clocks import FakeClock, settle
from tests.helpers.fakes import FakeApi, server, snapshot
from tui.fleet.parts import Parts
from tui.fleet.poller import Poller
from tui.fleet.state import Reading, Sighting
from tui.fleet.store import Store
from tui.vps.errors import BadResponse, Unreachable, VpsError
from tui.vps.models import Part


class Slow:
    """A poller whose service gives pages, and after each waits to be let on."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.api = FakeApi()
        self.store = Store(self.clock)
        self.sightings: list[Sighting] = []
        self.api.server_list = [server(n) for n in range(1, 5)]
        self.api.snapshot_list = [snapshot(n * 10, n) for n in range(1, 5)]
        servers, snapshots = self.api.server_list, self.api.snapshot_list
        self.api.server_parts = [
            Part(tuple(servers[:2]), 2, 4),
            Part(tuple(servers[2:]), 4, 4, last=True),
        ]
        self.api.snapshot_parts = [
            Part((snapshots[0],), 1, 4),
            Part(tuple(snapshots[1:3]), 3, 4),
            Part((snapshots[3],), 4, 4, last=True),
        ]
        self.step = asyncio.Semaphore(0)
        self.api.between = self._between
        poller = Poller(api=self.api, store=self.store, clock=self.clock, observe=self._observe)
        self.poller, self.task = poller, asyncio.create_task(poller.run())

    async def _between(self) -> None:
        await self.step.acquire()

    async def _observe(self, sighting: Sighting) -> None:
        self.sightings.append(sighting)

    async def go_on(self, steps: int = 1, seconds: float = 0.2) -> None:
        await self.clock.advance(seconds)
        for _ in range(steps):
            self.step.release()
        await settle()


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    slow = Slow()
    await settle()
    yield slow
    slow.task.cancel()
    await asyncio.gather(slow.task, return_exceptions=True)


async def test_the_first_page_is_shown_at_once_and_nothing_is_claimed_of_it(slow: Slow) -> None:
    fleet = slow.store.fleet
    assert set(fleet.servers) == {1, 2}
    assert all(view.partial for view in fleet.servers.values())
    assert fleet.freshness.reading == Reading("servers", 2, 4)
    assert not fleet.freshness.live
    assert fleet.freshness.as_of is None
    assert slow.sightings == [], "what is not whole is no evidence"


async def test_other_pages_follow_a_few_times_a_second(slow: Slow) -> None:
    await slow.go_on(1, seconds=0.01)
    assert set(slow.store.fleet.servers) == {1, 2}, "too soon after the first"
    await slow.go_on(1)
    assert set(slow.store.fleet.servers) == {1, 2, 3, 4}
    assert {k: v.used for k, v in slow.store.fleet.servers.items()} == {1: 1, 2: 1, 3: 1, 4: 0}
    assert slow.store.fleet.freshness.reading == Reading("snapshots", 3, 4)


async def test_a_pause_is_of_both_lists_whichever_was_refused() -> None:
    clock = FakeClock()
    store = Store(clock)
    parts = Parts(store, clock)
    parts.servers(Part((server(1),), 1, 4))
    parts.snapshots(Part((), 1, 4, pause=60.0))
    until = pytest.approx(clock.monotonic() + 60, abs=0.1)
    for received, seconds, shown in ((1, 1, until), (2, 1, until), (3, 60, None)):
        reading = store.fleet.freshness.reading
        assert reading is not None
        assert (reading.what, reading.received) == ("servers", received)
        assert reading.until == until
        await clock.advance(seconds)
        parts.servers(Part((), received + 1, 4))
        last = store.fleet.freshness.reading
        assert last is not None
        assert last.until == shown


async def test_at_the_end_all_is_whole_and_live(slow: Slow) -> None:
    await slow.go_on(10)
    fleet = slow.store.fleet
    assert fleet.freshness.live
    assert fleet.freshness.reading is None
    assert not any(view.partial for view in fleet.servers.values())
    assert len(slow.sightings) == 1


async def test_later_sweeps_show_nothing_before_their_end(slow: Slow) -> None:
    await slow.go_on(10)
    slow.api.server_parts[0] = Part((server(9),), 1, 4)
    before = slow.store.fleet.servers
    slow.poller.refresh()
    await slow.go_on(10)
    assert slow.store.fleet.servers is before


@pytest.mark.parametrize("error", [Unreachable("no route"), BadResponse("goes in a circle")])
async def test_a_failure_in_the_middle_keeps_what_came_if_it_can_be_believed(
    slow: Slow, error: VpsError
) -> None:
    async def broken() -> None:
        raise error

    slow.api.between = broken
    await slow.go_on(2)
    fleet = slow.store.fleet
    assert fleet.freshness.error is error
    assert fleet.freshness.reading is None
    assert bool(fleet.servers) is isinstance(error, Unreachable)
    assert all(view.partial for view in fleet.servers.values())
    assert not (fleet.servers and fleet.counted), "there are others"


async def test_what_went_wrong_before_is_not_shown_while_pages_come(slow: Slow) -> None:
    sound = slow.api.between

    async def broken() -> None:
        raise Unreachable("no route")

    slow.api.between = broken
    await slow.go_on(2)
    assert slow.store.fleet.freshness.error is not None
    slow.api.between = sound
    slow.poller.refresh()
    await slow.go_on()
    fresh = slow.store.fleet.freshness
    assert fresh.reading is not None
    assert (fresh.error, fresh.next_try) == (None, None)


async def test_pages_asked_for_before_a_write_change_nothing_on_its_server() -> None:
    clock = FakeClock()
    store = Store(clock)
    parts = Parts(store, clock)
    parts.servers(Part((server(1), server(2)), 2, 2))
    store.note_write(1)
    await clock.advance(1)
    parts.snapshots(Part((snapshot(11, 1), snapshot(21, 2)), 2, 2))
    assert [len(v.snapshots) for v in store.fleet.servers.values()] == [0, 1]


async def test_a_service_without_a_count_tells_what_comes() -> None:
    clock = FakeClock()
    store = Store(clock)
    parts = Parts(store, clock)
    parts.servers(Part((server(1),), 1, None))
    assert store.fleet.freshness.reading == Reading("servers", 1, None)
    await clock.advance(1)
    parts.snapshots(Part((snapshot(11, 1),), 1, None))
    assert store.fleet.freshness.reading == Reading("snapshots", 1, None)


async def test_a_list_that_comes_in_one_piece_is_merged_in_bounded_turns() -> None:
    clock = FakeClock()
    store = Store(clock)
    parts = Parts(store, clock)
    most = 5_000
    many = tuple(snapshot(1_000 + n, n % 7) for n in range(most * 2 + 10))
    parts.snapshots(Part(many, len(many), len(many), last=True))
    held = []
    for number in range(4):
        await clock.advance(60)
        parts.servers(Part((server(number),), number + 1, 4))
        held.append(sum(len(view.snapshots) for view in store.fleet.servers.values()))
    assert held == [most, 2 * most, len(many), len(many)]
