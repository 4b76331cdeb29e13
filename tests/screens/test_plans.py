"""Plans in the dashboard: one row with its steps, gone on with or ended after a crash."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.helpers.dialogs import on_dashboard, said
from tests.helpers.driving import (
    answer,
    choose,
    connection,
    fire,
    live,
    mark,
    polls,
    session,
    shown,
    toasts,
    type_text,
    until,
)
from tests.helpers.places import Place
from tui.fleet.plan import Standing
from tui.fleet.writes.drafts import create_plan
from tui.screens.dialogs.create_set import CreateSetDialog
from tui.screens.dialogs.delete_set import DeleteSetDialog
from tui.screens.dialogs.go_on import GoOnDialog
from tui.screens.dialogs.operations import OperationsDialog
from tui.screens.dialogs.restore import RestoreDialog
from tui.widgets.operation_list import OperationList
from tui.widgets.send_button import SendButton


async def safety_restore(pilot: Pilot[None]) -> None:
    await live(pilot)
    await choose(pilot, "mail", "before-rspamd")
    await pilot.press("R")
    await until(pilot, lambda: isinstance(pilot.app.screen, RestoreDialog))
    await type_text(pilot, "mail")
    await pilot.press("tab", "space", "tab")
    await fire(pilot)
    await until(pilot, lambda: on_dashboard(pilot))


async def to_operations(pilot: Pilot[None], rows: int) -> OperationList:
    await pilot.press("exclamation_mark")
    await until(pilot, lambda: isinstance(pilot.app.screen, OperationsDialog))
    found = pilot.app.screen.query_one(OperationList)
    await until(pilot, lambda: found.row_count == rows)
    return found


async def left_half_way(simulated: Place) -> None:
    """A safety restore of which the snapshot is made and the restore is not sent."""
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await safety_restore(pilot)


async def test_a_restore_left_half_way_is_said_at_the_next_start_and_gone_on_with(
    simulated: Place,
) -> None:
    await left_half_way(simulated)
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await until(pilot, lambda: connection(pilot).plans.running())
        stands = "Snapshot, then restore mail from before-rspamd   1 running · 1 not sent yet"
        await until(pilot, lambda: f"{stands}   stopped" in shown(pilot))
        assert "! go on or end" in shown(pilot)
        await simulated.pass_time(650)
        await polls(pilot, simulated, lambda: not connection(pilot).operations.running())
        await to_operations(pilot, 1)
        await until(pilot, lambda: "stopped, 1 not sent" in shown(pilot))
        assert "o go on" in said(pilot)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(pilot.app.screen, GoOnDialog))
        assert "restore of before-rspamd" in said(pilot)
        assert "Nothing that was sent is sent again." in said(pilot)
        assert pilot.app.screen.query_one(SendButton).disabled
        assert len(simulated.sent()) == 1, "nothing is sent by asking"
        await type_text(pilot, "mail")
        await pilot.press("enter")
        await fire(pilot)
        await until(pilot, lambda: on_dashboard(pilot))
        assert len(simulated.sent()) == 2
        assert simulated.sent()[1].endswith("/restore/")
        (plan,) = connection(pilot).plans.running()
        assert [s.standing for s in plan.steps] == [Standing.DONE, Standing.RUNNING]


async def test_a_plan_left_half_way_is_ended_by_two_presses(simulated: Place) -> None:
    await left_half_way(simulated)
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await to_operations(pilot, 1)
        await pilot.press("X")
        assert "1 of 2 steps are not sent" in toasts(pilot)[-1]
        await until(pilot, lambda: connection(pilot).plans.running())
        await pilot.press("X")
        await until(pilot, lambda: not connection(pilot).plans.running())
        await until(pilot, lambda: "ended by" in said(pilot))
        assert "1 given up" in said(pilot), "nobody refused it"
        await pilot.press("o")
        assert isinstance(pilot.app.screen, OperationsDialog), "what is ended does not go on"
        await simulated.pass_time(650)
        assert len(simulated.sent()) == 1


async def test_going_on_is_refused_where_the_target_has_changed(simulated: Place) -> None:
    await left_half_way(simulated)
    target = simulated.snapshot("before-rspamd")
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await simulated.pass_time(650)
        await polls(pilot, simulated, lambda: not connection(pilot).operations.running())
        await to_operations(pilot, 1)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(pilot.app.screen, GoOnDialog))
        target.name = "renamed"
        target.encoded.clear()
        await type_text(pilot, "mail")
        await pilot.press("enter")
        await fire(pilot)
        await until(pilot, lambda: "is called renamed now" in answer(pilot))
        assert len(simulated.sent()) == 1


async def test_a_set_is_one_row_opened_by_enter_and_deleted_in_one_dialog(
    simulated: Place,
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await mark(pilot, "mail", "vpn-gateway", "legacy-crm")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateSetDialog))
        await pilot.press("enter")
        await until(pilot, lambda: "3 started" in answer(pilot))
        await pilot.press("escape")
        rows = await to_operations(pilot, 1)
        await until(pilot, lambda: "before-update-2025-01-22 · 3 servers" in shown(pilot))
        assert "3 running" in shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: rows.row_count == 4)
        await pilot.press("enter")
        await until(pilot, lambda: rows.row_count == 1)
        await pilot.press("escape")
        await simulated.pass_time(650)
        await polls(pilot, simulated, lambda: not connection(pilot).plans.running())
        await to_operations(pilot, 1)
        await until(pilot, lambda: "3 done" in shown(pilot))
        await pilot.press("D")
        await until(pilot, lambda: isinstance(pilot.app.screen, DeleteSetDialog))
        await type_text(pilot, "delete 3")
        await pilot.press("enter")
        await fire(pilot)
        await until(pilot, lambda: "3 deleted" in answer(pilot))
        assert len(simulated.sent("DELETE")) == 3
        await pilot.press("escape")
        await to_operations(pilot, 2)


async def test_a_set_killed_on_its_way_is_one_thing_afterwards(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        plans = connection(pilot).plans
        views = session(pilot).store.fleet.servers.values()
        chosen = ("mail", "vpn-gateway", "legacy-crm", "db-02-replica")
        pairs = [(view.server, None) for view in views if view.server.name in chosen]
        plan = await plans.start(create_plan(pairs, "night"))
        assert plan.open
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await to_operations(pilot, 1)
        await until(pilot, lambda: "stopped, 4 not sent" in shown(pilot))
        await pilot.press("o")
        await until(pilot, lambda: isinstance(pilot.app.screen, GoOnDialog))
        assert not pilot.app.screen.query("#confirm"), "nothing is destroyed"
        await fire(pilot)
        await until(pilot, lambda: on_dashboard(pilot))
        await until(pilot, lambda: len(simulated.sent()) == 4)
