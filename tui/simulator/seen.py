"""Requests as they are told afterwards: whole, with the time and what struck them, and no token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from tui.simulator.clock import iso
from tui.simulator.contract import CONTRACT_PATH
from tui.simulator.web import ADMIN, HEALTH_PATH, SimulatorApp

MASK: Final = "***"


@dataclass(frozen=True, slots=True)
class Seen:
    """One request. Status 0: it was never answered. Names of headers are in lower case.

    `time` is the virtual one; `scenarios` are those that struck, as they were asked for.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    status: int
    time: str
    scenarios: tuple[str, ...]

    def json(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return json.loads(self.body)


def requests_of(app: SimulatorApp, *, forget: bool = False) -> list[Seen]:
    """The requests that came, oldest first, but for those that steer or watch the simulator.

    With `forget` they are told for the last time.
    """
    known = sorted(app.world.tokens, key=len, reverse=True)
    told = []
    for one in app.received:
        if one.path.startswith(ADMIN) or one.path in (HEALTH_PATH, CONTRACT_PATH):
            continue
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in one.headers}
        given = headers.get("authorization", "").split()[1:]

        def masked(text: str, tokens: tuple[str, ...] = (*given, *known)) -> str:
            for token in tokens:
                text = text.replace(token, MASK)
            return text

        told.append(
            Seen(
                one.method,
                masked(one.path),
                masked(one.query),
                {name: masked(value) for name, value in headers.items()},
                masked(one.body.decode(errors="replace")),
                one.status,
                iso(one.at),
                one.struck,
            )
        )
    if forget:
        app.received.clear()
    return told
