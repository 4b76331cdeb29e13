"""The administrative routes: time, tokens, scenarios and things of a running simulator.

They lie outside the API, under a token of their own, and no scenario stands in their way.
"""

from __future__ import annotations

import dataclasses
import hmac
import json
import secrets
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from tui.simulator import encode
from tui.simulator.clock import iso
from tui.simulator.descriptions import make
from tui.simulator.objects import Json, Refusal
from tui.simulator.scenarios import UnknownScenario, hooks
from tui.simulator.seen import requests_of
from tui.simulator.web import ADMIN, SimulatorApp


class Administration:
    """Answers what is asked of it under ``/admin/`` with its token, and nothing else.

    `reset` brings the service back to its beginning.
    """

    def __init__(
        self, app: SimulatorApp, seed: int = 1, reset: Callable[[], None] | None = None
    ) -> None:
        self.token = f"admin_{secrets.token_hex(20)}"
        self._app = app
        self._seed = seed
        self._reset = reset
        self._routes: dict[str, Callable[[Json], Json]] = {
            "advance": self._advance,
            "tokens": self._new_token,
            "scenarios": self._scenarios,
            "requests": self._requests,
            "servers": self._new_server,
            "snapshots": self._new_snapshot,
            "backups": self._new_backup,
            "reset": self._begin_anew,
        }
        app.admin = self.answer

    def answer(self, request: Request, body: bytes) -> Response | None:
        """The answer to an administrative request; None to any other."""
        path = request.url.path
        route = self._routes.get(path.removeprefix(ADMIN).removesuffix("/"))
        if route is None or not (path.startswith(ADMIN) and path.endswith("/")):
            return None
        try:
            self._check(request)
            return _json(route(_fields(body)))
        except Refusal as refusal:
            return _json(refusal.body, refusal.status, refusal.headers)

    def _check(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            detail = "This takes the administrative token."
            raise Refusal(401, {"detail": detail}, {"WWW-Authenticate": "Bearer"})
        if request.method != "POST":
            detail = f'Method "{request.method}" not allowed.'
            raise Refusal(405, {"detail": detail}, {"Allow": "POST"})

    def _advance(self, fields: Json) -> Json:
        """``{"seconds": 600}``: let that much virtual time pass at once."""
        seconds = fields.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise Refusal(400, {"seconds": ["A valid number is required."]})
        try:
            self._app.world.advance(seconds)
        except ValueError as error:
            raise Refusal(400, {"seconds": [str(error)]}) from None
        return {"now": iso(self._app.world.clock.now())}

    def _new_token(self, fields: Json) -> Json:
        """``{"permissions": ["servers:read"], "email": …}``: a token.

        Of the first account, or of the one with that address, which is new and empty if need be.
        """
        world = self._app.world
        email = fields.get("email", world.account.email)
        if not isinstance(email, str) or "@" not in email or not email.isprintable():
            raise Refusal(400, {"email": ["Enter a valid email address."]})
        account = world.account_of(email)
        permissions = fields.get("permissions", [])
        if not isinstance(permissions, list) or not all(isinstance(p, str) for p in permissions):
            raise Refusal(400, {"permissions": ["Not a list of strings."]})
        token = f"vps_{secrets.token_hex(20)}"
        world.add_token(token, *permissions, account=account)
        return {"token": token}

    def _scenarios(self, fields: Json) -> Json:
        """``{"names": ["lost-answer:1"]}``: these are at work from now on, and no others.

        What a scenario has made of the world stays.
        """
        names = fields.get("names")
        if not isinstance(names, list):
            raise Refusal(400, {"names": ["Not a list of strings."]})
        try:
            self._app.play(hooks([str(name) for name in names], self._seed))
        except UnknownScenario as error:
            raise Refusal(400, {"names": [str(error)]}) from None
        return {"names": names}

    def _requests(self, fields: Json) -> Json:
        """The requests that came, the API's alone, oldest first; with ``forget`` for the last time.

        A status of 0 is one that was not answered.
        """
        seen = requests_of(self._app, forget=fields.get("forget") is True)
        return {"requests": [dataclasses.asdict(one) for one in seen]}

    def _new_server(self, fields: Json) -> Json:
        """``{"name": "web", "id": 7, "status": "stopped", "snapshots": […]}``: a server."""
        return make(self._app.world, self._app.dialect, "server", fields)

    def _new_snapshot(self, fields: Json) -> Json:
        """``{"server": 7, "name": "old", "status": "failed", "age": "9d"}``: a snapshot."""
        return make(self._app.world, self._app.dialect, "snapshot", fields)

    def _new_backup(self, fields: Json) -> Json:
        """``{"server": 7, "backup_type": "manual", "age": "9d"}``: a backup."""
        return make(self._app.world, self._app.dialect, "backup", fields)

    def _begin_anew(self, fields: Json) -> Json:
        """Everything as it was at the beginning; tokens stay."""
        if self._reset is None:
            raise Refusal(400, {"detail": "This service has no beginning to go back to."})
        self._reset()
        return {"now": iso(self._app.world.clock.now())}


def _fields(body: bytes) -> Json:
    try:
        fields = json.loads(body.decode() or "{}")
    except (ValueError, RecursionError) as error:
        raise Refusal(400, {"detail": f"JSON parse error - {error}"}) from None
    if not isinstance(fields, dict):
        raise Refusal(400, {"detail": "Not an object."})
    return fields


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode.dump(value), status, headers, "application/json")
