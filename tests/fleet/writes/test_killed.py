"""A process that is really killed, at random moments of a write, and what is found afterwards."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from tests.helpers.clocks import LaterClock
from tests.helpers.places import TOKEN, Place, place
from tui.config.settings import Options, load
from tui.fleet.operation import Kind, Operation, State
from tui.fleet.state import Sighting
from tui.session.session import Session
from tui.simulator.web import Hook
from tui.simulator.world import World

ROUNDS = 30
KINDS = ("create", "restore", "delete")
CHILD = """
import asyncio, os, sys
from tui.session.session import Session
from tui.config.settings import Options, load

async def main():
    session = Session(load(Options(), os.environ), os.environ)
    live = await session.open()
    server = next(s for s in (await live.client.servers()).items if s.name == sys.argv[1])
    target = (await live.client.snapshots(server.id)).items[0]
    write = getattr(live.operations, sys.argv[2])
    arguments = (server, "made") if sys.argv[2] == "create" else (target,)
    print("ready", flush=True)
    sys.stdin.readline()
    await write(*arguments)
    print("answered", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


class Slow(Hook):
    """Takes its time before and after what it does, so that every moment is as likely."""

    async def before(self, request: Request, world: World) -> Response | None:
        await asyncio.sleep(0.01)
        return None

    async def after(self, request: Request, response: Response, world: World) -> Response:
        await asyncio.sleep(0.01)
        return response


def killed(environ: dict[str, str], server: str, kind: str, after: float) -> None:
    """A process that begins a write and is killed so many seconds later."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, server, kind],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    child.stdin.write(b"go\n")
    child.stdin.flush()
    time.sleep(after)  # where in its work this strikes is left to chance
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdin.close()
    child.stdout.close()


async def settled(simulated: Place, environ: dict[str, str]) -> list[Operation]:
    """What a later session makes of it."""
    clock = LaterClock()
    session = Session(load(Options(), environ), environ, clock=clock)
    live = await session.open()
    for _ in range(3):
        simulated.world.clock.advance(61)
        clock.later += 61
        asked_at = session.clock.monotonic()
        statuses = {s.id: s.status for s in (await live.client.servers()).items}
        listing = await live.client.snapshots()
        sighting = Sighting(listing.items, listing.settled, asked_at, None, statuses)
        await live.operations.observe(sighting)
    found = list(await live.operations.history())
    await session.close()
    return found


def test_killed_at_any_moment_of_a_write(tmp_path: Path) -> None:
    chance = random.Random(20250122)
    with place(tmp_path, fleet=False) as simulated:
        world = simulated.world
        olds = {
            n: world.add_snapshot(world.add_server(f"web-{n}"), f"old-{n}") for n in range(ROUNDS)
        }
        environ = {**simulated.environ, "PATH": os.environ["PATH"]}
        simulated.service.hooks.append(Slow())
        for n in range(ROUNDS):
            killed(environ, f"web-{n}", KINDS[n % 3], chance.uniform(0, 0.1))
        found = {o.server_name: o for o in asyncio.run(settled(simulated, environ))}
        writes = [r for r in simulated.service.received if r.method != "GET"]
        arrived = Counter((r.method, r.path, r.body) for r in writes)
        assert all(count == 1 for count in arrived.values()), "nothing is sent twice"
        for n, old in olds.items():
            operation = found.pop(f"web-{n}", None)
            done = {
                Kind.CREATE: len(world.by_server[old.server.id]) == 2,
                Kind.RESTORE: old.server.restoring_until > world.clock.now(),
                Kind.DELETE: old.id not in world.snapshots,
            }
            if operation is None:
                assert not any(done.values()), "what the provider did is on record"
            elif done[operation.kind]:
                assert operation.state in (State.ACCEPTED, State.COMPLETED), operation
            elif operation.kind is Kind.RESTORE:  # which no status denies
                assert operation.state in (State.NEVER_SENT, State.UNKNOWN), operation
            else:
                assert operation.state in (State.NEVER_SENT, State.NOT_CARRIED_OUT), operation
        assert not found
    assert TOKEN.encode() not in (tmp_path / ".local/state/ciplun/journal.sqlite3").read_bytes()
