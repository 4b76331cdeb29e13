"""The client's decoders beside the contract: its examples, and whatever its schemas allow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from tests.helpers.contract import CONTRACTS, EXAMPLES, OPERATIONS
from tests.helpers.simulators import client, demo
from tui.simulator import encode
from tui.simulator.web import Hook, SimulatorApp
from tui.simulator.world import World
from tui.vps.client import Client
from tui.vps.decode import Decoder
from tui.vps.errors import Forbidden, NotFound, RateLimited, Rejected, Unauthorised, VpsError

Served = tuple[str, SimulatorApp]
UUID, SERVER_UUID = "0c2a5d1e-8f7b-4a57-9d43-6f1f4a1f2b10", "7e0f6c52-3b1d-4c0e-8a39-5b9d2c6e1f00"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with demo() as running:
        yield running


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
    "406": Rejected,
    "415": Rejected,
    "429": RateLimited,
}


@pytest.mark.parametrize(
    ("of", "name", "status", "schema_of", "value"),
    [p for p in EXAMPLES if p.values[1] in CALLS and str(p.values[2]) in REFUSALS],
)
async def test_the_client_understands_every_refusal(
    served: Served, of: str, name: str, status: str, schema_of: dict[str, Any], value: Any
) -> None:
    words = Decoder().error(encode.dump(value)).messages
    assert words
    async with told(served, status, value) as speaking:
        if (name, status) == ("deleteSnapshot", "404"):
            assert await speaking.delete_snapshot(801) is False
            return
        with pytest.raises(REFUSALS[status]) as refused:
            await CALLS[name](speaking)
    assert all(text in str(refused.value) for text in words.values())


def _example(dialect: str, name: str, status: str, example: str = "") -> Any:
    media = OPERATIONS[dialect][name][2]["responses"][status]["content"]["application/json"]
    return (
        media["examples"][example or dialect]["value"] if "examples" in media else media["example"]
    )


@pytest.mark.parametrize(
    ("dialect", "key", "server_key"), [("docs", 801, 12345), ("client", UUID, SERVER_UUID)]
)
async def test_the_client_reads_every_success(
    served: Served, dialect: str, key: object, server_key: object
) -> None:
    async def ask(name: str, status: str, call: Any = None) -> Any:
        async with told(served, status, _example(dialect, name, status)) as speaking:
            return await (call or CALLS[name])(speaking)

    snapshot = _example(dialect, "listSnapshots", "200")["results"][0]
    async with told(served, "200", {"count": 1, "results": [snapshot]}) as speaking:
        listing = await speaking.snapshots()
    assert listing.settled
    assert listing.problems == ()
    (read,) = listing.items
    for field in ("name", "status", "size_mb", "description"):
        assert getattr(read, field) == snapshot[field]
    assert (read.id, read.server_id, read.server_name) == (key, server_key, "web-server-01")
    assert read.created_at is not None
    assert read.created_at.isoformat() == "2025-01-15T18:30:00+00:00"
    begun = await ask("createSnapshot", "201", lambda c: c.create_snapshot(server_key, read.name))
    assert (begun.status, begun.size_mb, begun.server_id) == ("in_progress", None, server_key)
    restoring = await ask("restoreSnapshot", "200", lambda c: c.restore_snapshot(key, server_key))
    assert (restoring.server_id, restoring.server_status) == (server_key, "restoring")
    servers = await ask("listServers", "200")
    assert servers.total == 1
    assert servers.items[0].id == server_key
    plan = "VPS-2 · 2 vCPU · 4 GB · 80 GB"
    assert servers.items[0].plan == ("VPS-2" if dialect == "client" else plan)
    assert servers.items[0].location == "London, UK"
    server = await ask("getServer", "200")
    assert (server.plan, server.location) == (plan, "London, UK")
    assert (server.status, server.os, server.address) == ("restoring", "Debian 12", "203.0.113.1")


async def test_the_client_reads_what_no_dialect_changes(served: Served) -> None:
    async with told(served, "200", _example("docs", "listSnapshots", "200", "none")) as speaking:
        assert (await speaking.snapshots()).items == ()
    async with told(served, "200", _example("bare", "listSnapshots", "200")) as speaking:
        assert [s.id for s in (await speaking.snapshots()).items] == [802]
    async with told(served, "200", _example("docs", "getAccount", "200")) as speaking:
        account = await speaking.account()
    assert (account.email, account.name) == ("admin@example.org", "Demo Admin")
    assert account.may("servers:read")


# -- whatever the schemas allow --------------------------------------------------------------

FORMATS = {
    "date-time": st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    "uuid": st.uuids().map(str),
    "ipv4": st.ip_addresses(v=4).map(str),
    "ipv6": st.ip_addresses(v=6).map(str),
    "uri": st.just("http://127.0.0.1/api/v1/snapshots/?page=2"),
}
TYPES: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(0, 2**53),
    "null": st.none(),
    "boolean": st.booleans(),
    "string": st.text(max_size=12),
}


def resolved(schema: dict[str, Any], dialect: str) -> dict[str, Any]:
    """A schema of an object or a value in one piece: references followed, `allOf` joined."""
    if "$ref" in schema:
        kind, name = schema["$ref"].split("/")[-2:]
        schema = {
            **CONTRACTS[dialect]["components"][kind][name],
            **{k: schema[k] for k in schema.keys() - {"$ref"}},
        }
    parts = [resolved(part, dialect) for part in schema.get("allOf", ())]
    whole = {k: v for k, v in schema.items() if k != "allOf"}
    for part in parts:
        for field in ("properties", "required"):
            if field in part:
                kept = whole.get(field, type(part[field])())
                whole[field] = kept | part[field] if field == "properties" else kept + part[field]
    return whole


def values(schema: dict[str, Any], dialect: str) -> st.SearchStrategy[Any]:
    """Whatever a schema allows, with what is unknown to it besides."""
    schema = resolved(schema, dialect)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "properties" in schema:
        fields = {name: values(of, dialect) for name, of in schema["properties"].items()}
        needed = {name: fields.pop(name) for name in schema.get("required", fields)}
        more = st.dictionaries(st.sampled_from(["x", "new_field"]), st.integers(), max_size=1)
        known = st.fixed_dictionaries(needed, optional=fields)
        return st.tuples(more, known).map(lambda both: both[0] | both[1])
    if schema.get("type") == "array":
        return st.lists(values(schema["items"], dialect), max_size=2)
    if "format" in schema and isinstance(schema["type"], str):
        return FORMATS[schema["format"]]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of(*(TYPES[kind] for kind in kinds))


def strategy(name: str, dialect: str) -> st.SearchStrategy[Any]:
    return values({"$ref": f"#/components/schemas/{name}"}, dialect)


@pytest.mark.parametrize("dialect", ["docs", "client"])
def test_every_snapshot_that_the_schema_allows_is_read(dialect: str) -> None:
    key = "uuid" if dialect == "client" else "id"

    @given(strategy("Snapshot", dialect))
    def check(value: dict[str, Any]) -> None:
        read = Decoder().snapshot(encode.dump(value))
        assert read.id == value[key]
        server = value["server"]["id"] if key == "id" else value["server_uuid"]
        assert read.server_id == server
        assert read.size_mb == value["size_mb"]
        assert read.created_at is not None

    check()


@pytest.mark.parametrize("dialect", ["docs", "client"])
def test_every_server_that_the_schema_allows_is_read(dialect: str) -> None:
    key = "uuid" if dialect == "client" else "id"

    @given(strategy("Server", dialect) | strategy("OneServer", dialect))
    def check(value: dict[str, Any]) -> None:
        read = Decoder().server(encode.dump(value))
        assert read.id == value[key]
        assert read.address == value["ip_address"]

    check()


@pytest.mark.parametrize("dialect", ["docs", "client"])
def test_every_answer_to_a_restore_that_the_schema_allows_is_read(dialect: str) -> None:
    key = "uuid" if dialect == "client" else "id"

    @given(strategy("Restoring", dialect))
    def check(value: dict[str, Any]) -> None:
        read = Decoder().restoring(encode.dump(value))
        assert (read.server_id, read.server_status) == (value["server"][key], "restoring")

    check()


@given(strategy("Me", "docs"))
def test_every_account_that_the_schema_allows_is_read(value: dict[str, Any]) -> None:
    read = Decoder().account(encode.dump(value))
    assert len(read.permissions) == len(value["token"]["permissions"])
