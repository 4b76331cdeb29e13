"""The lines of the table: what was measured, against what goal, and whether it is met."""

from __future__ import annotations

from typing import NamedTuple

from tests.bench.before import BEFORE
from tests.bench.measure import Pair


class Row(NamedTuple):
    """One line. `met` is empty where there is no goal."""

    what: str
    measured: str
    goal: str = ""
    met: str = ""

    def __str__(self) -> str:
        before = BEFORE.get(self.what, "")
        return f"| {self.what} | {self.measured} | {before} | {self.goal} | {self.met} |"


HEAD = "| What | Measured | Before | Goal | |\n|---|---|---|---|---|"


def ratio(what: str, pair: Pair, goal: float, unit: str) -> Row:
    """A ratio to the bare app."""
    figure = f"{pair.ratio:.2f}x ({pair.ours:,.1f} against {pair.bare:,.1f} {unit})"
    return Row(what, figure, f"≤ {goal:g}x", _met(pair.ratio <= goal))


def limit(what: str, value: float, goal: float, unit: str) -> Row:
    """A figure with a limit of its own."""
    return Row(what, f"{value:,.1f} {unit}", f"≤ {goal:,g} {unit}", _met(value <= goal))


def _met(met: bool) -> str:
    return "met" if met else "**not met**"
