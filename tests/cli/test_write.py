"""The commands that write: what is sent, what is waited for, and the code they leave with."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.helpers.places import TOKEN, Place
from tests.helpers.program import CIPLUN, ciplun, environ, journal_states
from tests.helpers.pty import Terminal
from tests.helpers.simulators import Hidden, Silence
from tui.cli import main
from tui.simulator.scenarios import hooks

DIALECTS = ("docs", "client")


def started(simulated: Place, *arguments: str) -> Terminal:
    home = Path(simulated.environ["HOME"])
    surroundings = simulated.environ | environ(home, CIPLUN_POLL_BUSY="1")
    return Terminal([*CIPLUN, *arguments], surroundings)


def target(simulated: Place, name: str = "before-rspamd") -> str:
    return str(simulated.key(simulated.snapshot(name)))


def test_ctrl_c_while_waiting_leaves_at_once_and_loses_nothing(
    simulated: Place, tmp_path: Path
) -> None:
    with started(simulated, "create", "mail", "by-hand", "--wait") as terminal:
        terminal.until(lambda: journal_states(tmp_path) == [("create", "accepted")])
        terminal.send("\x03")
        assert terminal.wait(20) == 130
        assert "create of by-hand on mail goes on at the provider (accepted)" in terminal.text()
        assert "Traceback" not in terminal.text()
    code, _, err = ciplun(simulated, "create", "mail", "next")
    assert (code, "create of by-hand is open on mail" in err) == (1, True)
    simulated.world.clock.advance(700)
    code, _, err = ciplun(simulated, "create", "mail", "next")
    assert (code, "by-hand of mail is completed" in err) == (0, True)
    assert len(simulated.sent()) == 2


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_ctrl_c_with_the_request_on_the_wire(
    simulated: Place, tmp_path: Path, seconds: float
) -> None:
    class Slow(Silence):
        async def after(self, request: object, response: object, world: object) -> object:  # type: ignore[override]
            if request.method == "POST":  # type: ignore[attr-defined]
                await asyncio.sleep(seconds or 0.7)
            return response

    simulated.service.hooks.append(Slow())
    with started(simulated, "create", "mail", "by-hand") as terminal:
        terminal.until(lambda: ("create", "sent") in journal_states(tmp_path))
        terminal.until(lambda: any(s.name == "by-hand" for s in simulated.world.snapshots.values()))
        terminal.send("\x03")
        assert terminal.wait(20) == 130
        assert "interrupted" in terminal.text()
    state = "sent" if seconds else "accepted"  # an answer that comes soon is recorded
    assert journal_states(tmp_path) == [("create", state)]


@pytest.mark.parametrize("verb", ["restore", "delete"])
def test_ctrl_c_at_the_question_leaves_at_once(simulated: Place, verb: str) -> None:
    with started(simulated, verb, target(simulated), "--server", "mail") as terminal:
        terminal.until("to go ahead")
        terminal.send("\x03")
        assert terminal.wait(20) == 130
    assert simulated.sent() == simulated.sent("DELETE") == []


@pytest.mark.parametrize("wait", [False, True])
def test_an_outcome_that_stays_unknown_is_3_and_not_waited_for_for_ever(
    simulated: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wait: bool,
) -> None:
    simulated.service.hooks += hooks(["lost-answer:1", "wrong-count"])  # no listing is settled
    simulated.service.hooks.append(Hidden())
    monkeypatch.setattr("tui.cli.finishing.SETTLING", 1.5)
    monkeypatch.setattr("os.environ", {**simulated.environ, "CIPLUN_POLL_BUSY": "1"})
    code = main.run(["create", "mail", "lost", *["--wait"] * wait])
    assert code == 3
    assert "keeps looking" in capsys.readouterr().out
    assert len([s for s in simulated.world.snapshots.values() if s.name == "lost"]) == 1
    assert journal_states(Path(simulated.environ["HOME"])) == [("create", "unknown")]


def test_what_has_not_ended_after_the_longest_wait_is_3(
    simulated: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tui.cli.finishing.LONGEST", 1.0)
    monkeypatch.setattr("os.environ", {**simulated.environ, "CIPLUN_POLL_BUSY": "1"})
    assert main.run(["create", "mail", "slow", "--wait"]) == 3
    assert "stopped waiting" in capsys.readouterr().out


def test_a_token_that_may_not_write_is_4(simulated: Place) -> None:
    simulated.service.hooks += hooks(["forbidden-writes"])
    assert ciplun(simulated, "create", "mail", "x")[0] == 4
    assert ciplun(simulated, "delete", target(simulated), "--server", "mail", "--yes")[0] == 4


def test_a_token_that_is_revoked_while_waiting_is_4(simulated: Place, tmp_path: Path) -> None:
    with started(simulated, "create", "mail", "by-hand", "--wait") as terminal:
        terminal.until(lambda: journal_states(tmp_path) == [("create", "accepted")])
        simulated.world.tokens.clear()
        assert terminal.wait(20) == 4
        assert "may go on" in terminal.text()


def test_a_second_session_is_refused_with_the_first_one_s_name(simulated: Place) -> None:
    assert ciplun(simulated, "create", "mail", "first")[0] == 0
    code, _, err = ciplun(simulated, "create", "mail", "second")
    assert (code, "create of first is open on mail" in err) == (1, True)
    code, _, err = ciplun(simulated, "delete", target(simulated), "--server", "mail", "--yes")
    assert (code, "create of first is open on mail" in err) == (1, True)
    assert len(simulated.sent()) == 1


def test_a_failed_snapshot_is_1(simulated: Place) -> None:
    simulated.world.clock.speed = 2000.0
    simulated.world.next_outcome = "failed"
    code, out, _ = ciplun(simulated, "create", "mail", "x", "--wait")
    assert (code, "failed" in out) == (1, True)


def test_without_a_journal_somebody_has_to_agree(simulated: Place, tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("in the way")
    code, _, err = ciplun(simulated, "create", "mail", "unrecorded")
    assert (code, "No record can be kept" in err) == (1, True)
    assert simulated.sent() == []
    for typed, end in (("yes", 1), ("without a record", 0)):
        with started(simulated, "create", "mail", "unrecorded") as terminal:
            terminal.until("Type without a record to go ahead")
            terminal.send(f"{typed}\n")
            assert terminal.wait() == end
    assert len(simulated.sent()) == 1


def test_after_a_damaged_journal_somebody_has_to_agree(simulated: Place, tmp_path: Path) -> None:
    folder = tmp_path / ".local/state/ciplun"
    folder.mkdir(parents=True)
    (folder / "journal.sqlite3").write_bytes(b"no database" * 100)
    code, _, err = ciplun(simulated, "create", "mail", "x")
    assert (code, "damaged" in err) == (1, True)
    assert "may still go on for 15 min.\n" in err
    assert "No record can be kept" not in err, "it can"
    assert simulated.sent() == []
    assert len(list(folder.glob("journal.sqlite3.damaged-*"))) == 1
    with started(simulated, "create", "mail", "x") as terminal:
        terminal.until("Type without a record to go ahead")
        terminal.send("without a record\n")
        assert terminal.wait() == 0
    assert len(simulated.sent()) == 1
    with sqlite3.connect(folder / "journal.sqlite3") as db:
        dump = "\n".join(db.iterdump())
    db.close()
    assert "damaged" in dump
    assert TOKEN not in dump
