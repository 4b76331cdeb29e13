"""The simulated service over HTTP: the documented paths, order of checks and error bodies.

It behaves as a Django REST framework service does by default: unknown paths give an HTML 404, a
missing slash a 301, and a refused token comes before everything that depends on the path.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final, TypeVar
from urllib.parse import urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Match, Route, Router
from starlette.types import Receive, Scope, Send

from tui.simulator import encode
from tui.simulator.world import Refusal, TokenInfo, World

PREFIX: Final = "/api/v1"
_READS: Final = ("GET", "HEAD", "OPTIONS")
_PAGE_SIZE: Final = 20
_MOST_PER_PAGE: Final = 100


Item = TypeVar("Item")
Links = dict[str, int | str | None]


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived, for tests that count them."""

    method: str
    path: str
    query: str
    body: bytes
    status: int


class Hook:
    """What a scenario can do to a request; this one does nothing."""

    name = ""

    async def before(self, request: Request, world: World) -> Response | None:
        """Answer instead of the service, without anything being carried out."""
        return None

    async def after(self, request: Request, response: Response, world: World) -> Response:
        """Change the answer to a request that has been carried out."""
        return response


@dataclass(slots=True)
class Call:
    """A checked request: who asks, for which key in the path."""

    request: Request
    info: TokenInfo
    body: bytes

    @property
    def key(self) -> str:
        """The id in the path."""
        return str(self.request.path_params.get("key", ""))

    def fields(self) -> dict[str, object]:
        """The body as an object, or the framework's complaint about it."""
        if not self.body:
            return {}
        try:
            fields = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Refusal(400, {"detail": f"JSON parse error - {error}"}) from None
        if not isinstance(fields, dict):
            kind = type(fields).__name__
            message = f"Invalid data. Expected a dictionary, but got {kind}."
            raise Refusal(400, {"non_field_errors": [message]})
        return fields


