"""Read-only, and the timed lock: on the screen, and where the request is made."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clocks import FakeClock
from tests.helpers.driving import connection, live, session, shown, toasts, until
from tests.helpers.faulty import http
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal
from tests.helpers.service import Said, fleet, saying, snapshot
from tests.helpers.watching import watching
from tui.fleet.write_lock import WriteLock
from tui.vps.client import Client
from tui.vps.errors import WriteRefused
from tui.vps.token import Token

MADE = http(json.dumps(snapshot(9, status="in_progress", size_mb=None)), "201 Created")
REFUSED = http('{"detail": "Not now."}', "400 X")
FLEET = fleet([snapshot(1)], [{"id": 10, "name": "web"}], {("POST", "/"): REFUSED})


WRITES: dict[str, Callable[[Client], Awaitable[Any]]] = {
    "create": lambda client: client.create_snapshot(10, "x"),
    "restore": lambda client: client.restore_snapshot(1),
    "delete": lambda client: client.delete_snapshot(1),
    "power": lambda client: client.power(10, "stop"),
}


@pytest.mark.parametrize("write", WRITES)
async def test_no_write_of_any_kind_leaves_while_it_is_locked(clock: FakeClock, write: str) -> None:
    for lock in (
        WriteLock(clock, read_only=True, locked=False, minutes=10),
        WriteLock(clock, read_only=False, locked=True, minutes=10),
    ):
        with saying(FLEET) as said:
            client = Client(said.url, Token("vps_x"), may_write=lock.ask)
            with pytest.raises(WriteRefused):
                await WRITES[write](client)
            await client.snapshots()
            await client.aclose()
            assert {method for method, _ in said.requests} == {"GET"}


async def test_unlocked_it_counts_down_and_locks_again_by_itself(
    tmp_path: Path, clock: FakeClock
) -> None:
    with saying(FLEET) as said:
        app = watching(said.url, tmp_path, clock, locked=True)
        async with app.run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            await until(pilot, lambda: " locked" in shown(pilot))
            for key in "cRD":
                await pilot.press(key)
            assert sum("L unlocks it" in toast for toast in toasts(pilot)) == 3
            await pilot.press("L")
            await until(pilot, lambda: "unlocked 10 min" in shown(pilot))
            assert board.refusals() == {}
            await clock.advance(300)
            board.ticking.tick()
            await until(pilot, lambda: "unlocked 5 min" in shown(pilot))
            await clock.advance(295)
            board.ticking.tick()
            await until(pilot, lambda: "unlocked 5s" in shown(pilot))
            await clock.advance(6)
            board.ticking.tick()
            await until(pilot, lambda: "unlocked" not in shown(pilot))
            assert set(board.refusals()) == {"create", "restore", "delete"}
            assert said.count("POST") == 0


async def test_work_starts_the_time_anew_and_a_dialog_left_open_does_not(
    tmp_path: Path, clock: FakeClock
) -> None:
    with saying(FLEET) as said:
        app = watching(said.url, tmp_path, clock, locked=True, unlock_minutes=2.0)
        async with app.run_test(size=(120, 40)) as pilot:
            await live(pilot)
            await pilot.press("L", "c")
            await clock.advance(100)
            await pilot.press("enter")
            await until(pilot, lambda: "Not now." in shown(pilot))
            assert said.count("POST") == 1
            assert session(pilot).lock.remaining() == pytest.approx(120, abs=1)
            await pilot.press("escape", "c")
            await clock.advance(121)
            await pilot.press("enter")
            await until(pilot, lambda: "writing is locked" in shown(pilot))
            assert said.count("POST") == 1, "locked between opening the dialog and sending"


async def test_l_locks_at_once(tmp_path: Path, clock: FakeClock) -> None:
    with saying(FLEET) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            assert board.refusals() == {}
            await pilot.press("L")
            await until(pilot, lambda: " locked" in shown(pilot))
            await pilot.press("c")
            assert any("writing is locked" in toast for toast in toasts(pilot))
            await pilot.press("L")
            await until(pilot, lambda: "unlocked 10 min" in shown(pilot))


async def test_read_only_has_no_key_that_opens_it(tmp_path: Path, clock: FakeClock) -> None:
    with saying(FLEET) as said:
        app = watching(said.url, tmp_path, clock, read_only=True)
        async with app.run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            await until(pilot, lambda: "read-only" in shown(pilot))
            await pilot.press("L", "L", "c", "2", "R", "D", "space", "D")
            assert set(board.refusals()) == {"create", "restore", "delete"}
            await pilot.press("1", "space", "c")
            assert app.screen is board
            client = connection(pilot).client
            assert client is not None
            with pytest.raises(WriteRefused):
                await client.create_snapshot(10, "x")
            assert said.count("POST") == said.count("DELETE") == 0


def on_a_terminal(said: Said, home: Path, *options: str, **more: str) -> Terminal:
    surroundings = environ(home, VPS_API_URL=said.url, VPS_API_TOKEN="vps_x", **more)
    return Terminal([*CIPLUN, *options], surroundings)


@pytest.mark.parametrize(
    ("options", "more"),
    [(["--read-only"], {}), ([], {"CIPLUN_READ_ONLY": "1"}), ([], {"CIPLUN_LOCKED": "1"})],
)
def test_the_program_started_so_sends_nothing(
    tmp_path: Path, options: list[str], more: dict[str, str]
) -> None:
    with saying(FLEET) as said, on_a_terminal(said, tmp_path, *options, **more) as terminal:
        terminal.until("snap-1")
        terminal.until("live")
        terminal.until("locked" if "CIPLUN_LOCKED" in more else "read-only")
        terminal.send("c")
        terminal.until("Cannot create:")
        terminal.send("q")
        assert terminal.wait() == 0
        assert {method for method, _ in said.requests} == {"GET"}
