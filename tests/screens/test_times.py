"""Moments are in UTC or in this machine's zone, in every place alike."""

from __future__ import annotations

import time

import pytest

from tests.helpers.dialogs import said
from tests.helpers.driving import choose, live, shown, until
from tests.helpers.places import Place


async def test_local_time_is_the_same_in_details_and_before_a_restore(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
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
    finally:
        monkeypatch.undo()
        time.tzset()