class SimulatorApp:
    """An ASGI app over a world. `hooks` are the scenarios at work, changeable at any time."""

    def __init__(self, world: World, dialect: str = "docs") -> None:
        self.world = world
        self.dialect = dialect
        self.hooks: list[Hook] = []
        self.received: list[Received] = []
        self.extra: list[Route] = []
        views: Sequence[tuple[str, dict[str, Callable[[Call], Response]]]] = (
            ("/snapshots/", {"GET": self._list_snapshots, "POST": self._create}),
            ("/snapshots/{key}/restore/", {"POST": self._restore}),
            ("/snapshots/{key}/", {"DELETE": self._delete}),
            ("/servers/", {"GET": self._list_servers}),
            ("/servers/{key}/", {"GET": self._server}),
            ("/servers/{key}/power/", {"POST": self._power}),
            ("/servers/{key}/snapshot/", {"POST": self._create_of_server}),
            ("/account/me/", {"GET": self._account}),
            ("/backups/", {"GET": self._list_backups}),
        )
        self._views = {PREFIX + path: methods for path, methods in views}
        routes = [Route(path, self._unreached, name=path) for path in self._views]
        self.router = Router(routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        response = await self._answer(request, scope, body)
        response.headers["date"] = formatdate(self.world.clock.told(), usegmt=True)
        self.received.append(
            Received(
                request.method, request.url.path, request.url.query, body, response.status_code
            )
        )
        await response(scope, receive, send)

    async def _answer(self, request: Request, scope: Scope, body: bytes) -> Response:
        for hook in self.hooks:
            response = await hook.before(request, self.world)
            if response is not None:
                return response
        for route in self.extra:
            if route.path == request.url.path:
                endpoint: Callable[[Request, bytes], Awaitable[Response]] = route.endpoint
                return await endpoint(request, body)
        response = self._serve(request, scope, body)
        for hook in self.hooks:
            response = await hook.after(request, response, self.world)
        return response

    def _serve(self, request: Request, scope: Scope, body: bytes) -> Response:
        path = self._match(scope)
        if path is None:
            slashed = {**scope, "path": scope["path"] + "/"}
            if not scope["path"].endswith("/") and self._match(slashed) is not None:
                return RedirectResponse(request.url.replace(path=slashed["path"]), 301)
            return HTMLResponse(_HTML_404, 404)
        scope["path_params"] = self._params
        try:
            info = self._authenticate(request)
            self._permit(request, info)
            view = self._views[path].get(request.method)
            if view is None:
                raise Refusal(
                    405,
                    {"detail": f'Method "{request.method}" not allowed.'},
                    {"Allow": ", ".join((*self._views[path], "OPTIONS"))},
                )
            return view(Call(request, info, body))
        except Refusal as refusal:
            return _json(refusal.body, refusal.status, refusal.headers)

    def _match(self, scope: Scope) -> str | None:
        for route in self.router.routes:
            match, child = route.matches(scope)
            if match is not Match.NONE and isinstance(route, Route):
                self._params = child["path_params"]
                return route.path
        return None

    async def _unreached(self, request: Request) -> Response:
        raise NotImplementedError

    def _authenticate(self, request: Request) -> TokenInfo:
        challenge = {"WWW-Authenticate": "Bearer"}
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            detail = "Authentication credentials were not provided."
            raise Refusal(401, {"detail": detail}, challenge)
        info = self.world.tokens.get(token)
        if info is None:
            raise Refusal(401, {"detail": "Invalid token."}, challenge)
        return info

    def _permit(self, request: Request, info: TokenInfo) -> None:
        if request.url.path.endswith("/account/me/") and request.method in _READS:
            return
        wanted = {"servers:*", "*:*"}
        if request.method in _READS:
            wanted.add("servers:read")
        if not wanted & set(info.permissions):
            detail = "You do not have permission to perform this action."
            raise Refusal(403, {"detail": detail})

    # -- views -----------------------------------------------------------------------

    def _list_snapshots(self, call: Call) -> Response:
        server = None
        key = call.request.query_params.get("server_id")
        if key:
            try:
                server = self.world.find_server(call.info.account, key)
            except Refusal:
                return self._page([])
        found = self.world.list_snapshots(call.info.account, server)
        links: Links | None = None
        if self.dialect == "client":
            found, links = self._slice(call, found)
        world, dialect = self.world, self.dialect
        return self._page([encode.snapshot_bytes(world, s, dialect) for s in found], links)

    def _list_servers(self, call: Call) -> Response:
        query = call.request.query_params
        now = self.world.clock.now()
        found = [
            server
            for server in self.world.list_servers(call.info.account)
            if query.get("status", server.status(now)) == server.status(now)
            and query.get("location", server.location) == server.location
        ]
        links: Links | None = None
        if self.dialect != "bare":
            found, links = self._slice(call, found)
        items = [encode.dump(encode.server_json(self.world, s, self.dialect)) for s in found]
        return self._page(items, links)

    def _server(self, call: Call) -> Response:
        server = self.world.find_server(call.info.account, call.key)
        return _json(encode.server_json(self.world, server, self.dialect))

    def _power(self, call: Call) -> Response:
        action = call.fields().get("action")
        server = self.world.power(call.info.account, call.key, action)
        return _json(encode.server_json(self.world, server, self.dialect))

    def _create(self, call: Call) -> Response:
        snapshot = self.world.create(call.info.account, call.fields())
        found = encode.snapshot_json(self.world, snapshot, self.dialect)
        message = "Snapshot creation has begun. It may take 3-10 minutes, by the server's size."
        return _json({**found, "message": message}, 201)

    def _create_of_server(self, call: Call) -> Response:
        fields = {**call.fields(), "server_id": call.key}
        snapshot = self.world.create(call.info.account, fields)
        return _json(encode.snapshot_json(self.world, snapshot, self.dialect), 201)

    def _restore(self, call: Call) -> Response:
        snapshot = self.world.restore(call.info.account, call.key)
        return _json(encode.restore_json(self.world, snapshot, self.dialect))

    def _delete(self, call: Call) -> Response:
        self.world.delete(call.info.account, call.key)
        return Response(status_code=204)

    def _account(self, call: Call) -> Response:
        return _json(encode.account_json(self.world, call.info))

    def _list_backups(self, call: Call) -> Response:
        return self._page([])

    # -- lists -----------------------------------------------------------------------

    def _slice(self, call: Call, items: list[Item]) -> tuple[list[Item], Links]:
        """One page of a list, and its count, next and previous."""
        query = dict(call.request.query_params)
        number = _number(query.get("page"), 1)
        size = min(_MOST_PER_PAGE, _number(query.get("page_size"), _PAGE_SIZE) or _PAGE_SIZE)
        pages = max(1, -(-len(items) // size))
        if not 1 <= number <= pages:
            raise Refusal(404, {"detail": "Invalid page."})

        def link(page: int) -> str | None:
            if not 1 <= page <= pages:
                return None
            return str(call.request.url.replace(query=urlencode({**query, "page": page})))

        start = (number - 1) * size
        links: Links = {
            "count": len(items),
            "next": link(number + 1),
            "previous": link(number - 1),
        }
        return items[start : start + size], links

    def _page(self, items: list[bytes], links: Links | None = None) -> Response:
        """A list in the dialect's shape, from items that are JSON already."""
        results = b"[" + b",".join(items) + b"]"
        if self.dialect == "bare":
            return Response(results, media_type="application/json")
        head = encode.dump(links or {"count": len(items)})
        body = head[:-1] + b',"results":' + results + b"}"
        return Response(body, media_type="application/json")


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


_HTML_404: Final = (
    '<!doctype html>\n<html lang="en">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n'
    "  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n"
    "</body>\n</html>\n"
)


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode.dump(value), status, headers, "application/json")
