"""Somebody on a train opens ciplun: the fleet is there before the first packet has come back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

from tests.helpers.clocks import FakeClock
from tests.helpers.driving import dashboard, live, shown, toasts, until
from tests.helpers.faulty import http
from tests.helpers.places import NOON
from tests.helpers.service import SECRET, fleet, saying, snapshot
from tests.helpers.watching import watching
from tui.config.tables import UserCommand

SERVERS = [{"id": 10, "name": "web"}, {"id": 11, "name": "db"}]
SNAPSHOTS = [snapshot(1), snapshot(2, server={"id": 11, "name": "db"})]


async def earlier(url: str, home: Path) -> None:
    async with watching(url, home, FakeClock(NOON)).run_test(size=(120, 40)) as pilot:
        await live(pilot)


async def test_the_last_known_fleet_is_there_first_with_its_age_and_is_no_target(
    tmp_path: Path,
) -> None:
    answers, gate = fleet(SNAPSHOTS, SERVERS), Event()

    def slow(method: str, path: str) -> Iterator[bytes]:
        gate.wait(30)
        yield answers(method, path)  # type: ignore[misc]

    with saying(answers) as said:
        await earlier(said.url, tmp_path)
        said.answer = slow
        later = FakeClock(NOON + 14 * 3_600 + 1)
        async with watching(said.url, tmp_path, later).run_test(size=(120, 40)) as pilot:
            try:
                await pilot.pause()
                text = shown(pilot)
                assert "web" in text
                assert "db" in text
                assert "as of 14h" in text
                assert "live" not in text
                board = dashboard(pilot)
                assert board.servers.has_class("-stale")
                await until(pilot, lambda: board.session.live is not None)
                for key in ("R", "D", "c"):
                    await pilot.press(key)
                    await pilot.pause()
                    assert pilot.app.screen is board, key
                assert {"create", "restore", "delete"} <= set(board.refusals())
                assert "older, remembered data" in board.refusals()["delete"]
            finally:
                gate.set()
            await live(pilot)
            assert "live" in shown(pilot)
            assert "as of" not in shown(pilot)
            assert "create" not in board.refusals()
            assert said.count("POST") == said.count("DELETE") == 0


async def test_it_is_shown_offline_too(tmp_path: Path) -> None:
    with saying(fleet(SNAPSHOTS, SERVERS)) as said:
        await earlier(said.url, tmp_path)
        said.answer = lambda method, path: b""  # hangs up
        later = FakeClock(NOON + 3 * 3_600 + 1)
        async with watching(said.url, tmp_path, later).run_test(size=(120, 40)) as pilot:
            board = dashboard(pilot)
            await until(pilot, lambda: board.fleet.freshness.error is not None)
            text = shown(pilot)
            assert "offline · data 3h" in text
            assert "web" in text


async def test_with_another_token_nothing_is_left_of_it(tmp_path: Path) -> None:
    with saying(fleet(SNAPSHOTS, SERVERS)) as said:
        await earlier(said.url, tmp_path)
        said.answer = fleet([], [])
        other = {"VPS_API_TOKEN": SECRET[::-1]}
        app = watching(said.url, tmp_path, FakeClock(NOON), other)
        async with app.run_test(size=(120, 40)) as pilot:
            await live(pilot)
            assert "web" not in shown(pilot)


async def test_where_the_token_is_refused_it_is_shown_with_its_age(tmp_path: Path) -> None:
    with saying(fleet(SNAPSHOTS, SERVERS)) as said:
        await earlier(said.url, tmp_path)
        said.answer = lambda method, path: http('{"detail": "Invalid token."}', "401 X")
        later = FakeClock(NOON + 3 * 3_600 + 1)
        async with watching(said.url, tmp_path, later).run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: "not authorised · data 3h" in shown(pilot))
            assert "web" in shown(pilot)
            await pilot.press("D")
            assert pilot.app.screen is dashboard(pilot)


async def test_the_user_s_own_commands_are_not_run_on_it_but_for_a_safe_one(
    tmp_path: Path,
) -> None:
    done, safe = tmp_path / "done", tmp_path / "safe"
    commands = (
        UserCommand(key="e", run=("touch", str(done)), background=True),
        UserCommand(key="E", run=("touch", str(safe)), background=True, safe=True),
    )
    with saying(fleet(SNAPSHOTS, SERVERS)) as said:
        await earlier(said.url, tmp_path)
        said.answer = lambda method, path: b""
        app = watching(said.url, tmp_path, FakeClock(NOON), commands=commands)
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: dashboard(pilot).fleet.freshness.error is not None)
            await pilot.press("e")
            await until(pilot, lambda: toasts(pilot))
            assert toasts(pilot) == ["touch is not run: this is older, remembered data"]
            await pilot.press("E")
            await until(pilot, safe.exists)
            assert not done.exists()
            said.answer = fleet(SNAPSHOTS, SERVERS)
            await pilot.press("r")
            await live(pilot)
            await pilot.press("e")
            await until(pilot, done.exists)
