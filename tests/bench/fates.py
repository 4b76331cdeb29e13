"""The provider's side of the campaign: what becomes of each write, and a record of what did."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from threading import Event

from starlette.requests import Request
from starlette.responses import Response

from tui.simulator.scenarios import hooks
from tui.simulator.transport import NoAnswer
from tui.simulator.web import Hook, SimulatorApp
from tui.simulator.world import World

ANSWERED = "answered"
LATE = "late"
FATES = (
    *(ANSWERED,) * 10,
    *("lost-answer", "lost-request", "silent-write", "swallowed-write", "cut-write") * 2,
    *("done-but-502", "undone-and-504", "done-but-html", "done-but-empty"),
    *("late-listing", "failed-snapshot", "vanishing-snapshot", LATE, LATE),
)
"""Names of scenarios, as often as they are to be; LATE: no answer, carried out minutes later."""
LATENESS = (100.0, 600.0)
"""Virtual seconds between a request and its being carried out, at its latest."""


Aim = tuple[str, int]
"""What a write does (``create``, ``restore``, ``delete``), and to which server."""


@dataclass
class Fate:
    """What the provider does to one asking, known by its token, and what came of it.

    `sent` and `done` count the writes of each kind and server that arrived and that were carried
    out; `made` are the ids of snapshots it made. The events tell that its first read, its first
    write came.
    """

    name: str
    hooks: list[Hook] = field(default_factory=list)
    sent: Counter[Aim] = field(default_factory=Counter)
    done: Counter[Aim] = field(default_factory=Counter)
    made: set[int] = field(default_factory=set)
    read: Event = field(default_factory=Event)
    written: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        if self.name not in (ANSWERED, LATE):
            self.hooks = hooks([self.name])


class Fates(Hook):
    """Strikes each asking with its own fate; takes a moment before and after all it does."""

    def __init__(self, app: SimulatorApp, seed: int, *, shows_restoring: bool) -> None:
        self.by_token: dict[str, Fate] = {}
        self._owners: dict[int, int] = {}
        self._late: list[tuple[float, Request, bytes]] = []
        self._app = app
        self._random = random.Random(seed)
        self._shows_restoring = shows_restoring

    @property
    def waiting(self) -> bool:
        """Whether something is still to be carried out."""
        return bool(self._late)

    def _fate(self, request: Request) -> Fate | None:
        return self.by_token.get(request.headers.get("authorization", "").removeprefix("Bearer "))

    async def before(self, request: Request, world: World) -> Response | None:
        self._catch_up(world)
        fate = self._fate(request)
        if fate is None:
            return None
        if request.method == "GET":
            fate.read.set()
            await asyncio.sleep(self._random.uniform(0, 0.01))
            return None
        body = await request.body()
        aim = self._aim(request, body, world)
        fate.sent[aim] += 1
        fate.written.set()
        await asyncio.sleep(self._random.uniform(0, 0.02))
        if fate.name == LATE:
            due = world.clock.now() + self._random.uniform(*LATENESS)
            self._late.append((due, request, body))
            return NoAnswer(reset=True)
        for hook in fate.hooks:
            response = await hook.before(request, world)
            if response is not None:
                return response
        return None

    async def after(self, request: Request, response: Response, world: World) -> Response:
        fate = self._fate(request)
        if request.method == "GET":
            if not self._shows_restoring and "/servers/" in request.url.path:
                response.body = bytes(response.body).replace(b'"restoring"', b'"active"')
                response.headers["content-length"] = str(len(response.body))
            return response
        if fate is None:
            return response
        self._note(fate, self._aim(request, await request.body(), world), response, world)
        for hook in fate.hooks:
            response = await hook.after(request, response, world)
        await asyncio.sleep(self._random.uniform(0, 0.02))
        return response

    def _note(self, fate: Fate, aim: Aim, response: Response, world: World) -> None:
        if response.status_code < 300:
            fate.done[aim] += 1
            if aim[0] == "create":
                fate.made.add(next(reversed(world.snapshots)))

    def _catch_up(self, world: World) -> None:
        """Carry out what is due now."""
        for entry in [entry for entry in self._late if entry[0] <= world.clock.now()]:
            self._late.remove(entry)
            _, request, body = entry
            fate = self._fate(request)
            assert fate is not None
            aim = self._aim(request, body, world)
            self._note(fate, aim, self._app._api.answer(request, body), world)

    def _aim(self, request: Request, body: bytes, world: World) -> Aim:
        """What a write asks for."""
        if request.method == "POST" and not request.url.path.endswith("/restore/"):
            return "create", int(json.loads(body)["server_id"])
        self._owners |= {key: s.server.id for key, s in world.snapshots.items()}
        kind = "delete" if request.method == "DELETE" else "restore"
        key = int(request.url.path.split("/snapshots/")[1].split("/")[0])
        return kind, self._owners[key]
