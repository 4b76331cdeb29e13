"""The program as its users start it, and what can be seen of it from outside."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.helpers.places import TOKEN, Place
from tests.helpers.pty import Terminal
from tests.helpers.service import saying

CIPLUN = [sys.executable, "-m", "tui"]


def environ(home: Path, **more: str) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        **more,
    }


def completing(words: str, shell: str = "bash") -> dict[str, str]:
    """What a shell adds to the environment where tab is pressed behind these words."""
    return {
        "_CIPLUN_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }


def run_bytes(
    home: Path, *arguments: str | bytes, **more: str
) -> subprocess.CompletedProcess[bytes]:
    """Run it to its end; what it is given and what it prints may be any bytes."""
    return subprocess.run(
        [*CIPLUN, *arguments],
        env=environ(home, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )


def run(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end; what it prints is UTF-8."""
    done = run_bytes(home, *arguments, **more)
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def ended_by(number: signal.Signals, home: Path, *arguments: str) -> tuple[int, str, str]:
    """Run it where no answer comes, and end it by a signal once it has asked."""
    over = threading.Event()

    def answer(method: str, path: str) -> bytes:
        over.wait(20)
        return b""

    with saying(answer) as said:
        with subprocess.Popen(
            [*CIPLUN, *arguments],
            env=environ(home, VPS_API_URL=said.url, VPS_API_TOKEN=TOKEN),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ) as process:
            end = time.monotonic() + 20
            while not said.requests and time.monotonic() < end:
                time.sleep(0.01)
            process.send_signal(number)
            out, err = process.communicate(timeout=10)
        over.set()
    return process.returncode, out, err


def ciplun(place: Place, *arguments: str) -> tuple[int, str, str]:
    """Run it to its end against a place; its code and what it prints."""
    return against(place.url, Path(place.environ["HOME"]), *arguments)


def against(url: str, home: Path, *arguments: str) -> tuple[int, str, str]:
    """Run it to its end against any service; its code and what it prints."""
    done = run(home, *arguments, VPS_API_URL=url, VPS_API_TOKEN=TOKEN, CIPLUN_POLL_BUSY="1")
    assert TOKEN not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def journal_states(tmp_path: Path) -> list[tuple[str, str]]:
    file = tmp_path / ".local/state/ciplun/journal.sqlite3"
    if not file.exists():
        return []
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(sqlite3.connect(file)) as db,
    ):
        return db.execute("SELECT kind, state FROM operations").fetchall()
    return []  # it is only being made


def to_dialog(terminal: Terminal) -> None:
    terminal.send("G")
    terminal.until("Snapshots of web-server-02")
    terminal.send("c")
    terminal.until("Create a snapshot of web-server-02")


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
