"""Figures taken from outside, through a pty: what somebody at the terminal waits for."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.bench.measure import Pair, Program, Side, p95, paired
from tests.bench.service import service
from tests.bench.table import Row, limit, ratio
from tests.helpers.program import CIPLUN, environ

BARE = str(Path(__file__).with_name("bare.py"))
ROWS = b"build-00005"


def sides(home: str, served: dict[str, str], *bare: str) -> tuple[Side, Side]:
    """Ours, and the bare app with these arguments."""
    # What is remembered is measured by `far`.
    shared = environ(Path(home), CIPLUN_REMEMBER="false", **served)
    ours = Side(CIPLUN, shared, b"Quit")
    return ours, Side([sys.executable, BARE, *bare], shared, b"READY")


def startup(ours: Side, bare: Side, runs: int) -> Iterator[Row]:
    times: tuple[list[float], list[float]] = ([], [])
    cpu: tuple[list[float], list[float]] = ([], [])
    memory: tuple[list[float], list[float]] = ([], [])
    data: list[float] = []
    for n in range(runs + 1):
        for number, side in enumerate((ours, bare)):
            program = Program(side.argv, side.environ)
            took, used = program.until(side.ready), program.cpu()
            rows = program.until(ROWS) - took if side is ours else 0.0
            program.settle(0.6)
            if n:  # the first pair only warms the caches up
                times[number].append(took)
                cpu[number].append(used)
                memory[number].append(program.memory())
                data += [rows] if side is ours else []
            program.end()
    yield ratio("Start: exec to the first paint", paired(*times), 1.15, "ms")
    yield ratio("Start: CPU up to the first paint", paired(*cpu), 1.15, "ms")
    yield limit("Start: first paint to the first rows", statistics.median(data), 120, "ms")
    yield ratio("Memory, 12 servers", paired(*memory), 1.6, "MB")


class Keys(NamedTuple):
    """Of keys that follow one another: time to a quiet screen, CPU and bytes of each."""

    median: Pair
    p95: Pair
    cpu: Pair
    bytes: Pair

    def rows(self, where: str) -> Iterator[Row]:
        """The lines of the table."""
        yield ratio(f"Key to quiet screen, {where}, median", self.median, 1.15, "ms")
        yield ratio(f"Key to quiet screen, {where}, p95", self.p95, 1.15, "ms")
        yield ratio(f"Key, {where}: CPU", self.cpu, 1.15, "ms")
        ours, bare = self.bytes.ours, self.bytes.bare
        yield Row(f"Bytes: a key, {where}", f"{ours:,.0f} against {bare:,.0f}")


def keys(
    ours: Side, bare: Side, runs: int, presses: int, bps: int = 0, first: bytes = b"j"
) -> Keys:
    """Press `j` ten times, then `k` ten times, and so on: a dozen rows are not more."""
    medians: tuple[list[float], list[float]] = ([], [])
    times: tuple[list[float], list[float]] = ([], [])
    cpu: tuple[list[float], list[float]] = ([], [])
    sizes: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for number, side in enumerate((ours, bare)):
            program = side.run(bps)
            program.key(first)  # what comes after a pause is measured by `follows`
            used = program.cpu()
            found = [program.key(b"kj"[n // 10 % 2 == 0 :][:1]) for n in range(presses)]
            cpu[number].append((program.cpu() - used) / presses)
            medians[number].append(statistics.median([took for took, _ in found]))
            times[number].append(p95([took for took, _ in found]))
            sizes[number].append(statistics.mean([size for _, size in found]))
            program.end()
    return Keys(paired(*medians), paired(*times), paired(*cpu), paired(*sizes))


def follows(ours: Side, bare: Side, runs: int, bps: int = 0) -> tuple[Pair, Pair]:
    """A key after a pause, with the chosen server's snapshots and details: time and bytes."""
    times: tuple[list[float], list[float]] = ([], [])
    sizes: tuple[list[float], list[float]] = ([], [])
    for number, side in enumerate((ours, bare)):
        program = side.run(bps)
        for _ in range(runs):
            took, size = program.key(b"j", quiet=0.15)
            times[number].append(took)
            sizes[number].append(size)
            program.settle(0.35)
        program.end()
    return paired(*times), paired(*sizes)


