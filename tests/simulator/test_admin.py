"""The administrative routes: under their own token, and out of every scenario's reach."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.helpers.simulators import BEARER, NOON, OTHER, TOKEN, demo
from tui.simulator.admin import Administration
from tui.simulator.web import SimulatorApp

Served = tuple[httpx.Client, SimulatorApp]


@pytest.fixture
def served() -> Iterator[Served]:
    """A client with the administrative token, at the root of the service."""
    with demo() as (url, app):
        headers = {"Authorization": f"Bearer {Administration(app).token}"}
        root = url.removesuffix("/api/v1")
        with httpx.Client(base_url=root, headers=headers) as http:
            yield http, app


def test_without_admin_there_is_nothing() -> None:
    with demo() as (url, _):
        root = url.removesuffix("/api/v1")
        answer = httpx.post(f"{root}/admin/advance/", json={"seconds": 1}, headers=BEARER)
        assert answer.status_code == 404
        assert "text/html" in answer.headers["content-type"]


def test_time_passes_on_demand(served: Served) -> None:
    http, app = served
    answer = http.post("/admin/advance/", json={"seconds": 90.5})
    assert answer.json() == {"now": "2025-01-22T12:01:30Z"}
    assert app.world.clock.now() == NOON + 90.5
    assert answer.headers["date"] == "Wed, 22 Jan 2025 12:01:30 GMT"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "[]",
        "{",
        "\xff",
        '{"seconds": -1}',
        '{"seconds": true}',
        '{"seconds": NaN}',
        '{"seconds": 1e300}',
        '{"seconds": "1"}',
    ],
)
def test_nonsense_moves_nothing(served: Served, body: str) -> None:
    http, app = served
    assert http.post("/admin/advance/", content=body.encode("latin-1")).status_code == 400
    assert app.world.clock.now() == NOON


@pytest.mark.parametrize("token", [TOKEN, OTHER, "", "admin_guess", "\xe9"])
def test_no_other_token_will_do(served: Served, token: str) -> None:
    http, app = served
    headers = {"Authorization": f"Bearer {token}".strip().encode("latin-1")}
    answer = httpx.post(http.base_url.join("/admin/advance/"), json={"seconds": 1}, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert app.world.clock.now() == NOON


def test_the_administrative_token_opens_nothing_else(served: Served) -> None:
    http, _ = served
    assert http.get("/api/v1/snapshots/").status_code == 401
    assert http.get("/admin/advance/").status_code == 405
    assert http.post("/admin/other/").status_code == 404


def test_tokens_are_made_for_every_account(served: Served) -> None:
    http, _ = served
    reader = http.post("/admin/tokens/", json={"permissions": ["servers:read"]}).json()["token"]
    headers = {"Authorization": f"Bearer {reader}"}
    assert http.get("/api/v1/servers/", headers=headers).json()["count"] == 12
    assert http.delete("/api/v1/snapshots/801/", headers=headers).status_code == 403
    other = http.post("/admin/tokens/", json={"email": "neighbour@example.net"}).json()["token"]
    headers = {"Authorization": f"Bearer {other}"}
    assert http.get("/api/v1/servers/", headers=headers).json()["count"] == 1
    for wrong in ({"email": "nobody"}, {"email": 1}, {"permissions": "servers:read"}):
        assert http.post("/admin/tokens/", json=wrong).status_code == 400


def test_scenarios_come_and_go_and_none_stands_in_the_way(served: Served) -> None:
    http, app = served
    assert http.post("/admin/scenarios/", json={"names": ["reset"]}).status_code == 200
    with pytest.raises(httpx.HTTPError):
        http.get("/api/v1/servers/", headers=BEARER)
    for wrong in ({"names": ["no-such"]}, {"names": "reset"}, {}):
        assert http.post("/admin/scenarios/", json=wrong).status_code == 400
    assert len(app.hooks) == 1
    assert http.post("/admin/scenarios/", json={"names": []}).json() == {"names": []}
    assert http.get("/api/v1/servers/", headers=BEARER).status_code == 200


def test_what_came_can_be_asked_for_once(served: Served) -> None:
    http, _ = served
    fields = {"server_id": 12346, "name": "new"}
    httpx.post(http.base_url.join("/api/v1/snapshots/"), json=fields, headers=BEARER)
    httpx.get(http.base_url.join("/api/v1/servers/?page=1"), headers={"Authorization": "Bearer x"})
    told = http.post("/admin/requests/").json()["requests"]
    assert [(r["method"], r["path"], r["query"], r["status"]) for r in told] == [
        ("POST", "/api/v1/snapshots/", "", 201),
        ("GET", "/api/v1/servers/", "page=1", 401),
    ]
    assert json.loads(told[0]["body"]) == fields
    assert TOKEN not in str(told)
    assert http.post("/admin/requests/").json() == {"requests": []}
