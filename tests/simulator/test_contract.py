"""The contract as data: the simulator keeps it, in every dialect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
import yaml  # type: ignore[import-untyped]
from hypothesis import HealthCheck, settings

from tests.helpers.contract import CONTRACT, EXAMPLES, OPERATIONS, examples, narrowed
from tests.helpers.simulators import BEARER, demo
from tui.simulator.web import PREFIX, SimulatorApp

DIALECTS = ("docs", "client", "bare")


@pytest.fixture(scope="module", params=DIALECTS)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with demo(dialect=request.param) as (url, _):
        yield url


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
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_service_keeps_its_contract(case: Any) -> None:
    case.call_and_validate()


def test_the_contract_has_every_route_and_no_other() -> None:
    with demo() as (_, app):
        routes = {
            (path.removeprefix(PREFIX).replace("{key}", "{id}"), method.lower())
            for path, views in app._views.items()
            for method in views
        }
    assert routes == {(path, method) for method, path, _ in OPERATIONS.values()}


class Asker:
    """Asks a service, and compares each answer with the contract of its dialect."""

    def __init__(self, url: str, app: SimulatorApp) -> None:
        self._http = httpx.Client(base_url=url, headers=BEARER)
        self._parts = narrowed(app.dialect)

    def __call__(self, name: str, status: int, key: object = "", **more: Any) -> Any:
        method, path, operation = OPERATIONS[name]
        url = path.replace("{id}", str(key))
        response = self._http.request(method, url, **more)
        assert response.status_code == status, response.text
        promised = operation["responses"][str(status)]
        if "$ref" in promised:
            promised = self._parts["responses"][promised["$ref"].rpartition("/")[2]]
        if "content" not in promised:
            assert not response.content
            return None
        found = promised["content"][response.headers["content-type"]]["schema"]
        whole = {**found, "components": self._parts}
        jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(response.json())
        return response.json()


def test_a_snapshots_whole_life_keeps_the_contract(dialect: str) -> None:
    """What random requests rarely reach: creates, restores and deletes that succeed."""
    key = "uuid" if dialect == "client" else "id"
    with demo(dialect=dialect) as (url, app):
        ask = Asker(url, app)
        servers = ask("listServers", 200)
        server = (servers if dialect == "bare" else servers["results"])[1][key]
        made = ask("createSnapshot", 201, json={"server_id": server, "name": "new"})[key]
        ask("restoreSnapshot", 400, made)
        app.world.advance(600)
        listed = ask("listSnapshots", 200, params={"server_id": server})
        assert len(listed if dialect == "bare" else listed["results"]) == 1
        ask("restoreSnapshot", 200, made)
        ask("getServer", 200, server)
        ask("powerServer", 400, server, json={"action": "stop"})
        app.world.advance(900)
        ask("powerServer", 200, server, json={"action": "stop"})
        ask("createSnapshotOfServer", 201, server, json={"label": "other"})
        ask("deleteSnapshot", 204, made)
        ask("deleteSnapshot", 404, made)
        assert ask("listBackups", 200, params={"backup_type": "manual"})
        ask("getAccount", 200)
        full = next(s for s in app.world.servers.values() if s.name == "db-01")
        sixth = full.uuid if dialect == "client" else full.id
        ask("createSnapshot", 400, json={"server_id": sixth, "name": "sixth"})
        ask("createSnapshot", 400, json={"server_id": sixth, "name": "no good"})


def test_the_examples_of_the_contract_are_in_the_fleet(dialect: str) -> None:
    def example(name: str, of: str) -> str:
        return str(CONTRACT["components"]["parameters"][name]["examples"][of]["value"])

    with demo(dialect=dialect) as (url, app):
        of = "client" if dialect == "client" else "docs"
        ask = Asker(url, app)
        ask("getServer", 200, example("ServerKey", of))
        ask("restoreSnapshot", 200, example("SnapshotKey", of))


def test_the_contract_is_public_and_speaks_one_dialect(dialect: str) -> None:
    names = ("reset", "unauthorised")
    with demo(*names, dialect=dialect) as (url, _):
        answer = httpx.get(f"{url}/openapi.yaml")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/yaml"
        assert httpx.post(f"{url}/openapi.yaml").status_code == 405
    schemas = yaml.safe_load(answer.content)["components"]["schemas"]
    assert set(schemas) == set(CONTRACT["components"]["schemas"])
    (key,) = schemas["Key"]["oneOf"]
    assert key["type"] == ("string" if dialect == "client" else "integer")


@pytest.mark.parametrize(("name", "status", "schema_of", "value"), EXAMPLES)
def test_every_example_is_what_its_schema_says(
    name: str, status: str, schema_of: dict[str, Any], value: Any
) -> None:
    whole = {**schema_of, "components": CONTRACT["components"]}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(value)


def test_every_operation_has_an_example_of_each_answer() -> None:
    for name, (_, _, operation) in OPERATIONS.items():
        for status, response in operation["responses"].items():
            assert examples(response) or status == "204", (name, status)
