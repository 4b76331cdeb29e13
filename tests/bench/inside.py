"""Figures taken inside the process: the simulator, large fleets, the event loop's stalls."""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widget import Widget

from tests.bench.table import Row, limit
from tests.helpers.clocks import FakeClock
from tests.helpers.places import NOON, TOKEN
from tui.app import CiplunApp
from tui.config.settings import Options, load
from tui.fleet.poller import Poller
from tui.fleet.store import Store
from tui.screens.dashboard.screen import Dashboard
from tui.session.session import Session
from tui.simulator.child import ChildSimulator
from tui.simulator.clock import VirtualClock
from tui.simulator.demo import large_fleet as fill
from tui.simulator.serve import serving
from tui.simulator.web import SimulatorApp
from tui.simulator.world import World
from tui.vps.client import Client
from tui.vps.token import Token

SERVERS = 10_000


class Stalls:
    """How long the event loop was away at most, in ms."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def watch(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            self.longest = max(self.longest, (now - last) * 1000 - 1)
            last = now

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        self.longest = 0.0
        task = asyncio.create_task(self.watch())
        try:
            yield
        finally:
            task.cancel()


def memory() -> float:
    """Resident MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


async def until(condition: Callable[[], object], seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def simulator(quick: bool) -> list[Row]:
    started = time.perf_counter()
    child = ChildSimulator(speed=1.0)
    address = await child.start()
    ready = (time.perf_counter() - started) * 1000
    client = Client(address.url, Token(address.token))
    times = []
    for _ in range(50 if quick else 300):
        begun = time.perf_counter()
        await client.snapshots()
        times.append((time.perf_counter() - begun) * 1000)
    await client.aclose()
    await child.stop()
    started = time.perf_counter()
    large = ChildSimulator(speed=1.0, servers=SERVERS)
    await large.start()
    seeded = time.perf_counter() - started
    await large.stop()
    return [
        limit("Simulator: ready", ready, 500, "ms"),
        limit("Simulator: a list, median with our client", statistics.median(times), 3, "ms"),
        limit("Simulator: 50,000 snapshots seeded and ready", seeded, 2, "s"),
    ]


class Large:
    """The dashboard on a large fleet."""

    def __init__(self, app: CiplunApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.stalls = Stalls()

    @property
    def board(self) -> Dashboard:
        assert isinstance(self.app.screen, Dashboard)
        return self.app.screen

    async def live(self) -> None:
        await until(lambda: self.board.fleet.freshness.live)
        await self.pilot.pause()

    async def refresh(self) -> float:
        """The longest stall while everything is asked for again."""
        as_of = self.board.fleet.freshness.as_of
        async with self.stalls.watching():
            await self.pilot.press("r")
            await until(lambda: self.board.fleet.freshness.as_of != as_of)
            await self.pilot.pause()
        return self.stalls.longest

    async def cpu(self) -> float:
        """Milliseconds of processor time that it takes; the simulator is another process."""
        used = time.process_time()
        await self.refresh()
        return (time.process_time() - used) * 1000

    async def press(self, key: str) -> float:
        """The longest stall after a key."""
        async with self.stalls.watching():
            await self.pilot.press(key)
            await self.pilot.pause()
        return self.stalls.longest


@asynccontextmanager
async def large(speed: float = 0.0) -> AsyncIterator[Large]:
    child = ChildSimulator(speed=speed, servers=SERVERS)
    address = await child.start()
    with tempfile.TemporaryDirectory() as home:
        environ = {
            "HOME": home,
            "VPS_API_URL": address.url,
            "VPS_API_TOKEN": address.token,
            "LANG": "C.UTF-8",
        }
        settings = replace(load(Options(), environ), poll_idle=3600.0)
        app = CiplunApp(Options(), settings, environ, make_session=lambda s: Session(s, environ))
        gc.collect()
        gc.disable()  # as the program is started: the app enables it, and freezes what there is
        async with app.run_test(size=(120, 40)) as pilot:
            yield Large(app, pilot)
        gc.unfreeze()
    await child.stop()


async def large_fleet(quick: bool) -> list[Row]:
    runs = 3 if quick else 9
    firsts, held = [], 0.0
    for _ in range(1 if quick else 2):
        gc.collect()
        before = memory()
        async with large() as fleet:
            async with fleet.stalls.watching():
                await fleet.live()
            firsts.append(fleet.stalls.longest)
            gc.collect()
            held = held or (memory() - before) * 1024 / 50_000
    rows = [
        limit("Longest stall: first load of 50,000 snapshots", min(firsts), 50, "ms"),
        limit("Memory for each snapshot held", held, 1.5, "KB"),
    ]
    async with large() as fleet:
        await fleet.live()
        again = [await fleet.refresh() for _ in range(runs)]
        rows.append(limit("Longest stall: refresh, nothing changed", _typical(again), 50, "ms"))
        used = _typical([await fleet.cpu() for _ in range(runs)])
        what = f"Refresh of {SERVERS:,} servers, nothing changed: CPU"
        rows.append(limit(what, used, 300, "ms"))
        rows.append(Row("Rows repainted by it", str(await _repainted(fleet)), "0", ""))
        live = fleet.board.session.live
        assert live is not None
        client = live.client
        changed = []
        for number in range(runs):
            view = list(fleet.board.fleet.servers.values())[5]
            if view.full:
                await client.delete_snapshot(view.snapshots[-1].id)
            else:
                await client.create_snapshot(view.server.id, f"change-{number}")
            changed.append(await fleet.refresh())
        rows.append(limit("Longest stall: refresh, one change", _typical(changed), 50, "ms"))
        for what, key in (
            ("all snapshots", "a"),
            ("sort by another column", "s"),
            ("reverse", "S"),
            ("the filter, opened", "slash"),
            ("first letter of the filter", "9"),
            ("second letter", "9"),
            ("third letter", "9"),
        ):
            stall = await fleet.press(key)
            rows.append(limit(f"50,000 rows, {what}: stall", stall, 50, "ms"))
    return rows


def _typical(values: list[float]) -> float:
    """The median of the longest stalls: a machine that does other things too adds its own."""
    return statistics.median(values)


async def _repainted(fleet: Large) -> int:
    """How many repaints of any widget a refresh asks for."""
    count = 0
    original = Widget.refresh

    def refresh(self: Widget, *regions: object, **options: object) -> Widget:
        nonlocal count
        count += 1
        return original(self, *regions, **options)  # type: ignore[arg-type]

    Widget.refresh = refresh  # type: ignore[method-assign,assignment]
    try:
        await fleet.refresh()
    finally:
        Widget.refresh = original  # type: ignore[method-assign]
    return count


async def requests(quick: bool) -> list[Row]:
    """What an hour asks of the service, by a third of it where `quick`: one of 10,000 is busy."""
    part = 3 if quick else 1
    world = World(VirtualClock(0.0, NOON))
    world.add_token(TOKEN)
    fill(world, SERVERS)
    busy = next(iter(world.snapshots.values()))
    busy.ready_at = NOON + 10**6
    busy.encoded.clear()
    service = SimulatorApp(world, "docs")

    async def observe(_: object) -> None:
        return None

    with serving(service) as url:
        clock = FakeClock()
        client = Client(url, Token(TOKEN), clock=clock.monotonic)
        store = Store(clock)
        poller = Poller(api=client, store=store, clock=clock, observe=observe, jitter=lambda: 1.0)
        task = asyncio.create_task(poller.run())
        await until(lambda: store.fleet.freshness.live)
        service.received.clear()
        whole = busy_ones = 0
        for _ in range(720 // part):
            await clock.advance(5)
            await until(lambda: poller._flight is not None and poller._flight.done())
            whole += sum("server_id" not in r.query for r in service.received)
            busy_ones += sum("server_id" in r.query for r in service.received)
            service.received.clear()
        task.cancel()
        await client.aclose()
    return [
        Row(
            "Requests an hour: 10,000 servers, one busy",
            f"{busy_ones * part} for the busy server, {whole * part} for all others together",
            "paced",
            "",
        )
    ]
