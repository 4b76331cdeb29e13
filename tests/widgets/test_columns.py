"""How columns share a line, and what gives way where it is short."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from tests.helpers.driving import choose, live, shown, until
from tests.helpers.fleets import NOW, view
from tests.helpers.places import Place
from tui.fleet.health import Judge
from tui.fleet.scope import Scope
from tui.fleet.state import Fleet
from tui.widgets.pane_widths import Longest, Share, share
from tui.widgets.risk import age_cell
from tui.widgets.row_columns import Cell, Cells, Column, fit, heading, place
from tui.widgets.server_list import Extras, wide_columns

COLUMNS = wide_columns(Extras())


def texts(columns: Sequence[Column], room: int, **wanted: int) -> dict[str, int]:
    return {columns[p.column].key: p.width for p in place(columns, room, wanted)}


def test_more_columns_give_way_before_a_name_is_cut() -> None:
    more = {"days", "status", "address", "location"}
    found = [texts(COLUMNS, room, name=28) for room in (150, 130, 108, 92, 55)]
    assert all(widths["name"] >= 28 for widths in found)
    assert [len(more & widths.keys()) for widths in found] == [4, 3, 2, 1, 0]
    assert "days" in found[3]
    assert texts(COLUMNS, 45, name=28).keys() == {"name", "slots", "use", "age"}


def test_the_age_is_never_given_up() -> None:
    for room in range(24, 200):
        assert "age" in texts(COLUMNS, room, name=40), room


def cut(cells: Cells, width: int, middle: int | None = None) -> str:
    return "".join(cell.text for cell in fit(cells, width, "left", "…", middle=middle))


def test_a_state_stays_whole_where_its_name_is_cut() -> None:
    cells = (Cell("shop-production-eu-central-1"), Cell(" stopped"))
    assert cut(cells, 16, middle=0) == "sho…al-1 stopped"
    assert cut(cells, 16) == "shop-production…"


@pytest.mark.parametrize("width", range(1, 30))
def test_names_that_differ_at_their_end_differ_when_they_are_cut(width: int) -> None:
    names = [(Cell(f"worker-0{number}"), Cell(" stopped")) for number in range(1000, 1100, 7)]
    shown = [cut(name, width, middle=0) for name in names]
    assert all(len(text) == width for text in shown)
    if width >= 6:
        assert len(set(shown)) == len(names)


def test_a_name_that_just_fits_is_whole_without_its_state() -> None:
    assert cut((Cell("build-00069"), Cell(" stopped")), 11, middle=0) == "build-00069"
    assert cut((Cell("P "), Cell("nightly-2026-11-28")), 12, middle=-1) == "P nigh…11-28"
    assert cut((Cell("冷凍-冷凍-冷凍-1"),), 9, middle=0) == "冷凍…凍-1"


def test_a_server_whose_snapshots_cannot_be_read_is_not_said_to_have_none() -> None:
    scope = Scope(Fleet(), NOW.timestamp(), Judge())
    assert age_cell(view("a"), scope) == Cell("none ", "failed")
    assert age_cell(replace(view("b"), unread=True), scope) == Cell("? ", "warn")


@pytest.mark.parametrize("width", range(3, 12))
def test_the_arrow_of_the_order_is_in_every_heading(width: int) -> None:
    text = heading(Column("age", "Newest"), width, "▾").text
    assert text.endswith("▾")
    assert len(text) <= width


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (140, 40), (200, 60)])
async def test_each_order_is_marked_and_ages_and_failures_are_seen(
    simulated: Place, size: tuple[int, int]
) -> None:
    async with simulated.app().run_test(size=size) as pilot:
        board = await live(pilot)
        await choose(pilot, "db-01")
        for key in ("1", "2"):
            await pilot.press(key)
            pane = board.panes.active
            seen = set()
            for _ in range(8):
                await pilot.press("s")
                marks = pane.render_line(0).text.count("▾")
                assert marks == (pane.arrangement.sort != "risk")
                seen.add(pane.arrangement.sort)
            assert "age" in seen or "created" in seen
        await choose(pilot, "db-02-replica")
        assert "✗ failed" in shown(pilot)
        await pilot.press("a")
        assert "✗ failed" in shown(pilot)
        assert "resync-retry" in shown(pilot)


async def test_a_pane_gets_the_whole_width(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)

        def displayed() -> tuple[bool, bool]:
            return board.servers.display, board.panes.query_one("#right").display

        await pilot.press("w")
        assert displayed() == (True, False)
        assert board.servers.outer_size.width == 120
        assert "203.0.113.12" in shown(pilot)
        await pilot.press("l")
        assert displayed() == (False, True)
        assert board.table.outer_size.width == 120
        await pilot.press("w")
        assert displayed() == (True, True)


async def test_at_80_cells_a_proposed_name_is_whole_beside_its_time(simulated: Place) -> None:
    held = simulated.world.add_snapshot
    held(simulated.server("mail"), "before-update-2025-01-22", hours=0.2, ready_in=300)
    async with simulated.app().run_test(size=(80, 24)) as pilot:
        await live(pilot)
        await choose(pilot, "mail")
        lines = shown(pilot).splitlines()
        assert any("before-update-2025-01-22 ⟳ 12 min!" in line for line in lines)
        await choose(pilot, "db-02-replica")
        assert "✗ failed" in shown(pilot)


async def test_where_a_state_would_be_cut_away_its_sign_stays(simulated: Place) -> None:
    async with simulated.app().run_test(size=(60, 15)) as pilot:
        await live(pilot)
        assert "ci-runner ⟳" in shown(pilot)


LARGE = ((140, 40), (160, 45), (200, 50))


def room_for(total: int, server: int, snapshot: int, location: int = 13) -> tuple[Share, set[str]]:
    """How the panes share a screen, and what the servers' rows show then."""
    longest = Longest()
    longest.server, longest.snapshot, longest.location = server, snapshot, location
    found = share(total, longest, backups=False)
    inner = found.width - 3  # frame and scroll bar
    return found, set(texts(wide_columns(found.extras), inner, name=server))


