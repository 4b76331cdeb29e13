"""The simulator as others use it in their tests: a context manager, a pytest fixture, a fleet."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tui.simulator import Simulator
from tui.simulator.building import Built
from tui.simulator.demo import PUBLISHED_SERVER, PUBLISHED_SNAPSHOT
from tui.simulator.options import SimulatorOptions, WrongOption

NOON = "2025-01-22T12:00:00Z"


def speaking(simulator: Simulator, token: str | None = None) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token or simulator.token}"}
    return httpx.Client(base_url=simulator.url, headers=headers)


def test_a_test_steers_time_faults_and_things() -> None:
    with Simulator(now=NOON) as simulator, speaking(simulator) as http:
        assert http.get("/servers/").json()["count"] == 12
        made = http.post("/snapshots/", json={"server_id": 12346, "name": "new"}).json()
        simulator.advance(600)
        assert simulator.now == datetime(2025, 1, 22, 12, 10, tzinfo=UTC)
        listed = http.get("/snapshots/?server_id=12346").json()["results"]
        assert [(s["id"], s["status"]) for s in listed] == [(made["id"], "completed")]
        simulator.play("lost-answer:1")
        with pytest.raises(httpx.HTTPError):
            http.post("/snapshots/", json={"server_id": 12346, "name": "lost"})
        assert http.get("/snapshots/?server_id=12346").json()["count"] == 2
        server = simulator.add_server("mine", id=7, snapshots=[{"name": "a", "age": "9d"}])
        assert server["id"] == 7
        assert simulator.add_snapshot("mine", "b", status="failed")["status"] == "failed"
        assert simulator.add_backup(7)["backup_type"] == "manual"
        assert http.get("/snapshots/?server_id=7").json()["count"] == 2
        told = [(r.method, r.status, r.scenarios) for r in simulator.requests() if r.body]
        assert told == [("POST", 201, ()), ("POST", 0, ("lost-answer:1",))]
        assert simulator.requests()[1].json() == {"server_id": 12346, "name": "new"}
        assert len(simulator.requests(forget=True)) == 6
        assert simulator.requests() == []


def test_reset_brings_back_the_beginning() -> None:
    with Simulator("clock-ahead", now=NOON) as simulator, speaking(simulator) as http:
        first = http.get("/snapshots/").json()
        simulator.play("error-500")
        simulator.advance(1e6)
        simulator.add_server("mine")
        simulator.reset()
        assert simulator.requests() == []
        again = http.get("/snapshots/")
        assert again.json() == first
        assert again.headers["date"] == "Wed, 22 Jan 2025 13:00:00 GMT"
        assert simulator.neighbour_token is not None
        with speaking(simulator, simulator.neighbour_token) as other:
            assert other.get("/servers/").json()["count"] == 1
        assert simulator.reader_token is not None
        with speaking(simulator, simulator.reader_token) as reader:
            assert reader.delete("/snapshots/801/").status_code == 403


def test_the_provider_example_is_a_world_of_its_own() -> None:
    with Simulator(fleet="published") as simulator, speaking(simulator) as http:
        assert http.get("/snapshots/").json() == {
            "count": 1,
            "results": [
                {
                    "id": 801,
                    "server": {"id": 12345, "name": "web-server-01"},
                    "name": "pre-migration-snapshot",
                    "status": "completed",
                    "size_mb": 5120,
                    "created_at": "2025-01-15T18:30:00Z",
                    "description": "Before major migration",
                }
            ],
        }
        assert http.get("/backups/").json()["count"] == 1
    with Simulator(fleet="published", dialect="client") as simulator, speaking(simulator) as http:
        (found,) = http.get("/snapshots/").json()["results"]
        assert (found["uuid"], found["server_uuid"]) == (PUBLISHED_SNAPSHOT, PUBLISHED_SERVER)
    with Simulator(fleet="empty") as simulator, speaking(simulator) as http:
        assert http.get("/servers/").json()["count"] == 0


def test_a_fleet_comes_from_a_file_or_a_dictionary(tmp_path: Path) -> None:
    fleet = {"servers": [{"name": "a", "snapshots": [{"name": "s"}]}, {"name": "b"}]}
    file = tmp_path / "fleet.json"
    file.write_text(json.dumps(fleet))
    answers = []
    for given in (fleet, file, str(file)):
        with Simulator(fleet=given, now=NOON) as simulator, speaking(simulator) as http:
            answers.append((http.get("/servers/").json(), http.get("/snapshots/").json()))
    assert answers[0] == answers[1] == answers[2]
    assert [s["name"] for s in answers[0][0]["results"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("", "Expecting value"),
        ("[" * 10_000, "fleet"),
        ("[]", 'list of "servers"'),
        ('{"servers": {}}', 'list of "servers"'),
        ('{"servers": [1]}', "server 1: "),
        ('{"servers": [{"name": "a"}, {"name": "b", "id": "7"}]}', 'server 2: {"id": '),
    ],
)
def test_a_fleet_that_is_none_is_one_sentence(tmp_path: Path, text: str | None, words: str) -> None:
    file = tmp_path / "fleet.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(WrongOption) as wrong:
        Simulator(fleet=file)
    assert words in str(wrong.value)
    assert str(file) in str(wrong.value)


def test_wrong_arguments_are_told_at_once() -> None:
    wrong: list[dict[str, Any]] = [
        {"speed": float("nan")},
        {"servers": 3, "fleet": "published"},
        {"token": "with spaces"},
        {"dialect": "klingon"},
        {"now": "yesterday"},
    ]
    for options in wrong:
        with pytest.raises(ValueError, match=r"\w"):
            Simulator(**options)
    with pytest.raises(ValueError, match="no such scenario"):
        Simulator("no-such")
    with Simulator() as simulator:
        with pytest.raises(ValueError, match="Unknown field"):
            simulator.add_server("x", colour="red")
        with pytest.raises(ValueError, match="no such server"):
            simulator.add_snapshot("nobody", "x")
    with pytest.raises(RuntimeError):
        simulator.advance(1)


async def test_it_is_steered_from_a_running_loop_too() -> None:
    with Simulator() as simulator:
        headers = {"Authorization": f"Bearer {simulator.token}"}
        async with httpx.AsyncClient(base_url=simulator.url, headers=headers) as http:
            answers = await asyncio.gather(*(http.get("/servers/") for _ in range(4)))
            simulator.advance(60)
    assert {answer.status_code for answer in answers} == {200}


def test_steering_does_not_disturb_who_is_being_answered() -> None:
    with Simulator(servers=300) as simulator:
        codes: set[int] = set()

        def ask() -> None:
            with speaking(simulator) as http:
                for _ in range(20):
                    codes.add(http.get("/snapshots/").status_code)

        asking = threading.Thread(target=ask)
        asking.start()
        while asking.is_alive():
            simulator.add_server("one-more")
        asking.join()
    assert codes == {200}


def test_it_speaks_tls_with_an_authority_of_its_own() -> None:
    with Simulator("refused=0.2s:1", tls=True) as simulator:
        assert simulator.url.startswith("https://127.0.0.1:")
        assert simulator.authority is not None
        assert simulator.environ["SSL_CERT_FILE"] == str(simulator.authority)
        headers = {"Authorization": f"Bearer {simulator.token}"}
        trust = ssl.create_default_context(cafile=str(simulator.authority))
        answer = httpx.get(f"{simulator.url}/account/me/", headers=headers, verify=trust)
        assert answer.json()["account"]["email"] == "admin@example.org"
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{simulator.url}/account/me/", headers=headers)
        file = simulator.authority
    assert not file.exists()


def test_a_kept_world_is_reset_on_disk_too(tmp_path: Path) -> None:
    options = SimulatorOptions(state=tmp_path / "state", tokens=("vps_a",), environment=False)
    built = Built(options)
    built.app.world.add_server("mine")
    built.reset()
    assert built._state is not None
    built._state.close()
    again = Built(options)
    assert len(again.app.world.servers) == 13
    assert "vps_a" in again.app.world.tokens


# -- pytest ----------------------------------------------------------------------------------------

OF_OTHERS = """
import json, sys, urllib.error, urllib.request
import pytest

