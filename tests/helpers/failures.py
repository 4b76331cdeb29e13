"""Scenarios that make a request fail, and what the client is left with."""

from __future__ import annotations

from typing import Any, Final

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


def key_of(app: SimulatorApp, thing: SimServer | SimSnapshot) -> int | str:
    return thing.uuid if app.dialect == "client" else thing.id


def mail(app: SimulatorApp) -> int | str:
    """The key of a server with two snapshots."""
    return key_of(app, next(s for s in app.world.servers.values() if s.name == "mail"))


async def create(app: SimulatorApp, speaking: Client) -> Any:
    return await speaking.create_snapshot(mail(app), "new")


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
