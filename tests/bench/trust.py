"""``python -m tests.bench.trust --seed 1 --kills 1000``: is anything sent twice, forgotten, untrue?

Admins ask for creates, restores, deletes, sets and safety restores, by commands and by the session
that the dashboard has; answers and requests are lost, late or cut; processes are killed at random
moments, and others ask for the same at once. Then one session settles everything, and goes on with
plans that stopped half way or ends them, in fast time; and what the journal says is held against
what the provider did. In the world ``silent`` no server is ever shown as restoring.

double: one intent carried out twice without the admin having been told what became of the first.
forgotten: sent, and not in the journal. false verdict: called proved, and not so.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.fates import ANSWERED, FATES, Fate, Fates
from tests.bench.tally import Asking, Tally
from tui.config.settings import Options, load
from tui.fleet.clock import SystemClock
from tui.fleet.operation import State
from tui.fleet.plan import Plan
from tui.session.connection import Connection
from tui.session.session import Session
from tui.simulator.clock import VirtualClock
from tui.simulator.serve import serving
from tui.simulator.web import SimulatorApp
from tui.simulator.world import World

KINDS = ("create", "restore", "delete", "set", "safety")
ROUNDS = 40
"""Rounds of a batch, each with a server of its own; a batch has one journal."""
AT_ONCE = 3
SPEED = 150.0
"""Virtual seconds in each real one while everything is settled."""
AFTERWARDS = 420.0
"""Virtual seconds that are waited after the last end: what is done late corrects it."""
LONGEST = 60.0
"""Real seconds after which what has no end is given up."""
SETTLER = "vps_the_settling_session"


class Fast(SystemClock):
    """The machine's clock, running faster from now on."""

    def __init__(self, speed: float) -> None:
        self._speed, self._start = speed, super().monotonic()
        self._wall = super().wall()

    def monotonic(self) -> float:
        return self._start + (super().monotonic() - self._start) * self._speed

    def wall(self) -> float:
        return self._wall + self.monotonic() - self._start

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)


async def stopped(live: Connection) -> Sequence[Plan]:
    """The plans that nobody is at and that are not over."""
    return [plan for plan in await live.plans.refresh() if plan.interrupted]


