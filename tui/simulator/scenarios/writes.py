"""Scenarios of writes: carried out or not, answered or not, and what becomes of them later."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tui.simulator.objects import NEVER, Refusal, SimSnapshot
from tui.simulator.rules import SLOTS
from tui.simulator.scenarios.answers import html_error
from tui.simulator.scenarios.base import (
    Pick,
    Scenario,
    Struck,
    Turn,
    afterwards,
    creates,
    instead,
    json_answer,
    prepared,
    restores,
    snapshot_lists,
    snapshot_of,
    writes,
)
from tui.simulator.transport import CutAnswer, NoAnswer, Silence
from tui.simulator.web import Hook
from tui.simulator.world import World

VANISHES_AFTER: Final = 60.0
LISTED_AFTER: Final = 30.0
_LIMIT: Final = f"Snapshot limit reached. Maximum {SLOTS} snapshots per server."
_STATE: Final = "Server is not in a valid state for restoration."


def _refused(body: object, status: int = 400) -> Callable[[Request, World], Response]:
    return lambda request, world: json_answer(body, status)


def _page(request: Request, response: Response, world: World) -> Response:
    return HTMLResponse("<!doctype html><h1>Thank you</h1>", response.status_code)


def _emptied(request: Request, response: Response, world: World) -> Response:
    return Response(b"", response.status_code, media_type="application/json")


def _echo(request: Request, world: World) -> Response:
    token = request.headers.get("authorization", "")
    words = f"\x1b]52;c;eA==\x07\x1b[2J[/][red]\u202eno\u200b: {token} {'x' * 100_000}"
    return json_answer({"detail": words, "na\x1bme": [words]}, 400)


class _Rival(Struck):
    """Somebody else acts on the account, just before or just after a request."""

    def __init__(
        self, act: Callable[[Request, bytes, World], None], pick: Pick, turn: Turn, *, late: bool
    ) -> None:
        super().__init__(pick, turn)
        self._act = act
        self._late = late

    async def before(self, request: Request, world: World) -> Response | None:
        if not self._late and self.strikes(request):
            self._act(request, await request.body(), world)
        return None

    async def after(self, request: Request, response: Response, world: World) -> Response:
        if self._late and self.strikes(request):
            self._act(request, await request.body(), world)
        return response


def _rival(
    name: str, description: str, act: Callable[[Request, bytes, World], None], pick: Pick
) -> Scenario:
    def make(turn: Turn, rng: random.Random) -> Hook:
        return _Rival(act, pick, turn, late=False)

    return Scenario(name, description, make)


def _take_last_slots(request: Request, body: bytes, world: World) -> None:
    """Fill the server that a create is for."""
    try:
        fields = json.loads(body)
        server = world.find_server(world.account, fields.get("server_id"))
    except (ValueError, AttributeError, Refusal):
        return
    for number in range(SLOTS - len(world.by_server[server.id])):
        world.add_snapshot(server, f"of-a-colleague-{number}", hours=0.0, ready_in=300.0)


def _delete_first(request: Request, body: bytes, world: World) -> None:
    snapshot = snapshot_of(request, world)
    if snapshot is not None:
        world.delete(snapshot.server.account, snapshot.id)


def _busy_colleague(turn: Turn, rng: random.Random) -> Hook:
    """After a listing of snapshots, one is deleted, renamed, or made."""

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

    return _Rival(act, snapshot_lists, turn, late=True)


def _fate(change: Callable[[SimSnapshot, float], None]) -> Callable[..., Response]:
    """Change what becomes of a snapshot that has just been accepted."""

    def after(request: Request, response: Response, world: World) -> Response:
        if response.status_code == 201:
            snapshot = next(reversed(world.snapshots.values()))
            change(snapshot, world.clock.now())
            world.save(snapshot)
        return response

    return after


def _failed(snapshot: SimSnapshot, now: float) -> None:
    snapshot.outcome = "failed"


def _odd(snapshot: SimSnapshot, now: float) -> None:
    snapshot.outcome = "quarantined"


def _stuck(snapshot: SimSnapshot, now: float) -> None:
    snapshot.ready_at = NEVER


def _vanishing(snapshot: SimSnapshot, now: float) -> None:
    snapshot.gone_at = now + VANISHES_AFTER


def _late(snapshot: SimSnapshot, now: float) -> None:
    snapshot.listed_at = now + LISTED_AFTER


def _endless_restore(request: Request, response: Response, world: World) -> Response:
    snapshot = snapshot_of(request, world)
    if response.status_code == 200 and snapshot is not None:
        snapshot.server.restoring_until = NEVER
        world.save(snapshot.server)
    return response


def _stays_stopped(world: World) -> None:
    world.after_restore = "stopped"


_UNANSWERED: Final = (
    afterwards(
        "lost-answer",
        "writes are carried out, and the connection is reset instead of an answer",
        lambda request, response, world: NoAnswer(reset=True),
        writes,
    ),
    instead(
        "lost-request",
        "writes are not carried out, and the connection is reset",
        lambda request, world: NoAnswer(reset=True),
        writes,
    ),
    afterwards(
        "silent-write",
        "writes are carried out and never answered",
        lambda request, response, world: Silence(),
        writes,
    ),
    instead(
        "swallowed-write",
        "writes are neither carried out nor answered",
        lambda request, world: Silence(),
        writes,
    ),
    afterwards(
        "cut-write",
        "writes are carried out and the answer ends in its middle",
        lambda request, response, world: CutAnswer(response),
        writes,
    ),
    afterwards(
        "done-but-502",
        "writes are carried out, and a proxy answers 502",
        lambda request, response, world: html_error(502),
        writes,
    ),
    instead(
        "undone-and-504",
        "writes are not carried out, and a proxy answers 504",
        lambda request, world: html_error(504),
        writes,
    ),
    afterwards("done-but-html", "writes are carried out, the answer is a page", _page, writes),
    afterwards("done-but-empty", "writes are carried out, the answer is empty", _emptied, writes),
)
_REFUSED: Final = (
    instead(
        "limit-detail", "creates: limit reached, as detail", _refused({"detail": _LIMIT}), creates
    ),
    instead(
        "limit-field",
        "creates: limit reached, of server_id",
        _refused({"server_id": [_LIMIT]}),
        creates,
    ),
    instead(
        "limit-non-field",
        "creates: limit reached, of no field",
        _refused({"non_field_errors": [_LIMIT]}),
        creates,
    ),
    instead("limit-list", "creates: limit reached, as a bare list", _refused([_LIMIT]), creates),
    instead(
        "conflict",
        "creates: 409, another operation is in progress",
        _refused({"detail": "Another operation is in progress."}, 409),
        creates,
        hypothetical=True,
    ),
    instead(
        "restore-refused",
        "restores: 400, not in a valid state",
        _refused({"detail": _STATE}),
        restores,
    ),
    instead("hostile-errors", "writes: 400 with controls and the token in it", _echo, writes),
)
_RIVALS: Final = (
    _rival(
        "fifth-slot", "somebody takes the last slots before a create", _take_last_slots, creates
    ),
    _rival(
        "rival-deletes",
        "somebody deletes a snapshot just before it is restored or deleted",
        _delete_first,
        lambda request: writes(request) and not creates(request),
    ),
    Scenario(
        "busy-colleague",
        "after each listing somebody deletes, renames or makes a snapshot",
        _busy_colleague,
    ),
)
_FATES: Final = (
    afterwards("failed-snapshot", "new snapshots end failed", _fate(_failed), creates, last=False),
    afterwards(
        "stuck-snapshot", "new snapshots stay in progress", _fate(_stuck), creates, last=False
    ),
    afterwards(
        "vanishing-snapshot",
        f"new snapshots are gone after {VANISHES_AFTER:g} virtual seconds",
        _fate(_vanishing),
        creates,
        last=False,
    ),
    afterwards(
        "late-listing",
        f"new snapshots are listed after {LISTED_AFTER:g} virtual seconds",
        _fate(_late),
        creates,
        last=False,
        hypothetical=True,
    ),
    afterwards(
        "unknown-status",
        "new snapshots end with a status that nobody has published",
        _fate(_odd),
        creates,
        last=False,
        hypothetical=True,
    ),
    afterwards("stuck-restore", "restores never end", _endless_restore, restores, last=False),
    prepared("restore-stays-stopped", "servers are stopped after a restore", _stays_stopped),
)
SCENARIOS: Final[tuple[Scenario, ...]] = (*_UNANSWERED, *_REFUSED, *_RIVALS, *_FATES)
