"""Scenarios of somebody else who acts on the same account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tui.simulator.objects import Refusal
from tui.simulator.rules import SLOTS
from tui.simulator.scenarios.base import (
    Asked,
    Pick,
    Scenario,
    Struck,
    creates,
    of,
    snapshot_lists,
    snapshot_of,
    writes,
)
from tui.simulator.web import Hook
from tui.simulator.world import World


class _Rival(Struck):
    """Somebody else acts on the account, just before or just after a request."""

    def __init__(
        self, act: Callable[[Request, bytes, World], None], pick: Pick, asked: Asked, *, late: bool
    ) -> None:
        super().__init__(pick, asked)
        self._act = act
        self._late = late

    async def before(self, request: Request, world: World) -> Response | None:
        if not self._late and self.strikes(request):
            self._act(request, await request.body(), world)
        return None

    async def after(self, request: Request, response: Response, world: World) -> Response:
        if self._late and not _goes_on(response) and self.strikes(request):
            self._act(request, await request.body(), world)
        return response


def _goes_on(response: Response) -> bool:
    """Whether a list has more pages: a colleague waits for the last, `shifting-pages` does not."""
    try:
        answer = json.loads(bytes(response.body))
    except ValueError:
        return False
    return isinstance(answer, dict) and bool(answer.get("next"))


def _rival(
    name: str,
    description: str,
    act: Callable[[Request, bytes, World], None],
    pick: Pick,
    *,
    late: bool = False,
) -> Scenario:
    return Scenario(name, description, lambda asked: _Rival(act, pick, asked, late=late))


def _take_last_slots(request: Request, body: bytes, world: World) -> None:
    """Fill the server that a create is for."""
    try:
        fields = json.loads(body)
        key = fields.get("server_id") or fields.get("server_uuid")
        if of("servers")(request):
            key = request.url.path.split("/")[4]
        server = world.find_server(world.account, key)
    except (ValueError, AttributeError, Refusal):
        return
    for number in range(SLOTS - len(world.by_server[server.id])):
        world.add_snapshot(server, f"of-a-colleague-{number}", hours=0.0, ready_in=300.0)


def _delete_first(request: Request, body: bytes, world: World) -> None:
    snapshot = snapshot_of(request, world)
    if snapshot is not None:
        world.delete(snapshot.server.account, snapshot.id)


def _rename_all(request: Request, body: bytes, world: World) -> None:
    for number, snapshot in enumerate(world.list_snapshots(world.account)):
        snapshot.name = f"renamed-{number}"
        world.save(snapshot)


def _spoil_all(request: Request, body: bytes, world: World) -> None:
    for snapshot in world.list_snapshots(world.account):
        if snapshot.status(world.clock.now()) == "completed":
            snapshot.outcome = "failed"
            world.save(snapshot)


def _busy_colleague(asked: Asked) -> Hook:
    """After a listing of snapshots, one is deleted, renamed, or made."""
    rng = asked.random

    def act(request: Request, body: bytes, world: World) -> None:
        mine = world.list_snapshots(world.account)
        chosen = rng.choice(mine) if mine else None
        deed = rng.choice(("delete", "rename", "create"))
        if chosen is None:
            return
        if deed == "delete":
            world.delete(world.account, chosen.id)
        elif deed == "rename":
            chosen.name = f"renamed-{rng.randrange(1000)}"
            world.save(chosen)
        elif len(world.by_server[chosen.server.id]) < SLOTS:
            world.add_snapshot(chosen.server, "of-a-colleague", hours=0.0, ready_in=300.0)

    return _Rival(act, snapshot_lists, asked, late=True)


SCENARIOS: Final[tuple[Scenario, ...]] = (
    _rival(
        "fifth-slot", "somebody takes the last slots before a create", _take_last_slots, creates
    ),
    _rival(
        "rival-deletes",
        "somebody deletes a snapshot just before it is restored or deleted",
        _delete_first,
        lambda request: writes(request) and not creates(request),
    ),
    _rival(
        "rival-renames",
        "after a listing somebody renames every snapshot",
        _rename_all,
        snapshot_lists,
        late=True,
    ),
    _rival(
        "rival-spoils",
        "after a listing every completed snapshot turns failed",
        _spoil_all,
        snapshot_lists,
        late=True,
    ),
    Scenario(
        "busy-colleague",
        "after each listing somebody deletes, renames or makes a snapshot",
        _busy_colleague,
    ),
)
