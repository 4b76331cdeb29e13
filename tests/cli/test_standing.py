"""`create --stop`: servers stand still for their snapshots, and run again whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.places import Place
from tests.helpers.program import journal_states
from tui.cli.main import run
from tui.fleet.journal.power import PowerBook, PowerNote, Stage
from tui.fleet.writes import consistent
from tui.session import Session
from tui.simulator.objects import SimServer

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def inside(
    simulated: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs a command in this process, where little time is enough between two readings."""
    simulated.world.clock.speed = 3_000.0
    monkeypatch.setattr(consistent, "PAUSE", 0.05)
    for name, value in {**simulated.environ, "CIPLUN_POLL_BUSY": "1"}.items():
        monkeypatch.setenv(name, value)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def machine(simulated: Place, name: str) -> SimServer:
    return next(s for s in simulated.world.servers.values() if s.name == name)


def status(simulated: Place, name: str) -> str:
    return machine(simulated, name).status(simulated.world.clock.now())


def test_each_server_is_stopped_snapshotted_and_started(
    simulated: Place, inside: Run, tmp_path: Path
) -> None:
    machine(simulated, "legacy-crm").power = "stopped"
    code, out, err = inside("create", "mail", "legacy-crm", "quiet", "--stop")
    assert (code, err) == (0, "")
    assert [line for line in out.splitlines() if line.startswith("mail ")] == [
        "mail is stopped",
        "mail runs again",
    ]
    assert "legacy-crm is stopped, and stays so" in out
    assert out.count("quiet of mail is completed") == out.count("quiet of legacy-crm is ") == 1
    assert (status(simulated, "mail"), status(simulated, "legacy-crm")) == ("active", "stopped")
    assert sorted(path.split("/")[-2] for path in simulated.sent()) == [
        *("power", "power", "snapshots", "snapshots")
    ]
    assert journal_states(tmp_path) == [("create", "completed")] * 2


def test_one_that_cannot_be_stopped_is_named_and_gets_no_snapshot(
    simulated: Place, inside: Run
) -> None:
    machine(simulated, "mail").power = "suspended"
    code, out, err = inside("create", "mail", "quiet", "--stop")
    assert (code, out) == (1, "")
    assert "suspended" in err
    assert simulated.sent() == []


def test_what_a_crash_left_stopped_is_said_and_started(simulated: Place, inside: Run) -> None:
    server = machine(simulated, "mail")
    server.power = "stopped"

    async def crash() -> None:
        session = Session(simulated.settings(), simulated.environ)
        live = await session.open()
        book = PowerBook(live.operations.journal, lambda: live.operations.books.account)
        await book.begin(PowerNote(simulated.key(server), "mail", Stage.STOPPED, 0.0))
        await session.close()

    asyncio.run(crash())
    code, out, _ = inside("settle")
    assert (code, out) == (
        3,
        "mail was stopped for a snapshot; `ciplun settle --go-on` starts it\n",
    )
    code, out, _ = inside("settle", "--go-on")
    assert (code, out) == (0, "starting mail\nmail runs again\n")
    assert status(simulated, "mail") == "active"
    assert inside("settle") == (0, "nothing is open\n", "")
