"""``ciplun simulator`` as a process: what it prints, how it ends, and how fast it is."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tui.cli.main import run as main
from tui.simulator.building import TOKEN_VARIABLE, build
from tui.simulator.child import ChildSimulator
from tui.simulator.options import SimulatorOptions
from tui.simulator.runner import PARENT_SECONDS, run, scenario_help
from tui.simulator.scenarios import SCENARIOS
from tui.simulator.serve import listen, serving

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
        return self.process.wait(20)


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
    assert set(told) == {"url", "token", "reader_token", "neighbour_token", "pid"}
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
    lines = [simulator.process.stdout.readline() for _ in range(5)]
    assert lines[1].startswith("  export VPS_API_URL=http://127.0.0.1:")
    assert lines[2] == "  export VPS_API_TOKEN=vps_given\n"
    assert lines[3].split() == ["administration", lines[3].split()[1]]
    assert lines[3].endswith("/admin/\n")
    assert lines[4].split()[:3] == ["its", "token", lines[4].split()[2]]
    assert simulator.end() == 0


def test_others_are_let_in_only_where_both_options_and_a_token_say_so(start: Start) -> None:
    options = ("--host", "127.0.0.2", "--listens-outside", "--token", "vps_given")
    told = start("--json", *options).told()
    assert told["url"].startswith("http://127.0.0.2:")
    named = {"Host": "simulator.example", **bearer("vps_given")}
    assert httpx.get(f"{told['url']}/servers/", headers=named).status_code == 200
    inside = start("--json", "--token", "vps_given").told()
    assert httpx.get(f"{inside['url']}/servers/", headers=named).status_code == 400


def test_tls_tells_whom_to_trust(start: Start) -> None:
    simulator = start("--tls", "--token", "vps_given")
    assert simulator.process.stdout is not None
    lines = [simulator.process.stdout.readline().strip() for _ in range(4)]
    told = dict(line.removeprefix("export ").split("=") for line in lines[1:])
    trust = ssl.create_default_context(cafile=told["SSL_CERT_FILE"])
    url = f"{told['VPS_API_URL']}/servers/"
    assert httpx.get(url, headers=bearer("vps_given"), verify=trust).status_code == 200
    assert simulator.end() == 0
    assert not Path(told["SSL_CERT_FILE"]).exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_0_even_with_a_client_that_waits(start: Start, number: int) -> None:
    simulator = start("--json", "--scenario", "silence")
    told = simulator.told()
    with httpx.Client() as http, pytest.raises(httpx.ReadTimeout):
        http.get(f"{told['url']}/servers/", timeout=0.1)
    waiting = socket.create_connection(("127.0.0.1", int(told["url"].split(":")[2].split("/")[0])))
    waiting.sendall(b"GET /api/v1/servers/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert simulator.end(number) == 0
    waiting.close()


def test_its_tokens_are_of_an_account_a_reader_and_a_neighbour(start: Start) -> None:
    simulator = start("--json")
    told = simulator.told()
    rights = {}
    for name in ("token", "reader_token", "neighbour_token"):
        with httpx.Client(base_url=told["url"], headers=bearer(told[name])) as http:
            listed = http.get("/servers/").json()["count"]
            rights[name] = (listed, http.delete("/snapshots/800/").status_code)
    assert rights == {"neighbour_token": (1, 404), "reader_token": (12, 403), "token": (12, 204)}


def test_tokens_are_what_one_asks_for(start: Start) -> None:
    wanted = ("vps_a", "vps_b,servers:read", "vps_c,neighbour@example.net", "vps_d,new@example.net")
    given = [word for token in wanted for word in ("--token", token)]
    simulator = start("--json", "--servers", "2", *given)
    told = simulator.told()
    assert (told["token"], "reader_token" in told) == ("vps_a", False)
    found = {}
    for token in wanted:
        with httpx.Client(base_url=told["url"], headers=bearer(token.split(",")[0])) as http:
            me = http.get("/account/me/").json()
            count = http.get("/servers/").json()["count"]
            found[token[:5]] = (me["account"]["email"], me["token"]["permissions"], count)
    assert found == {
        "vps_a": ("admin@example.org", ["servers:*"], 2),
        "vps_b": ("admin@example.org", ["servers:read"], 2),
        "vps_c": ("neighbour@example.net", ["servers:*"], 1),
        "vps_d": ("new@example.net", ["servers:*"], 0),
    }


def test_tokens_may_come_by_the_environment(start: Start) -> None:
    simulator = start("--json", **{TOKEN_VARIABLE: "vps_of_the_environment vps_b,servers:read"})
    told = simulator.told()
    assert told["token"] == "vps_of_the_environment"
    assert httpx.get(f"{told['url']}/servers/", headers=bearer("vps_b")).status_code == 200


STARTERS = {
    "the demo": (
        "import asyncio, os\n"
        "from tui.simulator.child import ChildSimulator\n"
        "async def main():\n"
        "    child = ChildSimulator(servers=1)\n"
        "    address = await child.start()\n"
        "    print(child._process.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    ),
    "a program": (
        "import json, os, subprocess, sys\n"
        "command = [sys.executable, '-m', 'tui', 'simulator', '--servers', '1', '--json']\n"
        "child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)\n"
        "print(json.loads(child.stdout.readline())['pid'], flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    ),
}
NOHUP = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"


def started_by(program: str) -> int:
    """The process of a simulator whose starter has just been killed."""
    command = [sys.executable, "-c", program]
    parent = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=20)
    assert parent.returncode == -signal.SIGKILL
    return int(parent.stdout)


@pytest.mark.parametrize("starter", STARTERS)
def test_it_ends_with_its_parent(starter: str) -> None:
    pid = started_by(STARTERS[starter])
    deadline = time.monotonic() + 20
    while _state(pid) != "Z":
        assert time.monotonic() < deadline, "it outlived its parent"
        time.sleep(0.02)


def test_under_nohup_it_outlives_its_parent() -> None:
    pid = started_by(NOHUP + STARTERS["a program"])
    try:
        time.sleep(2 * PARENT_SECONDS)  # it would have looked twice
        assert _state(pid) != "Z"
    finally:
        os.kill(pid, signal.SIGTERM)


def test_it_serves_on_when_nobody_reads_its_address(start: Start, free_port: int) -> None:
    simulator = start("--port", str(free_port), "--token", "vps_x")
    assert simulator.process.stdout is not None
    simulator.process.stdout.close()
    url = f"http://127.0.0.1:{free_port}/api/v1/servers/"
    deadline = time.monotonic() + 20
    while True:
        try:
            assert httpx.get(url, headers=bearer("vps_x")).status_code == 200
            break
        except httpx.ConnectError:
            assert time.monotonic() < deadline
    assert simulator.end() == 0
    assert simulator.process.stderr is not None
    assert simulator.process.stderr.read() == ""


@pytest.fixture
def free_port() -> int:
    with listen() as listener:
        return int(listener.getsockname()[1])


def test_requests_for_another_host_are_refused(start: Start) -> None:
    told = start("--json", "--servers", "1").told()
    headers = bearer(told["token"])
    url = f"{told['url']}/servers/"
    strange = ("evil.example", "127.0.0.1.evil.example", "evil.example:80", "[2001:db8::1]:80")
    for host in (*strange, "[::1", "[::1]evil.example", "127.0.0.1:80:evil.example", "localhost:x"):
        answer = httpx.get(url, headers={**headers, "Host": host})
        assert (answer.status_code, "count" in answer.text) == (400, False)
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:80"):
        assert httpx.get(url, headers={**headers, "Host": host}).status_code == 200


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
    assert third.process.wait(20) == 1
    assert "another simulator uses it" in third.process.communicate()[1]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--scenario", "no-such"), 2, "there is no such scenario"),
        (("--scenario", "reset:x"), 2, "neither a turn"),
        (("--token", "vps_sécret"), 2, "printable ASCII"),
        (("--token", "vps_a,reading"), 2, "permissions"),
        (("--now", "yesterday"), 2, "2025-01-23T18:30:00Z"),
        (("--host", "0.0.0.0"), 2, "--listens-outside"),
        (("--host", "0.0.0.0", "--listens-outside"), 2, "--token of your own"),
        (("--host", "no.such.host.invalid", "--listens-outside", "--token", "vps_a"), 1, "port 0"),
        (("--fleet", "/no/such/file"), 2, "No such file"),
        (("--fleet", "published", "--servers", "3"), 2, "not both"),
        (("--state", "/no/such/folder/file"), 1, "No such file"),
    ],
)
def test_what_cannot_be_is_one_line(
    start: Start, options: tuple[str, ...], code: int, words: str
) -> None:
    simulator = start(*options)
    assert simulator.process.wait(20) == code
    out, err = simulator.process.communicate()
    assert out == ""
    assert words in err
    assert "vps_" not in err
    assert err.count("\n") == 1


def test_a_port_that_is_taken_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with listen() as taken:
        port = taken.getsockname()[1]
        assert run(SimulatorOptions(port=port, servers=1)) == 1
    assert f"port {port}" in capsys.readouterr().err


def test_it_listens_on_loopback_only() -> None:
    with listen() as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_the_scenarios_are_printed() -> None:
    lines = scenario_help().splitlines()
    told = {line.split()[0]: line for line in lines if line.startswith("  ")}
    assert set(SCENARIOS) <= set(told)
    assert "carried out" in told["lost-answer"]
    assert told["conflict"].endswith("(hypothetical)")
    assert told["latency"].endswith("(takes =DELAY)")


@pytest.mark.parametrize(
    "wrong",
    [("--speed", "nan"), ("--speed", "inf"), ("--now", "0001-01-01"), ("--now", "9999-12-31")],
)
def test_numbers_that_no_world_can_have_are_refused(
    wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulator", *wrong]) == 2
    assert wrong[0] in capsys.readouterr().err


def test_at_the_end_of_time_it_stands_still() -> None:
    app, tokens = build(SimulatorOptions(now=221_845_391_000.0, speed=0))
    for _ in range(40):
        app.world.advance(1e9)
    with serving(app) as url:
        answer = httpx.get(f"{url}/snapshots/", headers=bearer(tokens.owner))
        made = httpx.post(
            f"{url}/snapshots/",
            json={"server_id": 12346, "name": "last"},
            headers=bearer(tokens.owner),
        )
    assert answer.headers["date"] == "Fri, 31 Dec 9999 23:59:59 GMT"
    assert made.json()["created_at"] == "9999-12-31T23:59:59Z"


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
        assert process.wait(20) == 0
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
