"""What goes on in the demo by itself: nightly runs, one that fails, one that hangs, a colleague.

Time in it is the world's. Whatever is due is done before the next request is answered, with the
time at which it was due: so it makes no difference how often somebody asks.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tui.simulator.objects import SimServer
from tui.simulator.rules import SLOTS
from tui.simulator.web import Hook
from tui.simulator.world import World

Act = Callable[[World, float], None]
"""What is done, at its moment."""

DAY: Final = 86_400.0
MINUTE: Final = 60.0
HANGS: Final = 57 * MINUTE
"""How long a snapshot takes that hangs: far beyond the published ten minutes."""
NIGHTLY: Final = (
    "mail",
    "shop-staging",
    "web-server-01",
    "db-01",
    "db-02-replica",
    "vpn-gateway",
    "legacy-crm",
)
"""The servers of the nightly run. `web-server-02` has none: that is what the demo begins with."""


class Script(Hook):
    """Goes on for as long as the demo does; the same with the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(f"script {seed}")  # noqa: S311 - a repeatable story
        self._due: list[tuple[float, int, Act]] = []
        self._number = itertools.count()

    def begin(self, world: World) -> None:
        """A nightly run is under way; what it does next, and what a colleague does, is to come."""
        start = world.clock.now()
        night = _nightly(start)
        _take(world, start - 22 * MINUTE, "legacy-crm", night, HANGS)
        _take(world, start - 2 * MINUTE, "vpn-gateway", night, 7 * MINUTE)
        _take(world, start - MINUTE, "db-02-replica", night, 9 * MINUTE, "failed")
        for number, server in enumerate(NIGHTLY[:4], 1):
            self._plan(start + number * MINUTE, _nightly_act(server, 6 * MINUTE))
        self._plan(start + 10 * MINUTE, _taking("shop-production-eu-central-1", "before-php-8_4"))
        self._plan(start + 15 * MINUTE, _dropping("games", "season-1"))
        self._plan(start + 20 * MINUTE, _taking("db-02-replica", f"{night}-again"))
        self._plan(start + 25 * MINUTE, _restoring("shop-staging", "clean-install"))
        self._plan(start + DAY, self._night)
        self._plan(start + 90 * MINUTE, self._colleague)

    async def before(self, request: Request, world: World) -> Response | None:
        """Do what is due."""
        self.go_on(world)
        return None

    def go_on(self, world: World) -> None:
        """Do everything that is due by now."""
        while self._due and self._due[0][0] <= world.clock.now():
            moment, _, act = heapq.heappop(self._due)
            act(world, moment)

    def _plan(self, moment: float, act: Act) -> None:
        heapq.heappush(self._due, (moment, next(self._number), act))

    def _night(self, world: World, moment: float) -> None:
        """Every server of the run, a minute apart; now and then one fails. And the next night."""
        unlucky = self._random.choice(NIGHTLY)
        for number, server in enumerate(NIGHTLY):
            outcome = "failed" if server == unlucky else "completed"
            seconds = self._random.uniform(4, 9) * MINUTE
            self._plan(moment + number * MINUTE, _nightly_act(server, seconds, outcome))
        self._plan(moment + DAY, self._night)

    def _colleague(self, world: World, moment: float) -> None:
        """Takes one before a change and drops it once that has proved good; again, hours later."""
        server = self._random.choice(("games", "ci-runner", "shop-production-eu-central-1"))
        name = f"before-deploy-{datetime.fromtimestamp(moment, UTC):%m%d-%H%M}"
        self._plan(moment, _taking(server, name))
        self._plan(moment + 60 * MINUTE, _dropping(server, name))
        self._plan(moment + self._random.uniform(2, 5) * 60 * MINUTE, self._colleague)


def _nightly(moment: float) -> str:
    return f"nightly-{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"


def _nightly_act(server: str, seconds: float, outcome: str = "completed") -> Act:
    """One server's turn: the oldest nightly one goes once there are two, or no slot is free."""

    def act(world: World, moment: float) -> None:
        found = _named(world, server)
        if found is None:
            return
        held = world.held(found, moment)
        mine = [s for s in held if s.name.startswith("nightly-")]
        full = len(held) >= SLOTS
        ended = [s for s in mine if s.status(moment) != "in_progress"]
        if ended and (full or len(mine) > 1):
            world.remove(min(ended, key=lambda snapshot: snapshot.created_at))
        _take(world, moment, server, _nightly(moment), seconds, outcome, "By the nightly run")

    return act


def _taking(server: str, name: str) -> Act:
    return lambda world, moment: _take(
        world, moment, server, name, 5 * MINUTE, description="By a colleague"
    )


def _dropping(server: str, name: str) -> Act:
    def act(world: World, moment: float) -> None:
        found = _named(world, server)
        for snapshot in world.held(found, moment) if found else ():
            if snapshot.name == name and snapshot.status(moment) != "in_progress":
                world.remove(snapshot)

    return act


def _restoring(server: str, name: str) -> Act:
    def act(world: World, moment: float) -> None:
        found = _named(world, server)
        held = world.held(found, moment) if found else []
        if found is None or not _quiet(found, moment) or name not in [s.name for s in held]:
            return
        found.power_after = found.status(moment)
        found.restoring_until = moment + 8 * MINUTE
        world.save(found)

    return act


def _take(
    world: World,
    moment: float,
    server: str,
    name: str,
    seconds: float,
    outcome: str = "completed",
    description: str = "By the nightly run",
) -> None:
    """Begin a snapshot at a moment that may be past; nothing where the rules forbid it."""
    found = _named(world, server)
    if found is None or not _quiet(found, moment) or len(world.held(found, moment)) >= SLOTS:
        return
    now = world.clock.now()
    world.add_snapshot(
        found,
        name,
        hours=(now - moment) / 3600,
        ready_in=moment + seconds - now,
        outcome=outcome,
        description=description,
    )


def _named(world: World, name: str) -> SimServer | None:
    """A server of the first account, unless somebody deleted it."""
    servers = world.list_servers(world.account)
    return next((server for server in servers if server.name == name), None)


def _quiet(server: SimServer, moment: float) -> bool:
    return server.status(moment) in ("active", "stopped")
