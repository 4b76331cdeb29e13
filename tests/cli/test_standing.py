"""`create --stop`: servers stand still for their snapshots, and run again whatever happens."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.helpers.crashes import left_stopped
from tests.helpers.places import Place
from tests.helpers.program import journal_states
from tui.cli.main import run
from tui.config.paths import journal_file
from tui.fleet.journal.process_locks import Sessions
from tui.fleet.writes import consistent, power_status
from tui.simulator.web import Hook
from tui.simulator.world import World


class LateStop(Hook):
    """Carries out a stop only some looks after the start that followed it."""

    def __init__(self) -> None:
        self.looks = 0

    async def after(self, request: Request, response: Response, world: World) -> Response:
        (mail,) = (server for server in world.servers.values() if server.name == "mail")
        if request.url.path.endswith("/power/"):
            self.looks += 1
            if self.looks <= 2:
                mail.power, mail.power_next = "active", ""
        elif self.looks >= 2 and request.url.path.endswith(f"/servers/{mail.id}/"):
            self.looks += 1
            if self.looks == 8:
                mail.power, mail.power_next = "stopped", ""
        return response


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def inside(
    simulated: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs a command in this process, where little time is enough between two readings."""
    simulated.world.clock.speed = 3_000.0
    monkeypatch.setattr(power_status, "PAUSE", 0.05)
    for name, value in {**simulated.environ, "CIPLUN_POLL_BUSY": "1"}.items():
        monkeypatch.setenv(name, value)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_each_server_is_stopped_snapshotted_and_started(
    simulated: Place, inside: Run, tmp_path: Path
) -> None:
    simulated.server("legacy-crm").power = "stopped"
    code, out, err = inside("create", "mail", "legacy-crm", "quiet", "--stop")
    assert (code, err) == (0, "")
    assert [line for line in out.splitlines() if line.startswith("mail ")] == [
        "mail is stopped",
        "mail runs again",
    ]
    assert "legacy-crm is stopped, and stays so" in out
    assert out.count("quiet of mail is completed") == out.count("quiet of legacy-crm is ") == 1
    assert (simulated.status("mail"), simulated.status("legacy-crm")) == ("active", "stopped")
    assert sorted(path.split("/")[-2] for path in simulated.sent()) == [
        *("power", "power", "snapshots", "snapshots")
    ]
    assert journal_states(tmp_path) == [("create", "completed")] * 2


def test_one_that_cannot_be_stopped_is_named_and_gets_no_snapshot(
    simulated: Place, inside: Run
) -> None:
    simulated.server("mail").power = "suspended"
    code, out, err = inside("create", "mail", "quiet", "--stop")
    assert (code, out) == (1, "")
    assert "suspended" in err
    assert simulated.sent() == []


class TakesOver(Hook):
    """Another living process takes over a server's start while another server is started."""

    def __init__(self, journal: Path, name: str) -> None:
        self.journal, self.name = journal, name
        self.session = Sessions(journal.parent / "sessions")

    async def after(self, request: Request, response: Response, world: World) -> Response:
        if request.url.path.endswith("/power/"):
            with sqlite3.connect(self.journal) as db:
                values = (self.session.claim(), self.name)
                db.execute("UPDATE power SET owner = ? WHERE server_name = ?", values)
        return response


def test_a_start_that_another_session_takes_over_stops_no_other(
    simulated: Place, inside: Run
) -> None:
    asyncio.run(left_stopped(simulated, "mail", "legacy-crm", "db-01"))
    hook = TakesOver(journal_file(simulated.environ), "legacy-crm")
    simulated.service.hooks.append(hook)
    code, out, err = inside("settle", "--go-on")
    hook.session.leave()
    assert "another session stops or starts legacy-crm" in err
    assert (code, out.splitlines()) == (
        3,
        ["starting mail", "mail runs again", "starting db-01", "db-01 runs again"],
    )


def test_what_a_crash_left_stopped_is_said_and_started(simulated: Place, inside: Run) -> None:
    asyncio.run(left_stopped(simulated, "mail"))
    code, out, _ = inside("settle")
    assert (code, out) == (
        3,
        "mail was stopped for a snapshot; `ciplun settle --go-on` starts it\n",
    )
    code, _, err = inside("ensure", "db-01", "--max-age", "24h")  # who has only cron is told too
    assert (code, "mail was stopped for a snapshot" in err) == (0, True)
    code, out, err = inside("settle", "--go-on", "--read-only")
    assert (code, out) == (1, "")
    assert err == "ciplun: nothing was sent: read-only: nothing can be changed\n"
    code, out, _ = inside("settle", "--go-on")
    assert (code, out) == (0, "starting mail\nmail runs again\n")
    assert simulated.status("mail") == "active"
    assert inside("settle") == (0, "nothing is open\n", "")


@pytest.mark.parametrize(
    ("way", "code", "posts", "said"),
    [
        ("start", 1, ["power", "power"], "mail was not seen stopped: no snapshot was taken\n"),
        ("snapshot", 0, ["power", "power", "snapshots"], ""),
        ("wait", 0, ["power", "power", "snapshots"], ""),
    ],
)
def test_one_that_does_not_stop_in_time(
    simulated: Place,
    inside: Run,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    code: int,
    posts: list[str],
    said: str,
) -> None:
    monkeypatch.setattr(power_status, "PATIENCE", 0.05)
    monkeypatch.setattr(consistent, "WATCHED", 0.0)
    late = 1_500.0 if way == "wait" else 1e9
    simulated.world.power_seconds = {"stop": late, "start": 0}
    found, out, err = inside("create", "mail", "quiet", "--stop", "--if-running", way)
    assert found == code, (out, err)
    does = {"start": "starting it", "snapshot": "taking the snapshot", "wait": "waiting longer"}
    assert f"mail was not seen stopped for 0 min: {does[way]}" in out
    assert said in err if said else "no snapshot" not in err
    assert ("--if-running snapshot or --if-running wait" in err) == (way == "start")
    assert sorted(path.split("/")[-2] for path in simulated.sent()) == posts
    assert simulated.status("mail") == "active"
    assert inside("settle")[:2] == (0, "nothing is open\n")


def test_one_that_stops_late_is_watched_for_and_started(
    simulated: Place, inside: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power_status, "PATIENCE", 0.05)
    monkeypatch.setattr(consistent, "LOOKS", 0.05)
    simulated.service.hooks.append(LateStop())
    code, out, err = inside("create", "mail", "quiet", "--stop")
    assert (code, "no snapshot was taken" in err) == (1, True)
    assert "min: it was asked to stop and may still" in out
    assert out.splitlines()[-3:] == [
        "mail has stopped now",
        "starting mail",
        "mail runs again",
    ]
    assert simulated.status("mail") == "active"
    assert inside("settle")[:2] == (0, "nothing is open\n")


def test_no_server_is_stopped_after_a_loss_of_memory(
    simulated: Place, inside: Run, tmp_path: Path
) -> None:
    assert inside("create", "web-server-02", "first")[0] == 0
    (tmp_path / ".local/state/ciplun/journal.sqlite3").unlink()
    before = simulated.sent()
    code, out, err = inside("create", "mail", "quiet", "--stop")
    assert (code, "may still go on" in err) == (1, True), err
    assert "stopping" not in out
    assert (simulated.sent(), simulated.status("mail")) == (before, "active")
