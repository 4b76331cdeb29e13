"""A server that does not stop for its snapshot: the admin is asked, and it runs in the end."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from tests.helpers.driving import choose, live, polls, shown, toasts, told, until
from tests.helpers.places import Place
from tui.screens.dialogs.unstopped import UnstoppedDialog
from tui.simulator.objects import NEVER


def switched(simulated: Place) -> list[str]:
    return [path.split("/")[-2] for path in simulated.sent()]


def stops_late(simulated: Place) -> None:
    server = simulated.server("web-server-02")
    server.power_next, server.power = "", "stopped"


async def asked(pilot: Pilot[None], simulated: Place) -> UnstoppedDialog:
    """Ask for a snapshot of a server that does not stop, and wait for the question."""
    await live(pilot)
    await choose(pilot, "web-server-02")
    await pilot.press("c", "tab", "tab", "space", "tab", "enter")
    await polls(pilot, simulated, lambda: isinstance(pilot.app.screen, UnstoppedDialog))
    assert isinstance(pilot.app.screen, UnstoppedDialog)
    await until(pilot, lambda: "web-server-02 was not seen stopped for 0 min" in shown(pilot))
    assert switched(simulated) == ["power"]
    return pilot.app.screen


@pytest.fixture(autouse=True)
def soon(simulated: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked about soon, and watched for a minute."""
    monkeypatch.setattr("tui.fleet.writes.power_status.PATIENCE", 20.0)
    monkeypatch.setattr("tui.fleet.writes.consistent.WATCHED", 60.0)
    monkeypatch.setattr("tui.fleet.writes.consistent.LOOKS", 5.0)
    simulated.world.power_seconds = {"stop": NEVER, "start": 0.0}


async def test_it_can_be_started_again_and_is_when_it_stops_late(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await asked(pilot, simulated)
        await pilot.press("down", "enter")
        await polls(pilot, simulated, lambda: "watching" in "".join(toasts(pilot)))
        assert switched(simulated) == ["power", "power"]
        stops_late(simulated)
        await polls(pilot, simulated, lambda: len(switched(simulated)) == 3)
        await polls(pilot, simulated, lambda: "web-server-02 runs again" in told(pilot))
        assert "web-server-02 has stopped now" in told(pilot)
        assert simulated.status("web-server-02") == "active"


async def test_it_can_be_snapshotted_while_it_runs(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await asked(pilot, simulated)
        await pilot.press("end", "enter")
        await polls(pilot, simulated, lambda: switched(simulated) == ["power", "snapshots"])


async def test_a_careless_key_only_waits_on_and_the_question_goes_when_it_stops(
    simulated: Place,
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        first = await asked(pilot, simulated)
        assert first.query_one(OptionList).highlighted == 0
        await pilot.press("enter")
        assert not isinstance(pilot.app.screen, UnstoppedDialog)
        await polls(pilot, simulated, lambda: isinstance(pilot.app.screen, UnstoppedDialog))
        assert pilot.app.screen is not first
        stops_late(simulated)
        await polls(pilot, simulated, lambda: switched(simulated) == ["power", "snapshots"])
        assert not isinstance(pilot.app.screen, UnstoppedDialog)