@pytest.mark.parametrize("snapshot", [0, 9, 22, 40])
@pytest.mark.parametrize("server", [3, 12, 20, 28, 40])
def test_what_the_servers_are_given_is_what_their_columns_take(server: int, snapshot: int) -> None:
    for total in range(140, 300):
        found, shown_columns = room_for(total, server, snapshot)
        columns = {c.key: c for c in wide_columns(found.extras)}
        used = (
            6
            + max(10, server)
            + sum(columns[key].width + columns[key].gap for key in shown_columns - {"name"})
        )
        assert "days" in shown_columns, total
        assert used == found.width, (total, sorted(shown_columns))
        assert total - found.width >= 52


def test_a_location_comes_before_addresses_before_more_days_before_states() -> None:
    order = ["location", "address", "status"]
    for total in range(140, 300):
        found, shown_columns = room_for(total, 28, 22)
        there = [key in shown_columns for key in order]
        assert there == sorted(there, reverse=True), total
        assert found.extras.days == 14 or "address" in shown_columns
        assert "status" not in shown_columns or found.extras.days == 30
    assert "location" in room_for(140, 28, 22)[1]
    assert "address" in room_for(200, 28, 22)[1]
    assert room_for(260, 28, 22)[1] > set(order)


@pytest.mark.parametrize("size", LARGE)
async def test_names_and_locations_are_whole_on_large_screens(
    simulated: Place, size: tuple[int, int]
) -> None:
    async with simulated.app().run_test(size=size) as pilot:
        board = await live(pilot)
        await choose(pilot, "shop-production-eu-central-1")
        assert re.search(r"shop-production-eu-central-1 +(203\S+ +)?Frankfurt, DE", shown(pilot))
        assert "New York, US" in shown(pilot)
        assert "release-2024-12 " in shown(pilot)
        assert ("203.0.113.6" in board.servers.render_line(8).text) == (size[0] == 200)
        assert ("Description" in shown(pilot)) == (size[0] == 200)
        await pilot.press("w")
        await until(pilot, lambda: "30 days" in board.servers.render_line(0).text)
        assert set(board.servers.shown_columns) >= {"address", "location", "days", "status"}
        await pilot.press("w")
        await until(pilot, lambda: "State" not in board.servers.render_line(0).text)


async def test_a_location_is_cut_rather_than_a_name(empty_world: Place) -> None:
    for number in range(12):
        name = f"a-rather-long-name-of-a-server-{number:02}"
        empty_world.world.add_server(name, location="Llanfairpwllgwyngyll, Cymru")
    async with empty_world.app().run_test(size=(160, 45)) as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.servers.row_count == 12)
        assert "a-rather-long-name-of-a-server-11" in shown(pilot)
        assert "Llanfairpwllgwy…" in shown(pilot)


async def test_at_120_cells_the_longest_snapshot_leaves_a_state_and_its_name_whole(
    simulated: Place,
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        assert "ci-runner ⟳ restoring" in shown(pilot)
        await choose(pilot, "web-server-01")
        assert "pre-migration-snapshot " in shown(pilot)
