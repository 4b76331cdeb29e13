"""Views, problems, and a cursor that is always in sight: which server needs somebody now?"""

from __future__ import annotations

from functools import partial

import pytest

from tests.helpers.driving import choose, dashboard, live, shown, toasts, type_text, until
from tests.helpers.places import Place
from tui.fleet.state import Freshness
from tui.fleet.views import BUILT_IN, Counted
from tui.simulator.demo import large_fleet
from tui.widgets.empty_states import no_problem
from tui.widgets.server_list import ServerList
from tui.widgets.views_bar import ViewsBar, fitting

COUNTS = (12, 9, 5, 1, 2, 3)


async def test_views_are_counted_and_gone_through(simulated: Place) -> None:
    async with simulated.app(views={"risky": "problem age>30d"}).run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        line = shown(pilot).splitlines()[1]
        assert "All 12   Problems 9   Stale 5   Failed 1   Full 2   Busy 3   risky 6" in line
        for name, count in zip(("Problems", "Stale", "Failed"), COUNTS[1:], strict=False):
            await pilot.press("f")
            assert board.panes.shown.name == name
            assert board.servers.row_count == count
            assert f"Servers · {name}" in shown(pilot)
        assert [view.server.name for view in board.servers.rows] == ["db-02-replica"]
        await pilot.press("F", "F", "F", "F")
        assert board.panes.shown.name == "risky"
        assert board.servers.row_count == 6
        await pilot.press("f")
        assert board.servers.row_count == 12


async def test_a_view_is_chosen_by_a_click(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        x = shown(pilot).splitlines()[1].index("Failed")
        await pilot.click(ViewsBar, offset=(x + 2, 0))
        assert board.panes.shown.name == "Failed"
        await pilot.press("a")
        assert [row.name for row in board.table.rows] == ["resync-retry"]


async def test_an_empty_view_says_how_to_go_on(empty_world: Place) -> None:
    empty_world.world.add_server("fresh")
    async with empty_world.app().run_test() as pilot:
        await live(pilot)
        await pilot.press("f", "f")
        assert "No server in the view Stale" in shown(pilot)
        assert "f shows the next view" in shown(pilot)


async def test_the_next_problem_is_found_from_anywhere(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await choose(pilot, "ci-runner")
        for key, name in (("n", "db-01"), ("n", "db-02-replica"), ("N", "db-01"), ("N", "billing")):
            await pilot.press(key)
            assert board.panes.view is not None
            assert board.panes.view.server.name == name
        await pilot.press("a", "slash")
        await type_text(pilot, "mail")
        await pilot.press("enter", "n")
        assert not board.panes.everything
        await choose(pilot, "db-01")
        await pilot.press("slash")
        await type_text(pilot, "mail")
        await pilot.press("enter", "n")
        assert board.servers.row_count == 12
        await choose(pilot, "db-01")
        await pilot.press("n")
        assert board.table.cursor_row is not None
        assert board.table.cursor_row.name == "resync-retry"


async def test_where_nothing_is_wrong_it_says_so(empty_world: Place) -> None:
    server = empty_world.world.add_server("fresh")
    empty_world.world.add_snapshot(server, "first", hours=1)
    async with empty_world.app().run_test() as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.table.row_count)
        await pilot.press("n")
        assert toasts(pilot) == ["no server needs you"]


async def test_nothing_is_called_well_or_asked_about_where_nothing_is_known(
    simulated: Place,
) -> None:
    async with simulated.app(url="http://127.0.0.1:9/api/v1").run_test() as pilot:
        board = dashboard(pilot)
        await until(pilot, lambda: "could not reach" in board.servers.empty)
        await pilot.press("n", "K")
        await until(pilot, lambda: len(toasts(pilot)) == 2)
        assert toasts(pilot) == [
            "it is not known yet which servers need you",
            "no snapshots are shown",
        ]
        assert pilot.app.screen is board


def test_what_was_well_when_last_seen_is_not_called_well_now() -> None:
    assert no_problem(Freshness(as_of=1.0)) == "no server needs you"
    assert no_problem(Freshness(as_of=1.0, late=True)) == "no server needed you when last seen"
    assert no_problem(Freshness(remembered=1.0)) == "no server needed you when last seen"


@pytest.mark.parametrize("room", range(8, 90, 3))
def test_however_narrow_it_is_what_failed_is_said(room: int) -> None:
    pairs = list(zip(BUILT_IN, COUNTS, strict=True))
    names = [view.name for view, _ in fitting(pairs, BUILT_IN[0], room)]
    assert "Failed" in names
    assert "All" in names


@pytest.mark.parametrize("size", [(60, 15), (60, 24), (80, 18), (120, 40)])
async def test_the_header_gives_up_the_host_before_what_failed(
    simulated: Place, size: tuple[int, int]
) -> None:
    app = simulated.app(profile="production-of-a-customer", locked=True)
    async with app.run_test(size=size) as pilot:
        await live(pilot)
        top = "\n".join(shown(pilot).splitlines()[:2])
        assert "Failed 1" in top
        assert "locked" in top
        assert "live" in top


def out_of_sight(pane: ServerList) -> str:
    """Where the cursor is, if it is not in sight."""
    top = pane.scroll_offset.y
    seen = top <= pane.cursor < top + pane.size.height - 1
    return "" if seen else f"row {pane.cursor} of {pane.row_count}, from {top}"


def has_height(pane: ServerList, lines: int) -> bool:
    return pane.size.height == lines


def bar_at(pane: ServerList) -> float | None:
    """The line that its scroll bar says is the first; None where it has no bar."""
    return pane.vertical_scrollbar.position if pane.show_vertical_scrollbar else None


@pytest.mark.parametrize("more", [-1, 0, 1, 2])
async def test_at_the_end_of_rows_that_barely_fit_the_bar_says_where_the_list_is(
    empty_world: Place, more: int
) -> None:
    for number in range(20):
        empty_world.world.add_server(f"web-{number:02}")
    async with empty_world.app().run_test(size=(80, 45)) as pilot:
        pane = (await live(pilot)).servers
        await until(pilot, lambda: pane.row_count == 20)
        await pilot.press("G")
        assert bar_at(pane) is None
        around = 45 - pane.size.height
        for lines in (21 - more, 40, 21 - more):
            await pilot.resize_terminal(80, lines + around)
            await until(pilot, partial(has_height, pane, lines))
            assert pane.cursor == 19
            assert pane.scroll_offset.y == max(0, 21 - lines)
            assert bar_at(pane) == (21 - lines if lines < 21 else None)


async def test_after_sorting_and_filtering_300_rows_the_cursor_is_in_sight(
    empty_world: Place,
) -> None:
    for number in range(300):
        empty_world.world.add_server(f"web-{number}")
    async with empty_world.app().run_test(size=(80, 24)) as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.servers.row_count == 300)
        pane = board.servers

        for keys in (["G"], ["S"], ["s"], ["pagedown"], ["s"], ["S"], ["g"], ["S"]):
            await pilot.press(*keys)
            await pilot.pause()
            assert not out_of_sight(pane), keys
        await pilot.press("G", "slash")
        await type_text(pilot, "1")
        await pilot.press("enter")
        assert pane.cursor == 0
        assert pane.scroll_offset.y == 0
        await pilot.press("G", "escape")
        await pilot.pause()
        assert pane.row_count == 300
        assert not out_of_sight(pane)


