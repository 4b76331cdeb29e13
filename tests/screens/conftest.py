from __future__ import annotations

from functools import partial

import pytest

from tests.helpers.clocks import FakeClock
from tests.helpers.places import NOON
from tui.vps import exchange


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still at noon."""
    return FakeClock(NOON)


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second instead of half a minute, and a megabyte instead of many."""
    limits = partial(exchange.Limits, phase=0.5, read=0.7, page_bytes=1_000_000, pages=5)
    monkeypatch.setattr(exchange, "Limits", limits)
