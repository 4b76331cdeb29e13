"""When the provider is asked, and what becomes of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.helpers.clocks import FakeClock, settle
from tests.helpers.fakes import FakeApi, server, snapshot
from tui.fleet import schedule as turns
from tui.fleet.poller import Poller
from tui.fleet.state import Sighting
from tui.fleet.store import Store
from tui.vps.errors import (
    BadResponse,
    Forbidden,
    NotFound,
    RateLimited,
    Unauthorised,
    Unreachable,
    VpsError,
)
from tui.vps.models import Key


class Running:
    """A poller at work on a fake provider and a clock that stands still."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.api = FakeApi()
        self.store = Store(self.clock)
        self.sightings: list[Sighting] = []
        self.chosen: Key | None = None
        self.poller = Poller(
            api=self.api,
            store=self.store,
            clock=self.clock,
            observe=self._observe,
            chosen=lambda: self.chosen,
            jitter=lambda: 1.0,
        )
        self.task: asyncio.Task[None] | None = None

    async def _observe(self, sighting: Sighting) -> None:
        self.sightings.append(sighting)

    async def start(self) -> None:
        self.task = asyncio.create_task(self.poller.run())
        await settle()


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    running = Running()
    yield running
    if running.task is not None:
        running.task.cancel()
        await asyncio.gather(running.task, return_exceptions=True)


def doubted(running: Running) -> set[Key]:
    return {key for key, view in running.store.fleet.servers.items() if view.doubt}


async def test_what_shifts_once_hides_nothing_and_what_goes_on_shifting_does(
    running: Running,
) -> None:
    await running.start()
    running.api.settled = False
    await running.clock.advance(61)
    assert (running.store.fleet.settled, doubted(running)) == (False, set())
    await running.clock.advance(11)
    assert (running.store.fleet.settled, doubted(running)) == (False, {1, 2})
    running.api.settled = True
    await running.clock.advance(61)
    assert (running.store.fleet.settled, doubted(running)) == (True, set())


async def test_a_first_list_that_shifts_is_not_believed(running: Running) -> None:
    running.api.settled = False
    await running.poller.sweep()
    assert doubted(running) == {1, 2}
    running.api.settled = True
    await running.poller.sweep()
    assert doubted(running) == set()


async def test_asks_for_everything_at_once_and_then_once_a_minute(running: Running) -> None:
    await running.start()
    assert running.store.fleet.totals.servers == 2
    assert running.store.fleet.freshness.live
    await running.clock.advance(59)
    assert running.api.count("snapshots") == 1
    await running.clock.advance(2)
    assert running.api.calls[-2:] == [("servers", None), ("snapshots", None)]


async def test_asks_only_for_the_busy_server_every_ten_seconds(running: Running) -> None:
    running.api.snapshot_list.append(snapshot(12, 1, "in_progress"))
    await running.start()
    running.api.calls.clear()
    await running.clock.advance(35)
    assert running.api.calls == [("snapshots", 1)] * 3
    running.api.snapshot_list[-1] = snapshot(12, 1)
    await running.clock.advance(10)
    running.api.calls.clear()
    await running.clock.advance(12)
    assert running.api.calls == []
    assert running.store.fleet.totals.busy == 0


async def test_many_busy_servers_take_turns(running: Running) -> None:
    running.api.snapshot_list = [snapshot(100 + n, n, "in_progress") for n in range(20)]
    await running.start()
    running.api.calls.clear()
    await running.clock.advance(10.1)
    first = {key for _, key in running.api.calls}
    await running.clock.advance(20.1)
    assert len(first) == 8
    assert {key for _, key in running.api.calls} == set(range(20))


@pytest.mark.parametrize(
    "error",
    [Unreachable("no route"), BadResponse("HTML"), VpsError("other"), RateLimited("x", None)],
)
async def test_backs_off_for_ever_and_recovers(running: Running, error: VpsError) -> None:
    await running.start()
    running.api.errors["snapshots"] = error
    await running.clock.advance(60)
    fleet = running.store.fleet
    assert fleet.freshness.error is error
    assert fleet.totals.servers == 2, "the last known data stays"
    before = running.api.count("snapshots")
    await running.clock.advance(24 * 3600)
    asked = running.api.count("snapshots") - before
    assert 1_400 <= asked <= 1_500, "at least once a minute, for ever"
    running.api.errors.clear()
    await running.clock.advance(60)
    assert running.store.fleet.freshness.live


