"""The line drops: ciplun behind a real sshd on 127.0.0.1, and an SSH client that is killed."""

from __future__ import annotations

import contextlib
import getpass
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.places import Place, held
from tests.helpers.program import CIPLUN, environ, journal_states, state, to_dialog
from tests.helpers.pty import Terminal
from tests.helpers.simulators import Silence

PROMPT = 2.0
SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")
_missing = [name for name in ("ssh", "ssh-keygen") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(
    SSHD is None or bool(_missing), reason="openssh-server and openssh-client are not installed"
)


class Line:
    """An sshd of our own, and what it starts for who logs in: ciplun, its number noted."""

    def __init__(self, folder: Path, surroundings: dict[str, str]) -> None:
        folder.mkdir(mode=0o700)
        self.folder = folder
        for name in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)],
                check=True,
            )
        self.pid_file = folder / "pid"
        self.script = folder / "run"
        exports = "".join(f"export {k}={shlex.quote(v)}\n" for k, v in surroundings.items())
        command = " ".join(map(shlex.quote, CIPLUN))
        self.script.write_text(
            f"#!/bin/sh\n{exports}cd {shlex.quote(str(Path(__file__).parents[2]))}\n"
            f"echo $$ > {shlex.quote(str(self.pid_file))}\nexec {command}\n"
        )
        self.script.chmod(0o700)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (folder / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\n"
            f"AuthorizedKeysFile {folder / 'user.pub'}\nPidFile none\nUsePAM no\n"
            "StrictModes no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        )

    @contextlib.contextmanager
    def served(self) -> Iterator[None]:
        if os.getuid() == 0:  # where sshd locks itself in; the system's start script makes it
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        log = self.folder / "log"
        argv = [str(SSHD), "-D", "-f", str(self.folder / "config"), "-E", str(log)]
        daemon = subprocess.Popen(argv)
        try:
            end = time.monotonic() + 10
            while not self._listens():
                assert daemon.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.02)
            yield
        finally:
            daemon.terminate()
            daemon.wait(10)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @contextlib.contextmanager
    def logged_in(self) -> Iterator[Terminal]:
        options = {
            "BatchMode": "yes",
            "IdentityFile": str(self.folder / "user"),
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": str(self.folder / "known"),
            "LogLevel": "ERROR",
        }
        argv = ["ssh", "-F", "none", "-t", "-p", str(self.port)]
        argv += [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        argv += [f"{getpass.getuser()}@127.0.0.1", str(self.script)]
        self.pid_file.unlink(missing_ok=True)
        with Terminal(argv, environ(self.folder)) as terminal:
            terminal.until("legacy-crm")
            yield terminal

    def remote(self) -> int:
        return int(self.pid_file.read_text())


@pytest.fixture
def line(simulated: Place, tmp_path: Path) -> Iterator[Line]:
    made = Line(tmp_path / "ssh", simulated.environ | environ(tmp_path))
    with made.served():
        yield made


def gone_within(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if state(pid) != "Z":  # ended, though not yet taken note of by its parent
                time.sleep(0.01)
                continue
        return True
    return False


@pytest.mark.parametrize("where", ["idle", "dialog"])
def test_a_dropped_line_leaves_nothing_behind(line: Line, tmp_path: Path, where: str) -> None:
    with line.logged_in() as terminal:
        if where == "dialog":
            to_dialog(terminal)
        remote = line.remote()
        os.kill(terminal.pid, signal.SIGKILL)
        assert gone_within(remote, PROMPT)
    assert journal_states(tmp_path) == []


def test_a_line_dropped_with_a_request_on_the_wire(
    simulated: Place, line: Line, tmp_path: Path
) -> None:
    silence = Silence()
    simulated.service.hooks.append(silence)
    with line.logged_in() as terminal:
        to_dialog(terminal)
        terminal.send("\r")
        terminal.until(lambda: ("create", "sent") in journal_states(tmp_path))
        terminal.until(lambda: held(simulated, "web-server-02") == 1)
        remote = line.remote()
        os.kill(terminal.pid, signal.SIGKILL)
        assert gone_within(remote, PROMPT)
    assert journal_states(tmp_path) == [("create", "sent")]
    simulated.service.hooks.remove(silence)
    with line.logged_in() as terminal:
        terminal.until("1 operation from before")
        terminal.until(lambda: journal_states(tmp_path) == [("create", "accepted")])
        terminal.send("q")
        assert terminal.wait() == 0
        assert b"1 operation goes on at the provider" in terminal.output
    assert len([r for r in simulated.service.received if r.method == "POST"]) <= 1
