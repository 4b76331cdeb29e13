"""On the lowest screen what must be typed, why, and the button are in sight at once."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from tests.helpers import states
from tests.helpers.driving import choose, live, shown
from tests.helpers.places import Place
from tui.widgets.checkbox import Choice
from tui.widgets.confirm_field import ConfirmField

LOWEST = (60, 15)


async def room_for_many(pilot: Pilot[None]) -> None:
    await states.create_set(pilot)
    for choice in pilot.app.screen.query(Choice):
        choice.action_tick()
    await pilot.pause()


async def delete_of_many(pilot: Pilot[None]) -> None:
    await live(pilot)
    await choose(pilot, "db-01", "nightly-1")
    await pilot.press("asterisk", "D")
    await pilot.pause()


async def safety(pilot: Pilot[None]) -> None:
    await states.restore_armed(pilot)
    pilot.app.screen.query_one(Choice).action_tick()
    await pilot.pause()


def whole(pilot: Pilot[None], widget: Widget) -> bool:
    """Whether all of it is on the screen."""
    found = pilot.app.screen.find_widget(widget)
    return bool(found.region) and found.visible_region == found.region


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        (states.create_set, "Skipped, no free slot: db-01"),
        (room_for_many, "db-01       5 of 5  nightly-1"),
        (states.delete_set, "2, newest 1d"),
        (delete_of_many, "No completed snapshot is left on db-01."),
        (states.retention, "delete: no rule keeps it"),
        (states.create_full, "nightly-1  (completed, 7 days ago"),
        (states.delete, "Deleting is permanent"),
        (states.restore_armed, "Loses 2 days and 2 hours"),
        (safety, "(completed, 7 days ago) is"),
    ],
    ids=lambda found: getattr(found, "__name__", "seen"),
)
async def test_what_is_typed_the_reason_and_the_button_are_seen(
    simulated: Place, steps: states.Steps, why: str
) -> None:
    async with simulated.app().run_test(size=LOWEST) as pilot:
        await steps(pilot)
        await pilot.pause()
        screen = pilot.app.screen
        assert whole(pilot, screen.query_one("#send")), shown(pilot)
        for field in screen.query(ConfirmField):
            if field.is_on_screen and field.display and field.id != "unrecorded":
                assert whole(pilot, field.query_one(".expected")), shown(pilot)
                assert whole(pilot, field.query_one("#typed")), shown(pilot)
        assert why in shown(pilot)
