"""Waiting is never silent: a line at once, then one that rewrites itself, or one a minute."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pyte
import pytest

from tests.helpers.clocks import FakeClock
from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, ciplun, environ, journal_states
from tests.helpers.pty import Terminal
from tui.cli.output import complain
from tui.cli.progress import Progress
from tui.cli.reading import pauses_told
from tui.cli.waiting import Wait
from tui.fleet.operation import Operation, State
from tui.simulator.scenarios import hooks


def started(simulated: Place, *arguments: str, **more: str) -> Terminal:
    home = Path(simulated.environ["HOME"])
    surroundings = simulated.environ | environ(home, CIPLUN_POLL_BUSY="1", **more)
    return Terminal([*CIPLUN, *arguments], surroundings)


def test_a_line_at_once_and_then_one_that_rewrites_itself(simulated: Place) -> None:
    with started(simulated, "create", "mail", "by-hand", "--wait") as terminal:
        terminal.until("Creating by-hand on mail (3-10 min)")
        terminal.until("create of by-hand on mail: running, ")
        terminal.until("usually 3-10m")
        simulated.world.clock.advance(700)
        assert terminal.wait() == 0
        text = terminal.text()
        assert "by-hand of mail is completed" in text
        assert "usually" not in text, "the line made room for the end"


def test_a_lost_answer_is_said_at_once(simulated: Place) -> None:
    simulated.service.hooks += hooks(["lost-answer:1"])
    code, out, err = ciplun(simulated, "create", "mail", "lost")
    first, last = out.splitlines()
    assert (code, err) == (0, "")
    assert "No answer to the create of lost on mail: checking the list" in first
    assert "The create of lost on mail was likely carried out" in last


@pytest.mark.parametrize("command", ["wait", "settle --wait"])
def test_waiting_for_others_says_at_once_for_what(simulated: Place, command: str) -> None:
    simulated.world.clock.advance(3_600)
    assert ciplun(simulated, "create", "mail", "slow")[0] == 0
    code, out, err = ciplun(simulated, *command.split(), "--timeout", "1s", "--json")
    said = "slow of mail" if command == "wait" else "create of slow on mail: running, "
    assert (code, said in err.splitlines()[0]) == (3, True)
    assert len(json.loads(out)["errors"]) == (command == "wait"), "the end of it, and no progress"


def test_where_nothing_is_waited_for_nothing_is_said_of_it(simulated: Place) -> None:
    simulated.world.clock.advance(3_600)
    assert ciplun(simulated, "wait") == (0, "nothing is busy\n", "")
    assert ciplun(simulated, "settle", "--wait")[2] == ""


async def test_elsewhere_a_line_now_and_one_a_minute(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = FakeClock()
    progress = Progress(clock)
    assert progress.pace == 60
    for _ in range(200):
        progress.show("going on\x1b[31m")
        await clock.advance(1)
    progress.clear()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "ciplun: going on␛[31m\n" * 4


def test_the_line_makes_room_for_whatever_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress(FakeClock())
    progress.show("going on for 9s")
    complain("the journal is slow")
    progress.show("going on")
    progress.show("going on")
    progress.clear()
    screen = pyte.Screen(80, 5)
    printed = capsys.readouterr().err
    pyte.Stream(screen).feed(printed.replace("\n", "\r\n"))
    assert [line.rstrip() for line in screen.display[:2]] == ["ciplun: the journal is slow", ""]
    assert printed.count("going on") == 2


async def test_of_the_pauses_in_long_lists_one_a_minute_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = FakeClock()
    hear = pauses_told(clock)
    for _ in range(100):
        hear(2.0)
        await clock.advance(2)
    words = "ciplun: the provider limits the rate of requests: waiting 2s\n"
    assert capsys.readouterr().err == 4 * words


@pytest.mark.parametrize("command", ["wait", "settle --wait"])
def test_no_more_is_waited_than_was_said_whatever_the_provider_asks(
    simulated: Place, command: str
) -> None:
    simulated.world.clock.advance(3_600)
    assert ciplun(simulated, "create", "mail", "slow")[0] == 0
    simulated.service.hooks += hooks(["throttled@GET"])
    began = time.monotonic()
    code, out, err = ciplun(simulated, *command.split(), "--timeout", "1s")
    assert (code in (1, 3), out, time.monotonic() - began < 20) == (True, "", True)
    assert "rate of requests" in err or "asks to wait" in err


def test_a_terminal_that_cannot_go_back_gets_lines(simulated: Place) -> None:
    with started(simulated, "create", "mail", "by-hand", "--wait", TERM="dumb") as terminal:
        terminal.until("Creating ")
        terminal.until(lambda: "by-hand" in {s.name for s in simulated.world.snapshots.values()})
        simulated.world.clock.advance(700)
        assert terminal.wait() == 0
        assert b"\r" not in terminal.output.replace(b"\r\n", b"")


def test_sigterm_says_where_things_stand(simulated: Place, tmp_path: Path) -> None:
    with started(simulated, "create", "mail", "by-hand", "--wait") as terminal:
        terminal.until("create of by-hand on mail: running, ")
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.wait(5) == 143
        assert "create of by-hand on mail goes on at the provider (accepted)" in terminal.text()
        assert "ended by SIGTERM" in terminal.text()
    assert journal_states(tmp_path) == [("create", "accepted")]


def test_sigterm_at_the_question_sends_nothing(simulated: Place, tmp_path: Path) -> None:
    target = simulated.snapshot("before-rspamd")
    with started(simulated, "delete", str(target.id), "--server", "mail") as terminal:
        terminal.until("to go ahead")
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.wait(5) == 143
        assert "ended by SIGTERM; nothing was sent" in terminal.text(), terminal.text()
    assert simulated.sent("DELETE") == []
    assert journal_states(tmp_path) == []


def test_what_takes_longer_than_one_waits_is_unknown(simulated: Place) -> None:
    code, out, _ = ciplun(simulated, "create", "mail", "slow", "--wait", "--timeout", "1s")
    assert (code, "it has not ended yet; stopped waiting" in out) == (3, True)
    code, _, err = ciplun(simulated, "create", "mail", "x", "--timeout", "1h")
    assert (code, "--timeout needs --wait" in err) == (2, True)
    for wrong in ("", "soon", "-1s", "1e3s"):
        code, out, err = ciplun(simulated, "create", "mail", "x", "--timeout", wrong)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert len(simulated.sent()) == 1


@pytest.mark.parametrize("journal", ["there", "gone", "unavailable"])
async def test_what_ended_before_anybody_listened_is_not_waited_for(
    simulated: Place, tmp_path: Path, journal: str
) -> None:
    session = simulated.session()
    live = await session.open()
    server = next(s for s in (await live.client.servers()).items if s.name == "web-server-02")
    begun = await live.operations.create(server, "x")
    state = tmp_path / ".local/state/ciplun"
    if journal != "there":
        state.rename(tmp_path / "elsewhere")
    if journal == "unavailable":
        state.write_text("in the way")
    await simulated.pass_time(700)
    await live.poller.sweep()
    assert live.operations.running() == []
    told: list[Operation] = []
    (found,) = await Wait(session, live, [begun], lambda o: o.ended, told.append).during(10)
    assert found.state is State.COMPLETED
    assert told == [found]
    await session.close()
