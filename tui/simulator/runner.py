"""``ciplun simulator``: build a world, serve it, and stop cleanly."""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading

from tui.simulator.clock import VirtualClock
from tui.simulator.demo import demo_fleet, large_fleet
from tui.simulator.options import SimulatorOptions
from tui.simulator.serve import address, listen, server
from tui.simulator.web import SimulatorApp
from tui.simulator.world import World

TOKEN_VARIABLE = "CIPLUN_SIMULATOR_TOKEN"  # noqa: S105 - a variable's name
"""Where a token can be given without showing it in the list of processes."""


def build(options: SimulatorOptions) -> tuple[SimulatorApp, str]:
    """A service as the options say, and the token that opens it."""
    world = World(VirtualClock(options.speed), options.seed)
    token = options.token or os.environ.get(TOKEN_VARIABLE) or f"vps_{secrets.token_hex(20)}"
    world.add_token(token)
    if options.servers is None:
        demo_fleet(world)
    else:
        large_fleet(world, options.servers)
    return SimulatorApp(world, options.dialect), token


def run(options: SimulatorOptions) -> int:
    """Serve until ctrl-c, SIGTERM, or the parent's end. Returns an exit code."""
    try:
        listener = listen(options.port)
    except OSError as error:
        print(f"simulator: port {options.port}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    app, token = build(options)
    running = server(app)
    if options.end_with_stdin:
        threading.Thread(target=_end_with_stdin, args=(running,), daemon=True).start()
    _announce(address(listener), token, as_json=options.as_json)
    running.run([listener])
    return 0


def _announce(url: str, token: str, *, as_json: bool) -> None:
    if as_json:
        line = json.dumps({"url": url, "token": token, "pid": os.getpid()})
    else:
        line = (
            "The simulated VPS.org listens. It is not the real service.\n"
            f"  export VPS_API_URL={url}\n  export VPS_API_TOKEN={token}"
        )
    print(line, flush=True)  # noqa: T201


def _end_with_stdin(running: object) -> None:
    """End when whoever started us is gone, however it went."""
    while os.read(0, 4096):
        pass
    running.should_exit = True  # type: ignore[attr-defined]
    threading.Timer(2.0, os._exit, (0,)).start()