async def test_waits_as_long_as_told(running: Running) -> None:
    running.api.errors["snapshots"] = RateLimited("slow down", 300.0)
    await running.start()
    await running.clock.advance(299)
    assert running.api.count("snapshots") == 1
    assert running.store.fleet.freshness.next_try == pytest.approx(running.clock.monotonic() + 1)
    await running.clock.advance(1)
    assert running.api.count("snapshots") == 2


async def test_a_limit_on_a_busy_server_is_no_reason_to_ask_for_everything(
    running: Running,
) -> None:
    running.api.snapshot_list.append(snapshot(12, 1, "in_progress"))
    await running.start()
    running.api.errors["snapshots"] = RateLimited("slower", 20.0)
    await running.clock.advance(11)
    assert isinstance(running.store.fleet.freshness.error, RateLimited)
    running.api.errors.clear()
    running.api.calls.clear()
    await running.clock.advance(45)
    assert running.store.fleet.freshness.live
    assert set(running.api.calls) == {("snapshots", 1)}
    await running.clock.advance(10)
    assert ("servers", None) in running.api.calls


@pytest.mark.parametrize("told", [0.0, 0.01])
async def test_leave_to_ask_at_once_is_no_leave_to_ask_without_end(
    running: Running, told: float
) -> None:
    running.api.errors["snapshots"] = RateLimited("slower", told)
    await running.start()
    await running.clock.advance(600)
    assert running.api.count("snapshots") < 20


async def test_a_service_that_is_away_for_a_while_is_asked_after_it(running: Running) -> None:
    running.api.errors["snapshots"] = BadResponse("the provider answered 503", 120)
    await running.start()
    await running.clock.advance(119)
    assert running.api.count("snapshots") == 1
    del running.api.errors["snapshots"]
    await running.clock.advance(2)
    assert running.store.fleet.freshness.live


async def test_where_one_list_fails_the_other_is_read_no_further(running: Running) -> None:
    running.api.errors["servers"] = BadResponse("the provider answered 500")
    ended: list[str] = []

    async def snapshots(*_: object, **__: object) -> object:
        try:
            return await asyncio.Event().wait()
        finally:
            ended.append("given up")

    running.api.snapshots = snapshots  # type: ignore[assignment]
    await running.start()
    assert isinstance(running.store.fleet.freshness.error, BadResponse)
    assert ended == ["given up"]


async def test_a_service_that_takes_its_time_has_time_for_others(running: Running) -> None:
    running.api.gate = asyncio.Event()
    await running.start()
    await running.clock.advance(100)
    running.api.gate.set()
    await running.clock.advance(1)
    assert running.api.count("snapshots") == 1
    await running.clock.advance(290)
    assert running.api.count("snapshots") == 1
    await running.clock.advance(20)
    assert running.api.count("snapshots") == 2
    await running.clock.advance(70)
    assert running.api.count("snapshots") == 3, "the last one was answered at once"


async def test_what_shifted_is_asked_again_no_sooner_than_a_slow_service_can_bear(
    running: Running,
) -> None:
    running.api.gate = asyncio.Event()
    running.api.settled = False
    await running.start()
    await running.clock.advance(20)
    running.api.gate.set()
    await running.clock.advance(59)
    assert running.api.count("snapshots") == 1
    await running.clock.advance(2)
    assert running.api.count("snapshots") == 2


async def test_the_sleep_of_this_machine_is_not_the_slowness_of_the_service(
    running: Running,
) -> None:
    running.api.gate = asyncio.Event()
    await running.start()
    await running.clock.jump(8 * 3600)
    running.api.gate.set()
    await settle()
    fresh = running.store.fleet.freshness
    assert fresh.live
    assert fresh.as_of == pytest.approx(1_000, abs=1), "it was asked for before"
    await running.clock.advance(61)
    assert running.api.count("snapshots") == 2


async def test_a_refused_token_is_not_tried_again_unasked(running: Running) -> None:
    running.api.errors["snapshots"] = Unauthorised("Invalid token.")
    await running.start()
    await running.clock.advance(7 * 24 * 3600)
    assert running.api.count("snapshots") == 1
    running.api.errors.clear()
    running.poller.refresh()
    await settle()
    assert running.store.fleet.freshness.live


