"""Sizes, ages and durations in words: the only user of humanize, always with an explicit now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import humanize

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3_600, 86_400, 31_557_600
_ABSURD: Final = 10**18
_STEP: Final = 10
"""Seconds in which the time goes on that something under way has taken: a line is kept quiet."""
_AHEAD: Final = 5 * _MINUTE
"""Seconds by which a moment may lie ahead and still be now: two clocks are never the same."""


@lru_cache(4_096)
def size(mb: int | None) -> str:
    """A size given in MB, 1,024 of which make a GB, as the provider counts: ``5.0 GB``."""
    if mb is None:
        return "-"
    if abs(mb) > _ABSURD:
        return "> 1 YB"
    return humanize.naturalsize(mb * 1024 * 1024, binary=True).replace("iB", "B")


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago, in one unit: ``2 min ago``, ``8 days ago``; ``-`` for an unknown moment."""
    if moment is None:
        return "-"
    seconds = (now - moment).total_seconds()
    if seconds < -_AHEAD:
        return "in the future"
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    if seconds < _DAY:
        return f"{plural(int(seconds // _HOUR), 'hour')} ago"
    if seconds < _YEAR:
        return f"{plural(int(seconds // _DAY), 'day')} ago"
    return f"{plural(int(seconds // _YEAR), 'year')} ago"


def short_age(moment: datetime | None, now: datetime) -> str:
    """How long ago in at most five cells: ``14m``, ``2h``, ``8d``, ``3y``."""
    if moment is None:
        return "-"
    seconds = max(0, int((now - moment).total_seconds()))
    for unit, length in (("y", _YEAR), ("d", _DAY), ("h", _HOUR), ("m", _MINUTE)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return "now"


def duration(seconds: float) -> str:
    """A span in its two largest units: ``2m10s``, ``1h05m``, ``3d04h``."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        minutes, rest = divmod(whole, _MINUTE)
        return f"{minutes}m{rest:02}s" if rest else f"{minutes} min"
    if whole < _DAY:
        hours, rest = divmod(whole, _HOUR)
        return f"{hours}h{rest // _MINUTE:02}m"
    days, rest = divmod(whole, _DAY)
    return f"{days}d{rest // _HOUR:02}h"


def elapsed(since: float, now: float) -> int:
    """Seconds that something has been under way, in steps that all of it takes at one instant.

    Both moments are in seconds of one clock. What is shown is right to within a step.
    """
    return max(0, int(now // _STEP - since // _STEP)) * _STEP


def taken(since: float, now: float) -> str:
    """The same in words: ``<10s``, ``2m10s``."""
    seconds = elapsed(since, now)
    return duration(seconds) if seconds else f"<{_STEP}s"


def coarse(seconds: float) -> str:
    """A span in whole minutes: what changes once a minute keeps the line quiet."""
    minutes = int(max(0.0, seconds) // 60)
    if minutes < 60:
        return f"{minutes}m" if minutes else "<1m"
    return f"{minutes // 60}h{minutes % 60:02}m"


def long_duration(seconds: float) -> str:
    """A span in words for a sentence: ``3 days and 4 hours``."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return "less than a minute"
    unit = "minutes" if whole < _DAY else "hours"
    return humanize.precisedelta(
        whole // _MINUTE * _MINUTE, minimum_unit=unit, format="%0.0f", suppress=["months"]
    )


def stamp(moment: datetime, *, local: bool = False) -> str:
    """A moment to the minute: ``2025-01-15 18:30 UTC``, or in this machine's zone."""
    if moment.year <= 1:
        return "year 1"
    try:
        here = moment.astimezone(None if local else UTC)
    except (OverflowError, ValueError, OSError):  # a year that this machine's clock has not
        here = moment.astimezone(UTC)
    return here.strftime("%Y-%m-%d %H:%M %Z")


@lru_cache(1_024)
def plural(count: int, word: str) -> str:
    """A count with its noun: ``1 server``, ``12 servers``, ``10,000 servers``."""
    return f"{humanize.intcomma(count)} {word}{'' if count == 1 else 's'}"


def some(parts: Sequence[str], count: int) -> str:
    """The first `count` of them, and how many more there are: ``a, b and 4 more``."""
    more = f" and {len(parts) - count} more" if len(parts) > count else ""
    return ", ".join(parts[:count]) + more
