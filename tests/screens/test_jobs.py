"""What an admin comes for costs few keys, counted from a fresh start."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.helpers.clocks import FakeClock
from tests.helpers.driving import answer, dashboard, live, polls, quiet, shown, told, until
from tests.helpers.places import NOON, Place, held
from tui.screens.dialogs.activity import ActivityDialog
from tui.screens.dialogs.create_set import CreateSetDialog
from tui.screens.dialogs.delete_set import DeleteSetDialog
from tui.screens.monitor import Monitor
from tui.widgets.server_list import ServerList

TYPED = {"/": "slash", ">": "greater_than_sign", "-": "minus", " ": "space", ".": "full_stop"}
TYPED |= {"!": "exclamation_mark", "*": "asterisk"}


class Hands:
    """Presses keys, and counts them."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot
        self.count = 0

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(TYPED.get(key, key))
            self.count += 1

    async def type(self, text: str) -> None:
        await self.press(*text)

    async def fire(self) -> None:
        """The separate press of a button that destroys."""
        await quiet(self.pilot)
        await self.press("enter")


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


async def test_one_is_made_and_known_to_be_done_with_3_keys(empty_world: Place) -> None:
    empty_world.world.add_server("web-1")
    async with empty_world.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        hands = Hands(pilot)
        await hands.press("c", "enter")
        await until(pilot, lambda: "on web-1" in " ".join(told(pilot)))
        assert "is completed" not in shown(pilot)
        await empty_world.pass_time(650)
        await polls(pilot, empty_world, lambda: "of web-1 is completed" in shown(pilot))
        assert hands.count <= 3


async def test_a_server_is_rolled_back_with_16_keys(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        hands = Hands(pilot)
        await hands.press("j", "j", "tab", "j", "R")
        await hands.type("db-01")
        await hands.press("enter")
        await hands.fire()
        await until(pilot, lambda: simulated.sent())
        assert simulated.sent()[0].endswith("/restore/")
        assert hands.count <= 16


async def test_those_older_than_30_days_on_six_servers_go_with_24_keys(empty_world: Place) -> None:
    world = empty_world.world
    for number in range(6):
        one = world.add_server(f"web-{number}")
        world.add_snapshot(one, "fresh", hours=24)
        world.add_snapshot(one, "month", hours=31 * 24)
        world.add_snapshot(one, "old", hours=200 * 24)
    async with empty_world.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.servers.row_count == 6)
        hands = Hands(pilot)
        await hands.press("a")
        await hands.type("/age>30d")
        await hands.press("enter", "*", "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, DeleteSetDialog))
        await hands.type("delete 12")
        await hands.press("enter")
        await hands.fire()
        await until(pilot, lambda: len(empty_world.sent("DELETE")) == 12)
        await until(pilot, lambda: "12 deleted" in answer(pilot))
        assert {s.name for s in world.snapshots.values()} == {"fresh"}
        assert hands.count <= 24


async def test_twelve_before_patching_are_made_followed_and_removed_with_30_keys(
    empty_world: Place,
) -> None:
    for number in range(12):
        one = empty_world.world.add_server(f"web-{number}")
        empty_world.world.add_snapshot(one, "weekly", hours=24)
    async with empty_world.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.servers.row_count == 12)
        hands = Hands(pilot)
        await hands.press("*", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateSetDialog))
        await hands.press("enter")
        await until(pilot, lambda: "12 started" in answer(pilot))
        await hands.press("escape")
        await until(pilot, lambda: "12 running" in shown(pilot))
        await empty_world.pass_time(700)
        await polls(pilot, empty_world, lambda: "12 done" in shown(pilot))
        await hands.press("!")
        await until(pilot, lambda: "delete its snapshots" in shown(pilot))
        await hands.press("D")
        await until(pilot, lambda: isinstance(pilot.app.screen, DeleteSetDialog))
        await hands.type("delete 12")
        await hands.press("enter")
        await hands.fire()
        await until(pilot, lambda: "12 deleted" in answer(pilot))
        assert {s.name for s in empty_world.world.snapshots.values()} == {"weekly"}
        assert hands.count <= 30


async def test_a_slot_is_freed_and_used_with_14_keys(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        hands = Hands(pilot)
        await hands.press("n", "c", "enter")
        assert board.panes.view is not None
        assert board.panes.view.server.name == "db-01"
        await hands.type("nightly-1")
        await hands.press("enter")
        await hands.fire()
        await until(pilot, lambda: len(simulated.sent()) == 1)
        assert len(simulated.sent("DELETE")) == 1
        assert held(simulated, "db-01") == 5
        assert hands.count <= 14


async def test_what_the_last_admin_did_is_one_key(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await until(pilot, lambda: dashboard(pilot).session.activity is not None)
    night = 14 * 3_600
    simulated.clock = FakeClock(NOON + night)
    simulated.world.clock.advance(night)
    colleague = simulated.world.add_snapshot(simulated.server("mail"), "by-a-colleague")
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        hands = Hands(pilot)
        await until(pilot, lambda: dashboard(pilot).session.news_of_activity)
        await hands.press("!")
        await until(pilot, lambda: isinstance(pilot.app.screen, ActivityDialog))
        await until(pilot, lambda: colleague.name in shown(pilot))
        assert hands.count <= 1