async def test_an_unforeseen_error_does_not_end_it(running: Running) -> None:
    running.api.errors["snapshots"] = ZeroDivisionError("oops")  # type: ignore[assignment]
    await running.start()
    assert "ZeroDivisionError" in str(running.store.fleet.freshness.error)
    running.api.errors.clear()
    await running.clock.advance(3)
    assert running.store.fleet.freshness.live


@pytest.mark.parametrize("error", [NotFound("no such list"), Forbidden("not for this token")])
async def test_works_without_a_list_of_servers(running: Running, error: VpsError) -> None:
    running.api.errors.update(servers=error, account=error)
    await running.start()
    fleet = running.store.fleet
    assert fleet.freshness.live
    assert fleet.servers_error is error
    assert {view.server.name for view in fleet.servers.values()} == {"server-1", "server-2"}


async def test_refresh_drops_the_flight_so_that_an_older_answer_cannot_win(
    running: Running,
) -> None:
    await running.start()
    running.api.gate = asyncio.Event()
    await running.clock.advance(60)
    old = running.api.gate
    running.api.gate = None
    await running.clock.advance(2)
    running.api.snapshot_list = [snapshot(11), snapshot(12)]
    running.poller.refresh()
    await settle()
    assert len(running.store.fleet.servers[1].snapshots) == 2
    old.set()
    await settle()
    assert len(running.store.fleet.servers[1].snapshots) == 2


async def test_a_held_refresh_key_is_no_storm(running: Running) -> None:
    await running.start()
    running.api.gate = asyncio.Event()
    for _ in range(50):
        running.poller.refresh()
        await settle(3)
    running.api.gate.set()
    await settle()
    assert running.api.count("snapshots") <= 4


async def test_an_answer_asked_for_before_a_write_says_nothing_of_that_server(
    running: Running,
) -> None:
    await running.start()
    running.api.gate = asyncio.Event()
    await running.clock.advance(60)
    running.store.note_write(1)
    running.api.snapshot_list = []
    gate, running.api.gate = running.api.gate, None
    gate.set()
    await settle()
    assert running.store.fleet.servers[1].snapshots, "the older answer is not used"


async def test_a_paused_poller_asks_only_when_told(running: Running) -> None:
    await running.start()
    running.poller.pause(True)
    await running.clock.advance(3600)
    assert running.api.count("snapshots") <= 2
    asked = running.api.count("snapshots")
    running.poller.refresh()
    await settle()
    assert running.api.count("snapshots") == asked + 1
    running.poller.pause(False)
    await running.clock.advance(130)
    assert running.api.count("snapshots") >= asked + 3


async def test_after_a_long_sleep_it_asks_at_once_and_only_once(running: Running) -> None:
    await running.start()
    await running.clock.jump(3600)
    assert running.api.count("snapshots") == 2


async def test_a_scoped_refresh_asks_for_one_server_and_keeps_the_sweep_due(
    running: Running,
) -> None:
    await running.start()
    running.api.calls.clear()
    running.poller.refresh(2)
    await settle()
    assert running.api.calls == [("snapshots", 2)]
    await running.clock.advance(61)
    assert ("servers", None) in running.api.calls


async def test_every_answer_is_evidence(running: Running) -> None:
    await running.start()
    assert [s.server_id for s in running.sightings] == [None]
    assert running.sightings[0].server_status == {1: "active", 2: "active"}
    running.poller.refresh(2)
    await settle()
    assert running.sightings[-1].server_id == 2


async def test_a_large_fleet_is_swept_rarely_and_its_busy_and_chosen_servers_often(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "ITEMS_A_SECOND", 0.1)
    running.api.server_list = [server(n) for n in range(10)]
    running.api.snapshot_list = [snapshot(10 + n, n) for n in range(8)]
    running.api.snapshot_list[7] = snapshot(17, 7, "in_progress")
    running.chosen = 3
    await running.start()
    running.api.calls.clear()
    await running.clock.advance(179)
    assert running.api.count("servers") == 0
    assert running.api.calls.count(("snapshots", 7)) == 17
    assert running.api.calls.count(("snapshots", 3)) == 2
    running.chosen = 4
    await running.clock.advance(2)
    assert running.api.calls.count(("snapshots", None)) == 1
    await running.clock.advance(65)
    assert running.api.calls.count(("snapshots", 4)) == 1
