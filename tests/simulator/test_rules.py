"""What the simulated provider lets be done, by whom, and when."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.helpers.simulators import BEARER, NOON, OTHER, demo, demo_world
from tui.simulator import listing
from tui.simulator.clock import VirtualClock
from tui.simulator.objects import SimServer, SimSnapshot
from tui.simulator.rate import Rate
from tui.simulator.serve import serving
from tui.simulator.web import SimulatorApp
from tui.simulator.world import World


@pytest.fixture
def served() -> Iterator[tuple[httpx.Client, SimulatorApp]]:
    with demo() as (url, app), httpx.Client(base_url=url, headers=BEARER) as http:
        yield http, app


Served = tuple[httpx.Client, SimulatorApp]


def named(world: World, name: str) -> SimServer:
    return next(s for s in world.servers.values() if s.name == name)


def snapshot(world: World, name: str) -> SimSnapshot:
    return next(s for s in world.snapshots.values() if s.name == name)


def create(http: httpx.Client, server: SimServer, name: str = "new") -> httpx.Response:
    return http.post("/snapshots/", json={"server_id": server.id, "name": name})


def test_five_snapshots_and_no_more(served: Served) -> None:
    http, app = served
    shop = named(app.world, "shop-production-eu-central-1")
    assert create(http, shop).status_code == 201
    sixth = create(http, shop)
    assert sixth.status_code == 400
    assert "limit" in sixth.json()["detail"].lower()
    one = next(iter(app.world.by_server[shop.id]))
    assert http.delete(f"/snapshots/{one}/").status_code == 204
    assert create(http, shop).status_code == 201


def test_a_create_takes_three_to_ten_minutes_and_then_has_a_size(served: Served) -> None:
    http, app = served
    made = create(http, named(app.world, "mail")).json()
    assert (made["status"], made["size_mb"]) == ("in_progress", None)
    assert "3-10 minutes" in made["message"]

    def now() -> dict[str, object]:
        listed = http.get("/snapshots/").json()["results"]
        found: dict[str, object] = next(s for s in listed if s["id"] == made["id"])
        return found

    app.world.advance(179)
    assert now()["status"] == "in_progress"
    app.world.advance(421)
    done = now()
    assert done["status"] == "completed"
    assert isinstance(done["size_mb"], int)
    assert "message" not in done


@pytest.mark.parametrize("name", ["billing", "ci-runner"])
def test_suspended_and_restoring_servers_refuse(served: Served, name: str) -> None:
    http, app = served
    server = named(app.world, name)
    held = app.world.add_snapshot(server, "held")
    assert create(http, server).status_code == 400
    assert http.post(f"/snapshots/{held.id}/restore/").status_code == 400
    power = http.post(f"/servers/{server.id}/power/", json={"action": "start"})
    assert power.status_code == 400
    assert len(app.world.by_server[server.id]) == (1 if name == "billing" else 3)


def test_only_completed_snapshots_are_restored(served: Served) -> None:
    http, app = served
    for name in ("before-update", "resync-retry"):
        refused = http.post(f"/snapshots/{snapshot(app.world, name).id}/restore/")
        assert refused.status_code == 400


@pytest.mark.parametrize(
    ("before", "set_after", "after"),
    [("active", None, "active"), ("stopped", None, "stopped"), ("active", "stopped", "stopped")],
)
def test_a_restore_stops_the_server_for_a_while(
    served: Served, before: str, set_after: str | None, after: str
) -> None:
    http, app = served
    server, app.world.after_restore = named(app.world, "mail"), set_after
    server.power = before
    target = snapshot(app.world, "before-rspamd")
    answer = http.post(f"/snapshots/{target.id}/restore/").json()
    assert answer["status"] == "success"
    assert answer["snapshot"]["id"] == target.id
    assert answer["server"] == {"id": server.id, "name": "mail", "status": "restoring"}
    app.world.advance(299)
    assert http.get(f"/servers/{server.id}/").json()["status"] == "restoring"
    app.world.advance(601)
    assert http.get(f"/servers/{server.id}/").json()["status"] == after


@pytest.mark.parametrize(
    ("action", "status"),
    [("start", "active"), ("stop", "stopped"), ("restart", "active"), ("hard_stop", "stopped")],
)
def test_power(served: Served, action: str, status: str) -> None:
    http, app = served
    path = f"/servers/{named(app.world, 'mail').id}/"
    assert http.post(f"{path}power/", json={"action": action}).status_code == 200
    assert http.get(path).json()["status"] == status


def test_an_unknown_power_action_is_a_400_and_an_unknown_server_a_404(served: Served) -> None:
    http, app = served
    path = f"/servers/{named(app.world, 'mail').id}/power/"
    for action, words in (
        ("explode", '"explode" is not a valid choice.'),
        (1, '"1" is not a valid choice.'),
        (None, "This field may not be null."),
    ):
        refused = http.post(path, json={"action": action})
        assert (refused.status_code, refused.json()) == (400, {"action": [words]})
    assert http.post(path, json={}).json() == {"action": ["This field is required."]}
    http.headers["Content-Type"] = "application/json"
    half = http.post(path, content=b'{"action": "\\ud800"}')
    assert (half.status_code, half.json()["action"][0][:3]) == (400, '"\ud800"')
    assert http.post("/servers/1/power/", json={"action": "explode"}).status_code == 404


def test_another_accounts_things_are_not_there(served: Served) -> None:
    http, app = served
    server = named(app.world, "not-yours")
    held = snapshot(app.world, "not-yours-either")
    assert http.get(f"/servers/{server.id}/").status_code == 404
    assert create(http, server).status_code == 404
    assert http.delete(f"/snapshots/{held.id}/").status_code == 404
    assert http.post(f"/snapshots/{held.id}/restore/").status_code == 404
    assert http.get(f"/snapshots/?server_id={server.id}").json()["count"] == 0
    for path in ("/servers/", "/snapshots/"):
        assert "not-yours" not in http.get(path).text
    theirs = {"Authorization": f"Bearer {OTHER}"}
    assert http.get("/servers/", headers=theirs).json()["count"] == 1
    assert http.get("/account/me/", headers=theirs).json()["account"]["last_name"] == "Else"
    assert http.delete(f"/snapshots/{held.id}/", headers=theirs).status_code == 204


@pytest.mark.parametrize(
    ("permissions", "reading", "writing"),
    [
        (("servers:*",), 200, 204),
        (("*:*",), 200, 204),
        (("servers:read",), 200, 403),
        (("dns:*", "domains:*"), 403, 403),
    ],
)
def test_permissions(
    served: Served, permissions: tuple[str, ...], reading: int, writing: int
) -> None:
    http, app = served
    app.world.add_token("vps_other", *permissions)
    http.headers["Authorization"] = "Bearer vps_other"
    target = snapshot(app.world, "golden-image").id
    for path in ("/snapshots/", "/servers/", "/backups/"):
        assert http.get(path).status_code == reading
    assert http.delete(f"/snapshots/{target}/").status_code == writing
    me = http.get("/account/me/")
    assert me.status_code == 200
    assert me.json()["token"]["permissions"] == list(permissions)


def test_backups_are_listed_by_server_and_kind(served: Served) -> None:
    http, app = served
    assert http.get("/backups/").json()["count"] == 9
    manual = http.get("/backups/?backup_type=manual").json()["results"]
    assert [b["server"]["name"] for b in manual] == ["db-01"]
    assert "name" not in manual[0]
    assert manual[0]["expires_at"] is None
    automatic = http.get("/backups/?backup_type=automatic").json()["results"]
    assert len(automatic) == 8
    assert automatic[0]["expires_at"] > automatic[0]["created_at"]
    assert [b["created_at"] for b in automatic] == sorted(
        (b["created_at"] for b in automatic), reverse=True
    )
    mail = named(app.world, "mail").id
    assert http.get(f"/backups/?server_id={mail}").json()["count"] == 1
    assert http.get("/backups/?server_id=1").json()["count"] == 0
    assert http.get("/backups/?backup_type=hourly").status_code == 400


def test_ten_backups_by_hand_and_no_more() -> None:
    world = demo_world()
    server = named(world, "mail")
    for _ in range(10):
        world.add_backup(server, "manual", 100)
    with pytest.raises(ValueError, match="10 manual"):
        world.add_backup(server, "manual", 100)
    world.add_backup(server, "automatic", 100)


def test_servers_are_filtered_by_status_and_place(served: Served) -> None:
    http, _ = served

    def names(query: str) -> list[str]:
        return [s["name"] for s in http.get(f"/servers/{query}").json()["results"]]

    assert names("?status=suspended") == ["billing"]
    assert names("?status=restoring") == ["ci-runner"]
    assert names("?location=London, UK") == ["web-server-01", "web-server-02"]
    assert names("?status=stopped&location=London, UK") == []


def test_the_rate_is_limited_for_each_token_before_anything_is_done(served: Served) -> None:
    http, app = served
    app.world.rate = Rate(2, 60)
    mail = named(app.world, "mail")
    assert http.get("/snapshots/").status_code == 200
    assert create(http, mail, "counted").status_code == 201
    refused = create(http, mail, "refused")
    assert refused.status_code == 429
    assert 50 < int(refused.headers["retry-after"]) <= 60
    assert not any(s.name == "refused" for s in app.world.snapshots.values())
    assert http.get("/snapshots/", headers={"Authorization": "Bearer no"}).status_code == 401
    assert http.get("/no-such/").status_code == 404
    assert http.put("/snapshots/").status_code == 429
    other = {"Authorization": f"Bearer {OTHER}"}
    assert http.get("/snapshots/", headers=other).status_code == 200


def test_a_missing_slash_makes_nothing(served: Served) -> None:
    http, app = served
    before = len(app.world.snapshots)
    fields = {"server_id": named(app.world, "mail").id, "name": "new"}
    answer = http.post("/snapshots", json=fields)
    assert answer.status_code == 301
    assert http.post("/snapshots", json=fields, follow_redirects=True).status_code == 200
    assert len(app.world.snapshots) == before


def test_a_body_that_is_too_large_is_not_read(served: Served) -> None:
    http, _ = served
    answer = http.post("/snapshots/", content=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413
    unannounced = (b"x" * 65_536 for _ in range(17))
    assert http.post("/snapshots/", content=unannounced).status_code == 413


def test_virtual_time_is_told_in_date() -> None:
    clock = VirtualClock(0.0, NOON)
    world = World(clock)
    app = SimulatorApp(world)
    assert clock.now() == NOON
    clock.advance(90)
    assert clock.now() == NOON + 90
    clock.skew = -3600
    assert (clock.now(), clock.told()) == (NOON + 90, NOON - 3510)
    with serving(app) as url:
        assert httpx.get(url).headers["date"] == "Wed, 22 Jan 2025 11:01:30 GMT"


def test_virtual_time_runs_at_its_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = 50.0
    monkeypatch.setattr("time.monotonic", lambda: real)
    fast, still = VirtualClock(60.0, NOON), VirtualClock(0.0, NOON)
    real += 10
    assert fast.now() == NOON + 600
    assert still.now() == NOON


def ask_raw(url: str, head: str) -> str:
    """The first line of the answer to a request of one's own writing."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port)) as line:
        line.sendall(f"{head}\r\nConnection: close\r\n\r\n".encode())
        with line.makefile() as answer:
            return answer.readline().strip()


