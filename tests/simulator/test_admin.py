"""The administrative routes: under their own token, and out of every scenario's reach."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.helpers.simulators import BEARER, NOON, OTHER, TOKEN, demo
from tui.simulator.admin import Administration
from tui.simulator.web import SimulatorApp

UUID = "11111111-2222-4333-8444-555555555555"
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


def test_what_came_is_told_whole_and_kept(served: Served) -> None:
    http, _ = served
    fields = {"server_id": 12346, "name": "new"}
    httpx.post(http.base_url.join("/api/v1/snapshots/"), json=fields, headers=BEARER)
    httpx.get(http.base_url.join("/api/v1/servers/?page=1"), headers={"Authorization": "Bearer x"})
    http.post("/admin/scenarios/", json={"names": ["error-503@DELETE"]})
    httpx.delete(http.base_url.join("/api/v1/snapshots/801/?a=1"), headers=BEARER)
    told = http.post("/admin/requests/").json()["requests"]
    assert [(r["method"], r["path"], r["query"], r["status"]) for r in told] == [
        ("POST", "/api/v1/snapshots/", "", 201),
        ("GET", "/api/v1/servers/", "page=1", 401),
        ("DELETE", "/api/v1/snapshots/801/", "a=1", 503),
    ]
    assert [r["scenarios"] for r in told] == [[], [], ["error-503@DELETE"]]
    assert {r["time"] for r in told} == {"2025-01-22T12:00:00Z"}
    assert [r["headers"]["authorization"] for r in told] == ["Bearer ***"] * 3
    assert told[0]["headers"]["content-type"] == "application/json"
    assert json.loads(told[0]["body"]) == fields
    assert TOKEN not in str(told)
    assert http.post("/admin/requests/", json={"forget": True}).json()["requests"] == told
    assert http.post("/admin/requests/").json() == {"requests": []}


def test_a_token_is_told_nowhere(served: Served) -> None:
    http, _ = served
    strange = f"{TOKEN}.and-more"
    for given in (TOKEN, strange):
        httpx.post(
            http.base_url.join(f"/api/v1/snapshots/?token={given}"),
            headers={"Authorization": f"Bearer {given}", "X-Token": given},
            content=f'{{"token": "{given}"}}',
        )
    told = http.post("/admin/requests/").text
    assert TOKEN not in told
    assert "and-more" not in told
    assert told.count("***") == 8


def test_things_are_made_as_described(served: Served) -> None:
    http, app = served
    described = {
        "name": "web",
        "id": 7,
        "uuid": UUID,
        "status": "stopped",
        "location": "Here",
        "vcpus": 3,
        "memory": 512,
        "storage": 9,
        "os": "Plan 9",
        "address": "192.0.2.9",
        "age": "2d",
        "snapshots": [{"name": "old one!", "id": 70, "status": "failed", "age": "9d"}],
        "backups": [{"backup_type": "automatic", "age": 90, "expires_in": "30d"}],
    }
    made = http.post("/admin/servers/", json=described).json()
    assert made == http.get("/api/v1/servers/7/", headers=BEARER).json()
    assert (made["status"], made["created_at"]) == ("stopped", "2025-01-20T12:00:00Z")
    assert made["plan"] == {"id": 3, "name": "VPS-3", "vcpus": 3, "memory": 512, "storage": 9}
    snapshot = {
        "server": "web",
        "name": "new",
        "id": 71,
        "status": "in_progress",
        "ready_in": "10s",
        "created_at": "2025-01-22T11:59:00Z",
        "size_mb": 5,
        "description": "d",
    }
    told = http.post("/admin/snapshots/", json=snapshot).json()
    assert (told["id"], told["status"], told["size_mb"]) == (71, "in_progress", None)
    app.world.advance(10)
    listed = http.get("/api/v1/snapshots/?server_id=7", headers=BEARER).json()["results"]
    assert [(s["id"], s["status"], s["size_mb"], s["created_at"]) for s in listed] == [
        (71, "completed", 5, "2025-01-22T11:59:00Z"),
        (70, "failed", None, "2025-01-13T12:00:00Z"),
    ]
    backup = http.post("/admin/backups/", json={"server": 7, "description": "by hand"}).json()
    assert (backup["backup_type"], backup["expires_at"]) == ("manual", None)
    backups = http.get("/api/v1/backups/?server_id=7", headers=BEARER).json()["results"]
    assert [b["created_at"] for b in backups] == ["2025-01-22T11:58:30Z", "2025-01-21T12:00:10Z"]
    later = httpx.post(
        http.base_url.join("/api/v1/snapshots/"),
        json={"server_id": 7, "name": "later"},
        headers=BEARER,
    )
    assert later.json()["id"] > 71


@pytest.mark.parametrize(
    ("route", "described", "wrong"),
    [
        ("servers", {}, {"name"}),
        (
            "servers",
            {"name": 7, "age": "soon", "nmae": "x", "id": -1},
            {"name", "age", "nmae", "id"},
        ),
        ("servers", {"name": "x", "id": 12345}, {"id"}),
        ("servers", {"name": "x", "uuid": "7e0f6c52-3b1d-4c0e-8a39-5b9d2c6e1f00"}, {"uuid"}),
        ("servers", {"name": "x", "snapshots": [{}]}, {"name"}),
        ("servers", {"name": "x", "snapshots": {}}, {"snapshots"}),
        ("snapshots", {"name": "x"}, {"server"}),
        ("snapshots", {"name": "x", "server": "nobody"}, {"server"}),
        ("snapshots", {"name": "x", "server": 12345, "created_at": "today"}, {"created_at"}),
        ("snapshots", {"name": "x", "server": 12345, "id": 801}, {"id"}),
        ("backups", {"server": 12345, "size_mb": 0}, {"size_mb"}),
    ],
)
def test_a_wrong_description_makes_nothing_and_names_the_fields(
    served: Served, route: str, described: dict[str, object], wrong: set[str]
) -> None:
    http, app = served
    world = app.world
    before = len(world.servers), len(world.snapshots), len(world.backups)
    answer = http.post(f"/admin/{route}/", json=described)
    assert (answer.status_code, set(answer.json())) == (400, wrong)
    assert (len(world.servers), len(world.snapshots), len(world.backups)) == before


def test_health_wants_no_token_and_no_scenario_stands_in_its_way() -> None:
    with demo("reset") as (url, _):
        root = url.removesuffix("/api/v1")
        told = httpx.get(f"{root}/health/").json()
        assert httpx.post(f"{root}/health/").status_code == 405
    now = "2025-01-22T12:00:00Z"
    assert told == {"status": "ok", "simulated": True, "dialect": "docs", "now": now}