class Breeder:
    """Starts victims and reaps them."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.bench.victims"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._lock = threading.Lock()

    def order(self, **order: object) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            print(json.dumps(order), file=self._process.stdin, flush=True)
            return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


class Batch:
    """A world, a journal, and those who ask."""

    def __init__(self, home: Path, seed: int, breeder: Breeder, *, shows_restoring: bool) -> None:
        self.world = World(VirtualClock(1.0))
        self.world.add_token(SETTLER)
        self.service = SimulatorApp(self.world)
        self.fates = Fates(self.service, seed, shows_restoring=shows_restoring)
        self.service.hooks.append(self.fates)
        self.home = home
        self.url = ""
        self.askings: list[Asking] = []
        self.codes: dict[int, int] = {}
        self.struck: list[str] = []
        self._breeder = breeder
        self._numbers = iter(range(1, 1 << 24))

    def environ(self, token: str, origin: str = "") -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "VPS_API_URL": self.url,
            "VPS_API_TOKEN": token,
            "SSH_CONNECTION": f"{origin} 50000 192.0.2.1 22",
        }

    # -- asking and killing ---------------------------------------------------------

    def rounds(self, chance: random.Random, count: int) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(self._round, n, chance.random()) for n in range(count)]:
                done.result()

    def _round(self, number: int, seed: float) -> None:
        chance = random.Random(seed)
        server = self.world.add_server(f"web-{number}")
        self.world.add_snapshot(server, "old")
        kind = chance.choice(KINDS)
        shape = chance.choice(("alone", "again", "together"))
        first = self._asking(chance, kind, server.name)
        for more in first.more:
            self.world.add_server(more)
        if shape == "alone" or (first.planned and shape == "again"):
            self._kill(first, chance, 0.1)
        elif shape == "again":
            self._kill(first, chance, 0.1)
            self._kill(self._asking(chance, kind, server.name), chance, 0.6)
        else:
            alike = ("create",) if first.planned else (kind, kind)
            other = chance.choice((*alike, "create", "restore", "delete"))
            second = self._asking(chance, other, server.name)
            thread = threading.Thread(target=self._kill, args=(second, chance, 0.3))
            thread.start()
            self._kill(first, chance, 0.3)
            thread.join()

    def _asking(self, chance: random.Random, kind: str, server: str) -> Asking:
        door = chance.choice(("command", "core"))
        name = "made" if kind in ("create", "set") else "old"
        more = tuple(f"{server}-{letter}" for letter in "bcd") if kind == "set" else ()
        fate = Fate(chance.choice(FATES))
        asking = Asking(next(self._numbers), door, kind, server, name, fate, more)
        self.world.add_token(asking.token)
        self.fates.by_token[asking.token] = fate
        self.askings.append(asking)
        return asking

    def _kill(self, asking: Asking, chance: random.Random, spread: float) -> None:
        """Start one who asks, and kill it some time after its first read, or its write."""
        environ = self.environ(asking.token, asking.origin)
        if asking.door == "core":
            order: dict[str, object] = {
                "core": [asking.kind, asking.server, asking.name, *asking.more]
            }
        else:
            order = {"command": self._arguments(asking)}
        victim = self._breeder.order(environ=environ, **order)
        asking.fate.read.wait(5)
        if chance.random() < 0.75:
            asking.fate.written.wait(1)
            spread = min(spread, 0.1)
        time.sleep(chance.uniform(0, spread))
        os.kill(victim, signal.SIGKILL)
        self.codes[asking.number] = code = self._breeder.order(reap=victim)
        if code == -signal.SIGKILL:
            self.struck.append(self._recorded(asking))

    def _arguments(self, asking: Asking) -> list[str]:
        if asking.kind in ("create", "set"):
            return ["create", *asking.servers, asking.name]
        server = next(s for s in self.world.servers.values() if s.name == asking.server)
        old = next((s.id for s in self.world.by_server[server.id].values() if s.name == "old"), 799)
        safely = ["--snapshot-first"] if asking.kind == "safety" else []
        kind = "restore" if safely else asking.kind
        return [kind, str(old), "--server", asking.server, "--yes", *safely]

    def _recorded(self, asking: Asking) -> str:
        """What the journal has of it at this moment."""
        path = self.home / ".local/state/ciplun/journal.sqlite3"
        with contextlib.suppress(sqlite3.OperationalError):
            db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
            with contextlib.closing(db):
                query = "SELECT state FROM operations WHERE origin = ? ORDER BY id DESC"
                found = db.execute(query, (asking.origin,)).fetchone()
                return found[0] if found else "nothing"
        return "nothing"

    # -- afterwards -------------------------------------------------------------------

    async def settle(self, tally: Tally) -> None:
        """Follow everything to its end, and count."""
        self.world.clock = VirtualClock(SPEED, self.world.clock.now())
        environ = self.environ(SETTLER, "10.0.0.0")
        session = Session(load(Options(), environ), environ, clock=Fast(SPEED))
        live = await session.open()
        address = live.operations.who.origin
        settling = Asking(0, "settler", "set", "", "", Fate(ANSWERED), address=address)
        self.fates.by_token[SETTLER] = settling.fate
        polling = asyncio.create_task(live.poller.run())
        asked = {asking.origin: asking for asking in (*self.askings, settling)}
        going: list[asyncio.Task[Plan]] = []
        moved, limit = time.monotonic(), time.monotonic() + LONGEST
        before: list[tuple[int, State]] = []
        while time.monotonic() < min(limit, moved + AFTERWARDS / SPEED):
            await asyncio.sleep(0.05)
            going += [asyncio.create_task(self._go_on(live, p)) for p in await stopped(live)]
            found = await live.operations.history(100_000)
            for operation in found:
                tally.check(operation, asked[operation.origin], self.world)
            states = [(operation.id, operation.state) for operation in found]
            if states != before or self.fates.waiting or any(not o.ended for o in found):
                before, moved = states, time.monotonic()
        polling.cancel()
        left = [plan for plan in live.plans.running() if not plan.over]
        tally.still_open += [f"{plan}" for plan in left]
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)
        await session.close()
        tally.settle((*self.askings, settling), found, self.world)
        self._hear(tally)

    async def _go_on(self, live: Connection, plan: Plan) -> Plan:
        """What an admin does about a plan that stopped half way: go on, or end it."""
        if plan.id % 3 == 0:
            return await live.plans.end(plan.id)
        return await live.plans.run(await live.plans.go_on(plan.id))

    def _hear(self, tally: Tally) -> None:
        """Hold what commands said by their exit code against what was done."""
        tally.kills += len(self.struck)
        tally.struck.update(self.struck)
        done = {aim for asking in self.askings for aim in asking.fate.done}
        numbers = {server.name: server.id for server in self.world.servers.values()}
        for asking in self.askings:
            if asking.door != "command" or self.codes.get(asking.number) != 0:
                continue
            kind = "create" if asking.planned else asking.kind
            if any((kind, numbers[name]) not in done for name in asking.servers):
                tally.false.append(f"exit code 0, and not carried out: {asking}")


@contextlib.contextmanager
def breeding() -> Iterator[Breeder]:
    breeder = Breeder()
    try:
        yield breeder
    finally:
        breeder.close()


def campaign(
    seed: int, kills: int, *, shows_restoring: bool = True, seconds: float = float("inf")
) -> Tally:
    """Kill so many, or as many as `seconds` allow, and count."""
    chance, tally = random.Random(seed), Tally()
    end = time.monotonic() + seconds
    with breeding() as breeder:
        while tally.kills < kills and time.monotonic() < end:
            with tempfile.TemporaryDirectory() as home:
                batch = Batch(
                    Path(home), chance.getrandbits(32), breeder, shows_restoring=shows_restoring
                )
                with serving(batch.service) as batch.url:
                    batch.rounds(chance, min(ROUNDS, kills - tally.kills))
                    asyncio.run(batch.settle(tally))
            print(f"{tally.kills} kills", file=sys.stderr, flush=True)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.trust",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--world", choices=("restoring", "silent"), default="restoring")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="at most so many")
    options = parser.parse_args()
    tally = campaign(
        options.seed,
        options.kills,
        shows_restoring=options.world == "restoring",
        seconds=options.minutes * 60,
    )
    print(tally)
    sys.exit(0 if tally.good else 1)


if __name__ == "__main__":
    main()
