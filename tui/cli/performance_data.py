"""Performance data of `ciplun check`, as the guidelines of monitoring plug-ins have it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from tui.fleet.health import Rules, newest_age
from tui.fleet.state import ServerView, count

_MEASURED: Final = 50
"""Servers up to which the age of each is a figure of its own."""


def figures(views: Sequence[ServerView], rules: Rules, now: float) -> Sequence[str]:
    """Performance data: label=value[unit];warning;critical;least;most."""
    totals = count(views)
    ages = [newest_age(view, now) for view in views]
    known = [age for age in ages if math.isfinite(age)]
    figures = [
        f"'servers'={totals.servers};;;0",
        f"'slots used'={totals.used};;;0;{totals.slots}",
        f"'full'={totals.full};;;0",
        f"'failed'={totals.failed};;;0",
        f"'busy'={totals.busy};;;0",
    ]
    limits = [(rules.warn_age, rules.age_of(view.server)) for view in views]
    if known:  # of servers with several limits it has none
        figures.append(_aged("oldest", max(known), *(limits[0] if len({*limits}) == 1 else ())))
    if len(views) <= _MEASURED:
        labels = _labels([view.server.name for view in views])
        for label, age, own in zip(labels, ages, limits, strict=True):
            if math.isfinite(age):
                figures.append(_aged(f"age {label}", age, *own))
    return figures


def _aged(label: str, age: float, warning: float = 0.0, critical: float = 0.0) -> str:
    limits = ";".join(f"{limit:.0f}" if limit else "" for limit in (warning, critical))
    return f"'{label}'={max(0.0, age):.0f}s;{limits};0"


def _labels(names: Sequence[str]) -> Sequence[str]:
    """Names as labels can have them, no two of them alike."""
    labels: list[str] = []
    for raw in names:
        name = "".join("_" if char in "'=|" else char for char in raw)
        label, turn = name, 1
        while label in labels:
            turn += 1
            label = f"{name} {turn}"
        labels.append(label)
    return labels
