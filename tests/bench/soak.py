"""Weeks in minutes: 10,000 polls on a clock that runs ahead, the app on its screen.

Its memory, its activity, its tray and its monitor are on, servers and snapshots come and go, and
now and then somebody passes by. Memory is that of the whole process, with the simulator in it.
"""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

from textual.pilot import Pilot

from tests.bench.inside import memory, until
from tests.bench.table import Row, limit
from tests.helpers.places import Place, place
from tui.app import CiplunApp
from tui.config import paths
from tui.screens.dashboard.screen import Dashboard
from tui.screens.dialogs.activity import ActivityDialog
from tui.simulator.servers import delete_server
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
        elif number % 100 == 40:
            world.add_server(f"guest-{number}")
        elif number % 100 == 90:
            for guest in [s for s in world.servers.values() if s.name.startswith("guest-")]:
                delete_server(world, guest.account, guest.uuid)
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


class Used(NamedTuple):
    """What there is of MB, descriptors, tasks, and files of ours."""

    memory: float
    descriptors: int
    tasks: int
    files: int

    def since(self, before: Used) -> Used:
        """What there is more of."""
        return Used(*(max(0, now - then) for now, then in zip(self, before, strict=True)))  # type: ignore[arg-type]


class Held(NamedTuple):
    """What is kept in the end: bytes of the journal and of the last known fleet, and how much."""

    journal: int
    fleet: int
    operations: int
    changes: int


async def look_around(weeks: Weeks, pilot: Pilot[None], number: int) -> None:
    """What somebody does who passes by: moves, looks at the monitor or at what happened, asks."""
    board = weeks.board
    pages = ("d", "question_mark", "c", "colon")
    if number % 25 == 0:
        await pilot.press("j" if number % 50 else "g")
    if number % 40 == 10:
        await pilot.press("m")
        await weeks.poll()
        await pilot.press("space", "escape")
    elif number % 40 == 20:
        await pilot.press(pages[number // 40 % len(pages)])
        await until(lambda: pilot.app.screen is not board)
        await weeks.poll()
        await pilot.press("escape")
    elif number % 40 == 30:
        await pilot.press("exclamation_mark", "exclamation_mark")
        await until(lambda: isinstance(pilot.app.screen, ActivityDialog))
        await weeks.poll()
        await pilot.press("escape", "escape")
    await until(lambda: pilot.app.screen is board)
    if number % 100 == 99:
        await pilot.press("escape")  # what stands in the tray has been seen


async def go_on(weeks: Weeks, pilot: Pilot[None], count: int) -> Used:
    """Poll for so long, with somebody passing by; gives what there is more of then."""
    before = used(weeks)
    for _ in range(count):
        await weeks.poll()
        await look_around(weeks, pilot, weeks.polls)
    await pilot.pause()
    return used(weeks).since(before)


def used(weeks: Weeks) -> Used:
    """What is in use, without garbage."""
    gc.collect()
    kept = Path(weeks.simulated.environ["HOME"]).rglob("*")
    files = sum(path.is_file() for path in kept)
    return Used(memory(), descriptors(), len(asyncio.all_tasks()), files)


@asynccontextmanager
async def weeks_of(warm: int) -> AsyncIterator[tuple[Weeks, Pilot[None]]]:
    """The dashboard, polled until every cache is full."""
    with home() as folder, place(folder) as simulated:
        app = simulated.app()
        async with app.run_test(size=(120, 40)) as pilot:
            weeks = Weeks(app, simulated)
            await until(lambda: weeks.board.fleet.freshness.live)
            await go_on(weeks, pilot, warm)
            yield weeks, pilot


async def held(weeks: Weeks) -> Held:
    """What the files have now."""
    session, environ = weeks.board.session, weeks.simulated.environ
    assert session.live is not None
    assert session.activity is not None
    operations = len(await session.live.operations.history())
    changes = len(await session.activity.book.read(limit=100_000))
    (fleet,) = paths.memory_folder(environ).glob("*.fleet")
    journal = journal_size(paths.journal_file(environ))
    return Held(journal, fleet.stat().st_size, operations, changes)


async def soak(quick: bool) -> list[Row]:
    count = 100 if quick else 10_000
    async with weeks_of(count // 5) as (weeks, pilot):
        before, curve = used(weeks), []
        for _ in range(10):
            await go_on(weeks, pilot, count // 10)
            grown = used(weeks).since(before)
            curve.append(grown.memory)
        kept = await held(weeks)
    return [
        limit(f"Memory grown in {count:,} polls of the app", grown.memory, 1, "MB"),
        limit("File descriptors grown", grown.descriptors, 0, "more"),
        limit("Tasks grown", grown.tasks, 0, "more"),
        limit("Files grown", grown.files, 0, "more"),
        Row(f"Of that after each {count // 10:,}", " ".join(f"{mb:.1f}" for mb in curve) + " MB"),
        Row(
            "Journal after it, and the last known fleet",
            f"{kept.journal / 1024:,.0f} KB, {kept.operations} operations, {kept.changes} changes; "
            f"{kept.fleet / 1024:,.1f} KB",
        ),
    ]