def sizes(ours: Side, bare: Side) -> Iterator[Row]:
    """What things cost on the wire."""
    program = ours.run()
    steps = (
        ("the help, opened", b"?"),
        ("the help, left", b"\x1b"),
        ("a form, opened", b"c"),
        ("its next field", b"\t"),
        ("a letter in it", b"x"),
        ("the form, left", b"\x1b"),
        ("the other pane", b"2"),
        ("all snapshots", b"a"),
        ("a page down in them", b"\x1b[6~"),
        ("a line of scrolling", b"j"),
    )
    for what, key in steps:
        yield Row(f"Bytes: {what}", f"{program.key(key, quiet=0.4)[1]:,}")
    program.end()


def idle(ours: Side, bare: Side, seconds: float) -> Iterator[Row]:
    program, other = ours.run(), bare.run()
    used = other.cpu()
    our_bytes, our_cpu = program.idle(seconds)
    bare_cpu = other.cpu() - used
    program.end()
    other.end()
    minutes = seconds / 60
    name = f"{minutes:g} quiet minutes" if minutes >= 1 else f"{seconds:g} quiet seconds"
    yield limit(f"Idle, {name}: bytes a minute", our_bytes / minutes, 200, "bytes")
    pair = paired([our_cpu / minutes], [max(1.0, bare_cpu / minutes)])
    yield ratio(f"Idle, {name}: CPU a minute", pair, 0.5, "ms")


def small(quick: bool) -> Iterator[Row]:
    """A dozen servers."""
    runs = 3 if quick else 11
    with tempfile.TemporaryDirectory() as home, service(12) as served:
        ours, bare = sides(home, served, "12")
        yield from startup(ours, bare, runs)
        few = 2 if quick else 3
        yield from keys(ours, bare, few, 50 if quick else 100).rows("12 servers")
        slow = keys(ours, bare, 1 if quick else 3, 10, bps=9600)
        yield ratio("Key to quiet screen at 9,600 bit/s, median", slow.median, 0.8, "ms")
        following = sides(home, served, "12", "follow")
        times, amount = follows(*following, 3 if quick else 10)
        yield Row(
            "Key after a pause, with the chosen server's snapshots and details",
            f"{times.ours:,.1f} ms, {amount.ours:,.0f} bytes; a bare app that does "
            f"the like {times.bare:,.1f} ms, {amount.bare:,.0f} bytes",
        )
        yield from sizes(ours, bare)
        yield from idle(ours, bare, 6 if quick else 300)


def large(quick: bool) -> Iterator[Row]:
    """Ten thousand servers with 50,000 snapshots."""
    with tempfile.TemporaryDirectory() as home, service(10_000) as served:
        ours, bare = sides(home, served, "10000")
        loaded = Side(ours.argv, ours.environ, b"live")
        run, presses = (1, 50) if quick else (3, 100)
        yield from keys(loaded, bare, run, presses).rows("10,000 servers")
        slow = keys(loaded, bare, 1, 3 if quick else 8, bps=9600, first=b"\x1b[6~")
        yield ratio("The same at 9,600 bit/s, scrolling, median", slow.median, 0.8, "ms")
        program = loaded.run()
        for what, key in (
            ("all snapshots", b"a"),
            ("sort by the next column", b"s"),
            ("reverse", b"S"),
            ("first letter of a filter", b"/9"),
            ("second letter", b"9"),
            ("third letter", b"9"),
        ):
            took, _ = program.key(key, quiet=0.15)
            yield limit(f"50,000 rows, {what}: key to quiet screen", took, 100, "ms")
            program.settle(0.5)
        program.end()
        used = statistics.median(_cpu_of_list(ours.environ) for _ in range(2 * run + 1))
        yield limit("`list` of 10,000 servers: CPU", used, 1_200, "ms")


def _cpu_of_list(variables: Mapping[str, str]) -> float:
    """Milliseconds of processor time that the command takes."""
    command = [*CIPLUN, "list"]
    with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL) as running:
        _, _, used = os.wait4(running.pid, 0)
        running.returncode = 0
    return (used.ru_utime + used.ru_stime) * 1000