assert "starlette" not in sys.modules

def ask(simulator, path, data=None):
    headers = {"Authorization": f"Bearer {simulator.token}", "Content-Type": "application/json"}
    body = json.dumps(data).encode() if data else None
    request = urllib.request.Request(simulator.url + path, body, headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)

def test_without_it():
    assert "starlette" not in sys.modules

def test_it(vps_simulator):
    assert ask(vps_simulator, "/servers/")["count"] == 12

@pytest.mark.vps_simulator("error-503:1@POST", fleet="published")
def test_a_fault(vps_simulator):
    assert ask(vps_simulator, "/servers/")["count"] == 1
    with pytest.raises(urllib.error.HTTPError) as failed:
        ask(vps_simulator, "/snapshots/", {"server_id": 12345, "name": "new"})
    assert failed.value.code == 503
    failed.value.close()
    assert ask(vps_simulator, "/snapshots/", {"server_id": 12345, "name": "new"})["id"]
    vps_simulator.advance(600)
    assert len(vps_simulator.requests()) == 3
"""


def test_others_write_a_test_with_one_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_of_others.py").write_text(OF_OTHERS)
    # By name, and not as installed: a checkout may have been installed before it had the plugin.
    plugins = ["-p", "no:ciplun", "-p", "tui.simulator.pytest_plugin", "-p", "no:cacheprovider"]
    command = [sys.executable, "-P", "-m", "pytest", "-q", "--strict-markers", *plugins]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_the_plugin_loads_next_to_nothing() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import tui.simulator.pytest_plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["tui", "tui.simulator", "tui.simulator.pytest_plugin"]
