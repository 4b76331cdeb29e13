"""What scenarios are made of: which requests, which of them in turn, and what happens then."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from tui.simulator import encode
from tui.simulator.objects import SimSnapshot
from tui.simulator.web import Hook
from tui.simulator.world import World

Pick = Callable[[Request], bool]
Answer = Callable[[Request, World], Response]
Change = Callable[[Request, Response, World], Response]
Edit = Callable[[Any, Request], Any]

_TURN: Final = re.compile(r"(\d{1,9})(-?)(\d{0,9})|(\d{1,3})%")


class UnknownScenario(ValueError):
    """No scenario has this name, or it takes no such turn; one sentence."""


class Turn:
    """Which of the requests that a scenario could strike it does strike.

    ``3`` is the third, ``1-3`` the first three, ``4-`` all from the fourth on, ``30%`` about a
    third of them, the same ones with the same seed. Nothing is all of them.
    """

    def __init__(self, text: str, rng: random.Random) -> None:
        match = _TURN.fullmatch(text or "1-")
        if match is None:
            raise UnknownScenario(f"{text}: neither a turn (3, 1-3, 4-) nor a chance (30%)")
        first, dash, last, chance = match.groups()
        self._first = int(first or 1)
        self._last = int(last) if last else None if dash or chance else self._first
        if self._first < 1 or (self._last is not None and self._last < self._first):
            raise UnknownScenario(f"{text}: no request has this turn")
        self._chance = int(chance) / 100 if chance else 1.0
        self._random = rng
        self._count = 0

    def __call__(self) -> bool:
        """Whether it is this one's turn."""
        self._count += 1
        within = self._first <= self._count and (self._last is None or self._count <= self._last)
        return within and (self._chance == 1.0 or self._random.random() < self._chance)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named fault.

    `hypothetical`: it goes beyond the published contract, which does not say that the service does
    so. What any network, proxy or colleague can do needs nobody's word.
    """

    name: str
    description: str
    make: Callable[[Turn, random.Random], Hook]
    hypothetical: bool = False
    takes_turns: bool = True


# -- which requests --------------------------------------------------------------------


def anything(request: Request) -> bool:
    """Every request."""
    return True


def reads(request: Request) -> bool:
    """Requests that ask."""
    return request.method == "GET"


def writes(request: Request) -> bool:
    """Requests that change something."""
    return request.method not in ("GET", "HEAD", "OPTIONS")


def lists(request: Request) -> bool:
    """Requests for a list, of whatever."""
    return reads(request) and request.url.path.endswith(("/snapshots/", "/servers/", "/backups/"))


def snapshot_lists(request: Request) -> bool:
    """Requests for the list of snapshots."""
    return reads(request) and request.url.path.endswith("/snapshots/")


def creates(request: Request) -> bool:
    """Requests for a new snapshot."""
    return request.method == "POST" and request.url.path.endswith(("/snapshots/", "/snapshot/"))


def restores(request: Request) -> bool:
    """Requests to restore a snapshot."""
    return request.method == "POST" and request.url.path.endswith("/restore/")


def of(part: str) -> Pick:
    """Requests whose path begins with a part of the API, such as ``servers``."""
    return lambda request: request.url.path.startswith(f"/api/v1/{part}/")


# -- what happens ------------------------------------------------------------------------


class Struck(Hook):
    """A hook for some requests, in their turn."""

    def __init__(self, pick: Pick, turn: Turn) -> None:
        self._pick = pick
        self._turn = turn

    def strikes(self, request: Request) -> bool:
        """Whether this one is struck; asked once for each request."""
        return self._pick(request) and self._turn()


class _Instead(Struck):
    def __init__(self, answer: Answer, pick: Pick, turn: Turn) -> None:
        super().__init__(pick, turn)
        self._answer = answer

    async def before(self, request: Request, world: World) -> Response | None:
        return self._answer(request, world) if self.strikes(request) else None


class _Afterwards(Struck):
    def __init__(self, change: Change, pick: Pick, turn: Turn, *, last: bool) -> None:
        super().__init__(pick, turn)
        self._change = change
        self.last = last

    async def after(self, request: Request, response: Response, world: World) -> Response:
        return self._change(request, response, world) if self.strikes(request) else response


class _Prepared(Hook):
    def __init__(self, begin: Callable[[World], None]) -> None:
        self._begin = begin

    def begin(self, world: World) -> None:
        self._begin(world)


def instead(
    name: str,
    description: str,
    answer: Answer,
    pick: Pick = anything,
    *,
    hypothetical: bool = False,
) -> Scenario:
    """A scenario that answers instead of the service: nothing is carried out."""
    return Scenario(
        name, description, lambda turn, _: _Instead(answer, pick, turn), hypothetical=hypothetical
    )


def afterwards(
    name: str,
    description: str,
    change: Change,
    pick: Pick = anything,
    *,
    last: bool = True,
    hypothetical: bool = False,
) -> Scenario:
    """A scenario that changes the answer to what has been carried out."""
    return Scenario(
        name,
        description,
        lambda turn, _: _Afterwards(change, pick, turn, last=last),
        hypothetical=hypothetical,
    )


def edited(
    name: str, description: str, edit: Edit, pick: Pick = lists, *, hypothetical: bool = False
) -> Scenario:
    """A scenario that changes the JSON of good answers."""

    def change(request: Request, response: Response, world: World) -> Response:
        if response.status_code >= 300 or response.media_type != "application/json":
            return response
        response.body = json.dumps(edit(json.loads(bytes(response.body)), request)).encode()
        response.headers["content-length"] = str(len(response.body))
        return response

    return afterwards(name, description, change, pick, last=False, hypothetical=hypothetical)


def prepared(
    name: str, description: str, begin: Callable[[World], None], *, hypothetical: bool = False
) -> Scenario:
    """A scenario that is a state of the world, made once at the start."""
    return Scenario(
        name,
        description,
        lambda turn, _: _Prepared(begin),
        hypothetical=hypothetical,
        takes_turns=False,
    )


# -- for use in answers -----------------------------------------------------------------


def json_answer(value: object, status: int = 200, **headers: str) -> Response:
    """A JSON answer; headers with underscores for hyphens."""
    told = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(encode.dump(value), status, told, "application/json")


def items_of(answer: Any) -> list[Any]:
    """The items of a list in either of its shapes, to be changed in place."""
    found = answer if isinstance(answer, list) else answer["results"]
    return found if isinstance(found, list) else []


def snapshot_of(request: Request, world: World) -> SimSnapshot | None:
    """The snapshot that a request's path names, if there is one."""
    key = request.url.path.removeprefix("/api/v1/snapshots/").partition("/")[0]
    return next((s for s in world.snapshots.values() if key in (str(s.id), s.uuid)), None)
