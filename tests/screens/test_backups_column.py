"""On wide screens the age of the newest backup stands beside the snapshots, where it can be had."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.helpers.driving import live, polls, session, shown
from tests.helpers.places import Place
from tests.helpers.simulators import Missing
from tui.screens.dashboard.backups_seen import EVERY
from tui.widgets.pane_widths import LARGE_FROM


def asked(simulated: Place) -> int:
    return sum(path.endswith("/backups/") for path in simulated.sent("GET"))


async def polled(pilot: Pilot[None], simulated: Place) -> None:
    """Wait until the service has been asked twice more: whatever is asked for has been by then."""
    before = len(simulated.sent("GET"))
    await polls(pilot, simulated, lambda: len(simulated.sent("GET")) >= before + 2, step=61)


async def test_backups_have_a_column_on_wide_screens(simulated: Place) -> None:
    async with simulated.app().run_test(size=(200, 50)) as pilot:
        board = await live(pilot)
        assert "Backup" not in shown(pilot)
        await polls(pilot, simulated, lambda: "Backup" in shown(pilot))
        assert "backup" in board.servers.shown_columns
        names = [view.server.name for view in board.servers._rows]
        ages = [board.servers.row_cells(view)[-1].text for view in board.servers._rows]  # type: ignore[union-attr]
        dated = {b.server.name for b in simulated.world.backups.values()}
        told = {name for name, text in zip(names, ages, strict=True) if text != "none"}
        assert told == dated
        assert asked(simulated) == 1
        await simulated.clock.advance(EVERY)
        board.show_bars()
        await polls(pilot, simulated, lambda: asked(simulated) == 2)


async def test_where_they_are_not_shown_nothing_is_said_and_asked_no_more(
    simulated: Place,
) -> None:
    simulated.service.hooks.append(Missing("/backups/"))
    async with simulated.app().run_test(size=(200, 50)) as pilot:
        board = await live(pilot)
        await polls(pilot, simulated, lambda: asked(simulated) == 1)
        await polls(pilot, simulated, lambda: board.backups and board.backups._due == float("inf"))
        await simulated.clock.advance(2 * EVERY)
        board.show_bars()
        await polled(pilot, simulated)
        assert (asked(simulated), board.servers._backup_of) == (1, None)
        assert "Backup" not in shown(pilot)


async def test_narrower_screens_do_not_ask(simulated: Place) -> None:
    async with simulated.app().run_test(size=(LARGE_FROM - 1, 50)) as pilot:
        board = await live(pilot)
        await simulated.clock.advance(60)
        board.show_bars()
        await polled(pilot, simulated)
        assert session(pilot).live is not None
        assert asked(simulated) == 0
