"""Nothing that is asked of the simulator or described to it is an error of its own."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from tests.helpers.simulators import NOON, TOKEN
from tui.simulator import Simulator
from tui.simulator.admin import Administration
from tui.simulator.building import Built
from tui.simulator.options import DIALECTS, SimulatorOptions, WrongOption
from tui.simulator.scenarios import GROUPS, SCENARIOS
from tui.simulator.transport import SERVICE

FLEETS: dict[str, dict[str, Any]] = {
    "nothing": {"fleet": "empty"},
    "a server": {"fleet": "empty", "described": {"servers": [{"name": "web", "id": 7}]}},
    "the example": {"fleet": "published"},
}
VAST = ("ten-thousand-servers", "hundred-thousand-snapshots")


class Away:
    """In place of the service, for scenarios that have it refuse connections."""

    def go_away(self, seconds: float) -> None:
        """Stay."""


def request(
    method: str, path: str, body: bytes = b"", *, token: str = TOKEN, accept: str = "*/*"
) -> Request:
    path, _, query = path.partition("?")

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    told = {"host": "127.0.0.1", "authorization": f"Bearer {token}", "accept": accept}
    if body:
        told["content-type"] = "application/json"
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in told.items()],
        SERVICE: Away(),
    }
    return Request(scope, receive)


def asked_of(built: Built, dialect: str) -> Iterator[tuple[str, str, bytes]]:
    """Requests of every kind about things that are there, are not there, and cannot be."""
    world = built.app.world
    keyed = "uuid" if dialect == "client" else "id"
    server = next((getattr(s, keyed) for s in world.list_servers(world.account)), 999)
    snapshot = next((getattr(s, keyed) for s in world.list_snapshots(world.account)), 999)
    api = "/api/v1"
    for path, query in itertools.product(
        ("/servers/", "/snapshots/", "/backups/", f"/servers/{server}/"),
        ("", "?page=2&page_size=1", "?cursor=2", "?format=api"),
    ):
        yield "GET", f"{api}{path}{query}", b""
    good = json.dumps({"server_id": server, "name": "new"}).encode()
    for body, path in itertools.product(
        (good, b"", b"[]", b"{", b'{"server_id": [1]}'),
        ("/snapshots/", f"/servers/{server}/snapshot/"),
    ):
        yield "POST", f"{api}{path}", body
    yield "POST", f"{api}/snapshots/{snapshot}/restore/", b""
    yield "POST", f"{api}/servers/{server}/power/", b'{"action": "stop"}'
    for path in ("/power/", "/snapshots/", "/snapshot/", "/restore/", "/"):
        yield "POST", path, b"{}"
    yield "DELETE", f"{api}/snapshots/{snapshot}/", b""
    yield "DELETE", f"{api}/servers/{server}/", b""
    yield "GET", f"{api}/snapshots/", b""


@pytest.mark.parametrize("group", GROUPS)
async def test_each_scenario_is_at_home_in_any_world(group: str) -> None:
    for scenario, fleet, dialect in itertools.product(GROUPS[group], FLEETS, DIALECTS):
        if scenario.name in VAST:
            continue
        name = scenario.name if scenario.seconds is None else f"{scenario.name}=0"
        options: dict[str, Any] = {**FLEETS[fleet], "dialect": dialect, "scenarios": (name,)}
        built = Built(SimulatorOptions(**options, tokens=(TOKEN,), environment=False, now=NOON))
        for method, path, body in asked_of(built, dialect):
            answer = await built.app._answer(request(method, path, body), body)
            assert answer is not None, (name, fleet, dialect, path)


def test_a_scenario_whose_name_is_no_text_is_only_unknown() -> None:
    assert "\udcff" not in SCENARIOS
    with pytest.raises(ValueError, match="no such scenario"):
        Simulator("\udcff")


@pytest.mark.parametrize("fleet", [None, 3, ["web"]])
def test_a_fleet_that_is_nothing_of_the_kind_is_refused(fleet: Any) -> None:
    with pytest.raises(WrongOption, match="a name, a file or a dictionary"):
        Simulator(fleet=fleet)


def test_an_empty_token_is_refused() -> None:
    with pytest.raises(WrongOption, match="printable ASCII"):
        Simulator(token="")


@pytest.mark.parametrize(
    "seconds", [-1, float("nan"), float("inf"), 10**400], ids=["back", "nan", "inf", "vast"]
)
def test_time_that_cannot_pass_is_refused(seconds: float) -> None:
    with Simulator() as simulator:
        began = simulator.now
        with pytest.raises(ValueError, match="from 0 to"):
            simulator.advance(seconds)
        assert simulator.now == began


# -- administration --------------------------------------------------------------------------------

FIELDS: dict[str, tuple[str, ...]] = {
    "advance": ("seconds",),
    "tokens": ("permissions", "email"),
    "scenarios": ("names",),
    "requests": ("forget",),
    "servers": ("id", "uuid", "status", "location", "memory", "age", "snapshots", "backups"),
    "snapshots": ("server", "id", "uuid", "status", "size_mb", "ready_in", "age", "created_at"),
    "backups": ("server", "backup_type", "size_mb", "expires_in", "created_at"),
    "reset": (),
}
GOOD: dict[str, dict[str, object]] = {
    "servers": {"name": "s"},
    "snapshots": {"server": 12345, "name": "s"},
    "backups": {"server": 12345},
}
ODD: tuple[object, ...] = (
    *("\ud800", "\ud800@x", "a@b", "a@\n", 10**400, -(10**400), 12345, "7d", "999999999.999999w"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "in_progress", "automatic"),
    *("reset:\ud800", "full-fleet", "latency=0", "11111111-2222-4333-8444-555555555555"),
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)


@st.composite
def described(draw: st.DrawFn) -> tuple[str, bytes]:
    route = draw(st.sampled_from(list(FIELDS)))
    fields = draw(st.dictionaries(st.sampled_from((*FIELDS[route], "odd")), VALUES, max_size=2))
    return route, json.dumps(GOOD.get(route, {}) | fields).encode()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@example([("advance", b'{"seconds": 1%s}' % (b"0" * 400))])
@example([("tokens", b'{"email": "\\ud800@x"}'), ("reset", b"{}")])
@example([("scenarios", b'{"names": ["\\ud800"]}')])
@given(st.lists(described() | st.tuples(st.sampled_from(list(FIELDS)), st.binary()), max_size=20))
def test_any_body_is_done_or_refused(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[tuple[str, bytes]]
) -> None:
    state: Path = tmp_path_factory.mktemp("any") / "state"
    options = SimulatorOptions(state=state, tokens=(TOKEN,), environment=False, now=NOON)
    built = Built(options)
    administration = Administration(built.app, reset=built.reset)
    for route, body in bodies:
        asked = request("POST", f"/admin/{route}/", token=administration.token)
        answer = administration.answer(asked, body)
        assert answer is not None
        assert answer.status_code in (200, 400), (route, body)
        json.loads(bytes(answer.body))
    for path in ("/servers/", "/snapshots/", "/backups/"):
        answer = built.app._api.answer(request("GET", f"/api/v1{path}"), b"")
        assert json.loads(bytes(answer.body))["results"]
    assert built._state is not None
    built._state.close()
    again = Built(options)
    assert again.app.world.servers.keys() == built.app.world.servers.keys()
    assert again._state is not None
    again._state.close()
