"""How long the provider should take: this account's own past, else the published times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tui.fleet.operation import Kind

PUBLISHED: Final = {Kind.CREATE: (180.0, 600.0), Kind.RESTORE: (300.0, 900.0)}
"""Seconds, from the provider's Snapshots page: 3-10 and 5-15 minutes."""
ENOUGH: Final = 5
"""Own durations from which on they say more than the published ones."""


class Expected(msgspec.Struct, frozen=True):
    """Seconds: usually from `low` to `high`, and overdue after `late`.

    With `own`, the two are the median and the 90th percentile of this account's own past.
    """

    low: float
    high: float
    late: float
    own: bool = False


def expected(kind: Kind, durations: Sequence[float] = ()) -> Expected | None:
    """What to expect of an operation; None for one that takes no time."""
    published = PUBLISHED.get(kind)
    if published is None:
        return None
    if len(durations) < ENOUGH:
        return Expected(*published, late=published[1])
    import statistics  # half a dozen modules, which the first paint does without

    middle = statistics.median(durations)
    most = statistics.quantiles(durations, n=10, method="inclusive")[8]
    return Expected(middle, most, max(most, published[1]), own=True)
