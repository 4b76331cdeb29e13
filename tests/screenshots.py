"""Writes the pictures of the README into ``screenshots/``: one scripted run of the dashboard."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.helpers import states
from tests.helpers.places import place
from tui.fleet.actor import Who

FOLDER = Path(__file__).resolve().parent.parent / "screenshots"
PICTURES: tuple[tuple[str, states.Steps, dict[str, object]], ...] = (
    ("dashboard", states.dashboard, {}),
    ("problems", states.problems, {}),
    ("monitor", states.monitor, {}),
    ("create", states.create, {}),
    ("restore", states.restore_armed, {}),
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


if __name__ == "__main__":
    asyncio.run(main())
