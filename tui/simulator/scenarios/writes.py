"""Scenarios of writes: carried out or not, answered or not, and what becomes of them later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tui.simulator.objects import NEVER, SimSnapshot
from tui.simulator.rules import SLOTS
from tui.simulator.scenarios.answers import html_error
from tui.simulator.scenarios.base import (
    Afterwards,
    Asked,
    Scenario,
    afterwards,
    creates,
    instead,
    json_answer,
    prepared,
    restores,
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


def _vanishing(snapshot: SimSnapshot, moment: float) -> None:
    snapshot.gone_at = moment


def _late(snapshot: SimSnapshot, moment: float) -> None:
    snapshot.listed_at = moment


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
        hypothetical=True,
    ),
    instead(
        "limit-non-field",
        "creates: limit reached, of no field",
        _refused({"non_field_errors": [_LIMIT]}),
        creates,
        hypothetical=True,
    ),
    instead(
        "limit-list",
        "creates: limit reached, as a bare list",
        _refused([_LIMIT]),
        creates,
        hypothetical=True,
    ),
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
    instead(
        "hostile-errors",
        "writes: 400 with controls and the token in it",
        _echo,
        writes,
        hypothetical=True,
    ),
)


def _fated(name: str, description: str, change: Callable[[SimSnapshot, float], None]) -> Scenario:
    return afterwards(name, description, _fate(change), creates, last=False, hypothetical=True)


def _fated_later(
    name: str, description: str, change: Callable[[SimSnapshot, float], None], seconds: float
) -> Scenario:
    """A fate that comes after some virtual seconds; `change` is given the moment."""

    def make(asked: Asked) -> Hook:
        fate = _fate(lambda snapshot, now: change(snapshot, now + asked.seconds))
        return Afterwards(fate, creates, asked, last=False)

    told = description.format(f"{seconds:g}")
    return Scenario(name, told, make, hypothetical=True, seconds=seconds)


_FATES: Final = (
    _fated("failed-snapshot", "new snapshots end failed", _failed),
    _fated("stuck-snapshot", "new snapshots stay in progress", _stuck),
    _fated_later(
        "vanishing-snapshot",
        "new snapshots are gone after {} virtual seconds",
        _vanishing,
        VANISHES_AFTER,
    ),
    _fated_later(
        "late-listing", "new snapshots are listed after {} virtual seconds", _late, LISTED_AFTER
    ),
    _fated("unknown-status", "new snapshots end with a status that nobody has published", _odd),
    afterwards(
        "stuck-restore",
        "restores never end",
        _endless_restore,
        restores,
        last=False,
        hypothetical=True,
    ),
    prepared(
        "restore-stays-stopped",
        "servers are stopped after a restore",
        _stays_stopped,
        hypothetical=True,
    ),
)
SCENARIOS: Final[tuple[Scenario, ...]] = (*_UNANSWERED, *_REFUSED, *_FATES)
