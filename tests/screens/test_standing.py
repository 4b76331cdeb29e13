"""A server stands still for its snapshot, and one that ran before a restore can be started."""

from __future__ import annotations

import pytest

from tests.helpers.crashes import left_stopped
from tests.helpers.driving import choose, connection, live, polls, session, shown, toasts, until
from tests.helpers.places import Place
from tui.screens.dialogs.create import CreateDialog
from tui.widgets.checkbox import Choice


async def test_a_server_is_stopped_for_its_snapshot_and_started_after(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "mail")
        await pilot.press("c")
        assert isinstance(pilot.app.screen, CreateDialog)
        pilot.app.screen.query_one("#stop", Choice).action_tick()
        await pilot.press("enter")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        await polls(pilot, simulated, lambda: "mail runs again" in toasts(pilot), step=15)
        assert simulated.status("mail") == "active"
        kinds = [path.rstrip("/").rsplit("/", 1)[-1] for path in simulated.sent()]
        assert kinds == ["power", "snapshots", "power"]
        assert await connection(pilot).restarts.power.left() == []


@pytest.mark.parametrize(("name", "off"), [("billing", True), ("legacy-crm", None)])
async def test_where_it_cannot_be_stopped_the_choice_says_so(
    simulated: Place, name: str, off: bool | None
) -> None:
    simulated.server("legacy-crm").power = "stopped"
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, name)
        await pilot.press("c")
        choices = list(pilot.app.screen.query(Choice))
        assert [choice.disabled for choice in choices] == ([] if off is None else [off])
        assert ("it is suspended" in shown(pilot)) == bool(off)


async def test_a_server_that_a_crash_left_stopped_is_started_at_once(simulated: Place) -> None:
    await left_stopped(simulated, "mail")
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await polls(pilot, simulated, lambda: "mail runs again" in toasts(pilot), step=15)
        assert simulated.status("mail") == "active"


async def test_locked_it_is_only_offered(simulated: Place) -> None:
    await left_stopped(simulated, "mail")
    async with simulated.app(read_only=True).run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await until(pilot, lambda: connection(pilot).restarts.offers)
        assert simulated.status("mail") == "stopped"
        assert simulated.sent() == []


async def test_a_server_that_ran_before_its_restore_is_told_of_and_started(
    simulated: Place,
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        snapshot = next(
            s
            for v in session(pilot).store.fleet.servers.values()
            for s in v.snapshots
            if s.name == "before-rspamd"
        )
        simulated.world.after_restore = "stopped"
        await session(pilot).perform(connection(pilot).operations.restore(snapshot))
        stands = "mail ran before its restore: it is stopped"
        await polls(pilot, simulated, lambda: stands in toasts(pilot), step=15)
        assert [path for path in simulated.sent() if "power" in path] == []
        await until(pilot, lambda: stands in shown(pilot))
        assert "! o starts it" in shown(pilot)
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "start mail" in shown(pilot))
        assert stands in shown(pilot)
        await pilot.press("o")
        await polls(pilot, simulated, lambda: simulated.status("mail") == "active", step=15)
        await polls(pilot, simulated, lambda: not connection(pilot).restarts.offers, step=15)
        await pilot.press("escape")
        await until(pilot, lambda: stands not in shown(pilot))


async def test_one_that_is_to_stay_stopped_is_offered_no_longer(simulated: Place) -> None:
    await left_stopped(simulated, "mail")
    async with simulated.app(read_only=True).run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await until(pilot, lambda: connection(pilot).restarts.offers)
        board = await live(pilot)
        board.bars.show_running()
        (line,) = [entry for entry in board.tray.entries if "mail" in entry.text]
        assert line.plain == "? mail ran before its snapshot: it is to run again  ! o starts it"
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "start mail" in shown(pilot))
        await pilot.press("X")
        assert "X again leaves mail as it is" in toasts(pilot)
        await pilot.press("X")
        await until(pilot, lambda: not connection(pilot).restarts.offers)
        assert simulated.sent() == []
        board.bars.show_running()
        assert not [entry for entry in board.tray.entries if "mail" in entry.text]
