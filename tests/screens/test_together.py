"""What belongs together changes together: title, rows and details, borders and their size."""

from __future__ import annotations

import pytest

from tests.helpers.driving import choose, live, shown, until
from tests.helpers.emulated import driver_of, emulated, painted_right
from tests.helpers.places import Place


async def test_title_rows_and_details_follow_the_cursor_together_or_not_at_all(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await choose(pilot, "db-01")
        keys = shown(pilot).splitlines()[-1]
        monkeypatch.setattr(board.pacer, "_hurried", lambda: True)
        monkeypatch.setattr(board.pacer, "_rest", lambda: None)  # the cursor goes on moving
        names = {view.server.name: view.server.id for view in board.servers.rows}
        board.servers.move_to(names["mail"])
        await pilot.pause()
        board.show_fleet()  # a poll comes meanwhile, and time passes
        board.ticking.tick()
        board.screen.refresh(layout=True)
        await pilot.pause()
        text = shown(pilot)
        assert "Snapshots of db-01" in text
        assert "nightly-5" in text
        assert "db-01 · active" in text
        assert "before-rspamd" not in text
        assert "Snapshots of mail" not in text
        assert text.splitlines()[-1] == keys
        board.pacer._rested()
        await pilot.pause()
        text = shown(pilot)
        assert "Snapshots of mail" in text
        assert "before-rspamd" in text
        assert "mail · active" in text
        assert "nightly-5" not in text


@pytest.mark.parametrize("key", ["c", "question_mark", "exclamation_mark"])
async def test_borders_fit_after_resizes_behind_a_dialog(simulated: Place, key: str) -> None:
    async with simulated.app().run_test(size=(90, 24)) as pilot:
        await live(pilot)
        await choose(pilot, "db-01")
        fresh = shown(pilot)
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "db-01")
        await pilot.press(key)
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        for size in ((80, 24), (62, 16), (140, 30), (61, 40), (90, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await pilot.press("escape")
        await until(pilot, lambda: shown(pilot) == fresh)


async def test_an_idle_minute_costs_less_than_200_bytes(empty_world: Place) -> None:
    """The age in the header goes in steps of 20 seconds, and a poll takes it back."""
    server = empty_world.world.add_server("fresh")
    empty_world.world.add_snapshot(server, "first", hours=1)
    async with emulated(empty_world.app()).run_test(headless=False, size=(120, 40)) as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.table.row_count)
        await painted_right(pilot, "at first")
        emulator = driver_of(pilot.app).emulator
        before, seen = emulator.written, set()
        for _ in range(12):
            await empty_world.clock.advance(5)
            board.ticking.tick()
            await pilot.pause()
            seen |= {shown(pilot).splitlines()[0].split("live · ")[1].strip()}
        assert {"just now", "20s ago", "40s ago"} <= seen
        assert emulator.written - before < 200
