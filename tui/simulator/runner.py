"""``ciplun simulator``: build a world, serve it, and stop cleanly."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import threading
import time
from dataclasses import dataclass
from typing import Final

import uvicorn

from tui.simulator.admin import ADMIN, Administration
from tui.simulator.clock import VirtualClock
from tui.simulator.demo import NEIGHBOUR, demo_fleet, large_fleet, neighbours
from tui.simulator.options import SimulatorOptions, TokenWanted, WrongOption, read_token
from tui.simulator.rules import POWER_SECONDS
from tui.simulator.scenarios import GROUPS, UnknownScenario, hooks
from tui.simulator.serve import Service, address, listen
from tui.simulator.state import StateError, StateFile
from tui.simulator.web import PREFIX, SimulatorApp
from tui.simulator.world import World

TOKEN_VARIABLE = "CIPLUN_SIMULATOR_TOKEN"  # noqa: S105 - a variable's name
"""Where tokens can be given without showing them in the list of processes."""
PARENT_SECONDS: Final = 0.5
WORDS: Final = {
    "reader_token": "a token that may only read",
    "neighbour_token": "a token of another account",
    "admin_url": "administration",
    "admin_token": "its token",
}
SCENARIO_HELP: Final = """\
A scenario is asked for as NAME or NAME:TURN, and several play together in the order given:
  ciplun simulator --scenario lost-answer:1 --scenario slow-answer:30%

TURN says which of the requests that it could strike it does strike: 3 is the third, 1-3 the first
three, 4- all from the fourth on, 30% about a third, the same ones with the same --seed. Without it
all are struck. States of the world take no TURN. "Hypothetical" is what goes beyond the published
contract: the real service may never do so."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that are told: of the account, of one who may only read, and of a neighbour."""

    owner: str
    reader: str | None = None
    neighbour: str | None = None


def build(options: SimulatorOptions) -> tuple[SimulatorApp, Tokens]:
    """A service as the options say, and the tokens that open it.

    Raises UnknownScenario, WrongOption, or StateError for a state file that cannot be used.
    """
    options.check()
    playing = hooks(options.scenarios, options.seed)
    asked = options.tokens or tuple(os.environ.get(TOKEN_VARIABLE, "").split())
    wanted = [read_token(text) for text in asked]
    state = StateFile(options.state) if options.state else None
    world = state.load(options.speed, options.seed) if state else None
    if world is None:
        world = _new_world(options)
    world.power_seconds = POWER_SECONDS
    tokens = _tokens(world, wanted)
    app = SimulatorApp(world, options.dialect)
    app.play(playing)
    if state:
        state.follow(world)
    return app, tokens


def _new_world(options: SimulatorOptions) -> World:
    world = World(VirtualClock(options.speed, options.now), options.seed)
    if options.servers is None:
        demo_fleet(world)
    else:
        large_fleet(world, options.servers)
    neighbours(world)
    return world


def _tokens(world: World, wanted: list[TokenWanted]) -> Tokens:
    """Let the wanted tokens in, or those of a kept world, or random ones."""
    for one in wanted:
        account = world.account_of(one.email) if one.email else None
        world.add_token(one.token, *one.permissions, account=account)
    if wanted:
        return Tokens(wanted[0].token)
    if not world.tokens:
        world.add_token(_random_token())
        world.add_token(_random_token(), "servers:read")
        world.add_token(_random_token(), account=world.account_of(NEIGHBOUR))
    mine = [i for i in world.tokens.values() if i.account is world.account]
    others = [i.token for i in world.tokens.values() if i.account is not world.account]
    readers = [i.token for i in mine if i.permissions == ("servers:read",)]
    owners = [i.token for i in mine if i.token not in readers]
    first = (owners or readers or others)[0]
    return Tokens(first, *(found[0] if found else None for found in (readers, others)))


def _random_token() -> str:
    return f"vps_{secrets.token_hex(20)}"


def run(options: SimulatorOptions) -> int:
    """Serve until ctrl-c, SIGTERM, SIGHUP, or the parent's end. Returns an exit code."""
    try:
        app, tokens = build(options)
        listener = listen(options.port)
    except UnknownScenario as error:
        return _fail(f"{error}; --list-scenarios prints them all", 2)
    except WrongOption as error:
        return _fail(str(error), 2)
    except StateError as error:
        return _fail(str(error), 1)
    except OSError as error:
        return _fail(f"port {options.port}: {error.strerror}", 1)
    running = Service(app)
    _stop_on_signals(running)
    _stop_with_starter(running, stdin=options.end_with_stdin)
    admin = Administration(app, options.seed) if options.admin else None
    try:
        _announce(address(listener), tokens, admin, as_json=options.as_json)
    except BrokenPipeError:  # nobody wants to know; what is left unsaid must not fail at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    running.run([listener])
    return 0


def print_scenarios() -> int:
    """Print all scenarios by their groups. Returns an exit code."""
    print(SCENARIO_HELP)  # noqa: T201
    for group, scenarios in GROUPS.items():
        print(f"\n{group}")  # noqa: T201
        for scenario in scenarios:
            mark = " (hypothetical)" if scenario.hypothetical else ""
            print(f"  {scenario.name:<27}{scenario.description}{mark}")  # noqa: T201
    return 0


def _fail(reason: str, code: int) -> int:
    print(f"ciplun: {reason}", file=sys.stderr)  # noqa: T201
    return code


def _announce(url: str, tokens: Tokens, admin: Administration | None, *, as_json: bool) -> None:
    told: dict[str, object] = {"url": url, "token": tokens.owner}
    if tokens.reader:
        told["reader_token"] = tokens.reader
    if tokens.neighbour:
        told["neighbour_token"] = tokens.neighbour
    if admin:
        told["admin_url"] = url.removesuffix(PREFIX) + ADMIN
        told["admin_token"] = admin.token
    if as_json:
        text = json.dumps({**told, "pid": os.getpid()})
    else:
        words = [f"  {WORDS[name]:<30}{value}" for name, value in told.items() if name in WORDS]
        text = "\n".join(
            [
                "The simulated VPS.org listens. It is not the real service.",
                f"  export VPS_API_URL={url}",
                f"  export VPS_API_TOKEN={tokens.owner}",
                *words,
            ]
        )
    print(text, flush=True)  # noqa: T201


def _stop_on_signals(running: uvicorn.Server) -> None:
    """Stop in good order, with exit code 0.

    uvicorn does so by itself while it serves, but then raises the signal again for whoever had it
    before; and a signal may come before it serves.
    """

    def stop(number: int, frame: object) -> None:
        running.should_exit = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if not _kept_alive():
        signal.signal(signal.SIGHUP, stop)


def _kept_alive() -> bool:
    """Whether we are to go on without a terminal and a parent: ``nohup`` says so."""
    return signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def _stop_with_starter(running: uvicorn.Server, *, stdin: bool) -> None:
    """Stop when whoever started us is gone, however it went.

    The demo holds our stdin open; of anybody else we see that we have another parent.
    """
    wait = _end_of_stdin if stdin else _end_of_parent
    if not stdin and _kept_alive():
        return

    def watch() -> None:
        wait()
        running.should_exit = True
        overdue = threading.Timer(5.0, os._exit, (0,))
        overdue.daemon = True
        overdue.start()

    threading.Thread(target=watch, daemon=True).start()


def _end_of_stdin() -> None:
    while os.read(0, 4096):
        pass


def _end_of_parent() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
