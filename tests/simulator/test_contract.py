"""The contract as data: the simulator keeps it, and the client reads what it promises."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
import yaml  # type: ignore[import-untyped]
from hypothesis import HealthCheck, settings
from starlette.requests import Request
from starlette.responses import Response

from tests.simulator.running import BEARER, client, demo
from tui.simulator import encode
from tui.simulator.contract import contract_text
from tui.simulator.web import Hook, SimulatorApp
from tui.simulator.world import World
from tui.vps import decode
from tui.vps.client import Client
from tui.vps.errors import Forbidden, NotFound, RateLimited, Rejected, Unauthorised, VpsError

CONTRACT: dict[str, Any] = yaml.safe_load(contract_text())
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, methods in CONTRACT["paths"].items()
    for method, operation in methods.items()
}


Served = tuple[str, SimulatorApp]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with demo() as running:
        yield running


@pytest.fixture(scope="module")
def url(served: Served) -> str:
    return served[0]


@pytest.fixture(scope="module")
def schema(url: str) -> Any:
    told = {
        "headers": BEARER,
        # Django REST framework passes over a query that it does not know.
        "generation": {"allow-extra-parameters": False},
        # A server's state, or its limit, can forbid what the schema allows.
        "operations": [
            {
                "include-method": "POST",
                "checks": {
                    "positive_data_acceptance": {"expected-statuses": [200, 201, 400, 404]},
                },
            }
        ],
    }
    config = schemathesis.Config.from_dict(told)
    return schemathesis.openapi.from_url(f"{url}/openapi.yaml", config=config)


any_case = schemathesis.pytest.from_fixture("schema")


@any_case.parametrize()
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_service_keeps_its_contract(case: Any) -> None:
    case.call_and_validate()


def test_a_snapshots_whole_life_keeps_the_contract(schema: Any) -> None:
    """What random requests rarely reach: creates, restores and deletes that succeed."""
    with demo() as (url, app), httpx.Client(base_url=url, headers=BEARER) as http:

        def ask(method: str, path: str, template: str, status: int, **more: Any) -> Any:
            response = http.request(method, path, **more)
            assert response.status_code == status, response.text
            schema[template][method].validate_response(response)
            return response.json() if response.content else None

        server = ask("GET", "/servers/", "/servers/", 200)["results"][1]["id"]
        fields = {"server_id": server, "name": "new"}
        made = ask("POST", "/snapshots/", "/snapshots/", 201, json=fields)
        key = made["id"]
        ask("POST", f"/snapshots/{key}/restore/", "/snapshots/{id}/restore/", 400)
        app.world.advance(600)
        ask("GET", f"/snapshots/?server_id={server}", "/snapshots/", 200)
        ask("POST", f"/snapshots/{key}/restore/", "/snapshots/{id}/restore/", 200)
        ask("GET", f"/servers/{server}/", "/servers/{id}/", 200)
        stop = {"action": "stop"}
        ask("POST", f"/servers/{server}/power/", "/servers/{id}/power/", 400, json=stop)
        app.world.advance(900)
        ask("POST", f"/servers/{server}/power/", "/servers/{id}/power/", 200, json=stop)
        label = {"label": "other"}
        ask("POST", f"/servers/{server}/snapshot/", "/servers/{id}/snapshot/", 201, json=label)
        ask("DELETE", f"/snapshots/{key}/", "/snapshots/{id}/", 204)
        ask("DELETE", f"/snapshots/{key}/", "/snapshots/{id}/", 404)
        assert ask("GET", "/backups/?backup_type=manual", "/backups/", 200)["count"] == 1
        ask("GET", "/account/me/", "/account/me/", 200)
        full = {"server_id": 12347, "name": "sixth"}
        ask("POST", "/snapshots/", "/snapshots/", 400, json=full)


async def test_the_contract_is_public_and_the_file_itself(url: str) -> None:
    answer = httpx.get(f"{url}/openapi.yaml")
    assert answer.status_code == 200
    assert answer.content == contract_text()
    assert answer.headers["content-type"] == "application/yaml"


def _examples(response: dict[str, Any]) -> list[tuple[dict[str, Any], Any]]:
    """The schema and value of every example of a response, with what it refers to resolved."""
    if "$ref" in response:
        response = CONTRACT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    found = []
    for media in response.get("content", {}).values():
        several = [e["value"] for e in media.get("examples", {}).values()]
        values = several + ([media["example"]] if "example" in media else [])
        found += [(media["schema"], value) for value in values]
    return found


ALL = [
    pytest.param(name, status, schema, value, id=f"{name}-{status}-{number}")
    for name, (_, _, operation) in OPERATIONS.items()
    for status, response in operation["responses"].items()
    for number, (schema, value) in enumerate(_examples(response))
]


@pytest.mark.parametrize(("name", "status", "schema_of", "value"), ALL)
def test_every_example_is_what_its_schema_says(
    name: str, status: str, schema_of: dict[str, Any], value: Any
) -> None:
    whole = {**schema_of, "components": CONTRACT["components"]}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(value)


class Says(Hook):
    """Every request is answered with one of the contract's examples."""

    def __init__(self, status: int, value: Any) -> None:
        self.answer = Response(encode.dump(value), status, media_type="application/json")

    async def before(self, request: Request, world: World) -> Response | None:
        return self.answer


