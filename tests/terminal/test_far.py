"""Left open over ssh on a train: a line that is long, loses, and stalls on either side of it."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from tests.bench.line import line
from tests.helpers.far import SEGMENT, FarTerminal, Way
from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, environ

TRIP = 0.06
STALL = (0.1, 0.2)


def test_what_is_lost_comes_late_and_all_behind_it() -> None:
    way = Way(0.1, loss=0.2, stall=(1.0, 1.0), seed=1)
    arrivals = [way.arrival(10, n / 100) for n in range(100)]
    assert arrivals == sorted(arrivals)
    assert arrivals[0] in (pytest.approx(0.1), pytest.approx(1.1))
    assert 5 < way.stalls < 45
    long = Way(0.1, loss=0.2, seed=1)
    for n in range(20):
        long.arrival(50 * SEGMENT, n)
    assert long.stalls == 20, "of fifty segments one is always lost"


def test_a_monitor_over_a_line_that_loses_stays_usable(simulated: Place, tmp_path: Path) -> None:
    there, back = Way(TRIP / 2, 0.1, STALL, seed=3), Way(TRIP / 2, 0.1, STALL, seed=4)
    with line(simulated.url, TRIP, loss=0.02) as url:
        variables = environ(tmp_path, **{**simulated.environ, "VPS_API_URL": url})
        with FarTerminal(CIPLUN, variables, there, back) as terminal:
            terminal.until("live")
            took = [terminal.shown_after("m", "esc back"), terminal.shown_after("\x1b", "q Quit")]
            terminal.send("g")
            terminal.until("▶  billing")
            for key, chosen in (("j", "▶  ci-"), ("k", "▶  billing")) * 5:
                took.append(terminal.shown_after(key, chosen))
            asked = len(simulated.sent("GET"))
            terminal.send("r")
            terminal.until(lambda: len(simulated.sent("GET")) >= asked + 2)
            terminal.send("j" * 9)  # a held key: it ends where it led, and nothing comes after
            terminal.until("▶  vpn-gateway")
            assert terminal.stalls, "it has stalled"
            assert statistics.median(took) < TRIP + 0.5
            terminal.send("q")
            assert terminal.wait(10) == 0
