"""Every column sorts its pane, and shows that it does."""

from __future__ import annotations

from tests.helpers.driving import choose, live, until
from tests.helpers.places import Place
from tui.widgets.server_list import ServerList
from tui.widgets.snapshot_table import SnapshotTable


async def test_every_column_sorts_and_shows_that_it_does(simulated: Place) -> None:
    async with simulated.app().run_test(size=(250, 50)) as pilot:
        board = await live(pilot)
        await choose(pilot, "mail")
        panes: list[tuple[str, ServerList | SnapshotTable, set[str]]] = [
            ("1", board.servers, {"status", "address", "location"}),
            ("2", board.table, {"description", "size"}),
        ]
        for key, pane, wanted in panes:
            await pilot.press(key, "w")
            await pilot.pause()
            sorts = [c for c in pane.shown_columns if c not in ("use", "days", "when")]
            assert wanted <= set(sorts)
            seen = set()
            for _ in range(len(sorts) + 1):  # servers sort by risk, too
                await pilot.press("s")
                await pilot.pause()
                seen.add(pane.arrangement.sort)
                if pane.arrangement.sort != "risk":
                    assert "▾" in pane.render_line(0).text, pane.arrangement.sort
            assert set(sorts) <= seen
            await pilot.press("w")


async def test_addresses_sort_by_their_numbers(empty_world: Place) -> None:
    for last in (10, 9, 100):
        empty_world.world.add_server(f"web-{last}", address=f"203.0.113.{last}")
    async with empty_world.app().run_test(size=(200, 50)) as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.servers.row_count == 3)
        while board.servers.arrangement.sort != "address":
            await pilot.press("s")
        addresses = [v.server.address for v in board.servers._rows]
        assert addresses == ["203.0.113.9", "203.0.113.10", "203.0.113.100"]
