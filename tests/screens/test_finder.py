"""The palette finds servers, addresses, snapshots and profiles; the one that is named, first."""

from __future__ import annotations

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot

from tests.helpers.driving import live, type_text, until
from tests.helpers.places import Place
from tui.screens.dashboard.screen import Dashboard


async def found(pilot: Pilot[None], text: str, expected: str) -> None:
    """Type into the palette, and take the first row once it is the expected one."""
    await pilot.press("colon")
    palette = pilot.app.screen
    assert isinstance(palette, CommandPalette)
    await type_text(pilot, text)
    rows = palette.query_one("CommandList")

    def first() -> str:
        return str(rows.get_option_at_index(0).prompt) if rows.option_count else ""  # type: ignore[attr-defined]

    await until(pilot, lambda: expected in first())
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, Dashboard))
    await pilot.pause()


async def test_one_of_300_by_its_address_is_the_right_one(empty_world: Place) -> None:
    for number in range(300):
        empty_world.world.add_server(f"web-{number}", address=f"203.0.{number // 200}.{number}")
    async with empty_world.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.servers.row_count == 300)
        await found(pilot, "203.0.0.7", "web-7")
        assert board.panes.view is not None
        assert board.panes.view.server.address == "203.0.0.7"


async def test_a_snapshot_is_gone_to_whatever_is_filtered_away(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await pilot.press("slash")
        await type_text(pilot, "mail")
        await pilot.press("enter")
        await found(pilot, "resync-retry", "snapshot of db-02-replica")
        assert board.table.cursor_row is not None
        assert board.table.cursor_row.name == "resync-retry"
        assert board.table.has_focus


@pytest.mark.parametrize("name", ["[b]x[/b]", "[/]"])
async def test_names_are_never_markup(empty_world: Place, name: str) -> None:
    empty_world.world.add_server(f"odd {name}")
    async with empty_world.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.servers.row_count)
        await found(pilot, f"odd {name}", f"odd {name}")


async def test_another_profile_is_found(simulated: Place) -> None:
    file = simulated.settings().token_file.parents[3] / ".config/ciplun/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[profiles.lab]\n[profiles.prod]\n")
    app = simulated.app(profile="prod", profiles=("lab", "prod"))
    async with app.run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await found(pilot, "lab", "Profile lab")
        await until(pilot, lambda: app.session and app.session.settings.profile == "lab")


async def test_a_palette_that_is_left_as_its_search_begins_ends_nothing(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await pilot.press("colon")
        palette = pilot.app.screen
        assert isinstance(palette, CommandPalette)
        await palette.query("CommandList").remove()  # as leaving does first
        await pilot.press("w")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dashboard))
        await pilot.press("c", "escape")
    assert pilot.app.return_code in (None, 0)
