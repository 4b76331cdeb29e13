"""Measuring a terminal program from outside, through a pty. Times in ms, sizes in bytes or MB."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_QUESTION = b"\x1b[5n"
QUIET = 0.03
"""Seconds without output after which a screen counts as right."""


class Program:
    """One run of a program on a terminal of 120x40."""

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str]) -> None:
        self.bps = 0
        """The speed at which the terminal reads, in bits a second; 0: as it comes."""
        self.started = time.perf_counter()
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], list(argv), dict(environ))
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.output = bytearray()

    def read(self, seconds: float) -> int:
        """Take what comes within a moment, at the speed of the line; the number of bytes."""
        if not select.select([self.master], [], [], seconds)[0]:
            return 0
        size = 65536
        if self.bps:
            size = max(1, min(256, self.bps // 10 // 20))
            time.sleep(size * 10 / self.bps)
        try:
            data = os.read(self.master, size)
        except OSError:
            return 0
        seen = max(0, len(self.output) - len(_QUESTION) + 1)
        self.output += data
        if self.output.find(_QUESTION, seen) >= 0:  # a terminal answers when it comes to it
            os.write(self.master, b"\x1b[0n")
        return len(data)

    def until(self, marker: bytes, seconds: float = 30.0) -> float:
        """Milliseconds from the start until `marker` has been written."""
        end = time.perf_counter() + seconds
        while marker not in self.output:
            self.read(0.05)
            if time.perf_counter() > end:
                raise TimeoutError(f"never seen: {marker!r}")
        return (time.perf_counter() - self.started) * 1000

    def settle(self, quiet: float = 0.5) -> None:
        """Read until nothing more comes."""
        while self.read(quiet):
            pass

    def key(self, keys: bytes, quiet: float = QUIET) -> tuple[float, int]:
        """Milliseconds from a key to its last byte before a quiet screen, and how many bytes."""
        before = len(self.output)
        start = last = time.perf_counter()
        os.write(self.master, keys)
        while self.read(quiet if last != start else 0.5):
            last = time.perf_counter()
        return (last - start) * 1000, len(self.output) - before

    def idle(self, seconds: float) -> tuple[int, float]:
        """Bytes written and CPU milliseconds used while nothing is done."""
        bytes_before, cpu_before = len(self.output), self.cpu()
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)
        return len(self.output) - bytes_before, self.cpu() - cpu_before

    def cpu(self) -> float:
        """CPU milliseconds so far."""
        clock = (~self.pid << 3) | 2  # as clock_getcpuclockid makes it; /proc counts in 10 ms
        return time.clock_gettime(clock) * 1000

    def memory(self) -> float:
        """Resident MB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def end(self) -> None:
        """Kill it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.master)


@dataclass(frozen=True)
class Side:
    """A program to measure: how to start it, and what shows that it has painted."""

    argv: Sequence[str]
    environ: Mapping[str, str]
    ready: bytes

    def run(self, bps: int = 0) -> Program:
        """Start it and wait until it has painted and is still; from then on the line is slow."""
        program = Program(self.argv, self.environ)
        program.until(self.ready)
        program.settle(1.0)
        program.bps = bps
        return program


@dataclass(frozen=True)
class Pair:
    """Ours and the bare app's figure, medians, and the median of the ratios of paired runs."""

    ours: float
    bare: float
    ratio: float


def paired(ours: Sequence[float], bare: Sequence[float]) -> Pair:
    """Sum up paired runs."""
    ratios = [a / b for a, b in zip(ours, bare, strict=True) if b]
    middle = statistics.median(ratios) if ratios else float("nan")
    return Pair(statistics.median(ours), statistics.median(bare), middle)


def p95(values: Sequence[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20, method="inclusive")[18]
