"""How every state and dialog looks, at both sizes. The pictures are SVGs beside this file."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from tests.helpers.driving import choose, connection, live, session, until
from tests.helpers.places import Place
from tests.helpers.states import STATES, Steps, dashboard, monitor, restore_armed
from tui.app import CiplunApp
from tui.config.settings import Options, Settings
from tui.session.session import Session

SIZES = [pytest.param((120, 40), id="120x40"), pytest.param((80, 24), id="80x24")]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_state(snap_compare: Any, simulated: Place, state: Steps, size: tuple[int, int]) -> None:
    assert snap_compare(simulated.app(), terminal_size=size, run_before=state)


@pytest.mark.parametrize("size", [(60, 15), (200, 50)], ids=["60x15", "200x50"])
def test_extreme_sizes(snap_compare: Any, simulated: Place, size: tuple[int, int]) -> None:
    assert snap_compare(simulated.app(), terminal_size=size, run_before=dashboard)


def test_light(snap_compare: Any, simulated: Place) -> None:
    app = simulated.app(theme="ciplun-light")
    assert snap_compare(app, terminal_size=(120, 40), run_before=dashboard)


@pytest.mark.parametrize("state", [dashboard, restore_armed, monitor], ids=lambda s: s.__name__)
def test_the_terminal_s_own_colours(snap_compare: Any, simulated: Place, state: Steps) -> None:
    assert snap_compare(simulated.app(theme="ansi"), terminal_size=(120, 40), run_before=state)


def test_ascii(snap_compare: Any, simulated: Place) -> None:
    simulated.environ["LANG"] = "C"
    assert snap_compare(simulated.app(), terminal_size=(120, 40), run_before=dashboard)


def test_demo_and_lock(snap_compare: Any, simulated: Place) -> None:
    app = simulated.app(locked=True, profile="production")
    assert snap_compare(app, terminal_size=(120, 40), run_before=dashboard)


@pytest.mark.parametrize("size", SIZES)
def test_no_servers(snap_compare: Any, empty_world: Place, size: tuple[int, int]) -> None:
    assert snap_compare(empty_world.app(), terminal_size=size, run_before=live)


@pytest.mark.parametrize("size", SIZES)
def test_not_authorised(snap_compare: Any, simulated: Place, size: tuple[int, int]) -> None:
    simulated.world.tokens.clear()

    async def refused(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: pilot.app.screen.query("Line"))
        await until(pilot, lambda: session(pilot).store.fleet.freshness.error)

    app = simulated.app()
    assert snap_compare(app, terminal_size=size, run_before=refused)


@pytest.mark.parametrize("size", SIZES)
def test_offline(snap_compare: Any, simulated: Place, size: tuple[int, int]) -> None:
    async def cut_off(pilot: Pilot[None]) -> None:
        board = await live(pilot)
        client = connection(pilot).client
        assert client is not None
        client.exchange.host = "admin.vps.org"
        client.exchange.base_url = "http://127.0.0.1:9/api/v1/"
        connection(pilot).poller._jitter = lambda: 1.0
        await simulated.clock.advance(61)
        await until(pilot, lambda: session(pilot).store.fleet.freshness.error)
        await choose(pilot, "web-server-01")
        board.ticking.tick()  # a minute has gone by in the cells as well
        await pilot.pause()

    app = simulated.app()
    assert snap_compare(app, terminal_size=size, run_before=cut_off)


@pytest.mark.parametrize("size", SIZES)
def test_first_run(snap_compare: Any, simulated: Place, size: tuple[int, int]) -> None:
    del simulated.environ["VPS_API_TOKEN"]
    assert snap_compare(simulated.app(), terminal_size=size)


@pytest.mark.parametrize("size", SIZES)
def test_first_load(snap_compare: Any, simulated: Place, size: tuple[int, int]) -> None:
    class Waiting(Session):
        async def run(self) -> None:
            await asyncio.Event().wait()

    def session(settings: Settings) -> Session:
        waiting = Waiting(settings, simulated.environ, clock=simulated.clock)
        waiting.host = "admin.vps.org"
        return waiting

    app = CiplunApp(Options(), simulated.settings(), simulated.environ, make_session=session)
    assert snap_compare(app, terminal_size=size)


@pytest.mark.parametrize("size", SIZES)
def test_choosing_a_profile(snap_compare: Any, simulated: Place, size: tuple[int, int]) -> None:
    async def choosing(pilot: Pilot[None]) -> None:
        await live(pilot)
        assert isinstance(pilot.app, CiplunApp)
        # The port of the simulator differs in each run.
        there = "https://admin.vps.org/api/v1"
        pilot.app._settings = replace(pilot.app._settings, url=there)
        await pilot.press("P")

    app = simulated.app(profile="production", profiles=("production", "lab", "customers"))
    assert snap_compare(app, terminal_size=size, run_before=choosing)


def test_too_small(snap_compare: Any, simulated: Place) -> None:
    assert snap_compare(simulated.app(), terminal_size=(50, 12), run_before=live)
