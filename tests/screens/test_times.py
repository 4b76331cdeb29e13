"""Moments are in UTC or in this machine's zone, in every place alike."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.helpers.dialogs import said
from tests.helpers.driving import choose, connection, live, shown, until
from tests.helpers.places import Place
from tui.screens.dialogs.activity import ActivityDialog


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("tokyo")
async def test_local_time_is_the_same_in_details_and_before_a_restore(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "mail", "before-rspamd")
        await pilot.press("d")
        assert "2025-01-16 12:00 UTC" in str(pilot.app.screen.query_one("#facts").render())
        await pilot.press("z")
        assert "2025-01-16 21:00 JST" in str(pilot.app.screen.query_one("#facts").render())
        await pilot.press("escape")
        await until(pilot, lambda: "21:00 JST" in shown(pilot))
        for key in ("R", "D"):
            await pilot.press(key)
            await until(pilot, lambda: "created 2025-01-16 21:00 JST" in said(pilot))
            await pilot.press("escape")


@pytest.mark.usefixtures("tokyo")
async def test_local_time_by_the_settings_is_shown_from_the_first_row_on(simulated: Place) -> None:
    async with simulated.app(time="local").run_test(size=(200, 60)) as pilot:
        board = await live(pilot)
        await choose(pilot, "mail", "before-rspamd")
        await pilot.press("w")
        await until(pilot, lambda: "when" in board.table.shown_columns)
        await until(pilot, lambda: "2025-01-16 21:00 JST" in shown(pilot))
        assert "UTC" not in shown(pilot)
        await pilot.press("z")
        await until(pilot, lambda: "2025-01-16 12:00 UTC" in shown(pilot))
        assert "JST" not in shown(pilot)


@pytest.mark.usefixtures("tokyo")
async def test_local_time_holds_for_what_was_done_and_what_happened(simulated: Place) -> None:
    async with simulated.app(time="local").run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        view = next(v for v in board.fleet.servers.values() if v.server.name == "mail")
        await until(pilot, lambda: board.session.activity is not None)
        await connection(pilot).operations.create(view.server, "by-hand")
        board.session.refresh()
        await until(pilot, lambda: board.fleet.servers[view.server.id].used > view.used)
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "2025-01-22 21:00 JST" in shown(pilot))
        assert "UTC" not in str(pilot.app.screen.query_one("#timeline").render())
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, ActivityDialog))
        await until(pilot, lambda: "2025-01-22  21:00" in shown(pilot))
        assert "JST" in str(pilot.app.screen.query_one("#timeline").render())
