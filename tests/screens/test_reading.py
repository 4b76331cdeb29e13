"""A long list over a slow line: what the screen shows while it is read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Event

import pytest

from tests.helpers.clocks import FakeClock
from tests.helpers.driving import dashboard, shown, until
from tests.helpers.faulty import http
from tests.helpers.service import SECRET, fleet, saying
from tests.helpers.watching import watching
from tui.fleet import poller
from tui.vps.client import Client
from tui.vps.models import Part, Server
from tui.vps.token import Token

SERVERS = [{"id": n, "name": f"web-{n:03}"} for n in range(1, 201)]


def page(items: list[object], number: int) -> bytes:
    following = "?page=2" if number == 1 else None
    part = items[:100] if number == 1 else items[100:]
    return http(json.dumps({"count": len(items), "next": following, "results": part}))


async def test_rows_come_with_the_first_page_and_figures_with_the_last(tmp_path: Path) -> None:
    rest = Event()
    snapshots = [{"id": 1, "server": {"id": 1, "name": "web-001"}, "name": "nightly"}]
    others = fleet(snapshots)

    def answer(method: str, path: str) -> bytes | Iterable[bytes]:
        if "/servers/?" not in path:
            return others(method, path)
        if "page=2" in path:
            return after(page([*SERVERS], 2))
        return page([*SERVERS], 1)

    def after(body: bytes) -> Iterator[bytes]:
        rest.wait(30)
        yield body

    clock = FakeClock()
    with saying(answer) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            try:
                await until(pilot, lambda: "web-001" in shown(pilot))
                text = shown(pilot)
                assert "reading servers 100 of 200" in text
                assert "none" not in text, "how many snapshots there are is not known yet"
                assert "slots" not in text.lower().replace("slots ", "", 1)
                assert dashboard(pilot).refusals()["delete"]
            finally:
                rest.set()
            await until(pilot, lambda: "live" in shown(pilot))
            assert "1/1000 slots" in shown(pilot)
            assert "reading" not in shown(pilot)


@pytest.mark.parametrize("moved", [False, True])
async def test_the_cursor_stays_at_the_top_while_pages_come_until_it_is_moved(
    moved: bool, tmp_path: Path
) -> None:
    """What comes first is listed last; who has moved the cursor keeps its server."""
    rest = Event()
    servers: list[object] = [{"id": n, "name": f"web-{200 - n:03}"} for n in range(200)]
    others = fleet([], servers)

    def slow() -> Iterator[bytes]:
        rest.wait(30)
        yield page(servers, 2)

    def answer(method: str, path: str) -> bytes | Iterable[bytes]:
        if "/servers/?" not in path:
            return others(method, path)
        return slow() if "page=2" in path else page(servers, 1)

    with saying(answer) as said:
        async with watching(said.url, tmp_path, FakeClock()).run_test(size=(120, 40)) as pilot:
            try:
                await until(pilot, lambda: "web-101" in shown(pilot))
                if moved:
                    await pilot.press("j")
            finally:
                rest.set()
            await until(pilot, lambda: "live" in shown(pilot))
            row = dashboard(pilot).servers.cursor_row
            assert row is not None
            assert row.server.name == ("web-102" if moved else "web-001")


async def test_a_pause_that_the_service_asks_for_is_named(tmp_path: Path) -> None:
    limited, asked, clock = Event(), Event(), FakeClock()
    others = fleet([{"id": 1, "server": {"id": 1, "name": "web-001"}, "name": "nightly"}])

    def answer(method: str, path: str) -> bytes | Iterable[bytes]:
        if "/servers/?" not in path:
            return others(method, path)
        if "page=2" not in path:
            return page([*SERVERS], 1)
        if not limited.is_set():
            limited.set()
            return http("{}", "429 Too Many Requests", "Retry-After: 2")
        return after(page([*SERVERS], 2))

    def after(body: bytes) -> Iterator[bytes]:
        asked.wait(30)
        yield body

    with saying(answer) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            try:
                words = "reading servers 100 of 200, rate limit: goes on in "
                await until(pilot, lambda: f"{words}2s" in shown(pilot))
                await clock.advance(1)
                await until(pilot, lambda: f"{words}1s" in shown(pilot))
                await clock.advance(1)
            finally:
                asked.set()
            await until(pilot, lambda: "live" in shown(pilot))
            assert "rate limit" not in shown(pilot)


async def test_a_pause_of_a_later_sweep_is_counted_down_and_holds_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "LATE", 0.01)
    limits, clock = Event(), FakeClock()
    others = fleet([{"id": 1, "server": {"id": 1, "name": "web-001"}, "name": "nightly"}])

    def answer(method: str, path: str) -> bytes | Iterable[bytes]:
        if "/servers/?" not in path:
            return others(method, path)
        if "page=2" in path and limits.is_set():
            return http("{}", "429 Too Many Requests", "Retry-After: 900")
        return page([*SERVERS], 2 if "page=2" in path else 1)

    with saying(answer) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: "live" in shown(pilot))
            limits.set()
            await clock.advance(61)
            await until(pilot, lambda: "rate limit · data 1 min old" in shown(pilot))
            words = "reading servers 100 of 200, rate limit: goes on in "
            assert f"{words}15 min" in shown(pilot)
            await clock.advance(61)
            await until(pilot, lambda: f"{words}14 min" in shown(pilot))
            limits.clear()
            await pilot.press("r")
            await until(pilot, lambda: "live" in shown(pilot))
            assert "rate limit" not in shown(pilot)


async def test_figures_of_a_part_are_not_shown_when_the_rest_fails(tmp_path: Path) -> None:
    others = fleet([{"id": 1, "server": {"id": 1, "name": "web-001"}, "name": "nightly"}])
    left = [10**40]

    def answer(method: str, path: str) -> bytes | Iterable[bytes]:
        if "/servers/?" not in path:
            return others(method, path)
        if "page=2" in path:
            return (
                http('{"detail": "Not today."}', "400 Bad Request") if left else page([*SERVERS], 2)
            )
        body = {"count": (left or [200])[0], "next": "?page=2", "results": SERVERS[:100]}
        return http(json.dumps(body))

    clock = FakeClock()
    with saying(answer) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: "Not today." in shown(pilot))
            text = shown(pilot)
            assert "web-001" in text
            assert "/500 slots" not in text, "the other servers have slots, too"
            assert "All 100" not in text
            left.clear()
            await clock.advance(5)
            await until(pilot, lambda: "live" in shown(pilot))
            assert "1/1000 slots" in shown(pilot)


@pytest.mark.parametrize("count", [3, 10**40, -1])
async def test_a_count_that_cannot_be_is_no_total(count: int) -> None:
    parts: list[Part[Server]] = []

    def answer(method: str, path: str) -> bytes:
        body = {"count": count, "next": "?page=2", "results": SERVERS[:100]}
        if "page=2" in path:
            body |= {"next": None, "results": SERVERS[100:]}
        return http(json.dumps(body))

    with saying(answer) as said:
        made = Client(said.url, Token(SECRET))
        assert not (await made.servers(parts.append)).settled
        await made.aclose()
    assert [(part.received, part.total) for part in parts] == [(100, None), (200, None)]
