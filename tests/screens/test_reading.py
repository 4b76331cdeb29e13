"""A long list over a slow line: what the screen shows while it is read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Event

from tests.helpers.clocks import FakeClock
from tests.helpers.driving import dashboard, shown, until
from tests.helpers.faulty import http
from tests.helpers.service import fleet, saying
from tests.helpers.watching import watching

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
            assert "200 servers" in shown(pilot)
            assert "reading" not in shown(pilot)
