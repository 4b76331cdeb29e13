"""When a press of the button that destroys is one."""

from __future__ import annotations

import pytest
from textual.widgets import Button

from tests.helpers.clocks import FakeClock
from tests.helpers.driving import answer, choose, fire, live, session, type_text, until
from tests.helpers.places import Place
from tui.screens.dialogs.confirm import ConfirmDialog
from tui.screens.dialogs.write import QUIET, Trigger


@pytest.mark.parametrize(
    ("gaps", "counts"),
    [
        ([0.0], 0),
        ([0.07, 0.07], 0),
        ([0.033] * 12, 0),
        ([0.033] * 300, 0),
        ([0.99] * 5, 0),
        ([1.0], 1),
        ([0.5, 1.0], 1),
        ([0.033] * 50 + [1.2], 1),
    ],
)
async def test_only_a_press_after_a_quiet_second_counts(gaps: list[float], counts: int) -> None:
    clock = FakeClock()
    trigger = Trigger(clock)
    await clock.advance(60)
    trigger.arm()
    pulled = []
    for gap in gaps:
        await clock.advance(gap)
        pulled.append(trigger.pull())
    assert sum(pulled) == counts


async def test_keys_that_waited_for_a_busy_app_count_by_when_they_came() -> None:
    clock = FakeClock()
    trigger = Trigger(clock)
    trigger.arm()
    await clock.advance(3)
    assert not trigger.pull(late=2.5), "it was pressed half a second after the button was armed"
    await clock.advance(3)
    assert trigger.pull(late=0.1)


async def test_time_alone_presses_nothing_and_other_text_arms_anew(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "mail", "before-rspamd")
        await pilot.press("D")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        await type_text(pilot, "before-rspamd")
        clock = session(pilot).clock
        assert isinstance(clock, FakeClock)
        await clock.advance(5 * QUIET)
        await pilot.press("enter", "enter", "enter")
        assert "press enter again" in answer(pilot)
        await clock.advance(5 * QUIET)
        await pilot.press("shift+tab", "end", "backspace")
        assert pilot.app.screen.query_one("#send", Button).disabled
        await pilot.press("d", "tab", "enter")
        assert simulated.sent("DELETE") == [], "armed a moment ago"
        await fire(pilot)
        await until(pilot, lambda: len(simulated.sent("DELETE")) == 1)
