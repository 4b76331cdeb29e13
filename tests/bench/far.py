"""What somebody waits for who is a round trip away from the provider: cold, warm, and commands."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.line import line
from tests.bench.measure import Program
from tests.bench.service import service
from tests.bench.table import Row, limit
from tests.helpers.far import FarTerminal, Way
from tests.helpers.program import CIPLUN, environ

FIRST = b"build-0"
"""What the servers that are listed first begin with: where pages come, others come before them."""


_USUAL = 0.1
"""Seconds of the round trip that was measured before."""
_MANY = 10_000
"""Servers that take minutes over the slowest line: `check` reads no more of them than `list`."""
_HELD = 60
"""Keys of one that is held for two seconds."""


class Fleet(NamedTuple):
    """A fleet and the dialect in which it is served; `client` has pages of snapshots as well."""

    servers: int
    dialect: str

    @property
    def requests(self) -> int:
        """How many pages its lists have."""
        pages = -(-self.servers // 100)
        return pages + (-(-self.servers * 5 // 100) if self.dialect == "client" else 1)


class Goal(NamedTuple):
    """Milliseconds from the first paint to the first rows and to all of them, and for commands."""

    first: float
    whole: float
    command: float


def goal(fleet: Fleet, trip: float) -> Goal:
    """Two round trips and 150 ms; four pages in each round trip, and what they cost to read."""
    rounds = 2 + fleet.requests / 4
    whole = rounds * trip * 1000 + 600 + fleet.servers * 0.22
    return Goal(2 * trip * 1000 + 150, whole, whole + 500)


def far(quick: bool) -> Iterator[Row]:
    """All fleets over all lines; `quick` over the one that was measured before."""
    trips: Sequence[float] = (_USUAL,) if quick else (0.02, _USUAL, 0.3)
    fleets = [Fleet(n, d) for n in (12, 1_000, 10_000) for d in ("docs", "client")]
    for fleet in fleets:
        if quick and fleet != Fleet(12, "docs") and fleet != Fleet(1_000, "client"):
            continue
        with service(fleet.servers, fleet.dialect) as served:
            for trip in trips:
                yield from _far(fleet, trip, served)


def _far(fleet: Fleet, trip: float, served: dict[str, str]) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as home, line(served["VPS_API_URL"], trip) as url:
        variables = environ(Path(home), **{**served, "VPS_API_URL": url})
        wanted = goal(fleet, trip)
        name = f"{trip * 1000:.0f} ms, {fleet.servers:,} servers, {fleet.dialect}"
        first, whole = _cold(variables)
        yield limit(f"{name}: paint to first rows", first, wanted.first, "ms")
        yield limit(f"{name}: paint to all of them", whole, wanted.whole, "ms")
        yield limit(f"{name}: warm, paint to first rows", _warm(variables), 5, "ms")
        commands = ("list", "check") if fleet.servers < _MANY or trip == _USUAL else ("list",)
        for command in commands:
            took = _command(variables, command)
            yield limit(f"{name}: `{command}`", took, wanted.command, "ms")


def poor(quick: bool) -> Iterator[Row]:
    """Left open over ssh on a train: the line to the terminal loses, and so does the service's."""
    there, back = Way(0.15, 0.01, seed=1), Way(0.15, 0.01, seed=2)
    with (
        tempfile.TemporaryDirectory() as home,
        service(1_000) as served,
        line(served["VPS_API_URL"], 0.3, 0.01) as url,
    ):
        variables = environ(Path(home), **{**served, "VPS_API_URL": url})
        with FarTerminal(CIPLUN, variables, there, back) as terminal:
            terminal.until("live")
            opened = [terminal.shown_after("m", "esc back"), terminal.shown_after("\x1b", "q Quit")]
            terminal.send("g")
            terminal.until(f"▶  {_build(0)}")
            took = [
                terminal.shown_after("kj"[n % 2], f"▶  {_build(n % 2)}")
                for n in range(1, 11 if quick else 101)
            ]
            terminal.send("g")
            terminal.until(f"▶  {_build(0)}")
            for _ in range(_HELD):
                terminal.send("j")
                terminal.read(1 / 30)
            behind = terminal.shown_after("", f"▶  {_build(_HELD)}")
            stalls = terminal.stalls
    name = "Over ssh, 300 ms, 1 % lost"
    yield limit(f"{name}: the monitor, opened and left", max(opened) * 1000, 1_800, "ms")
    yield limit(f"{name}: key to screen, median", statistics.median(took) * 1000, 400, "ms")
    yield limit(f"{name}: the slowest of {len(took)}", max(took) * 1000, 1_800, "ms")
    yield limit(f"{name}: a key held for 2 s, until it stands", behind * 1000, 1_800, "ms")
    yield Row(f"{name}: times that the terminal's line stalled", str(stalls))


def _build(number: int) -> str:
    """The name of a server by its place in the list, from 0."""
    return f"build-{5 + 8 * number:05}"


def _cold(variables: dict[str, str]) -> tuple[float, float]:
    """Milliseconds from the first paint to the first row, and until all is live."""
    program = Program(CIPLUN, variables)
    try:
        painted = program.until(b"Quit")
        first = program.until(FIRST) - painted
        whole = program.until(b"live", 120) - painted
        program.settle(0.3)
        os.write(program.master, b"q")  # leaving keeps the fleet for the next start
        program.settle(0.5)
    finally:
        program.end()
    return first, whole


def _warm(variables: dict[str, str]) -> float:
    """The same from a start that remembers the fleet: the rows are painted with all else."""
    program = Program(CIPLUN, variables)
    try:
        return max(0.0, program.until(FIRST) - program.until(b"Quit"))
    finally:
        program.end()


def _command(variables: dict[str, str], command: str) -> float:
    began = time.perf_counter()
    subprocess.run([*CIPLUN, command], env=variables, stdout=subprocess.DEVNULL, check=False)
    return (time.perf_counter() - began) * 1000
