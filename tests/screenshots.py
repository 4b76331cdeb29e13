"""Writes the pictures of the README into ``screenshots/``: one scripted run of the dashboard."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.animation import Film
from tests.helpers import states
from tests.helpers.driving import choose, live, polls, shown, until
from tests.helpers.places import place
from tui.fleet.actor import Who

FOLDER = Path(__file__).resolve().parent.parent / "screenshots"
PICTURES: tuple[tuple[str, states.Steps, dict[str, object]], ...] = (
    ("dashboard", states.dashboard, {}),
    ("problems", states.problems, {}),
    ("monitor", states.monitor, {}),
    ("create", states.create, {}),
    ("restore", states.restore_armed, {}),
    ("set", states.running_set, {}),
    ("retention", states.retention, {}),
    ("operations", states.operations, {}),
    ("all-snapshots", states.everything, {}),
    ("light", states.dashboard, {"theme": "ciplun-light"}),
)


async def main() -> None:
    Who.here = classmethod(lambda cls, environ: cls("admin", "192.0.2.7"))  # type: ignore[assignment, method-assign]
    for name, steps, settings in PICTURES:
        with tempfile.TemporaryDirectory() as home, place(Path(home)) as simulated:
            app = simulated.app(profile="prod", **settings)
            async with app.run_test(size=(120, 32)) as pilot:
                await steps(pilot)
                picture = app.export_screenshot(title="ciplun")
        # Where a viewer's font lacks a sign, its substitute is made to fit the cells.
        picture = picture.replace("<text ", '<text lengthAdjust="spacingAndGlyphs" ')
        (FOLDER / f"{name}.svg").write_text(picture, encoding="utf-8")
        print(f"screenshots/{name}.svg")


async def film() -> None:
    """What needs somebody, a snapshot from the key to its end, and the monitor."""
    size = (100, 28)
    taken = Film(*size)
    with tempfile.TemporaryDirectory() as home, place(Path(home)) as simulated:
        async with simulated.app(profile="prod").run_test(size=size) as pilot:
            await live(pilot)
            await taken.take(pilot, 2)
            await pilot.press("f")
            await taken.take(pilot, 1.5)
            for _ in range(2):
                await pilot.press("n")
                await taken.take(pilot, 0.7)
            await pilot.press("F")
            await choose(pilot, "web-server-02")
            await taken.take(pilot, 1)
            await pilot.press("c")
            await taken.take(pilot, 1.5)
            await pilot.press("enter")
            await until(pilot, lambda: "Creating" in shown(pilot))
            await until(pilot, lambda: "1/5" in shown(pilot))
            await taken.take(pilot, 1)
            for _ in range(3):
                await simulated.pass_time(130)
                await taken.take(pilot, 0.8)
            await simulated.pass_time(300)
            await polls(pilot, simulated, lambda: "is completed" in shown(pilot))
            await taken.take(pilot, 2)
            await pilot.press("m")
            await taken.take(pilot, 2.5)
    (FOLDER / "film.svg").write_text(taken.svg(), encoding="utf-8")
    print("screenshots/film.svg")


if __name__ == "__main__":
    asyncio.run(main())
    asyncio.run(film())
