"""``ciplun simulator``: build a world, serve it, and stop cleanly."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

import uvicorn

from tui.simulator.admin import Administration
from tui.simulator.authority import Authority, authority
from tui.simulator.building import Built, Tokens
from tui.simulator.options import SimulatorOptions, WrongOption
from tui.simulator.scenarios import GROUPS, UnknownScenario
from tui.simulator.serve import Service, address, listen
from tui.simulator.state import StateError
from tui.simulator.web import ADMIN, PREFIX

Fail = Callable[[str, int], int]
PARENT_SECONDS: Final = 0.5
EXPORTED: Final = ("url", "token", "authority")
WORDS: Final = {
    "url": "VPS_API_URL",
    "token": "VPS_API_TOKEN",
    "authority": "SSL_CERT_FILE",
    "reader_token": "a token that may only read",
    "neighbour_token": "a token of another account",
    "admin_url": "administration",
    "admin_token": "its token",
}
SCENARIO_HELP: Final = """\
A scenario is asked for as NAME[=DELAY][:TURN][@WHERE]; several play together, in the order given:
  ciplun simulator --scenario lost-answer:1 --scenario slow-answer=0.5s:30%
  ciplun simulator --scenario "error-503:1-2@POST /snapshots/" --scenario latency=100ms

TURN says which of the requests that it could strike it does strike: 3 is the third, 1-3 the first
three, 4- all from the fourth on, 30% about a third, the same ones with the same --seed. Without it
all are struck. WHERE limits it to a method, a path of the API (* is anything), or both. DELAY is
for those that wait: 100ms, 0.5s, 2m. States of the world take none of these. "Hypothetical" is what
goes beyond the published contract: the real service may never do so."""


def _fail(reason: str, code: int) -> int:
    print(f"ciplun: {reason}", file=sys.stderr)  # noqa: T201
    return code


def run(options: SimulatorOptions, fail: Fail = _fail) -> int:
    """Serve until ctrl-c, SIGTERM, SIGHUP, or the parent's end. Returns an exit code.

    `fail` prints why it does not, and returns the code that it is given.
    """
    try:
        with contextlib.ExitStack() as until_the_end:
            trusted = None
            if options.tls:
                trusted = until_the_end.enter_context(authority(options.host))
            return _serve(options, trusted, fail)
    except UnknownScenario as error:
        return fail(f"{error}; --list-scenarios prints them all", 2)
    except WrongOption as error:
        return fail(str(error), 2)
    except StateError as error:
        return fail(str(error), 1)


def _serve(options: SimulatorOptions, trusted: Authority | None, fail: Fail) -> int:
    built = Built(options)
    try:
        listener = listen(options.port, options.host)
    except OSError as error:
        return fail(f"port {options.port}: {error.strerror}", 1)
    running = Service(built.app, trusted.context if trusted else None)
    _stop_on_signals(running)
    _stop_with_starter(running, stdin=options.end_with_stdin)
    admin = Administration(built.app, options.seed, built.reset) if options.admin else None
    url = address(listener, tls=trusted is not None)
    told = _told(url, built.tokens, admin, trusted)
    try:
        _announce(told, as_json=options.as_json)
    except BrokenPipeError:  # nobody wants to know; what is left unsaid must not fail at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    running.run([listener])
    return 0


def scenario_help() -> str:
    """All scenarios by their groups, for people."""
    lines = [SCENARIO_HELP]
    for group, scenarios in GROUPS.items():
        lines += ["", group]
        for scenario in scenarios:
            mark = " (takes =DELAY)" if scenario.seconds is not None else ""
            mark += " (hypothetical)" if scenario.hypothetical else ""
            lines.append(f"  {scenario.name:<27}{scenario.description}{mark}")
    return "".join(f"{line}\n" for line in lines)


def _told(
    url: str, tokens: Tokens, admin: Administration | None, trusted: Authority | None
) -> dict[str, str]:
    """What there is to tell, by the names that it has in JSON."""
    told = {"url": url, "token": tokens.owner}
    if tokens.reader:
        told["reader_token"] = tokens.reader
    if tokens.neighbour:
        told["neighbour_token"] = tokens.neighbour
    if admin:
        told["admin_url"] = url.removesuffix(PREFIX) + ADMIN
        told["admin_token"] = admin.token
    if trusted:
        told["authority"] = str(trusted.file)
    return told


def _announce(told: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        text = json.dumps({**told, "pid": os.getpid()})
    else:
        lines = ["The simulated VPS.org is running. It is not the real provider."]
        lines += [f"  export {WORDS[name]}={told[name]}" for name in EXPORTED if name in told]
        words = [f"  {WORDS[name]:<30}{told[name]}" for name in told if name not in EXPORTED]
        text = "\n".join([*lines, *words])
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
