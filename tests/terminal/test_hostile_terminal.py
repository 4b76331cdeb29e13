"""A terminal that answers late, reports oddly and claims nonsense does nothing to the dashboard."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal
from tests.helpers.terminal_noise import ANSWERS, ODD_KEYS, cut, noise


def opened(simulated: Place, home: Path, **more: str) -> Terminal:
    return Terminal(CIPLUN, environ(home, **simulated.environ | more))


def to_snapshots(terminal: Terminal) -> None:
    """The pane where keys mark, protect and delete."""
    terminal.until("live ·")  # not what is remembered
    terminal.until("web-server-02")
    terminal.until("q Quit")
    terminal.send("1Gk2")  # the pane is remembered
    terminal.until("▶  before-update")
    terminal.until("#802 before-update")
    while terminal.read(0.2):  # a frame may come in two parts
        pass


def look(terminal: Terminal) -> str:
    """The screen without what time changes."""
    return re.sub(r"\d+", "0", terminal.text().partition("\n")[2])


def settle(terminal: Terminal) -> None:
    """Have all that was sent dealt with: a key behind it has been seen."""
    terminal.send("?")
    terminal.until("Keys and symbols")
    terminal.send("\x1b")
    terminal.until(lambda: "Keys and symbols" not in terminal.text())


def untouched(simulated: Place, terminal: Terminal, before: str) -> None:
    """Nothing is marked, protected, opened or sent, and it still lives."""
    settle(terminal)
    terminal.until(lambda: look(terminal) == before)
    assert [r.method for r in simulated.service.received if r.method != "GET"] == []
    terminal.send("q")
    assert terminal.wait() == 0


@pytest.mark.parametrize("cuts", [0, 1, 2], ids=["whole", "halves", "bytes"])
def test_late_answers_and_odd_reports_do_nothing(
    simulated: Place, tmp_path: Path, cuts: int
) -> None:
    with opened(simulated, tmp_path) as terminal:
        to_snapshots(terminal)
        before = look(terminal)
        for sent in (*ANSWERS, *ODD_KEYS):
            size = (len(sent), len(sent) // 2 + 1, 1)[cuts]
            for start in range(0, len(sent), size):
                terminal.send_bytes(sent[start : start + size])
                terminal.read(0.002)
        untouched(simulated, terminal, before)


@settings(max_examples=3, suppress_health_check=list(HealthCheck), database=None)
@given(drawn=cut(st.lists(noise, min_size=60, max_size=120)))
def test_any_noise_does_nothing(
    simulated: Place, tmp_path: Path, drawn: tuple[list[bytes], list[bytes]]
) -> None:
    home = tempfile.mkdtemp(dir=tmp_path)  # nothing is remembered of the example before
    with opened(simulated, tmp_path, HOME=home) as terminal:
        to_snapshots(terminal)
        before = look(terminal)
        for data in drawn[1]:
            terminal.send_bytes(data)
            terminal.read(0.002)
        untouched(simulated, terminal, before)


def test_any_bytes_leave_it_alive(simulated: Place, tmp_path: Path) -> None:
    """The keys among them act as keys do, but none of the bytes ends it."""
    leaving = b"q\x03\x11\x1a"
    everything = bytes(byte for byte in range(256) if byte not in leaving)
    with opened(simulated, tmp_path) as terminal:
        to_snapshots(terminal)
        for start in range(0, len(everything), 16):
            terminal.send_bytes(everything[start : start + 16] + b"\x1b\\")
            terminal.read(0.01)
        assert terminal.code is None
        terminal.send("\x03")
        assert terminal.wait() == 130
    assert simulated.sent() == []


def test_keys_that_wait_do_not_keep_it(simulated: Place, tmp_path: Path) -> None:
    with opened(simulated, tmp_path) as terminal:
        to_snapshots(terminal)
        terminal.send("q" + "jk" * 500)
        start = time.monotonic()
        assert terminal.wait() == 0
        assert time.monotonic() - start < 2


def test_the_terminals_own_size_counts(simulated: Place, tmp_path: Path) -> None:
    with opened(simulated, tmp_path, COLUMNS="90", LINES="30") as terminal:
        terminal.until("q Quit")
        assert terminal.screen.display[2].endswith("─╮")
        assert "q Quit" in terminal.screen.display[39]
        terminal.resize(100, 30)
        terminal.until(lambda: "q Quit" in terminal.screen.display[29])


@pytest.mark.parametrize("claim", [b"\x1b[48;5;5;0;0t", b"\x1b[48;9999;9999;9;9t", b"\x1b[8;1;1t"])
def test_a_size_that_is_nonsense_is_survived(
    simulated: Place, tmp_path: Path, claim: bytes
) -> None:
    with opened(simulated, tmp_path) as terminal:
        terminal.until("q Quit")
        written = len(terminal.output)
        terminal.send_bytes(claim + b"\x1b[<0;5;6M\x1b[<0;5;6m")
        terminal.until(lambda: len(terminal.output) > written)  # it has taken note of that
        terminal.resize(110, 36)
        terminal.until(lambda: "q Quit" in terminal.screen.display[35])


def test_an_error_where_keys_are_read_is_in_the_log(simulated: Place, tmp_path: Path) -> None:
    code = (
        "import sys; from tui.terminal.input_reader import InputReader\n"
        "def bad(self, data): raise RuntimeError('cannot read this')\n"
        "InputReader.feed = bad\n"
        "from tui.__main__ import main; sys.argv = ['ciplun']; main()\n"
    )
    with Terminal([CIPLUN[0], "-c", code], environ(tmp_path, **simulated.environ)) as terminal:
        terminal.until("web-server-02")
        terminal.send("j")
        assert terminal.wait() == 1
        assert b"an unexpected error ended the program (RuntimeError)" in terminal.output
    log = (tmp_path / ".local/state/ciplun/ciplun.log").read_text()
    assert "RuntimeError: cannot read this" in log
    assert "Traceback" in log
