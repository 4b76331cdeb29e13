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

from tests.places import TOKEN, place
from tui.fleet.operation import State
from tui.session import Session
from tui.settings import Options, load

ROUNDS = 12
CHILD = """
import asyncio, os, sys
from tui.session import Session
from tui.settings import Options, load

async def main():
    session = Session(load(Options(), os.environ), os.environ)
    await session.open()
    listing = await session.client.servers()
    server = next(s for s in listing.items if s.name == sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    await session.operations.create(server, sys.argv[2])
    print("answered", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


def test_killed_at_any_moment_of_a_create(tmp_path: Path) -> None:
    chance = random.Random(20250122)
    with place(tmp_path, fleet=False) as simulated:
        for n in range(ROUNDS):
            simulated.world.add_server(f"web-{n}")
        environ = {**simulated.environ, "PATH": os.environ["PATH"]}
        for n in range(ROUNDS):
            child = subprocess.Popen(
                [sys.executable, "-c", CHILD, f"web-{n}", f"round-{n}"],
                env=environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=Path(__file__).parents[2],
            )
            assert child.stdin is not None
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            child.stdin.write(b"go\n")
            child.stdin.flush()
            time.sleep(chance.uniform(0, 0.06))
            child.send_signal(signal.SIGKILL)
            child.wait()
            child.stdin.close()
            child.stdout.close()
        posted = Counter(r.body for r in simulated.service.received if r.method == "POST")
        assert all(count == 1 for count in posted.values())

        async def settle() -> dict[str, State]:
            session = Session(load(Options(), environ), environ)
            await session.open()
            assert session.client is not None
            taken = {o.id for o in session.operations.running()}
            for _ in range(3):
                simulated.world.clock.advance(61)
                session.poller.refresh()
                polling = asyncio.create_task(session.poller.run())
                seen = len(simulated.service.received)
                while len(simulated.service.received) < seen + 3:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.1)
                polling.cancel()
                await asyncio.gather(polling, return_exceptions=True)
            found = {o.snapshot_name: o.state for o in await session.operations.history()}
            assert taken or all(state is not State.INTENT for state in found.values())
            await session.close()
            return found

        found = asyncio.run(settle())
        made = {s.name for s in simulated.world.snapshots.values()}
        for name, state in found.items():
            if name in made:
                assert state is State.ACCEPTED, (name, state)
            else:
                assert state in (State.NEVER_SENT, State.NOT_CARRIED_OUT), (name, state)
        assert made <= set(found), "what the provider has was asked for on record"
        assert simulated.sent().count("/api/v1/snapshots/") == len(made), "nothing sent again"
    assert TOKEN.encode() not in (tmp_path / ".local/state/ciplun/journal.sqlite3").read_bytes()
