"""What scenarios are made of: which requests, which of them in turn, and what happens then."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from tui.simulator import encode
from tui.simulator.objects import SimSnapshot
from tui.simulator.web import STRUCK, Hook
from tui.simulator.world import World

Pick = Callable[[Request], bool]
Answer = Callable[[Request, World], Response]
Change = Callable[[Request, Response, World], Response]
Edit = Callable[[Any, Request], Any]

_TURN: Final = re.compile(r"(\d{1,9})(-?)(\d{0,9})|(\d{1,3})%")
_DELAY: Final = re.compile(r"(\d{1,7}(?:\.\d{1,6})?)(ms|s|m)?")
_WHERE: Final = re.compile(
    r"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)(?: +(/[^?]*))?|(/[^?]*)", re.IGNORECASE
)
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0}


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


class Where:
    """To which requests a scenario is limited: ``POST``, ``/servers/*``, ``POST /snapshots/``.

    The path is one of the API, whole; ``*`` stands for anything in it.
    """

    def __init__(self, text: str) -> None:
        match = _WHERE.fullmatch(text.strip())
        if match is None:
            raise UnknownScenario(f"@{text}: neither a method nor a path (@POST /snapshots/)")
        self._method = (match[1] or "").upper()
        self._path = match[2] or match[3] or "*"

    def __call__(self, request: Request) -> bool:
        """Whether this one is meant."""
        path = request.url.path.removeprefix("/api/v1")
        return self._method in ("", request.method) and fnmatchcase(path, self._path)


def delay(text: str) -> float:
    """Seconds of ``0.5s``, ``100ms``, ``2m`` or ``3``."""
    match = _DELAY.fullmatch(text)
    if match is None:
        raise UnknownScenario(f"={text}: no time such as 0.5s or 100ms")
    return float(match[1]) * _UNITS[match[2] or "s"]


@dataclass(frozen=True, slots=True)
class Asked:
    """How a scenario was asked for; `seconds` is the delay of those that take one."""

    text: str
    turn: Turn
    random: random.Random
    seconds: float = 0.0
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named fault.

    `hypothetical`: it goes beyond the published contract, which does not say that the service does
    so. What any network, proxy or colleague can do needs nobody's word. `seconds`: the delay it has
    unless told; None where it has none.
    """

    name: str
    description: str
    make: Callable[[Asked], Hook]
    hypothetical: bool = False
    takes_turns: bool = True
    seconds: float | None = None


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

    def __init__(self, pick: Pick, asked: Asked) -> None:
        self._pick = pick
        self._asked = asked

    def strikes(self, request: Request) -> bool:
        """Whether this one is struck, which is noted; asked once for each request."""
        asked = self._asked
        meant = self._pick(request) and (asked.where is None or asked.where(request))
        if not meant or not asked.turn():
            return False
        request.scope.setdefault(STRUCK, []).append(asked.text)
        return True


class _Instead(Struck):
    def __init__(self, answer: Answer, pick: Pick, asked: Asked) -> None:
        super().__init__(pick, asked)
        self._answer = answer

    async def before(self, request: Request, world: World) -> Response | None:
        return self._answer(request, world) if self.strikes(request) else None


class Afterwards(Struck):
    """The answer to what has been carried out is changed."""

    def __init__(self, change: Change, pick: Pick, asked: Asked, *, last: bool = True) -> None:
        super().__init__(pick, asked)
        self._change = change
        self.last = last

    async def after(self, request: Request, response: Response, world: World) -> Response:
        """Change it."""
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
        name, description, lambda asked: _Instead(answer, pick, asked), hypothetical=hypothetical
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
        lambda asked: Afterwards(change, pick, asked, last=last),
        hypothetical=hypothetical,
    )


def edited(
    name: str, description: str, edit: Edit, pick: Pick = lists, *, hypothetical: bool = False
) -> Scenario:
    """A scenario that changes the JSON of good answers."""

    def change(request: Request, response: Response, world: World) -> Response:
        if not is_good_json(response):
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
        lambda asked: _Prepared(begin),
        hypothetical=hypothetical,
        takes_turns=False,
    )


# -- for use in answers -----------------------------------------------------------------


def json_answer(value: object, status: int = 200, **headers: str) -> Response:
    """A JSON answer; headers with underscores for hyphens."""
    told = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(encode.dump(value), status, told, "application/json")


def is_good_json(response: Response) -> bool:
    """Whether it is what was asked for, as JSON: no refusal and no page for a browser."""
    return response.status_code < 300 and response.media_type == "application/json"


def items_of(answer: Any) -> list[Any]:
    """The items of a list in either of its shapes, to be changed in place."""
    found = answer if isinstance(answer, list) else answer["results"]
    return found if isinstance(found, list) else []


def snapshot_of(request: Request, world: World) -> SimSnapshot | None:
    """The snapshot that a request's path names, if there is one."""
    key = request.url.path.removeprefix("/api/v1/snapshots/").partition("/")[0]
    return next((s for s in world.snapshots.values() if key in (str(s.id), s.uuid)), None)