@asynccontextmanager
async def told(served: Served, status: str, value: Any) -> AsyncIterator[Client]:
    url, app = served
    app.hooks = [Says(int(status), value)]
    try:
        async with client(url) as speaking:
            yield speaking
    finally:
        app.hooks = []


CALLS: dict[str, Any] = {
    "listSnapshots": lambda c: c.snapshots(),
    "createSnapshot": lambda c: c.create_snapshot(12345, "pre-migration-snapshot"),
    "restoreSnapshot": lambda c: c.restore_snapshot(801),
    "deleteSnapshot": lambda c: c.delete_snapshot(801),
    "listServers": lambda c: c.servers(),
    "getServer": lambda c: c.server(12345),
    "powerServer": lambda c: c.power(12345, "stop"),
    "getAccount": lambda c: c.account(),
}
REFUSALS: dict[str, type[VpsError]] = {
    "400": Rejected,
    "401": Unauthorised,
    "403": Forbidden,
    "404": NotFound,
    "415": Rejected,
    "429": RateLimited,
}


@pytest.mark.parametrize(
    ("name", "status", "schema_of", "value"),
    [p for p in ALL if p.values[0] in CALLS and str(p.values[1]) in REFUSALS],
)
async def test_the_client_understands_every_refusal(
    served: Served, name: str, status: str, schema_of: dict[str, Any], value: Any
) -> None:
    words = decode.words(encode.dump(value))
    assert words
    async with told(served, status, value) as speaking:
        if (name, status) == ("deleteSnapshot", "404"):
            assert await speaking.delete_snapshot(801) is False
            return
        with pytest.raises(REFUSALS[status]) as refused:
            await CALLS[name](speaking)
    assert all(text in str(refused.value) for text in words.values())


def _example(name: str, status: str, number: int = 0) -> Any:
    return _examples(OPERATIONS[name][2]["responses"][status])[number][1]


async def test_the_client_reads_every_success(served: Served) -> None:
    async def ask(name: str, status: str, number: int = 0) -> Any:
        async with told(served, status, _example(name, status, number)) as speaking:
            return await CALLS[name](speaking)

    listing = await ask("listSnapshots", "200")
    nothing = await ask("listSnapshots", "200", 1)
    begun = await ask("createSnapshot", "201")
    restoring = await ask("restoreSnapshot", "200")
    servers = await ask("listServers", "200")
    server = await ask("getServer", "200")
    account = await ask("getAccount", "200")
    assert listing.settled
    assert listing.problems == nothing.items == ()
    snapshot, given = listing.items[0], _example("listSnapshots", "200")["results"][0]
    for field in ("id", "name", "status", "size_mb", "description"):
        assert getattr(snapshot, field) == given[field]
    assert (snapshot.server_id, snapshot.server_name) == (12345, "web-server-01")
    assert snapshot.created_at.isoformat() == "2025-01-15T18:30:00+00:00"
    assert (begun.status, begun.size_mb, begun.server_id) == ("in_progress", None, 12345)
    assert (restoring.server_id, restoring.server_status) == (12345, "restoring")
    assert servers.total == 1
    assert servers.items[0].plan == "VPS-2 · 2 vCPU · 4 GB · 80 GB"
    assert (server.status, server.os, server.address) == ("restoring", "Debian 12", "203.0.113.10")
    assert (account.email, account.name) == ("admin@example.org", "Demo Admin")
    assert account.may("servers:read")
