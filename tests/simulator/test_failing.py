"""Scenarios that make a request fail: what the client is left with, and what was done."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.helpers.simulators import TOKEN, client, demo
from tui.simulator.objects import SimServer, SimSnapshot
from tui.simulator.web import SimulatorApp
from tui.vps.client import Client
from tui.vps.errors import (
    BadResponse,
    Forbidden,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorised,
    Unreachable,
    VpsError,
)

DIALECTS: Final = ("docs", "client")


def key_of(app: SimulatorApp, thing: SimServer | SimSnapshot) -> int | str:
    return thing.uuid if app.dialect == "client" else thing.id


def mail(app: SimulatorApp) -> int | str:
    """The key of a server with two snapshots."""
    return key_of(app, next(s for s in app.world.servers.values() if s.name == "mail"))


def made(app: SimulatorApp) -> bool:
    return any(s.name == "new" for s in app.world.snapshots.values())


async def create(app: SimulatorApp, speaking: Client) -> Any:
    return await speaking.create_snapshot(mail(app), "new")


# -- what a client sees of each ---------------------------------------------------------

READING: Final[dict[str, tuple[type[VpsError], str]]] = {
    "reset": (Unreachable, ""),
    "hang-up": (BadResponse, "cut short"),
    "silence": (Unreachable, "no answer in time"),
    "garbage": (BadResponse, "malformed"),
    "slow-body": (Unreachable, "no answer in time"),
    "cut-body": (BadResponse, "cut short"),
    "reset-body": (Unreachable, ""),
    "huge-body": (BadResponse, "larger than"),
    "gzip-bomb": (BadResponse, "compressed"),
    "error-500": (BadResponse, "500"),
    "error-502": (BadResponse, "502"),
    "error-503": (BadResponse, "503"),
    "error-504": (BadResponse, "504"),
    "throttled": (RateLimited, "60 seconds"),
    "throttled-by-date": (RateLimited, ""),
    "throttled-silent": (RateLimited, ""),
    "throttled-negative": (RateLimited, "-60"),
    "throttled-for-a-year": (RateLimited, ""),
    "throttled-nonsense": (RateLimited, "soon"),
    "unauthorised": (Unauthorised, "Invalid token."),
    "truncated-json": (BadResponse, "not a list"),
    "html": (BadResponse, "not a list"),
    "empty-body": (BadResponse, "not a list"),
    "deep-json": (BadResponse, "not a list"),
    "redirect-loop": (BadResponse, "circle"),
    "redirect-away": (BadResponse, "302"),
    "next-loop": (BadResponse, "no end"),
    "next-endless": (BadResponse, "more than 20 pages"),
}


@pytest.mark.parametrize("name", READING)
async def test_a_read_fails_as_told(name: str, dialect: str) -> None:
    error, words = READING[name]
    with demo(name, dialect=dialect) as (url, _):
        async with client(url, read=0.4, pages=20, page_bytes=2_000_000) as speaking:
            with pytest.raises(error) as failed:
                await speaking.snapshots()
    assert type(failed.value) in (error, *error.__subclasses__())
    assert words in str(failed.value)


WRITING: Final[dict[str, tuple[type[VpsError], bool]]] = {
    "reset": (OutcomeUnknown, False),
    "hang-up": (OutcomeUnknown, False),
    "error-503": (OutcomeUnknown, False),
    "throttled": (RateLimited, False),
    "unauthorised": (Unauthorised, False),
    "forbidden-writes": (Forbidden, False),
    "cut-body": (OutcomeUnknown, True),
    "truncated-json": (OutcomeUnknown, True),
    "redirect-writes": (OutcomeUnknown, False),
    "redirect-writes-away": (OutcomeUnknown, False),
    "lost-answer": (OutcomeUnknown, True),
    "lost-request": (OutcomeUnknown, False),
    "silent-write": (OutcomeUnknown, True),
    "swallowed-write": (OutcomeUnknown, False),
    "cut-write": (OutcomeUnknown, True),
    "done-but-502": (OutcomeUnknown, True),
    "undone-and-504": (OutcomeUnknown, False),
    "done-but-html": (OutcomeUnknown, True),
    "done-but-empty": (OutcomeUnknown, True),
    "limit-detail": (Rejected, False),
    "limit-field": (Rejected, False),
    "limit-non-field": (Rejected, False),
    "limit-list": (Rejected, False),
    "conflict": (Rejected, False),
    "fifth-slot": (Rejected, False),
    "hostile-errors": (Rejected, False),
    "full-fleet": (Rejected, False),
    "all-suspended": (Rejected, False),
}


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
