"""The provider's published examples, replayed with curl against ``ciplun simulator``."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@dataclass
class Answer:
    """What curl shows with ``-i``."""

    status: int
    headers: dict[str, str]
    body: str

    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)


@dataclass
class Replay:
    """curl on a simulator that is as the published page finds the service."""

    url: str
    token: str

    def __call__(self, *arguments: str, token: str | None = None, body: str = "") -> Answer:
        *options, path = arguments
        command = ["curl", "-sSi", *options, f"{self.url}{path}"]
        command += ["-H", f"Authorization: Bearer {token or self.token}"] if token != "" else []
        if body:
            command += ["-H", "Content-Type: application/json", "-d", body]
        done = subprocess.run(command, capture_output=True, check=True, timeout=20, text=True)
        head, _, rest = done.stdout.partition("\n\n")
        first, *lines = head.splitlines()
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return Answer(int(first.split()[1]), headers, rest)


@pytest.fixture(scope="module")
def process() -> Iterator[dict[str, str]]:
    arguments = ("--now", "2025-01-23T18:30:00Z", "--speed", "0", "--json")
    command = [sys.executable, "-m", "tui", "simulator", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulator:
        assert simulator.stdout is not None
        yield json.loads(simulator.stdout.readline())
        simulator.terminate()


@pytest.fixture
def curl(process: dict[str, str]) -> Replay:
    return Replay(process["url"], process["token"])


EXAMPLE = {
    "id": 801,
    "server": {"id": 12345, "name": "web-server-01"},
    "name": "pre-migration-snapshot",
    "status": "completed",
    "size_mb": 5120,
    "created_at": "2025-01-15T18:30:00Z",
    "description": "Before major migration",
}
NEW = {
    "server_id": 12345,
    "name": "pre-migration-snapshot",
    "description": "Before major migration",
}


def test_the_list_has_the_published_snapshot_to_the_letter(curl: Replay) -> None:
    answer = curl("-X", "GET", "/snapshots/?server_id=12345")
    assert answer.status == 200
    listed = answer.json()
    assert set(listed) == {"count", "results"}
    assert listed["count"] == len(listed["results"]) == 3
    assert EXAMPLE in listed["results"]
    assert curl("/snapshots/").json()["count"] > 3
    assert answer.headers["date"] == "thu, 23 jan 2025 18:30:00 gmt"


def test_the_published_life_of_a_snapshot(curl: Replay) -> None:
    made = curl("-X", "POST", "/snapshots/", body=json.dumps(NEW))
    assert made.status == 201
    begun = made.json()
    assert "3-10 minutes" in begun.pop("message")
    assert begun.pop("id") > 801
    assert begun == {
        **{field: EXAMPLE[field] for field in ("server", "name", "description")},
        "status": "in_progress",
        "size_mb": None,
        "created_at": "2025-01-23T18:30:00Z",
    }
    restored = curl("-X", "POST", "/snapshots/801/restore/")
    assert restored.status == 200
    told = restored.json()
    assert "5-15 minutes" in told.pop("message")
    assert told == {
        "status": "success",
        "snapshot": {field: EXAMPLE[field] for field in ("id", "name", "created_at")},
        "server": {"id": 12345, "name": "web-server-01", "status": "restoring"},
    }
    again = curl("-X", "POST", "/snapshots/801/restore/")
    assert again.status == 400
    assert "valid state" in again.json()["detail"]
    gone = curl("-X", "DELETE", "/snapshots/801/")
    assert (gone.status, gone.body) == (204, "")
    for path in ("/snapshots/801/", "/snapshots/801/restore/"):
        missing = curl("-X", "DELETE" if path.count("/") == 3 else "POST", path)
        assert (missing.status, missing.json()) == (404, {"detail": "Not found."})


@pytest.mark.parametrize(
    ("arguments", "body", "status", "told"),
    [
        (("-X", "POST", "/snapshots/"), "{}", 400, {"server_id", "name"}),
        (("-X", "POST", "/snapshots/"), '{"server_id": 1, "name": "a"}', 404, {"detail"}),
        (("-X", "POST", "/snapshots/"), '{"server_id": 12347, "name": "a"}', 400, {"detail"}),
        (("-X", "POST", "/snapshots/"), '{"server_id": 12345, "name": "a b"}', 400, {"name"}),
        (("-X", "GET", "/snapshots/801/"), "", 405, {"detail"}),
        (("-X", "DELETE", "/snapshots/1/"), "", 404, {"detail"}),
    ],
)
def test_the_published_refusals(
    curl: Replay, arguments: tuple[str, ...], body: str, status: int, told: set[str]
) -> None:
    answer = curl(*arguments, body=body)
    assert (answer.status, set(answer.json())) == (status, told)


def test_without_a_token_or_with_a_wrong_one(curl: Replay) -> None:
    for token, detail in (
        ("", "Authentication credentials were not provided."),
        ("vps_wrong", "Invalid token."),
    ):
        answer = curl("/snapshots/", token=token)
        assert (answer.status, answer.json()) == (401, {"detail": detail})
        assert answer.headers["www-authenticate"] == "bearer"


def test_what_is_published_of_servers_account_and_backups(curl: Replay) -> None:
    servers = curl("/servers/?status=active&page=1&page_size=100").json()
    first = servers["results"][0]
    assert {"id", "name", "hostname", "status", "ip_address", "location", "plan", "os"} <= set(
        first
    )
    assert set(first["plan"]) == {"id", "name", "vcpus", "memory", "storage"}
    assert set(first["os"]) == {"id", "name"}
    me = curl("/account/me/").json()
    fields = {"email", "first_name", "last_name", "company_name", "created_at"}
    assert set(me["account"]) == fields
    assert set(me["token"]) == {"name", "permissions"}
    backups = curl("/backups/?server_id=12347&backup_type=automatic").json()
    assert {b["backup_type"] for b in backups["results"]} == {"automatic"}
    assert all("name" not in b and "expires_at" in b for b in backups["results"])


def test_a_missing_slash_creates_nothing(curl: Replay) -> None:
    before = curl("/snapshots/").json()["count"]
    answer = curl("-X", "POST", "/snapshots", body=json.dumps(NEW))
    assert answer.status == 301
    assert answer.headers["location"] == "/api/v1/snapshots/"
    page = curl("/no/such/path/")
    assert page.status == 404
    assert "text/html" in page.headers["content-type"]
    assert curl("/snapshots/").json()["count"] == before
