"""A screen is styled once for its size, not again at its first resize."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from tests.helpers.driving import live, until
from tests.helpers.places import Place
from tui.screens.dashboard.screen import Dashboard
from tui.screens.dialogs.base import Dialog
from tui.screens.monitor import Monitor


def shows(pilot: Pilot[None], kind: type[Screen[Any]]) -> bool:
    return isinstance(pilot.app.screen, kind)


@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24), (60, 15), (59, 14)])
async def test_its_classes_are_there_before_it_is_laid_out(
    simulated: Place, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    asked: list[str] = []
    changed: list[str] = []
    original = Screen.update_classes

    def update(self: Screen[Any], classes: Mapping[str, bool], *args: Any, **more: Any) -> Any:
        asked.append(type(self).__name__)
        if any((name in self.classes) != wanted for name, wanted in classes.items()):
            changed.append(f"{type(self).__name__} {classes} {self.classes}")
        return original(self, classes, *args, **more)

    monkeypatch.setattr(Screen, "update_classes", update)
    async with simulated.app().run_test(size=size) as pilot:
        await live(pilot)
        for key, kind in (("c", Dialog), ("m", Monitor)):
            await pilot.press(key)
            await until(pilot, partial(shows, pilot, kind))
            await pilot.pause()
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, Dashboard))
        assert len(set(asked)) == 3
        assert changed == []
        await pilot.resize_terminal(*((100, 18) if size[1] > 20 else (120, 40)))
        await until(pilot, lambda: changed)
