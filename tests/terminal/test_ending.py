"""How the program ends when its terminal, its line or somebody else ends it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.places import TOKEN, Place, held
from tests.helpers.program import CIPLUN, environ, journal_states, state, to_dialog
from tests.helpers.pty import Terminal
from tests.helpers.simulators import Silence

PROMPT = 2.0
"""Seconds within which it must be gone, on a machine that has a core for it."""
RESTORING = (
    b"\x1b[?1049l",
    b"\x1b[?25h",
    b"\x1b[?1000l",
    b"\x1b[?1003l",
    b"\x1b[?2004l",
    b"\x1b[?1016l",
    b"\x1b[?1004l",
    b"\x1b[?7h",
    b"\x1b[<u",
)


@contextlib.contextmanager
def opened(simulated: Place, tmp_path: Path) -> Iterator[Terminal]:
    with Terminal(CIPLUN, simulated.environ | environ(tmp_path)) as terminal:
        terminal.until("legacy-crm")
        yield terminal


def ends_promptly(terminal: Terminal) -> int:
    start = time.monotonic()
    code = terminal.wait()
    crowd = os.getloadavg()[0] / (os.cpu_count() or 1)
    assert time.monotonic() - start <= PROMPT * max(1.0, crowd)
    return code


def put_back(terminal: Terminal) -> bool:
    """Whether alternate screen, mouse, keyboard modes, cursor and line are as they were before."""
    left = bytes(terminal.output).rpartition(b"\x1b[?1049h")[2]
    shell = left.rpartition(b"\x1b[?1049l")[2]
    assert not re.search(rb"\x1b\[[\d;]*H", shell), "the shell's screen is written over"
    missing = [sequence for sequence in RESTORING if sequence not in left]
    assert not missing
    return terminal.modes() == terminal.modes_before


@pytest.mark.parametrize("where", ["idle", "dialog", "wire"])
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_promptly(
    simulated: Place, tmp_path: Path, number: signal.Signals, where: str
) -> None:
    with opened(simulated, tmp_path) as terminal:
        to_place(simulated, terminal, where)
        os.kill(terminal.pid, number)
        assert ends_promptly(terminal) == 128 + number
        assert put_back(terminal)


@pytest.mark.parametrize("where", ["idle", "dialog"])
def test_a_closed_terminal_ends_it_promptly(simulated: Place, tmp_path: Path, where: str) -> None:
    with opened(simulated, tmp_path) as terminal:
        if where == "dialog":
            to_dialog(terminal)
        terminal.hang_up()
        assert ends_promptly(terminal) == 128 + signal.SIGHUP


def test_a_closed_terminal_whose_signal_is_ignored_is_noticed(
    simulated: Place, tmp_path: Path
) -> None:
    nohup = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *CIPLUN]
    with Terminal(nohup, simulated.environ | environ(tmp_path)) as terminal:
        terminal.until("legacy-crm")
        terminal.hang_up()
        assert ends_promptly(terminal) == 128 + signal.SIGHUP


def test_an_interrupt_while_something_is_loaded_ends_at_once(
    simulated: Place, tmp_path: Path
) -> None:
    """An exception there is lost in some imports, and crashes others."""
    swallowing = """if True:
        import os, signal, sys, time
        class Finder:
            def find_spec(self, name, path=None, target=None):
                if name == "tui.config.schema":
                    try:
                        os.kill(os.getpid(), signal.SIGINT)
                        time.sleep(1)
                    except KeyboardInterrupt:
                        pass
        sys.meta_path.insert(0, Finder())
        import tui.__main__
        tui.__main__.main()
    """
    argv = [CIPLUN[0], "-c", swallowing]
    with Terminal(argv, simulated.environ | environ(tmp_path)) as terminal:
        assert terminal.wait() == 130
        assert b"Traceback" not in terminal.output


def test_an_interrupt_at_any_time_of_the_start_is_no_traceback(
    simulated: Place, tmp_path: Path
) -> None:
    began = (
        "import tui.__main__ as m; leave = m.leave_current_folder;"
        "m.leave_current_folder = lambda: (print('began', flush=True), leave()); m.main()"
    )
    argv = [CIPLUN[0], "-c", began]
    for moment in range(12):
        with Terminal(argv, simulated.environ | environ(tmp_path)) as terminal:
            terminal.until(lambda: b"began" in terminal.output)
            time.sleep(0.08 * moment)
            os.kill(terminal.pid, signal.SIGINT)
            assert terminal.wait() == 130
            assert b"Traceback" not in terminal.output
            assert terminal.modes() == terminal.modes_before


@pytest.mark.parametrize("how", ["SIGHUP", "SIGTERM", "close", "SIGKILL"])
def test_with_a_request_on_the_wire_the_journal_stays_true(
    simulated: Place, tmp_path: Path, how: str
) -> None:
    silence = Silence()
    simulated.service.hooks.append(silence)
    with opened(simulated, tmp_path) as terminal:
        to_dialog(terminal)
        terminal.send("\r")
        terminal.until("sending")
        terminal.until(lambda: ("create", "sent") in journal_states(tmp_path))
        terminal.until(lambda: len(simulated.world.by_server[12346]) == 1)
        if how == "close":
            terminal.hang_up()
        else:
            os.kill(terminal.pid, getattr(signal, how))
        ends_promptly(terminal)
    assert journal_states(tmp_path) == [("create", "sent")]
    simulated.service.hooks.remove(silence)
    with Terminal(CIPLUN, simulated.environ | environ(tmp_path)) as terminal:
        terminal.until("1 operation from before")
        terminal.until(lambda: journal_states(tmp_path) == [("create", "accepted")])
        terminal.send("q")
        assert terminal.wait() == 0
        assert b"1 operation goes on at the provider" in terminal.output
    posts = [r for r in simulated.service.received if r.method == "POST"]
    assert len(posts) <= 1


def to_place(simulated: Place, terminal: Terminal, where: str) -> None:
    """Go where it is to be ended: nowhere in particular, into a dialog, or mid-request."""
    if where != "idle":
        to_dialog(terminal)
    if where == "wire":
        simulated.service.hooks.append(Silence())
        terminal.send("\r")
        terminal.until(lambda: held(simulated, "web-server-02") == 1)


@pytest.mark.parametrize("where", ["idle", "dialog", "wire"])
def test_ctrl_c_ends_it_as_any_program(simulated: Place, tmp_path: Path, where: str) -> None:
    with opened(simulated, tmp_path) as terminal:
        to_place(simulated, terminal, where)
        terminal.send("\x03")
        assert ends_promptly(terminal) == 130
        assert terminal.modes() == terminal.modes_before
    assert journal_states(tmp_path) == ([("create", "sent")] if where == "wire" else [])


@pytest.mark.parametrize("where", ["idle", "dialog", "wire"])
def test_ctrl_z_stops_it_and_fg_brings_it_back_to_new_data(
    simulated: Place, tmp_path: Path, where: str
) -> None:
    with opened(simulated, tmp_path) as terminal:
        to_place(simulated, terminal, where)
        terminal.send("\x1a")
        terminal.until(lambda: state(terminal.pid) == "T")
        terminal.until(lambda: b"\x1b[?1049l" in terminal.output)
        simulated.service.hooks.clear()
        simulated.world.add_server("zz-made-meanwhile")
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.until("zz-made-meanwhile")
        if where == "dialog":
            terminal.send("\x1b")
            terminal.until(lambda: "Create a snapshot of" not in terminal.text())
        terminal.send("\x03" if where == "wire" else "q")
        assert ends_promptly(terminal) == (130 if where == "wire" else 0)


def test_a_closed_terminal_changes_no_code_while_operations_run(
    simulated: Place, tmp_path: Path
) -> None:
    with opened(simulated, tmp_path) as terminal:
        to_dialog(terminal)
        terminal.send("\r")
        terminal.until(lambda: journal_states(tmp_path) == [("create", "accepted")])
        terminal.hang_up()
        assert ends_promptly(terminal) == 128 + signal.SIGHUP


def test_a_terminal_nobody_reads_does_not_keep_it_and_is_put_back(
    simulated: Place, tmp_path: Path
) -> None:
    with opened(simulated, tmp_path) as terminal:
        for _ in range(400):  # much to write, and nobody takes it
            terminal.send("a")
            if not select_writable(terminal.master):
                break
        time.sleep(0.3)
        os.kill(terminal.pid, signal.SIGTERM)
        end = time.monotonic() + 20
        while time.monotonic() < end and state(terminal.pid) != "Z":
            time.sleep(0.02)
        assert state(terminal.pid) == "Z"
        assert terminal.wait() == 128 + signal.SIGTERM
        assert put_back(terminal)


def test_a_stuck_loop_does_not_keep_it_and_the_terminal_is_put_back(
    simulated: Place, tmp_path: Path
) -> None:
    stuck = tmp_path / "stuck"
    code = (
        "import pathlib, sys, time; from tui.screens.dashboard.pages import PAGES\n"
        f"PAGES['help'] = lambda self: (pathlib.Path({str(stuck)!r}).touch(), time.sleep(600))\n"
        "from tui.__main__ import main; sys.argv = ['ciplun']; main()\n"
    )
    argv = [CIPLUN[0], "-c", code]
    with Terminal(argv, simulated.environ | environ(tmp_path)) as terminal:
        terminal.until("legacy-crm")
        terminal.send("?")
        terminal.until(stuck.exists)
        os.kill(terminal.pid, signal.SIGTERM)
        assert ends_promptly(terminal) == 128 + signal.SIGTERM
        assert put_back(terminal)


def select_writable(descriptor: int) -> bool:
    import select

    return bool(select.select([], [descriptor], [], 0.01)[1])


def test_the_demo_leaves_no_simulator_behind(tmp_path: Path) -> None:
    with Terminal([*CIPLUN, "--demo"], environ(tmp_path)) as terminal:
        terminal.until("web-server-02")
        children = subprocess.run(
            ["pgrep", "-P", str(terminal.pid)], capture_output=True, text=True, check=True
        ).stdout.split()
        assert children
        os.kill(terminal.pid, signal.SIGKILL)
        terminal.wait()
        end = time.monotonic() + 20
        while any(Path(f"/proc/{child}").exists() for child in children):
            assert time.monotonic() < end
            time.sleep(0.05)


def test_while_nothing_happens_it_sleeps(simulated: Place, tmp_path: Path) -> None:
    with opened(simulated, tmp_path) as terminal:
        terminal.send("p")  # no polls
        terminal.until("paused")
        for snapshot in simulated.world.snapshots.values():
            snapshot.ready_at = 0.0
        while terminal.read(0.5):
            pass
        before, written = switches(terminal.pid), len(terminal.output)
        time.sleep(3)
        terminal.read()
        assert len(terminal.output) - written < 400
        assert switches(terminal.pid) - before < 40


def switches(pid: int) -> int:
    return sum(
        int(line.split()[1])
        for task in Path(f"/proc/{pid}/task").iterdir()
        for line in (task / "status").read_text().splitlines()
        if line.startswith("voluntary_ctxt_switches")
    )


def test_resized_a_hundred_times(simulated: Place, tmp_path: Path) -> None:
    with opened(simulated, tmp_path) as terminal:
        for n in range(100):
            terminal.resize(1 + n * 37 % 300, 1 + n * 17 % 100)
            terminal.read(0.005)
        terminal.resize(120, 40)
        terminal.until("legacy-crm")
        terminal.send("q")
        assert ends_promptly(terminal) == 0


def test_a_crash_is_one_line_and_a_log_without_the_token(simulated: Place, tmp_path: Path) -> None:
    code = (
        "import sys; from tui.screens.dashboard.pages import PAGES\n"
        "def bad(self):\n"
        "    secret = self.session.live.client._token.reveal()\n"
        "    raise RuntimeError('oops \\x1b]52;c;x\\x07 ' + secret)\n"
        "PAGES['help'] = bad\n"
        "from tui.__main__ import main; sys.argv = ['ciplun']; main()\n"
    )
    argv = [CIPLUN[0], "-c", code]
    with Terminal(argv, simulated.environ | environ(tmp_path)) as terminal:
        terminal.until("legacy-crm")
        before = len(terminal.output)
        terminal.send("?")
        assert ends_promptly(terminal) == 1
        said = bytes(terminal.output[before:])
        assert b"sorry, an unexpected error ended the program (RuntimeError)" in said
        assert b"Traceback" not in said
        assert b"locals" not in said
        assert TOKEN.encode() not in terminal.output
        assert terminal.modes() == terminal.modes_before
    log = tmp_path / ".local/state/ciplun/ciplun.log"
    text = log.read_text()
    assert "RuntimeError: oops" in text
    assert TOKEN not in text
    assert "\x1b" not in text
    assert log.stat().st_mode & 0o777 == 0o600
