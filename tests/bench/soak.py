"""Weeks in minutes: 10,000 polls on a clock that runs ahead, the app on its screen."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.inside import memory, until
from tests.bench.table import Row, limit
from tests.helpers.places import Place, place
from tui.app import CiplunApp
from tui.config import paths
from tui.screens.dashboard.screen import Dashboard
from tui.vps.models import Phase

IDLE = 60.0


class Weeks:
    """The dashboard on the demo fleet, polled once a minute of its own time."""

    def __init__(self, app: CiplunApp, simulated: Place) -> None:
        self.app = app
        self.simulated = simulated
        self.polls = 0

    @property
    def board(self) -> Dashboard:
        return next(s for s in self.app.screen_stack if isinstance(s, Dashboard))

    async def poll(self) -> None:
        """One more: now and then with an outage, a change, or an operation of ours."""
        number = self.polls = self.polls + 1
        session, world, live = self.board.session, self.simulated.world, self.board.session.live
        assert live is not None
        away = number % 50 in (46, 47)
        live.client.exchange.base_url = "http://127.0.0.1:9/" if away else f"{self.simulated.url}/"
        if number % 100 == 20:
            view = list(self.board.fleet.servers.values())[number // 100 % 12]
            if not view.full and not self.board.fleet.operations.get(view.server.id):
                session.perform(live.operations.create(view.server, f"soak-{number}"))
        elif number % 100 == 70:
            done = [
                snapshot
                for view in self.board.fleet.servers.values()
                for snapshot in view.snapshots
                if snapshot.name.startswith("soak-") and snapshot.phase is Phase.COMPLETED
            ]
            if done:
                session.perform(live.operations.delete(done[0]))
        self.simulated.service.received.clear()  # what the simulator notes is none of the app's
        world.clock.advance(IDLE)
        await self.simulated.clock.advance(IDLE + 1)
        flight = live.poller
        await until(lambda: flight._flight is not None and flight._flight.done())
        await asyncio.sleep(0)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def journal_size(file: Path) -> int:
    """Pages in use, as bytes."""
    with sqlite3.connect(file) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages) * int(size)


@contextmanager
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


async def soak(quick: bool) -> list[Row]:
    count = 200 if quick else 10_000
    with home() as folder, place(folder) as simulated:
        app = simulated.app()
        async with app.run_test(size=(120, 40)) as pilot:
            weeks = Weeks(app, simulated)
            await until(lambda: weeks.board.fleet.freshness.live)
            for _ in range(count // 5):  # until every cache is full
                await weeks.poll()
            gc.collect()
            before, files, tasks = memory(), descriptors(), len(asyncio.all_tasks())
            for number in range(count):
                await weeks.poll()
                if number % 25 == 0:
                    await pilot.press("j" if number % 50 else "g")
            await pilot.pause()
            gc.collect()
            grown = max(0.0, memory() - before)
            more_files = max(0, descriptors() - files)
            more_tasks = max(0, len(asyncio.all_tasks()) - tasks)
            live = weeks.board.session.live
            assert live is not None
            operations = len(await live.operations.history())
        journal = journal_size(paths.journal_file(simulated.environ))
    return [
        limit(f"Memory grown in {count:,} polls of the app", grown, 1, "MB"),
        limit("File descriptors grown", more_files, 0, "more"),
        limit("Tasks grown", more_tasks, 0, "more"),
        Row("Journal after it", f"{journal / 1024:,.0f} KB, {operations} operations", "", ""),
    ]
