"""How a fleet was looked at is found again, for each profile by itself."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.helpers.driving import choose, dashboard, live, shown, type_text, until
from tests.helpers.places import Place
from tui.config.paths import view_file


def kept(place: Place, profile: str = "default") -> Path:
    return view_file(place.environ, profile)


async def arranged(pilot: Pilot[None]) -> None:
    await live(pilot)
    await pilot.press("f", "s", "s", "S", "slash")
    await type_text(pilot, "e")
    await pilot.press("enter")
    await choose(pilot, "web-server-01", "weekly-2025-01-08")
    await pilot.press("s")


async def test_all_of_it_is_found_again(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await arranged(pilot)
        board = dashboard(pilot)
        servers, table = board.servers.arrangement, board.table.arrangement
    assert stat.S_IMODE(kept(simulated).stat().st_mode) == 0o600
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.table.cursor_row)
        assert board.panes.shown.name == "Problems"
        assert (board.servers.arrangement, board.table.arrangement) == (servers, table)
        assert board.table.has_focus
        assert board.table.cursor_row is not None
        assert board.table.cursor_row.name == "weekly-2025-01-08"
        assert "Snapshots of web-server-01" in shown(pilot)
        await pilot.press("1", "w", "a")
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        assert board.panes.everything
        assert board.panes.wide


async def test_nothing_of_one_profile_is_seen_in_another(simulated: Place) -> None:
    async with simulated.app(profile="one").run_test(size=(120, 40)) as pilot:
        await arranged(pilot)
    async with simulated.app(profile="two").run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        assert board.panes.shown.name == "All"
        assert board.servers.row_count == 12
        assert board.servers.cursor == 0
    assert kept(simulated, "one").exists()
    moved = kept(simulated, "one").read_bytes().replace(b"127.0.0.1", b"127.0.0.2")
    kept(simulated, "one").write_bytes(moved)
    async with simulated.app(profile="one").run_test(size=(120, 40)) as pilot:
        assert (await live(pilot)).panes.shown.name == "All"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"view": 3}', b'{"servers": {"sort": "x"}}', b"\xff" * 9_000],
    ids=["empty", "half", "a list", "a number", "an order nobody knows", "large"],
)
async def test_a_damaged_file_is_as_none(simulated: Place, content: bytes) -> None:
    kept(simulated).parent.mkdir(parents=True)
    kept(simulated).write_bytes(content)
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        assert board.servers.row_count == 12
        assert board.servers.arrangement.sort == "name"


async def test_what_is_not_to_be_remembered_is_not(simulated: Place) -> None:
    async with simulated.app(remember=False).run_test(size=(120, 40)) as pilot:
        await arranged(pilot)
    assert not kept(simulated).exists()
