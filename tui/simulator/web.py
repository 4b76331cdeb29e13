"""The simulated service over HTTP: the API, and the scenarios that stand before and behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Message, Receive, Scope, Send

from tui.simulator.api import PREFIX, Api
from tui.simulator.clock import iso
from tui.simulator.contract import CONTRACT_PATH, contract
from tui.simulator.encode import dump
from tui.simulator.options import LOCAL_NAMES
from tui.simulator.world import World

__all__ = ["PREFIX", "Hook", "Received", "SimulatorApp"]

LONGEST_BODY: Final = 1024 * 1024
"""Bytes of a request's body that are taken: what a common proxy takes by default."""
MOST_RECEIVED: Final = 10_000
"""Requests that are remembered: a simulator may run for weeks."""
HEALTH_PATH: Final = "/health/"
ADMIN: Final = "/admin/"
STRUCK: Final = "ciplun.struck"
"""Where in a request's scope scenarios note that they struck it."""
Headers = Sequence[tuple[bytes, bytes]]
_HOST: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^][:]+))(?::[0-9]*)?", re.IGNORECASE)
"""A name or an address, perhaps with a port."""
_ABSOLUTE: Final = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived, for tests that count them. Status 0: it was never answered.

    `headers` are those that came, `at` is the virtual second, `struck` the scenarios that struck.
    """

    method: str
    path: str
    query: str
    body: bytes
    status: int
    headers: Headers = ()
    at: float = 0.0
    struck: tuple[str, ...] = ()


class Hook:
    """What a scenario can do to a request; this one does nothing."""

    last = False
    """Whether it spoils the answer so far that no other hook could read it."""

    def begin(self, world: World) -> None:
        """Prepare the world once, before the first request."""

    async def before(self, request: Request, world: World) -> Response | None:
        """Answer instead of the service, without anything being carried out."""
        return None

    async def after(self, request: Request, response: Response, world: World) -> Response:
        """Change the answer to a request that has been carried out."""
        return response


class SimulatorApp:
    """An ASGI app over a world. `hooks` are the scenarios at work, changeable at any time.

    `admin`, health and the contract are asked before everything else: no scenario stands in their
    way. With `outside` it answers to any name of this machine, else to those of loopback.
    """

    def __init__(self, world: World, dialect: str = "docs", *, outside: bool = False) -> None:
        self.world = world
        self.dialect = dialect
        self.hooks: list[Hook] = []
        self.received: list[Received] = []
        self.admin: Callable[[Request, bytes], Response | None] | None = None
        self._outside = outside
        self._api = Api(world, dialect)
        self.router = self._api.router
        self._views = self._api.views

    def play(self, hooks: Sequence[Hook]) -> None:
        """Put scenarios to work in place of those before; each prepares the world first."""
        for hook in hooks:
            hook.begin(self.world)
        self.hooks = list(hooks)

    def exchange(self, world: World) -> None:
        """Go on with another world; no request has come in it."""
        self.world = self._api.world = world
        self.received.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        scope = _in_origin_form(scope)
        request = Request(scope, _bounded(receive))
        try:
            if _declared_length(request) > LONGEST_BODY:
                raise _TooLong
            body = await request.body()
        except ClientDisconnect:
            return
        except _TooLong:
            await HTMLResponse("<h1>413 Request Entity Too Large</h1>", 413)(scope, receive, send)
            return
        response = await self._answer(request, body)
        response.headers.setdefault("date", formatdate(self.world.clock.told(), usegmt=True))
        self._note(request, body, response.status_code)
        await response(scope, receive, send)

    def _note(self, request: Request, body: bytes, status: int) -> None:
        url = request.url
        struck = tuple(request.scope.get(STRUCK, ()))
        headers, now = request.headers.raw, self.world.clock.now()
        self.received.append(
            Received(request.method, url.path, url.query, body, status, headers, now, struck)
        )
        if len(self.received) > MOST_RECEIVED:
            del self.received[: MOST_RECEIVED // 2]

    async def _answer(self, request: Request, body: bytes) -> Response:
        if not self._outside and not _is_local(request):
            return HTMLResponse(STRANGER, 400)
        administered = self.admin(request, body) if self.admin else None
        if administered is not None:
            return administered
        public = {CONTRACT_PATH: self._contract, HEALTH_PATH: self._health}.get(
            request.scope["path"]
        )
        if public is not None:
            if request.method in ("GET", "HEAD"):
                return public()
            return Response(status_code=405, headers={"Allow": "GET, HEAD"})
        for hook in self.hooks:
            response = await hook.before(request, self.world)
            if response is not None:
                return response
        response = self._api.answer(request, body)
        for hook in self.hooks:
            response = await hook.after(request, response, self.world)
        return response

    def _contract(self) -> Response:
        return contract(self.dialect)

    def _health(self) -> Response:
        """That it runs, and that it is not the real service; for whoever waits for it."""
        now = self.world.clock.now()
        told = {"status": "ok", "simulated": True, "dialect": self.dialect, "now": iso(now)}
        return Response(dump(told), media_type="application/json")


def _in_origin_form(scope: Scope) -> Scope:
    """A target such as ``http://HOST/path``, as for a proxy, names the host in place of the header.

    The scheme is compared without regard to case, as the standard wants it.
    """
    if not _ABSOLUTE.match(scope["path"]):
        return scope
    authority, slash, path = scope["path"].partition("://")[2].partition("/")
    headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
    return {
        **scope,
        "path": slash + path or "/",
        "raw_path": (slash + path).encode() or b"/",
        "headers": [(b"host", authority.encode()), *headers],
    }


def _is_local(request: Request) -> bool:
    """Whether a request is meant for this machine.

    A page in a browser can have its own host's name lead to loopback, and then read the answers.
    """
    found = _HOST.fullmatch(request.headers.get("host", "localhost"))
    return found is not None and (found[1] or found[2]).lower() in LOCAL_NAMES


class _TooLong(Exception):
    """More of a body has come than is taken."""


def _bounded(receive: Receive) -> Receive:
    """The same messages; raises _TooLong when a body that told no length is too long."""
    came = 0

    async def bounded() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > LONGEST_BODY:
            raise _TooLong
        return message

    return bounded


def _declared_length(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    return int(text) if text.isdecimal() else 0


STRANGER: Final = (
    "<!doctype html>\n<title>Bad Request (400)</title>\n<h1>Bad Request (400)</h1>\n"
    "<p>A simulator is for this machine alone: call it 127.0.0.1 or localhost.</p>\n"
)