async def test_after_views_widths_and_every_order_of_300_rows_the_cursor_is_in_sight(
    empty_world: Place,
) -> None:
    large_fleet(empty_world.world, 300)
    async with empty_world.app().run_test(size=(140, 40)) as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.servers.row_count == 300)
        pane = board.servers

        await pilot.press(*["j"] * 150)
        for keys in "sssssssSfffFFFwsssssssssswnN":
            await pilot.press(keys)
            await pilot.pause()
            assert not out_of_sight(pane), (keys, pane.arrangement.sort, board.panes.shown.name)
        chosen = pane.cursor_key
        for size in ((60, 15), (200, 50), (80, 24)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: not out_of_sight(pane))
            assert pane.cursor_key == chosen


def test_nothing_is_counted_where_nothing_is_known() -> None:
    assert Counted().counts == ()


async def test_days_show_what_failed_what_is_kept_and_what_has_gone(simulated: Place) -> None:
    async with simulated.app().run_test(size=(140, 40)) as pilot:
        board = await live(pilot)
        await choose(pilot, "db-02-replica")
        assert "90 days" in shown(pilot)
        assert "▮✗··" in shown(pilot)
        assert str(board.panes.timeline.render()).splitlines()[0].endswith("✗·")
        await choose(pilot, "web-server-01")
        assert "╌◇" in shown(pilot)
        world = simulated.world
        gone = simulated.snapshot("resync-retry")
        world.delete(world.account, gone.id)
        await pilot.press("r")
        await until(pilot, lambda: "▮▯··" in shown(pilot))
