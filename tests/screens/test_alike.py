"""Names that are the same or look the same: the id is shown, and the letters have to be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.clocks import FakeClock
from tests.helpers.driving import fire, live, shown, until
from tests.helpers.faulty import http
from tests.helpers.program import run
from tests.helpers.service import SECRET, fleet, saying, snapshot
from tests.helpers.watching import watching

LATIN, CYRILLIC = "web", "w\u0435b"
TWINS = [
    snapshot(1, name="before", server={"id": 10, "name": LATIN}),
    snapshot(2, name="before", server={"id": 11, "name": LATIN}),
    snapshot(3, name="bef\u043ere", server={"id": 12, "name": CYRILLIC}),
]
SERVERS = [{"id": 10, "name": LATIN}, {"id": 11, "name": LATIN}, {"id": 12, "name": CYRILLIC}]
DONE = http("", "204 No Content")
FLEET = fleet(TWINS, SERVERS, {("DELETE", "/"): DONE})


@pytest.mark.parametrize("server", [10, 11, 12])
async def test_only_the_very_letters_arm_and_only_the_id_shown_is_deleted(
    tmp_path: Path, server: int
) -> None:
    key = server - 9
    name = str(TWINS[key - 1]["name"])
    with saying(FLEET) as said:
        app = watching(said.url, tmp_path, FakeClock(1_737_547_200.0))
        async with app.run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            assert board.servers.move_to(server)
            await pilot.pause()
            await pilot.press("D")
            await until(pilot, lambda: f"#{key}" in shown(pilot))
            assert f"#{server}" in shown(pilot)
            button, typed = app.screen.query_one("#send"), app.screen.query_one("#typed")
            other = "before" if name != "before" else "bef\u043ere"
            for wrong in (other, name.upper(), f"{name} ", name[:-1], ""):
                typed.value = wrong  # type: ignore[attr-defined]
                await pilot.pause()
                assert button.disabled, wrong
            typed.value = name  # type: ignore[attr-defined]
            await pilot.pause()
            assert not button.disabled
            await pilot.press("enter")
            await fire(pilot)
            await until(pilot, lambda: said.count("DELETE"))
        deleted = [path for method, path in said.requests if method == "DELETE"]
        assert deleted == [f"/api/v1/snapshots/{key}/"]


def test_a_command_does_not_guess_which_of_two(tmp_path: Path) -> None:
    with saying(FLEET) as said:
        more = {"VPS_API_URL": said.url, "VPS_API_TOKEN": SECRET}
        done = run(tmp_path, "delete", "1", "--server", LATIN, "--yes", **more)
        assert (done.returncode, "(id:10), web (id:11)" in done.stderr) == (2, True)
        done = run(tmp_path, "delete", "1", "--server", CYRILLIC, "--yes", **more)
        assert (done.returncode, "has no snapshot" in done.stderr) == (2, True)
        assert said.count("DELETE") == 0
