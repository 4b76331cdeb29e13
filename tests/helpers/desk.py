"""Operations on a provider, with a journal on disk, and everything they told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from tests.helpers.clocks import FakeClock
from tests.helpers.provider import Provider
from tui.fleet.actor import Who
from tui.fleet.clock import Moments
from tui.fleet.identity import Identity
from tui.fleet.journal.journal import Journal, JournalUnavailable
from tui.fleet.journal.power import PowerBook
from tui.fleet.operation import Operation, State
from tui.fleet.state import Sighting
from tui.fleet.writes.consistent import Consistent
from tui.fleet.writes.operations import Operations
from tui.fleet.writes.plans import Plans
from tui.vps.models import Key, Server, Snapshot

T = TypeVar("T")


class Desk:
    """One admin's account; `open` adds a session that shares the journal."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.provider = Provider(self.clock)
        self.folder = folder
        self.told: list[tuple[str, State, bool]] = []
        self.desks: list[Operations] = []
        self.plans_of: dict[Operations, Plans] = {}
        self.power_of: dict[Operations, Consistent] = {}
        self.operations = self.open()

    @property
    def plans(self) -> Plans:
        """Those of the first session."""
        return self.plans_of[self.operations]

    def open(self, *, in_memory: bool = False) -> Operations:
        made = Operations(
            api=self.provider,
            journal=Journal(
                None if in_memory else self.folder / "journal.sqlite3",
                moments=Moments(self.clock),
            ),
            clock=self.clock,
            now=self.provider.world.clock.now,
            account=Identity("test"),
            who=Who("admin", "192.0.2.7"),
            on_change=lambda operation: self._note(made, operation),
        )
        now = self.provider.world.clock.now
        book = PowerBook(made.journal, lambda: made.account)
        power = Consistent(made, book, lambda: self.provider, clock=self.clock, now=now)
        self.power_of[made] = power
        self.plans_of[made] = Plans(made, now=now, power=power)
        self.desks.append(made)
        return made

    def _note(self, desk: Operations, operation: Operation) -> None:
        self.plans_of[desk].note(operation)
        told = (operation.kind.value, operation.state, operation.overdue)
        if not self.told or self.told[-1] != told:
            self.told.append(told)

    async def look(self, operations: Operations | None = None) -> None:
        """List everything, as a poll does, and weigh it."""
        asked_at = self.clock.monotonic()
        listing = await self.provider.snapshots()
        statuses: dict[Key, str] = {}
        if self.provider.shows_servers:
            statuses = {k: self.provider.server_model(k).status for k in self.provider.ids}
        sighting = Sighting(listing.items, listing.settled, asked_at, None, statuses)
        await (operations or self.operations).observe(sighting)
        with suppress(JournalUnavailable):
            await self.plans_of[operations or self.operations].refresh()

    async def pass_until(
        self, holds: Callable[[], object], hours: float = 2.0, step: float = 60.0
    ) -> None:
        """Let time pass, `step` seconds at once, with a look of every session, until it holds.

        It fails after `hours`.
        """
        for _ in range(int(hours * 3_600 / step)):
            if holds():
                return
            await asyncio.sleep(0.002)
            await self.provider.pass_time(step)
            for operations in self.desks:
                await self.look(operations)
        assert holds()

    async def in_time(self, work: Awaitable[T], hours: float = 2.0, step: float = 60.0) -> T:
        """Let time pass until it is done."""
        task = asyncio.ensure_future(work)
        await self.pass_until(task.done, hours, step)
        return await task

    async def target(self, name: str = "old") -> Snapshot:
        """A completed snapshot of the first server, as it is listed."""
        server = self.provider.world.servers[int(self.provider.ids[0])]
        self.provider.world.add_snapshot(server, name)
        listing = await self.provider.snapshots()
        return next(s for s in listing.items if s.name == name)

    def server(self) -> Server:
        """The first server."""
        return self.provider.server_model(self.provider.ids[0])

    def state(self) -> State:
        """What was told last."""
        return self.told[-1][1]

    def sent(self) -> list[str]:
        """The verbs that left, in order."""
        return [verb for verb, _ in self.provider.sent]

    def die(self, operations: Operations) -> None:
        """Let go of a session's lock, as the system does for a process that was killed."""
        operations.journal._sessions.leave()
