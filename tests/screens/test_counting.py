"""The figures of the views where thousands of servers have to be looked at for them."""

from __future__ import annotations

import pytest

from tests.helpers.driving import live, until
from tests.helpers.places import Place
from tui.screens.dashboard import browsing


async def test_figures_that_are_counted_in_several_turns_are_the_same_in_the_end(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        at_once = board.browser.counted
        assert at_once.counts[0] == 12
    monkeypatch.setattr(browsing, "_AT_ONCE", 5)
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.browser.counted == at_once)
        assert not board.browser._going_on
