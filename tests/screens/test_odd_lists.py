"""Lists that are odd, long, shifting or without end: what is shown, and what is called live."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from tests.helpers.clocks import FakeClock
from tests.helpers.driving import choose, live, shown, until
from tests.helpers.faulty import http
from tests.helpers.service import fleet, saying, snapshot
from tests.helpers.watching import watching
from tui.fleet import poller
from tui.screens.dashboard.screen import Dashboard
from tui.vps import exchange

pytestmark = pytest.mark.usefixtures("short_limits")

GOOD = fleet([snapshot(1), snapshot(2, status="in_progress")], [{"id": 10, "name": "web"}])


async def test_pages_without_end(tmp_path: Path, clock: FakeClock) -> None:
    def endless(method: str, path: str) -> bytes:
        number = int(path.partition("page=")[2] or 1)
        return http(json.dumps({"next": f"?page={number + 1}", "results": [snapshot(number)]}))

    with saying(GOOD) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            await live(pilot)
            said.answer = endless
            await clock.advance(130)
            await until(pilot, lambda: "more than 5 pages" in shown(pilot))
            assert "snap-3" not in shown(pilot), "no part of it is taken for the whole"


@pytest.mark.parametrize("seen", [True, False], ids=["once seen", "never seen"])
async def test_nothing_is_called_live_while_pages_come_without_end(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, seen: bool
) -> None:
    monkeypatch.setattr(poller, "LATE", 0.2)
    monkeypatch.setattr(poller, "LONGEST", 4.0)
    limits = partial(exchange.Limits, phase=0.5, read=0.7, pages=1_000_000)
    monkeypatch.setattr(exchange, "Limits", limits)

    def endless(method: str, path: str) -> Iterator[bytes]:
        number = int(path.partition("page=")[2] or 1)
        time.sleep(0.1)
        yield http(json.dumps({"next": f"?page={number + 1}", "results": [snapshot(number)]}))

    with saying(GOOD if seen else endless) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            if seen:
                board = await live(pilot)
                await choose(pilot, "web", "snap-1")
                said.answer = endless
                await clock.advance(130)
            late = "no answer · data 2 min" if seen else "no complete answer yet"
            await until(pilot, lambda: late in shown(pilot))
            assert "no complete answer yet" in shown(pilot)
            assert "live ·" not in shown(pilot)
            if seen:
                assert "not live" in board.refusals()["delete"]
                await pilot.press("D")
                assert isinstance(pilot.app.screen, Dashboard)
            await until(pilot, lambda: "the answer did not end" in shown(pilot))
            assert "snap-3" not in shown(pilot), "no part of it is taken for the whole"
            said.answer = GOOD
            await clock.advance(3)
            await until(pilot, lambda: "live ·" in shown(pilot))
            assert "no complete answer" not in shown(pilot)


async def test_a_list_that_takes_long_is_live_again_once_it_has_come(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "LATE", 0.1)
    held = Event()

    def slow(method: str, path: str) -> bytes | Iterator[bytes]:
        held.wait(30)
        return GOOD(method, path)  # type: ignore[return-value]

    limits = partial(exchange.Limits, phase=10.0, read=10.0)
    monkeypatch.setattr(exchange, "Limits", limits)
    with saying(GOOD) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            said.answer = slow
            await clock.advance(61)
            await until(pilot, lambda: "no answer · data 1 min" in shown(pilot))
            assert board.servers.has_class("-stale")
            await pilot.press("r")  # asks anew, and is as late
            assert not board.fleet.freshness.live
            held.set()
            await until(pilot, lambda: "live ·" in shown(pilot))
            assert not board.servers.has_class("-stale")
            assert not board.fleet.freshness.late


async def test_a_list_that_shifts_takes_nothing_away_and_is_swept_again_soon(
    tmp_path: Path, clock: FakeClock
) -> None:
    servers = [{"id": 10, "name": "web"}]
    three = [snapshot(1), snapshot(2), snapshot(3)]
    with saying(fleet(three, servers)) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            less = http(json.dumps({"count": 3, "results": three[:2]}))
            said.answer = fleet(servers=servers, others={("GET", "/snapshots/"): less})
            await pilot.press("r")
            await until(pilot, lambda: "list incomplete" in shown(pilot))
            assert "the list is incomplete:" in shown(pilot)
            assert "snap-3" in shown(pilot)
            said.answer = fleet(three[:2], servers)
            await clock.advance(11)
            await until(pilot, lambda: "snap-3" not in shown(pilot))
            assert "list incomplete" not in shown(pilot)
            assert "the list is incomplete" not in shown(pilot)
            assert board.fleet.settled


async def test_items_that_could_be_any_take_nothing_away(tmp_path: Path, clock: FakeClock) -> None:
    with saying(GOOD) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            await live(pilot)
            bad = http(b'{"count": 2, "results": ["\xff\xfe", {"name": "who?"}]}')
            said.answer = lambda method, path: bad
            async with asyncio.timeout(30):
                while "4 unreadable" not in shown(pilot):
                    await clock.advance(61)
                    await pilot.pause(0.05)
            assert "snap-1" in shown(pilot)
            assert "snap-2" in shown(pilot)


async def test_where_a_snapshot_may_be_any_one_s_no_server_is_said_to_have_none(
    tmp_path: Path, clock: FakeClock
) -> None:
    servers = [{"id": 10, "name": "web"}, {"id": 11, "name": "bare"}]
    whose = snapshot(2, server=None)
    with saying(fleet([snapshot(1), whose], servers)) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            await live(pilot)
            await until(pilot, lambda: "1 unreadable" in shown(pilot))
            bare = next(
                line for line in shown(pilot).splitlines() if "bare" in line and "0/5" in line
            )
            assert "?" in bare
            assert "none" not in bare
            assert "No snapshot to show: a snapshot may be missing from the list" in shown(pilot)
            await choose(pilot, "bare")
            await pilot.press("1", "d")
            await until(pilot, lambda: "Newest" in shown(pilot))
            assert "none completed" not in shown(pilot)
            await pilot.press("escape")
            said.answer = fleet([snapshot(1)], servers)
            await pilot.press("r")
            await until(pilot, lambda: "none" in shown(pilot))


async def test_one_bad_item_is_named_and_the_rest_lives_on(
    tmp_path: Path, clock: FakeClock
) -> None:
    bad = snapshot(2, created_at="the day before yesterday")
    with saying(fleet([snapshot(1), bad, snapshot(3)], [{"id": 10, "name": "web"}])) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            await live(pilot)
            await until(pilot, lambda: "1 unreadable" in shown(pilot))
            assert "created_at is not a date: the day before yesterday" in shown(pilot)
            assert "shifting" not in shown(pilot)
            said.answer = fleet([snapshot(1), bad], [{"id": 10, "name": "web"}])
            await pilot.press("r")
            await until(pilot, lambda: "snap-3" not in shown(pilot))
            assert "snap-1" in shown(pilot)


ODD = [
    snapshot(1, status="archiving", size_mb=0),
    snapshot(2, status="completed", size_mb=-5, created_at="0001-01-01T00:00:00Z"),
    snapshot(3, size_mb=10**15, created_at="9999-12-31T23:59:59Z", flavour="new"),
    snapshot(4, size_mb=None, created_at=None, description=None),
]


async def test_odd_values_are_shown_as_they_came(tmp_path: Path, clock: FakeClock) -> None:
    with saying(fleet(ODD, [{"id": 10, "name": "web", "status": "dreaming"}])) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            await until(pilot, lambda: "archiving" in shown(pilot))
            await pilot.press("2")
            board.table.move_to(1)
            await pilot.pause()
            assert set(board.refusals()) >= {"restore", "delete"}
            for key in (1, 2, 3, 4):
                board.table.move_to(key)
                await pilot.press("d", "escape")
            await clock.advance(61)
            assert "-" not in {
                word[:1] for word in shown(pilot).split() if word[1:2].isdigit()
            } or ("-5.0" in shown(pilot))
