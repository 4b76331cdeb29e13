"""The documented paths and what each does, behaving as Django REST framework does by default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Route, Router

from tui.simulator import catalogue, encode, servers
from tui.simulator.bodies import PARSED, read_fields
from tui.simulator.checks import check
from tui.simulator.fields import is_uuid, read_power
from tui.simulator.negotiation import JSON, PAGE, as_page, negotiate
from tui.simulator.objects import Json, Refusal, SimServer, TokenInfo
from tui.simulator.paging import Page, paged
from tui.simulator.world import World

PREFIX: Final = "/api/v1"
_UNQUOTED: Final = "/:@&+$,-_.!~*'()"
"""What the framework leaves as it is in the address that it sends on to."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A checked request: who asks, for which key in the path."""

    request: Request
    info: TokenInfo
    body: bytes
    key: str

    def fields(self) -> Json:
        """The body as an object, or a Refusal."""
        return read_fields(self.request, self.body)


View = Callable[[Call], Response]


class Api:
    """The service proper, without any fault. `views` and `router` can be changed at any time."""

    def __init__(self, world: World, dialect: str) -> None:
        self.world = world
        self.dialect = dialect
        self.uuids = dialect == "client"
        self.views: dict[str, dict[str, View]] = {
            f"{PREFIX}/snapshots/": {"GET": self._list_snapshots, "POST": self._create},
            f"{PREFIX}/snapshots/{{key}}/restore/": {"POST": self._restore},
            f"{PREFIX}/snapshots/{{key}}/": {"DELETE": self._delete},
            f"{PREFIX}/servers/": {"GET": self._list_servers},
            f"{PREFIX}/servers/{{key}}/": {"GET": self._server},
            f"{PREFIX}/servers/{{key}}/power/": {"POST": self._power},
            f"{PREFIX}/account/me/": {"GET": self._account},
            f"{PREFIX}/backups/": {"GET": self._list_backups},
        }
        if self.uuids:
            self._add_what_only_clients_know()
        routes = [Route(path, _unreached, name=path) for path in self.views]
        self.router = Router(routes, redirect_slashes=False)

    def _add_what_only_clients_know(self) -> None:
        """Paths that no published page has."""
        self.views[f"{PREFIX}/servers/"]["POST"] = self._create_server
        self.views[f"{PREFIX}/servers/{{key}}/"]["DELETE"] = self._delete_server
        self.views |= {
            f"{PREFIX}/servers/{{key}}/snapshot/": {"POST": self._create_of_server},
            f"{PREFIX}/servers/{{key}}/backup/": {"POST": self._back_up},
            f"{PREFIX}/servers/{{key}}/resize/": {"POST": self._resize},
            f"{PREFIX}/plans/": {"GET": lambda call: self._told(call, catalogue.plans())},
            f"{PREFIX}/locations/": {"GET": lambda call: self._told(call, catalogue.locations())},
            f"{PREFIX}/operating-systems/": {
                "GET": lambda call: self._told(call, catalogue.systems())
            },
        }

    def answer(self, request: Request, body: bytes) -> Response:
        """Carry a request out, or refuse it."""
        path, key = self._match(request.scope["path"])
        if path is None:
            return self._unknown(request)
        views = self.views[path]
        allowed = {
            "Allow": ", ".join((*views, *(["HEAD"] if "GET" in views else []), "OPTIONS")),
            "Vary": "Accept",
        }
        kind = JSON
        try:
            kind = negotiate(request)
            info = check(request, self.world)
            if request.method == "OPTIONS":
                response = _json(_about(path))
            else:
                view = views.get("GET" if request.method == "HEAD" else request.method)
                if view is None:
                    raise Refusal(405, {"detail": f'Method "{request.method}" not allowed.'})
                response = view(Call(request, info, body, self._key(key)))
        except Refusal as refusal:
            response = _json(refusal.body, refusal.status, refusal.headers)
        response.headers.update(allowed)
        return as_page(response) if kind == PAGE else response

    def _key(self, text: str) -> str:
        """A key from a path; one of the other dialect is nobody's."""
        return text.lower() if self.uuids == is_uuid(text) else ""

    def _match(self, path: str) -> tuple[str | None, str]:
        if not path.endswith("/"):  # to a route, a line feed after the last slash is its end
            return None, ""
        for route in self.router.routes:
            match, found = route.matches({"type": "http", "path": path, "method": "GET"})
            if match is not Match.NONE and isinstance(route, Route):
                return route.path, str(found["path_params"].get("key", ""))
        return None, ""

    def _unknown(self, request: Request) -> Response:
        path = request.scope["path"]
        if not path.endswith("/") and self._match(path + "/")[0] is not None:
            query = f"?{request.url.query}" if request.url.query else ""
            target = f"{quote(path, _UNQUOTED)}/{query}"
            return Response("", 301, {"Location": target}, "text/html; charset=utf-8")
        return HTMLResponse(HTML_404, 404)

    # -- views -----------------------------------------------------------------------

    def _list_snapshots(self, call: Call) -> Response:
        server, nothing = self._server_filter(call)
        found = [] if nothing else self.world.list_snapshots(call.info.account, server)
        return self._list(call, found, encode.snapshot_bytes, pages=self.uuids)

    def _list_servers(self, call: Call) -> Response:
        query, now = call.request.query_params, self.world.clock.now()
        status, location = query.get("status"), query.get("location")
        found = self.world.list_servers(call.info.account)
        if status or location:
            found = [
                server
                for server in found
                if (not status or server.status(now) == status)
                and (not location or server.location == location)
            ]
        return self._list(call, found, encode.server_bytes, pages=self.dialect != "bare")

    def _list_backups(self, call: Call) -> Response:
        server, nothing = self._server_filter(call)
        kind = call.request.query_params.get("backup_type") or None
        if kind not in (None, "manual", "automatic"):
            words = f"Select a valid choice. {kind} is not one of the available choices."
            raise Refusal(400, {"backup_type": [words]})
        found = [] if nothing else self.world.list_backups(call.info.account, server, kind)
        return self._list(call, found, encode.backup_bytes, pages=self.uuids)

    def _server(self, call: Call) -> Response:
        server = self.world.find_server(call.info.account, call.key)
        return _json(encode.server_detail(self.world, server, self.dialect))

    def _power(self, call: Call) -> Response:
        self.world.find_server(call.info.account, call.key)
        action = read_power(call.fields())
        server = self.world.power(call.info.account, call.key, action)
        return _json(encode.server_json(self.world, server, self.dialect))

    def _create(self, call: Call) -> Response:
        snapshot = self.world.create(call.info.account, call.fields(), uuids=self.uuids)
        found = encode.snapshot_json(self.world, snapshot, self.dialect)
        message = "Snapshot creation may take 3-10 minutes, depending on server size."
        return _json({**found, "message": message}, 201)

    def _create_of_server(self, call: Call) -> Response:
        server = self.world.find_server(call.info.account, call.key)
        fields = {**call.fields(), "server_id": server.uuid if self.uuids else server.id}
        snapshot = self.world.create(call.info.account, fields, uuids=self.uuids, under_server=True)
        return _json(encode.snapshot_json(self.world, snapshot, self.dialect), 201)

    def _back_up(self, call: Call) -> Response:
        backup = servers.create_backup(self.world, call.info.account, call.key)
        return _json(encode.backup_json(self.world, backup, self.dialect), 201)

    def _create_server(self, call: Call) -> Response:
        server = servers.create_server(self.world, call.info.account, call.fields())
        return _json(encode.server_detail(self.world, server, self.dialect), 201)

    def _resize(self, call: Call) -> Response:
        self.world.find_server(call.info.account, call.key)
        account = call.info.account
        server = servers.resize_server(self.world, account, call.key, call.fields())
        return _json(encode.server_detail(self.world, server, self.dialect))

    def _delete_server(self, call: Call) -> Response:
        servers.delete_server(self.world, call.info.account, call.key)
        return Response(status_code=204)

    def _restore(self, call: Call) -> Response:
        snapshot = self.world.restore(call.info.account, call.key)
        return _json(encode.restore_json(self.world, snapshot, self.dialect))

    def _delete(self, call: Call) -> Response:
        self.world.delete(call.info.account, call.key)
        return Response(status_code=204)

    def _account(self, call: Call) -> Response:
        return _json(encode.account_json(self.world, call.info))

    def _told(self, call: Call, items: list[Json]) -> Response:
        return self._list(call, items, lambda world, item, dialect: encode.dump(item), pages=True)

    # -- lists -----------------------------------------------------------------------

    def _server_filter(self, call: Call) -> tuple[SimServer | None, bool]:
        """The server of ``?server_id=``, and whether it names one that is not there."""
        key = call.request.query_params.get("server_id")
        if not key:
            return None, False
        number = key.isascii() and key.removeprefix("-").isdecimal()
        if not (is_uuid(key) if self.uuids else number):
            words = "Enter a valid UUID." if self.uuids else "A valid integer is required."
            raise Refusal(400, {"server_id": [words]})
        try:
            return self.world.find_server(call.info.account, self._key(key)), False
        except Refusal:
            return None, True

    def _list(
        self, call: Call, found: list[T], text: Callable[[World, T, str], bytes], *, pages: bool
    ) -> Response:
        """A list in the dialect's shape, whole or a page of it."""
        page = paged(call.request, found) if pages else Page(found, len(found))
        results = b",".join([text(self.world, item, self.dialect) for item in page.items])
        if self.dialect == "bare":
            return Response(b"[" + results + b"]", media_type="application/json")
        head: Json = {"count": page.count}
        if pages:
            head.update(next=page.next, previous=page.previous)
        body = encode.dump(head)[:-1] + b',"results":[' + results + b"]}"
        return Response(body, media_type="application/json")


async def _unreached(request: Request) -> Response:
    raise NotImplementedError


def _about(path: str) -> Json:
    """What the framework answers to OPTIONS."""
    words = [word for word in path.removeprefix(PREFIX).split("/") if word and word[0] != "{"]
    return {
        "name": " ".join(words).title(),
        "description": "",
        "renders": [JSON, PAGE],
        "parses": list(PARSED),
    }


HTML_404: Final = (
    '\n<!doctype html>\n<html lang="en">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n'
    "  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n"
    "</body>\n</html>\n"
)


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode.dump(value), status, headers, "application/json")
