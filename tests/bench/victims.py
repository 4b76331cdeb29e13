"""Processes that may be killed at any moment: each is forked from one that has loaded everything.

Told by lines of JSON on stdin: ``{"environ": …, "command": [arguments of ciplun]}`` or ``"core":
[kind, server's name, snapshot's name]`` starts one and prints its id; ``{"reap": id}`` waits for
its end and prints its exit code, negative for a signal.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import sys
from typing import Any

import tui.cli.create
import tui.cli.delete
import tui.cli.restore
import tui.fleet.poller
import tui.fleet.writes.operations
import tui.terminal.logs
import tui.vps.client  # noqa: F401
from tui.cli.main import run
from tui.config.settings import Options, load
from tui.fleet.writes.drafts import Safety, create_plan, safety_plan
from tui.fleet.writes.operations import Refused
from tui.session.session import Session
from tui.vps.errors import VpsError


async def write(kind: str, server_name: str, name: str, *more: str) -> None:
    """One write, or one plan of several, by the session that the dashboard has."""
    session = Session(load(Options(), os.environ), os.environ)
    live = await session.open()
    servers, snapshots = await live.client.servers(), await live.client.snapshots()
    server = next(s for s in servers.items if s.name == server_name)
    if kind == "set":
        named = [(s, None) for s in servers.items if s.name in (server_name, *more)]
        await live.plans.run(await live.plans.start(create_plan(named, name)))
        return
    if kind == "create":
        await live.operations.create(server, name)
        return
    mine = (s for s in snapshots.items if s.server_id == server.id)
    target = next(s for s in mine if s.name == name)
    if kind == "safety":
        plan = safety_plan(target, server, Safety("before"))
        await live.plans.run(await live.plans.start(plan))
        return
    await (live.operations.restore if kind == "restore" else live.operations.delete)(target)


async def stay(*what: str) -> None:
    """Write, and stay as the dashboard does, whatever became of it."""
    with contextlib.suppress(VpsError, Refused):
        await write(*what)
    await asyncio.sleep(60)


def live(order: dict[str, Any]) -> int:
    """Be a victim; returns the exit code of one that was left alone."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.environ.clear()
    os.environ.update(order["environ"])
    if "command" in order:
        return run(order["command"])
    asyncio.run(stay(*order["core"]))
    return 0


def main() -> None:
    gc.freeze()
    while line := sys.stdin.readline():
        order = json.loads(line)
        if "reap" in order:
            _, status = os.waitpid(order["reap"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = live(order)
            finally:
                os._exit(code)
        print(child, flush=True)


if __name__ == "__main__":
    main()
