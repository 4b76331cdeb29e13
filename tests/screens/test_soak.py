"""A day of polls in seconds, with all that is kept and shown: nothing grows."""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path
from typing import Any
from weakref import WeakSet, ref

from msgspec.structs import replace
from textual.screen import Screen

from tests.bench.soak import go_on, held, weeks_of
from tests.helpers.driving import choose, live, polls, session, until
from tests.helpers.places import Place
from tests.helpers.settings_files import home
from tui.config.tables import Group
from tui.fleet.changes import FleetChange, Happened
from tui.screens.dashboard.screen import Dashboard
from tui.simulator.servers import delete_server
from tui.vps.exchange import READS_AT_ONCE

OPENING = {
    "CreateDialog": ("c", "x"),
    "RestoreDialog": ("2", "R", "w"),
    "ConfirmDialog": ("2", "D", "n"),
    "DetailsDialog": ("1", "d"),
    "OperationsDialog": ("exclamation_mark",),
    "ActivityDialog": ("exclamation_mark", "exclamation_mark"),
    "HelpDialog": ("question_mark",),
    "CommandPalette": ("colon", "w"),
    "ChooseDialog": ("Y",),
    "Monitor": ("m",),
    "AskDialog": ("plus",),
    "CreateSetDialog": ("1", "asterisk", "c"),
}
"""The keys that open each screen over the dashboard."""


async def test_a_day_of_polls_leaves_nothing_behind() -> None:
    async with weeks_of(45) as (weeks, pilot):
        grown = await go_on(weeks, pilot, 80)
        assert grown.descriptors <= 2 * READS_AT_ONCE, "both ends of what is kept for the next"
        assert (grown.tasks, grown.files) == (0, 0)
        kept = await held(weeks)
    assert kept.changes > 0, "they were recorded"
    assert kept.operations > 0
    assert 0 < kept.fleet < 20_000


async def test_what_was_opened_and_left_is_gone(simulated: Place) -> None:
    before = screens()
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        seen = set()
        for keys in OPENING.values():
            await choose(pilot, "web-server-01", "pre-migration-snapshot")
            await pilot.press(*keys)
            await until(pilot, lambda: pilot.app.screen is not board)
            seen.add(type(pilot.app.screen).__name__)
            while pilot.app.screen is not board:
                await pilot.press("escape")
        assert seen == set(OPENING)
        await pilot.pause()
        assert not left_over(before)


async def test_of_servers_that_come_and_go_those_that_are_there_are_kept(simulated: Place) -> None:
    groups = {"all": Group(match=("*",))}
    async with simulated.app(groups=groups).run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await pilot.press("slash", *"group", "colon", *"all", "space", *"o", "enter")
        servers = len(board.fleet.servers)
        for name in ("one", "two", "three"):
            server = simulated.world.add_server(name)
            await polls(pilot, simulated, lambda: len(board.fleet.servers) > servers, 60.0)
            assert_only_those(board)
            delete_server(simulated.world, server.account, server.uuid)
            await polls(pilot, simulated, lambda: len(board.fleet.servers) == servers, 60.0)
            assert_only_those(board)


def assert_only_those(board: Dashboard) -> None:
    there = board.fleet.servers.keys()
    judge = board.session.judge
    for kept in (judge._judged, judge.rules.groups._known, board.panes._texts._servers):
        assert kept
        assert kept.keys() <= there


async def test_of_what_went_three_months_are_kept(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await until(pilot, lambda: session(pilot).activity)
        activity, now = session(pilot).activity, session(pilot).service_now()
        assert activity is not None
        day = 86_400.0
        went = FleetChange(
            kind=Happened.VANISHED,
            server_id=1,
            server_name="web",
            snapshot_id=1,
            snapshot_name="nightly",
            at=now,
            since=now - 60,
            made_at=now - 80 * day,
        )
        activity._told([went, replace(went, snapshot_id=2, made_at=now - 100 * day)])
        assert list(board.gone.of(1)) == [now - 80 * day]
        await simulated.pass_time(20 * day)
        activity._told([replace(went, server_id=2, made_at=now)])
        assert not board.gone.of(1)
        assert board.gone.of(2)
        board.gone.follow(simulated.session())
        activity._told([replace(went, server_id=2, made_at=now)])
        assert not board.gone.of(2), "it is of the account that was shown before"


async def test_of_a_profile_that_was_left_nothing_is_kept(simulated: Place) -> None:
    url, token = simulated.environ.pop("VPS_API_URL"), simulated.environ.pop("VPS_API_TOKEN")
    simulated.environ["TOKEN"] = token
    profiles = (f"[profiles.{name}]\nurl = '{url}'\ntoken_env = 'TOKEN'\n" for name in "ab")
    home(Path(simulated.environ["HOME"]), "".join(profiles))
    gc.disable()  # as it is where the program starts
    try:
        async with simulated.app().run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            first = ref(session(pilot))
            await pilot.press("P", "down")
            asked = ref(pilot.app.screen)
            await pilot.press("enter")
            await until(pilot, lambda: session(pilot).settings.profile == "b")
            await live(pilot)
            await pilot.press("c", "escape", "j")  # what the last keys and focus were is kept
            await until(pilot, lambda: pilot.app.screen is board)
            gc.collect()
            assert first() is None
            assert asked() is None
    finally:
        gc.enable()


def screens() -> WeakSet[Screen[Any]]:
    """All that there are, whoever made them."""
    gc.collect()
    # By type: some objects of others load themselves when they are asked for their class.
    return WeakSet(each for each in gc.get_objects() if issubclass(type(each), Screen))


def left_over(before: WeakSet[Screen[Any]]) -> Counter[str]:
    """Screens that came since and are shown no more, each with all that is in it."""
    come = [screen for screen in screens() if screen not in before]
    return Counter(type(screen).__name__ for screen in come if not screen.is_running)
