"""The same on many with a stop, from the dashboard: chosen, refused, asked about, gone on with."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Static

from tests.helpers.dialogs import button, on_dashboard, said
from tests.helpers.driving import answer, connection, live, mark, polls, session, shown, told, until
from tests.helpers.places import Place
from tests.helpers.simulators import Missing
from tui.fleet.operation import Kind
from tui.fleet.plan import Plan, PlanKind, Standing, Step
from tui.fleet.writes import plan_run
from tui.fleet.writes.plan_run import Told
from tui.fleet.writes.stopping import Ask, give_up
from tui.screens.dialogs.create_set import CreateSetDialog
from tui.screens.dialogs.go_on import GoOnDialog
from tui.screens.dialogs.unstopped import UnstoppedDialog
from tui.session.connection import Connection
from tui.simulator.objects import NEVER
from tui.widgets.checkbox import Choice


async def set_of(pilot: Pilot[None], *names: str) -> CreateSetDialog:
    await live(pilot)
    await mark(pilot, *names)
    await pilot.press("c")
    await until(pilot, lambda: isinstance(pilot.app.screen, CreateSetDialog))
    assert isinstance(pilot.app.screen, CreateSetDialog)
    return pilot.app.screen


def row(pilot: Pilot[None], name: str) -> str:
    lines = str(pilot.app.screen.query_one("#items", Static).content).splitlines()
    return next((line for line in lines if line.startswith(name)), "")


async def test_each_is_stopped_snapshotted_and_started(simulated: Place) -> None:
    simulated.server("legacy-crm").power = "stopped"
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await set_of(pilot, "mail", "legacy-crm", "billing")
        await pilot.press("shift+tab", "space")
        assert "stopped for it, started after" in row(pilot, "mail")
        assert "is stopped, and stays so" in row(pilot, "legacy-crm")
        assert row(pilot, "billing") == ""
        assert "Skipped, it is suspended: billing" in said(pilot)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "stopping mail" in row(pilot, "mail"))
        assert pilot.app.screen.query_one("#stop", Choice).disabled
        (plan,) = connection(pilot).plans.running()
        assert plan.kind is PlanKind.STOPPED_CREATE
        await polls(pilot, simulated, lambda: "starting mail" in row(pilot, "mail"), step=15)
        await polls(pilot, simulated, lambda: not connection(pilot).plans.running(), step=15)
        assert "completed" in row(pilot, "mail")
        assert (simulated.status("mail"), simulated.status("legacy-crm")) == ("active", "stopped")
        kinds = [path.split("/")[-2] for path in simulated.sent()]
        assert sorted(kinds) == ["power", "power", "snapshots", "snapshots"]
        await pilot.press("escape")
        await until(pilot, lambda: any("stopped for it: 2 done" in line for line in told(pilot)))


async def test_while_servers_stop_and_start_again_the_operations_say_what_the_tray_says(
    simulated: Place,
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await set_of(pilot, "mail", "vpn-gateway")
        await pilot.press("shift+tab", "space", "tab", "enter")
        await until(pilot, lambda: "stopping mail" in row(pilot, "mail"))
        await until(pilot, lambda: answer(pilot) == "2 started")
        await pilot.press("escape", "exclamation_mark")
        await until(pilot, lambda: "create of before-update" in said(pilot))
        assert ": 2 running" in said(pilot)
        assert "on mail  stopping mail" in said(pilot)
        await pilot.press("D")
        await until(pilot, lambda: "it has made no snapshot so far" in shown(pilot))
        await pilot.press("escape")
        await polls(
            pilot, simulated, lambda: any("starting again" in t for t in told(pilot)), step=15
        )
        await polls(pilot, simulated, lambda: not connection(pilot).plans.running(), step=15)
        await until(pilot, lambda: any("stopped for it: 2 done after" in t for t in told(pilot)))


async def test_where_none_can_be_stopped_the_choice_says_why(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        dialog = await set_of(pilot, "billing")
        assert dialog.query_one("#stop", Choice).disabled
        assert "start it after (it is suspended)" in shown(pilot)


async def test_full_ones_that_are_not_stopped_lose_nothing(simulated: Place) -> None:
    simulated.server("db-01").power = "suspended"
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        dialog = await set_of(pilot, "mail", "db-01")
        dialog.query_one("#room", Choice).action_tick()
        await until(pilot, lambda: "delete 1" in shown(pilot))
        dialog.query_one("#stop", Choice).action_tick()
        await until(pilot, lambda: "delete 1" not in shown(pilot))
        assert not button(pilot).disabled, "nothing is deleted: nothing is to be typed"
        await pilot.press("enter")
        await until(pilot, lambda: "stopping mail" in row(pilot, "mail"))
        assert simulated.sent("DELETE") == []


async def test_one_that_does_not_stop_is_asked_about_and_the_others_go_on(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.fleet.writes.power_status.PATIENCE", 20.0)
    monkeypatch.setattr("tui.fleet.writes.consistent.WATCHED", 0.0)
    simulated.server("legacy-crm").power = "stopped"
    simulated.world.power_seconds = {"stop": NEVER, "start": 0.0}
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        dialog = await set_of(pilot, "mail", "legacy-crm")
        dialog.query_one("#stop", Choice).action_tick()
        await pilot.press("enter")
        await until(pilot, lambda: "stopping mail" in row(pilot, "mail"))
        await pilot.press("escape")
        await polls(pilot, simulated, lambda: isinstance(pilot.app.screen, UnstoppedDialog))
        await pilot.press("down", "enter")
        await polls(pilot, simulated, lambda: not connection(pilot).plans.running(), step=10)
        (plan,) = await connection(pilot).plans.history()
        assert plan.tally == {Standing.DONE: 1, Standing.SKIPPED: 1}
        assert simulated.status("mail") == "active"
        assert len([path for path in simulated.sent() if "snapshots" in path]) == 1


async def test_where_the_service_stops_none_that_is_told_and_not_offered_again(
    simulated: Place,
) -> None:
    simulated.service.hooks.append(Missing("/power/"))
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        dialog = await set_of(pilot, "mail", "vpn-gateway")
        dialog.query_one("#stop", Choice).action_tick()
        await pilot.press("enter")
        await until(pilot, lambda: "2 refused" in answer(pilot))
        assert "Not found" in row(pilot, "mail")
        await pilot.press("escape")
        assert [path for path in simulated.sent() if "snapshots" in path] == []
        dialog = await set_of(pilot, "mail", "vpn-gateway")
        assert dialog.query_one("#stop", Choice).disabled
        assert "start it after (refused: " in shown(pilot)


async def test_what_a_crash_left_of_it_is_started_and_offered_to_go_on(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_run, "AT_ONCE", 1)
    app = simulated.app()
    async with app.run_test(size=(120, 40)) as pilot:
        dialog = await set_of(pilot, "mail", "vpn-gateway")
        dialog.query_one("#stop", Choice).action_tick()
        await pilot.press("enter")
        await until(pilot, lambda: len(simulated.sent()) == 1)
    assert len(simulated.sent()) == 1, "one was asked to stop, and then the session ended"
    assert "Asked to stop for a snapshot, and not started again yet: mail." in app.farewell
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await until(pilot, lambda: any("2 not sent yet" in line for line in told(pilot)))
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "2 not sent" in shown(pilot))
        await pilot.press("o")
        await until(pilot, lambda: isinstance(pilot.app.screen, GoOnDialog))
        assert "Each server is stopped for its snapshot, and started after." in said(pilot)
        await simulated.pass_time(2)
        await pilot.press("enter")
        await polls(pilot, simulated, lambda: on_dashboard(pilot), step=5)
        assert connection(pilot).plans.running(), "the dialog does not stay until all have started"
        await polls(pilot, simulated, lambda: not connection(pilot).plans.running(), step=15)
        (plan,) = await connection(pilot).plans.history()
        assert plan.tally == {Standing.DONE: 2}
        assert {simulated.status(name) for name in ("mail", "vpn-gateway")} == {"active"}
        made = [path for path in simulated.sent() if path.endswith("/snapshots/")]
        assert len(made) == 2


async def test_what_is_under_way_is_given_as_it_was_heard_last(simulated: Place) -> None:
    first = Step(kind=Kind.CREATE, server_id=1, server_name="a", name="x", power="stopping a")
    second = Step(kind=Kind.CREATE, server_id=2, server_name="b", name="x")
    one = Plan(kind=PlanKind.STOPPED_CREATE, name="x", steps=(first, second))
    two = replace(one, steps=(first, replace(second, power="stopping b")))
    over = asyncio.Event()

    async def run(plan: Plan, told: Told, ask: Ask) -> Plan:
        told(one, one.steps[0])
        told(two, two.steps[1])
        await over.wait()
        return two

    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        running = cast(Connection, SimpleNamespace(plans=SimpleNamespace(run=run)))
        now = await session(pilot).begin(running, one, lambda plan, step: None, give_up)
        over.set()
        assert now is two


async def test_a_plan_that_comes_late_hides_nothing_that_was_heard_since(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        dialog = await set_of(pilot, "mail", "vpn-gateway")
        servers = [view.server for view in dialog._chosen()]
        steps = [
            Step(kind=Kind.CREATE, server_id=s.id, server_name=s.name, name="x") for s in servers
        ]
        one = Plan(kind=PlanKind.STOPPED_CREATE, name="x", steps=tuple(steps))
        started = tuple(
            replace(each, operation=n, power="stopping") for n, each in enumerate(steps)
        )
        two = replace(one, steps=started)
        dialog.told(two, two.steps[0])
        dialog.sent(one)
        assert answer(pilot) == "2 started"
        dialog.sent(replace(one, words="the service cannot be reached", ended_at=None))
        assert answer(pilot).endswith("Stopped: the service cannot be reached")
