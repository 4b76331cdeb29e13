"""Scenarios that make a request fail: what the client is left with, and what was done."""

from __future__ import annotations

from typing import Final

import pytest

from tests.helpers.failures import READING, WRITING, create
from tests.helpers.simulators import TOKEN, client, demo
from tui.simulator.web import SimulatorApp
from tui.vps.errors import (
    RateLimited,
)

DIALECTS: Final = ("docs", "client")


def made(app: SimulatorApp) -> bool:
    return any(s.name == "new" for s in app.world.snapshots.values())


# -- what a client sees of each ---------------------------------------------------------


@pytest.mark.parametrize("name", READING)
async def test_a_read_fails_as_told(name: str, dialect: str) -> None:
    error, words = READING[name]
    with demo(name, dialect=dialect) as (url, _):
        async with client(url, read=0.4, pages=20, page_bytes=2_000_000) as speaking:
            with pytest.raises(error) as failed:
                await speaking.snapshots()
    assert type(failed.value) in (error, *error.__subclasses__())
    assert words in str(failed.value)


@pytest.mark.parametrize("name", WRITING)
async def test_a_create_is_carried_out_or_not_whatever_the_answer(name: str, dialect: str) -> None:
    error, carried_out = WRITING[name]
    with demo(name, dialect=dialect) as (url, app):
        async with client(url, write=0.4) as speaking:
            with pytest.raises(error) as failed:
                await create(app, speaking)
        assert made(app) is carried_out
        assert [r.method for r in app.received] == ["POST"]
    assert type(failed.value) in (error, *error.__subclasses__())
    assert TOKEN not in str(failed.value)
    if name.startswith("limit"):
        assert "Maximum 5" in " ".join(failed.value.fields.values())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("throttled", 60),
        ("throttled-by-date", 60),
        ("throttled-silent", None),
        ("throttled-negative", None),
        ("throttled-for-a-year", 900),
        ("throttled-nonsense", None),
    ],
)
async def test_how_long_to_wait(name: str, seconds: float | None) -> None:
    with demo(name) as (url, _):
        async with client(url) as speaking:
            with pytest.raises(RateLimited) as failed:
                await speaking.servers()
    assert failed.value.retry_after == seconds
