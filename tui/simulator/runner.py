"""``ciplun simulator``: build a world, serve it, and stop cleanly."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import threading

import uvicorn

from tui.simulator.admin import Administration
from tui.simulator.clock import VirtualClock
from tui.simulator.demo import demo_fleet, large_fleet, neighbours
from tui.simulator.options import SimulatorOptions
from tui.simulator.scenarios import UnknownScenario, hooks, list_scenarios
from tui.simulator.serve import Service, address, listen
from tui.simulator.state import StateError, StateFile
from tui.simulator.web import SimulatorApp
from tui.simulator.world import World

TOKEN_VARIABLE = "CIPLUN_SIMULATOR_TOKEN"  # noqa: S105 - a variable's name
"""Where a token can be given without showing it in the list of processes."""


def build(options: SimulatorOptions) -> tuple[SimulatorApp, str]:
    """A service as the options say, and the token that opens it.

    Raises UnknownScenario, or StateError for a state file that cannot be used.
    """
    playing = hooks(options.scenarios, options.seed)
    state = StateFile(options.state) if options.state else None
    world = state.load(options.speed, options.seed) if state else None
    token = options.token or os.environ.get(TOKEN_VARIABLE) or _kept_token(world)
    if world is None:
        world = _new_world(options)
    if token not in world.tokens:
        world.add_token(token)
    app = SimulatorApp(world, options.dialect)
    app.play(playing)
    if state:
        state.follow(world)
    return app, token


def _new_world(options: SimulatorOptions) -> World:
    world = World(VirtualClock(options.speed), options.seed)
    if options.servers is None:
        demo_fleet(world)
    else:
        large_fleet(world, options.servers)
    neighbours(world)
    return world


def _kept_token(world: World | None) -> str:
    """The first token of a world that was kept: its clients go on with it."""
    mine = [t for t, i in world.tokens.items() if i.account is world.account] if world else []
    return mine[0] if mine else f"vps_{secrets.token_hex(20)}"


def run(options: SimulatorOptions) -> int:
    """Serve until ctrl-c, SIGTERM, or the parent's end. Returns an exit code."""
    try:
        app, token = build(options)
        listener = listen(options.port)
    except UnknownScenario as error:
        return _fail(f"{error}; --list-scenarios prints them all", 2)
    except StateError as error:
        return _fail(str(error), 1)
    except OSError as error:
        return _fail(f"port {options.port}: {error.strerror}", 1)
    url = address(listener)
    told = {"url": url, "token": token, "pid": os.getpid()}
    if options.admin:
        told["admin_url"] = url.removesuffix("/api/v1") + "/admin/"
        told["admin_token"] = Administration(app).token
    running = Service(app)
    if options.end_with_stdin:
        threading.Thread(target=_end_with_stdin, args=(running,), daemon=True).start()
    _stop_on_signals(running)
    _announce(told, as_json=options.as_json)
    running.run([listener])
    return 0


def print_scenarios() -> int:
    """Print all scenarios, one to a line. Returns an exit code."""
    for name, description, hypothetical in list_scenarios():
        mark = " (imagined)" if hypothetical else ""
        print(f"{name:<28}{description}{mark}")  # noqa: T201
    return 0


def _fail(reason: str, code: int) -> int:
    print(f"simulator: {reason}", file=sys.stderr)  # noqa: T201
    return code


def _announce(told: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        text = json.dumps(told)
    else:
        text = (
            "The simulated VPS.org listens. It is not the real service.\n"
            f"  export VPS_API_URL={told['url']}\n  export VPS_API_TOKEN={told['token']}"
        )
        if "admin_url" in told:
            text += f"\nAdministration: {told['admin_url']}, token {told['admin_token']}"
    print(text, flush=True)  # noqa: T201


def _stop_on_signals(running: uvicorn.Server) -> None:
    """Stop in good order, with exit code 0.

    uvicorn does so by itself while it serves, but then raises the signal again for whoever had it
    before; and a signal may come before it serves.
    """

    def stop(number: int, frame: object) -> None:
        running.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def _end_with_stdin(running: uvicorn.Server) -> None:
    """End when whoever started us is gone, however it went."""
    while os.read(0, 4096):
        pass
    running.should_exit = True
    threading.Timer(2.0, os._exit, (0,)).start()
