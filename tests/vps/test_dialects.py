"""Lists of several pages in all dialects, and what the service may do to them meanwhile."""

from __future__ import annotations

from functools import partial

import pytest

from tests.helpers.simulators import NOON, TOKEN, client
from tests.helpers.stage import staged
from tui.simulator.clock import VirtualClock
from tui.simulator.demo import large_fleet
from tui.simulator.rate import Rate
from tui.simulator.scenarios import answers, hooks
from tui.simulator.web import SimulatorApp
from tui.simulator.world import World
from tui.vps.client import Client
from tui.vps.errors import BadResponse, TooLarge, VpsError
from tui.vps.token import Token

SERVERS = 120
DIALECTS = ("docs", "client", "bare")


def app(dialect: str, *scenarios: str) -> SimulatorApp:
    world = World(VirtualClock(0.0, NOON))
    world.add_token(TOKEN)
    large_fleet(world, SERVERS)
    made = SimulatorApp(world, dialect)
    made.play(hooks(scenarios))
    return made


@pytest.mark.parametrize("spoken", DIALECTS)
@pytest.mark.parametrize("scenario", ["", "next-foreign", "next-internal", "etags"])
async def test_all_come_once_whatever_the_links_say(spoken: str, scenario: str) -> None:
    served = app(spoken, *filter(None, [scenario]))
    with staged(served) as url:
        async with client(url) as api:
            for _ in range(2):
                servers, snapshots = await api.servers(), await api.snapshots()
                assert len({s.id for s in servers.items}) == SERVERS
                assert len({s.id for s in snapshots.items}) == len(served.world.snapshots)
                assert servers.settled
                assert snapshots.settled


@pytest.mark.parametrize("spoken", DIALECTS)
@pytest.mark.parametrize("scenario", ["lost-page", "wrong-count", "duplicate-ids"])
async def test_what_did_not_come_whole_is_not_settled(spoken: str, scenario: str) -> None:
    if scenario == "wrong-count" and spoken == "bare":
        pytest.skip("a bare list has no count")
    with staged(app(spoken, scenario)) as url:
        async with client(url) as api:
            assert not (await api.snapshots()).settled


@pytest.mark.parametrize("spoken", DIALECTS)
async def test_pages_that_shift_are_not_settled_and_are_whole_again_later(spoken: str) -> None:
    with staged(app(spoken, "shifting-pages")) as url:
        async with client(url) as api:
            settled = [(await api.snapshots()).settled for _ in range(4)]
    assert not any(settled)


@pytest.mark.parametrize("spoken", DIALECTS)
@pytest.mark.parametrize("scenario", ["next-loop", "next-endless"])
async def test_a_list_without_an_end_is_given_up(spoken: str, scenario: str) -> None:
    with staged(app(spoken, scenario)) as url:
        async with client(url, pages=12) as api:
            with pytest.raises((BadResponse, TooLarge)) as found:
                await api.snapshots()
    assert isinstance(found.value, VpsError)


async def test_a_rate_limit_in_the_middle_is_waited_for_and_nothing_is_asked_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, pauses = [1_000.0], []
    monkeypatch.setattr(answers, "Rate", partial(Rate, clock=lambda: now[0]))
    world = World(VirtualClock(0.0, NOON))
    world.add_token(TOKEN)
    large_fleet(world, 800)
    served = SimulatorApp(world, "client")
    served.play(hooks(["rate-limit"]))

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    with staged(served) as url:
        api = Client(url, Token(TOKEN), pause=pause)
        try:
            listing = await api.snapshots()
        finally:
            await api.aclose()
    assert listing.settled
    assert len(listing.items) == len(world.snapshots) == 4_000
    assert len(pauses) == 1
    good = [r.query for r in served.received if r.status == 200]
    assert len(good) == len(set(good)) == 40, "what had come was not asked for again"
    assert len(served.received) <= 45, "few were refused before it slowed down"
