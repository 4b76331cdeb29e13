"""The contract as data: the simulator keeps it, in every dialect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
import yaml  # type: ignore[import-untyped]
from hypothesis import HealthCheck, settings

from tests.helpers.contract import CONTRACTS, DIALECTS, EXAMPLES, OPERATIONS, examples, resolved
from tests.helpers.simulators import BEARER, demo
from tui.simulator.contract import contract_text
from tui.simulator.web import PREFIX, SimulatorApp

TOLD: dict[str, Any] = {
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


@pytest.fixture(scope="module", params=DIALECTS)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with demo(dialect=request.param) as (url, _):
        yield url


@pytest.fixture(scope="module")
def schema(url: str) -> Any:
    config = schemathesis.Config.from_dict(TOLD)
    return schemathesis.openapi.from_url(f"{url}/openapi.yaml", config=config)


any_case = schemathesis.pytest.from_fixture("schema")


@any_case.parametrize()
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_service_keeps_its_contract(case: Any) -> None:
    case.call_and_validate()


def test_the_contract_has_every_route_and_no_other(dialect: str) -> None:
    with demo(dialect=dialect) as (_, app):
        routes = {
            (path.removeprefix(PREFIX).replace("{key}", "{id}"), method.lower())
            for path, views in app._views.items()
            for method in views
        }
    assert routes == {(path, method) for method, path, _ in OPERATIONS[dialect].values()}


def test_the_contract_has_nothing_of_another_dialect(dialect: str) -> None:
    text = contract_text(dialect).decode()
    theirs = ("uuid", "label", "ipv4_addresses", "plans")
    ours = ("ServerRef", "PublishedServer", "$response.body#/id")
    clients = dialect == "client"
    assert {word for word in theirs if word in text} == (set(theirs) if clients else set())
    assert {word for word in ours if word in text} == (set() if clients else set(ours))
    assert ("next:" in text) is (dialect != "bare")
    referred = set(re.findall(r"#/components/(\w+)/(\w+)", text))
    components = CONTRACTS[dialect]["components"].items()
    had = {(kind, name) for kind, parts in components for name in parts}
    assert had - {("securitySchemes", "token")} == referred


def test_what_is_not_published_says_so() -> None:
    published = {"listSnapshots", "createSnapshot", "restoreSnapshot", "deleteSnapshot"}
    published |= {"listServers", "listBackups", "getAccount"}
    for dialect in DIALECTS:
        for name, (_, _, operation) in OPERATIONS[dialect].items():
            assert ("x-confidence" in operation) is (name not in published), name
    assumed = [
        o["x-hypothetical"] for _, _, o in OPERATIONS["client"].values() if "x-hypothetical" in o
    ]
    assert len(assumed) >= 8


class Asker:
    """Asks a service, and compares each answer with the contract of its dialect."""

    def __init__(self, url: str, app: SimulatorApp) -> None:
        self._http = httpx.Client(base_url=url, headers=BEARER)
        self._dialect = app.dialect

    def __call__(self, name: str, status: int, key: object = "", **more: Any) -> Any:
        method, path, operation = OPERATIONS[self._dialect][name]
        url = path.replace("{id}", str(key))
        response = self._http.request(method, url, **more)
        assert response.status_code == status, response.text
        promised = resolved(self._dialect, operation["responses"][str(status)])
        if "content" not in promised:
            assert not response.content
            return None
        found = promised["content"][response.headers["content-type"]]["schema"]
        whole = {**found, "components": CONTRACTS[self._dialect]["components"]}
        jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(response.json())
        return response.json()


def _only(examples: dict[str, Any]) -> str:
    (only,) = examples.values()
    return str(only["value"])


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
        if dialect == "client":
            ask("createSnapshotOfServer", 201, server, json={"label": "any text will do"})
            ask("createBackupOfServer", 201, server)
            assert ask("listPlans", 200)["count"] == 4
            assert ask("listLocations", 200)
            assert ask("listOperatingSystems", 200)
        ask("deleteSnapshot", 204, made)
        ask("deleteSnapshot", 404, made)
        assert ask("listBackups", 200, params={"backup_type": "manual"})
        ask("getAccount", 200)
        full = next(s for s in app.world.servers.values() if s.name == "db-01")
        sixth = full.uuid if dialect == "client" else full.id
        ask("createSnapshot", 400, json={"server_id": sixth, "name": "sixth"})
        ask("createSnapshot", 400, json={"server_id": sixth, "name": "no good"})


def links(dialect: str) -> list[tuple[str, str, str, str, str]]:
    """Every link: whose answer, with which status, its name, where it leads, and by which id."""
    return [
        (name, status, link, to["operationId"], to["parameters"]["id"])
        for name, (_, _, operation) in OPERATIONS[dialect].items()
        for status, response in operation["responses"].items()
        for link, to in resolved(dialect, response).get("links", {}).items()
    ]


def test_every_link_leads_on(dialect: str) -> None:
    """Each is followed from the answer to the example of its request."""
    found = links(dialect)
    assert len(found) == (6 if dialect == "client" else 2)
    success = {"getServer": 200, "restoreSnapshot": 200}
    for name, status, _, leads_to, pointer in found:
        with demo(dialect=dialect) as (url, app):
            operation = OPERATIONS[dialect][name][2]
            media = operation["requestBody"]["content"]["application/json"]
            several = media.get("examples", {"only": {"value": media.get("example")}})
            (body,) = (example["value"] for example in several.values())
            key = _only(CONTRACTS[dialect]["components"]["parameters"]["ServerKey"]["examples"])
            ask = Asker(url, app)
            answer = ask(name, int(status), key, json=body)
            app.world.advance(600)
            field = pointer.removeprefix("$response.body#/")
            ask(leads_to, success.get(leads_to, 204), answer[field])


def test_the_examples_of_the_contract_are_in_the_fleet(dialect: str) -> None:
    parameters = CONTRACTS[dialect]["components"]["parameters"]

    with demo(dialect=dialect) as (url, app):
        ask = Asker(url, app)
        ask("getServer", 200, _only(parameters["ServerKey"]["examples"]))
        ask("restoreSnapshot", 200, _only(parameters["SnapshotKey"]["examples"]))


def test_the_contract_is_public_and_speaks_one_dialect(dialect: str) -> None:
    names = ("reset", "unauthorised")
    with demo(*names, dialect=dialect) as (url, _):
        answer = httpx.get(f"{url}/openapi.yaml")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/yaml"
        assert httpx.post(f"{url}/openapi.yaml").status_code == 405
    served = yaml.safe_load(answer.content)
    assert served == CONTRACTS[dialect]
    key = served["components"]["schemas"]["Key"]
    assert key["type"] == ("string" if dialect == "client" else "integer")


@pytest.mark.parametrize(("of", "name", "status", "schema_of", "value"), EXAMPLES)
def test_every_example_is_what_its_schema_says(
    of: str, name: str, status: str, schema_of: dict[str, Any], value: Any
) -> None:
    whole = {**schema_of, "components": CONTRACTS[of]["components"]}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(value)


def test_every_operation_has_an_example_of_each_answer(dialect: str) -> None:
    for name, (_, _, operation) in OPERATIONS[dialect].items():
        for status, response in operation["responses"].items():
            assert examples(dialect, response) or status == "204", (name, status)
