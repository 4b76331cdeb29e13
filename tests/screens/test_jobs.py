"""What an admin comes for costs few keys, counted from a fresh start."""

from __future__ import annotations

from tests.helpers.driving import live, shown, until
from tests.helpers.places import Place
from tui.screens.monitor import Monitor
from tui.widgets.server_list import ServerList


async def test_which_have_no_fresh_snapshot_is_one_key(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        assert "Stale 5" in shown(pilot)
        await pilot.press("f")
        scope = board.panes.scope
        assert board.servers.row_count == 9
        assert all(scope.health(view).problem for view in board.servers.rows)


async def test_the_monitor_is_one_key(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(pilot.app.screen, Monitor))


async def test_one_of_300_is_found_by_its_address_with_14_keys(empty_world: Place) -> None:
    for number in range(300):
        empty_world.world.add_server(f"web-{number}", address=f"203.0.113.{number}")
    keys = ["slash", *"203.0.113.7".replace(".", "~"), "enter"]
    assert len(keys) <= 14
    async with empty_world.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.servers.row_count == 300)
        await pilot.press(*("full_stop" if key == "~" else key for key in keys))
        await until(pilot, lambda: board.servers.row_count < 300)
        assert board.panes.view is not None
        assert board.panes.view.server.address == "203.0.113.7"


async def test_a_click_on_a_heading_sorts_and_again_in_reverse(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        x = board.servers.render_line(0).text.index("Newest")
        for reverse in (False, True):
            await pilot.click(ServerList, offset=(x + 2, 1))
            await pilot.pause()
            by = board.servers.arrangement
            assert (by.sort, by.reverse) == ("age", reverse)
