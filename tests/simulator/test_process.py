"""``ciplun simulator`` as a process: what it prints, how it ends, and how fast it is."""

from __future__ import annotations

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tui.simulator.child import ChildSimulator
from tui.simulator.options import SimulatorOptions
from tui.simulator.runner import TOKEN_VARIABLE, build, print_scenarios, run
from tui.simulator.scenarios import list_scenarios
from tui.simulator.serve import listen

Start = Callable[..., "Simulator"]


class Simulator:
    """A simulator in a process of its own."""

    def __init__(self, *options: str, **environ: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tui", "simulator", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environ},
            text=True,
        )

    def told(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(5)


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[Simulator] = []

    def begin(*options: str, **environ: str) -> Simulator:
        running.append(Simulator(*options, **environ))
        return running[-1]

    yield begin
    for simulator in running:
        if simulator.process.poll() is None:
            simulator.process.kill()
        simulator.process.communicate()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_it_tells_its_address_and_token_once(start: Start) -> None:
    simulator = start("--json")
    told = simulator.told()
    assert set(told) == {"url", "token", "pid"}
    assert told["pid"] == simulator.process.pid
    assert told["url"].startswith("http://127.0.0.1:")
    answer = httpx.get(f"{told['url']}/servers/", headers=bearer(told["token"]))
    assert answer.json()["count"] == 12
    assert simulator.end() == 0
    out, err = simulator.process.communicate()
    assert (out, err) == ("", "")


def test_it_speaks_in_lines_for_a_shell(start: Start) -> None:
    simulator = start("--token", "vps_given", "--servers", "3", "--admin")
    assert simulator.process.stdout is not None
    lines = [simulator.process.stdout.readline() for _ in range(4)]
    assert lines[1].startswith("  export VPS_API_URL=http://127.0.0.1:")
    assert lines[2] == "  export VPS_API_TOKEN=vps_given\n"
    assert "Administration: http://127.0.0.1:" in lines[3]
    assert simulator.end() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_0_even_with_a_client_that_waits(start: Start, number: int) -> None:
    simulator = start("--json", "--scenario", "silence")
    told = simulator.told()
    with httpx.Client() as http, pytest.raises(httpx.ReadTimeout):
        http.get(f"{told['url']}/servers/", timeout=0.1)
    waiting = socket.create_connection(("127.0.0.1", int(told["url"].split(":")[2].split("/")[0])))
    waiting.sendall(b"GET /api/v1/servers/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert simulator.end(number) == 0
    waiting.close()


def test_a_token_may_come_by_the_environment(start: Start) -> None:
    simulator = start("--json", **{TOKEN_VARIABLE: "vps_of_the_environment"})
    assert simulator.told()["token"] == "vps_of_the_environment"


def test_it_ends_with_its_parent(start: Start) -> None:
    program = (
        "import asyncio, os, sys\n"
        "from tui.simulator.child import ChildSimulator\n"
        "async def main():\n"
        "    child = ChildSimulator(servers=1)\n"
        "    address = await child.start()\n"
        "    print(child._process.pid, address.url, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert parent.returncode == -signal.SIGKILL
    pid = int(parent.stdout.split()[0])
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and "Z" not in _state(pid):
        assert time.monotonic() < deadline, "it outlived its parent"
        time.sleep(0.02)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


async def test_the_child_of_the_demo_starts_and_stops() -> None:
    child = ChildSimulator(servers=2)
    address = await child.start()
    assert address.token not in repr(address)
    answer = httpx.get(f"{address.url}/servers/", headers=bearer(address.token))
    assert answer.json()["count"] == 2
    await child.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(address.url)


def test_a_killed_simulator_goes_on_where_it_was(start: Start, tmp_path: Path) -> None:
    options = ("--json", "--servers", "2", "--speed", "0", "--admin")
    state = ("--state", str(tmp_path / "world.db"))
    first = start(*options, *state)
    told = first.told()
    with httpx.Client(base_url=told["url"], headers=bearer(told["token"])) as http:
        server = http.get("/servers/").json()["results"][0]["id"]
        one = http.get(f"/snapshots/?server_id={server}").json()["results"][0]["id"]
        http.delete(f"/snapshots/{one}/").raise_for_status()
        made = http.post("/snapshots/", json={"server_id": server, "name": "mid"}).json()
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second = start(*options, *state)
    again = second.told()
    assert again["token"] == told["token"]

    def status() -> str:
        listed = httpx.get(f"{again['url']}/snapshots/", headers=bearer(again["token"])).json()
        found: str = next(s["status"] for s in listed["results"] if s["id"] == made["id"])
        return found

    assert status() == "in_progress"
    url, admin = f"{again['admin_url']}advance/", bearer(again["admin_token"])
    httpx.post(url, json={"seconds": 600}, headers=admin).raise_for_status()
    assert status() == "completed"
    third = start("--json", *state)
    assert third.process.wait(5) == 1
    assert "another simulator uses it" in third.process.communicate()[1]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--scenario", "no-such"), 2, "there is no such scenario"),
        (("--scenario", "reset:x"), 2, "neither a turn"),
        (("--state", "/no/such/folder/file"), 1, "No such file"),
    ],
)
def test_what_cannot_be_is_one_line(
    start: Start, options: tuple[str, ...], code: int, words: str
) -> None:
    simulator = start(*options)
    assert simulator.process.wait(5) == code
    out, err = simulator.process.communicate()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


def test_a_port_that_is_taken_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with listen() as taken:
        port = taken.getsockname()[1]
        assert run(SimulatorOptions(port=port, servers=1)) == 1
    assert f"port {port}" in capsys.readouterr().err


def test_it_listens_on_loopback_only() -> None:
    with listen() as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_the_scenarios_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_scenarios() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(list_scenarios())
    assert any(line.startswith("lost-answer ") and "carried out" in line for line in lines)
    assert any(line.endswith("(imagined)") for line in lines)


# -- sanity of speed; the figures themselves are printed with -s -------------------------------


def test_it_is_ready_at_once(start: Start) -> None:
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.simulator"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"{}\n")
        process.stdin.flush()
        told = json.loads(process.stdout.readline())
        httpx.get(f"{told['url']}/openapi.yaml").raise_for_status()
        took = time.perf_counter() - begin
        process.stdin.close()
        assert process.wait(5) == 0
    print(f"ready in {took * 1000:.0f} ms")
    assert took < 5


def test_a_vast_fleet_is_seeded_quickly() -> None:
    begin = time.perf_counter()
    app, _ = build(SimulatorOptions(servers=10_000))
    took = time.perf_counter() - begin
    assert len(app.world.list_snapshots(app.world.account)) == 50_000
    print(f"10,000 servers with 50,000 snapshots in {took * 1000:.0f} ms")
    assert took < 10


def test_a_list_of_a_hundred_comes_quickly(start: Start) -> None:
    simulator = start("--json", "--servers", "100")
    told = simulator.told()
    with httpx.Client(base_url=told["url"], headers=bearer(told["token"])) as http:
        for path in ("/servers/?page_size=100", "/snapshots/"):
            times = []
            for _ in range(50):
                begin = time.perf_counter()
                answer = http.get(path)
                times.append(time.perf_counter() - begin)
            assert len(answer.json()["results"]) == (100 if "servers" in path else 500)
            print(f"{path}: {statistics.median(times) * 1000:.2f} ms")
            assert statistics.median(times) < 0.05