def test_a_target_may_be_absolute_as_for_a_proxy() -> None:
    with demo() as (url, app):
        bearer = f"Authorization: {BEARER['Authorization']}"
        head = f"GET {url}/snapshots/?server_id=12345 HTTP/1.1\r\nHost: ignored\r\n{bearer}"
        assert ask_raw(url, head) == "HTTP/1.1 200 OK"
        assert (app.received[-1].path, app.received[-1].query) == (
            "/api/v1/snapshots/",
            "server_id=12345",
        )
        away = f"GET http://evil.example/api/v1/snapshots/ HTTP/1.1\r\nHost: 127.0.0.1\r\n{bearer}"
        assert ask_raw(url, away) == "HTTP/1.1 400 Bad Request"
        assert ask_raw(url, f"GET {url.upper()[:5]}{url[5:]} HTTP/1.1\r\nHost: x") == (
            "HTTP/1.1 404 Not Found"
        )


def test_pages_are_cut_from_one_list_until_something_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gathered: list[int] = []
    gather = listing._gather

    def counted(*arguments: Any) -> Any:
        gathered.append(1)
        return gather(*arguments)

    monkeypatch.setattr(listing, "_gather", counted)
    with demo(dialect="client") as (url, app), httpx.Client(base_url=url, headers=BEARER) as http:
        pages = [http.get(f"/snapshots/?page_size=5&page={n}").json() for n in (1, 2, 3, 1)]
        assert len(gathered) == 1
        assert pages[0] == pages[3]
        mail = named(app.world, "mail")
        assert http.post(f"/servers/{mail.uuid}/snapshot/").status_code == 201
        assert http.get("/snapshots/").json()["count"] == pages[0]["count"] + 1
        assert len(gathered) == 2


@pytest.mark.parametrize(
    ("scenario", "counts"), [("late-listing=30s", [0, 0, 1]), ("vanishing-snapshot=30s", [1, 1, 0])]
)
def test_a_list_changes_by_itself_when_it_is_time(scenario: str, counts: list[int]) -> None:
    with demo(scenario) as (url, app), httpx.Client(base_url=url, headers=BEARER) as http:
        before = http.get("/snapshots/").json()["count"]
        create(http, named(app.world, "mail"))
        found = []
        for seconds in (0, 29, 1):
            app.world.clock.advance(seconds)  # and nothing is saved
            found.append(http.get("/snapshots/").json()["count"] - before)
    assert found == counts
