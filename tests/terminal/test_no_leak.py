"""A marked token, every error path, a crash and a picture: it turns up nowhere."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.helpers.faulty import http
from tests.helpers.program import CIPLUN, environ, run
from tests.helpers.pty import Terminal
from tests.helpers.service import NOT_FOUND, SECRET, Answer, Said, fleet, page, saying, snapshot
from tests.helpers.settings_files import home

MARK = SECRET.encode()
SPELT = "".join(f"\\u{ord(char):04x}" for char in SECRET)
ECHO = json.dumps({"detail": f"bad Bearer {SECRET}", "name": [SECRET], SECRET: SECRET})
ECHO = ECHO.replace("}", f', "more": ["{SPELT}"]}}')
STATUSES = ("400", "403", "404", "409", "429", "500", "503")


def files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Everything below a folder that ciplun may have written."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "the-token":
            yield path, path.read_bytes()


def nowhere(folder: Path, *outputs: bytes | str) -> None:
    """The token is in no file of the home folder, and in none of these outputs."""
    for output in outputs:
        assert MARK not in (output if isinstance(output, bytes) else output.encode())
    found = [path for path, data in files(folder) if MARK in data]
    assert found == []


def processes() -> Iterator[tuple[int, bytes]]:
    """The arguments of every process there is."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                yield int(folder.name), (folder / "cmdline").read_bytes()
            except OSError:
                continue


def children(pid: int) -> list[Path]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [Path("/proc", child) for task in tasks for child in task.read_text().split()]


@contextmanager
def from_command(said: Said, folder: Path, *argv: str, config: str = "") -> Iterator[Terminal]:
    """The program with the token from a command, the way a password manager gives it."""
    (folder / "the-token").write_text(SECRET)
    command = shlex.join(["cat", str(folder / "the-token")])
    home(folder, f"url = '{said.url}'\ntoken_command = \"{command}\"\npoll_busy = 1\n{config}")
    with Terminal(argv or CIPLUN, environ(folder), columns=140) as terminal:
        yield terminal


def echoing(status: str) -> Answer:
    """A service that answers everything so, with the token in its words."""
    return lambda method, path: http(ECHO, f"{status} X", f"X-Token: {SECRET}")


def refresh(terminal: Terminal, *words: str) -> None:
    """Press `r` until one of the words is seen: while it asks already, the key adds nothing."""
    end = time.monotonic() + 20
    while not any(word in terminal.text() for word in words):
        assert time.monotonic() < end, terminal.text()
        terminal.send("r")
        terminal.read(0.5)


def test_through_every_refusal_of_a_running_dashboard(tmp_path: Path) -> None:
    good = fleet([snapshot(1)], [{"id": 10, "name": "web"}])
    with saying(good) as said, from_command(said, tmp_path) as terminal:
        terminal.until("snap-1")
        assert any(f"Bearer {SECRET}".encode() in head for head in said.heads)
        assert [pid for pid, argv in processes() if MARK in argv] == []
        for answer in (
            *map(echoing, (*STATUSES, "401", "301")),
            lambda method, path: http(f"<html>{SECRET}", content_type="text/html"),
            lambda method, path: http(f'{{"results": [{{"id": "{SECRET}"'),
            lambda method, path: f"{SECRET}\r\n\r\n".encode(),
            lambda method, path: b"",
        ):
            said.answer = answer
            refresh(terminal, "offline", "not auth")
            said.answer = good
            refresh(terminal, "live")
        said.answer = lambda method, path: page([snapshot(2, name=SECRET, description=SECRET)])
        terminal.send("r")
        terminal.until("***")
        terminal.send("2")
        terminal.until("▷")  # the other pane has the cursor
        terminal.send("y")
        terminal.send("Y")
        terminal.until("JSON")
        terminal.send("Gk\r")
        terminal.until("JSON of *** sent to the terminal")
        terminal.send("q")
        assert terminal.wait() == 0
        nowhere(tmp_path, bytes(terminal.output))


@pytest.mark.parametrize("status", ["400 X", "401 X", "403 X", "404 X", "409 X", "429 X", "500 X"])
def test_through_every_refusal_of_a_write(tmp_path: Path, status: str) -> None:
    others = {("POST", "/"): http(ECHO, status), ("DELETE", "/"): http(ECHO, status)}
    answer = fleet([snapshot(1)], [{"id": 10, "name": "web"}], others)
    with saying(answer) as said, from_command(said, tmp_path) as terminal:
        terminal.until("snap-1")
        terminal.send("c")
        terminal.until("Create a snapshot of web")
        terminal.send("\r")
        terminal.until("checking" if status.startswith("500") else "***")
        terminal.send("\x1b")
        terminal.until(lambda: "Create a snapshot" not in terminal.text())
        terminal.send("!")
        terminal.until("create before-update")
        terminal.send("\x1b")
        terminal.until(lambda: "Operations ─" not in terminal.text())
        terminal.send("q")
        assert terminal.wait() == 0
        assert said.count("POST") == 1
        nowhere(tmp_path, bytes(terminal.output))


CRASHES = {
    "in a key": "PAGES['help'] = bad",
    "in a worker": (
        "import asyncio\n"
        "async def later(self): bad(self)\n"
        "PAGES['help'] = lambda self: self.app.run_worker(later(self), exit_on_error=True)"
    ),
    "while painting": "PAGES['help'] = lambda self: setattr(Details, 'render', bad)\n"
    "Dashboard.key_question_mark = lambda self: self.query_one(Details).refresh(layout=True)",
    "while polling": "from tui.vps.client import Client\n"
    "async def servers(self, *_, **__): bad(self)\n"
    "PAGES['help'] = lambda self: (setattr(Client, 'servers', servers), "
    "self.session.refresh())",
}


@pytest.mark.parametrize("where", CRASHES)
def test_through_a_crash(tmp_path: Path, where: str) -> None:
    code = f"""
import sys
from tui.screens.dashboard.pages import PAGES
from tui.screens.dashboard.screen import Dashboard
from tui.widgets.details_pane import Details
def bad(self):
    token = (getattr(self, '_token', None) or self.app.session.live.client._token).reveal()
    header = {{'Authorization': f'Bearer {{token}}'}}
    raise RuntimeError(f'went wrong with {{header}}')
{CRASHES[where]}
from tui.__main__ import main
sys.argv = ['ciplun']
main()
"""
    with saying(fleet([snapshot(1)])) as said:
        with from_command(said, tmp_path, sys.executable, "-c", code) as terminal:
            terminal.until("snap-1")
            terminal.until(lambda: said.requests[-1][1].endswith("/account/me/"))
            while terminal.read(0.2):  # a refresh while it is still asking would be that one
                pass
            terminal.send("?")
            log = tmp_path / ".local/state/ciplun/ciplun.log"
            terminal.until(lambda: log.exists() and b"went wrong" in log.read_bytes())
            terminal.send("q")
            terminal.wait()
            assert b"RuntimeError" in terminal.output
            assert b"went wrong" not in terminal.output
            nowhere(tmp_path, bytes(terminal.output))


def test_through_a_command_s_crash(tmp_path: Path) -> None:
    code = (
        "import sys; from tui.vps.client import Client\n"
        "async def bad(self, *_): raise RuntimeError('went wrong with ' + self._token.reveal())\n"
        "Client.servers = bad; sys.argv = ['ciplun', sys.argv[1]]\n"
        "from tui.__main__ import main; main()\n"
    )
    for command, exit_code in (("list", 1), ("check", 3)):
        done = subprocess.run(
            [sys.executable, "-c", code, command],
            env=environ(tmp_path, VPS_API_TOKEN=SECRET, VPS_API_URL="http://127.0.0.1:9"),
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == exit_code
        assert b"unexpected error ended the command (RuntimeError)" in done.stdout + done.stderr
        assert b"Traceback" not in done.stdout + done.stderr
        nowhere(tmp_path, done.stdout, done.stderr)
    log = (tmp_path / ".local/state/ciplun/ciplun.log").read_text()
    assert "RuntimeError: went wrong with ***" in log


def test_through_the_commands_and_every_source(tmp_path: Path) -> None:
    (tmp_path / "the-token").write_text(SECRET)
    (tmp_path / "the-token").chmod(0o600)
    sources: tuple[tuple[str, dict[str, str]], ...] = (
        ("", {"VPS_API_TOKEN": SECRET}),
        ("token_env = 'MINE'", {"MINE": SECRET}),
        ("token_file = '~/the-token'", {}),
        (f"token_command = 'cat {tmp_path}/the-token'", {}),
    )
    with saying(echoing("401")) as said:
        for config, more in sources:
            home(tmp_path, f"url = '{said.url}'\n{config}\n")
            for arguments in (("list",), ("info",)):
                done = run(tmp_path, *arguments, **more)
                assert done.returncode == (4 if arguments == ("list",) else 0)
                assert "***" in done.stderr or arguments == ("info",)
                nowhere(tmp_path, done.stdout, done.stderr)
        said.answer = echoing("400")
        for command in (("check",), ("create", "web", "x")):
            done = run(tmp_path, *command)
            assert "***" in done.stdout + done.stderr
            nowhere(tmp_path, done.stdout, done.stderr)


def test_a_bad_token_is_not_quoted(tmp_path: Path) -> None:
    for bad in (f"{SECRET} {SECRET}", f"{SECRET}\nX-Header: 1", f"{SECRET}\x1b[2J", f"{SECRET}é"):
        for arguments in (("list",), ("info",)):
            done = run(tmp_path, *arguments, VPS_API_TOKEN=bad)
            assert done.returncode == (4 if arguments == ("list",) else 0)
            nowhere(tmp_path, done.stdout, done.stderr)
        with Terminal(CIPLUN, environ(tmp_path, VPS_API_TOKEN=bad)) as terminal:
            terminal.until("characters that a token cannot have")
            terminal.send("q")
            terminal.wait()
            nowhere(tmp_path, bytes(terminal.output))


def finishing(count: int) -> Answer:
    """A create that is accepted, and completed once it has been listed `count` times."""
    seen: list[str] = []
    made = {"name": "; touch ~/made; $(touch ~/made)", "server": {"id": 10, "name": "-rf ~"}}
    busy = snapshot(2, status="in_progress", size_mb=None, **made)

    def answer(method: str, path: str) -> bytes:
        if method == "POST":
            seen.append(method)
            asked = f"before-update-{datetime.now(UTC):%Y-%m-%d}"  # as the dialog proposes it
            return http(json.dumps({**busy, "name": asked}), "201 Created")
        if "/snapshots/" in path:
            seen.extend([path] * bool(seen))
            listed = [busy] if len(seen) < count else [{**busy, "status": "completed"}]
            return page(listed if seen else [])
        servers = path.partition("?")[0].endswith("/servers/")
        return page([{"id": 10, "name": "-rf ~"}]) if servers else NOT_FOUND

    return answer


def test_a_hook_gets_names_as_arguments_and_no_token(tmp_path: Path) -> None:
    hook = tmp_path / "hook.py"
    told = tmp_path / "told.json"
    hook.write_text(
        "import json, os, sys\n"
        f"open({str(told)!r} + '.new', 'w').write(json.dumps([sys.argv, dict(os.environ)]))\n"
        f"os.rename({str(told)!r} + '.new', {str(told)!r})\n"
    )
    home(
        tmp_path,
        "token_env = 'MINE'\npoll_busy = 1\n"
        f"on_finished = ['{sys.executable}', '{hook}', '$HOME; touch {tmp_path}/made']\n",
    )
    with saying(finishing(5)) as said:
        more = {"MINE": SECRET, "OTHER": f"x{SECRET}x", "VPS_API_URL": said.url, "KEPT": "kept"}
        with Terminal(CIPLUN, environ(tmp_path, **more)) as terminal:
            terminal.until("-rf ~")
            terminal.send("c")
            terminal.until("Create a snapshot of -rf ~")
            terminal.send("\r")
            terminal.until(told.exists)
            terminal.send("q")
            terminal.wait()
            assert b"\x1b]9;ciplun: before-update" in terminal.output
            nowhere(tmp_path, bytes(terminal.output))
    argv, surroundings = json.loads(told.read_text())
    assert argv[1] == f"$HOME; touch {tmp_path}/made"
    assert "is completed" in argv[2]
    assert surroundings["CIPLUN_SERVER"] == "-rf ~"
    assert surroundings["CIPLUN_KIND"] == "create"
    assert surroundings["KEPT"] == "kept"
    assert {"MINE", "OTHER", "VPS_API_TOKEN"}.isdisjoint(surroundings)
    assert not (tmp_path / "made").exists()


def test_the_demo_s_child_gets_no_token(tmp_path: Path) -> None:
    more = {"VPS_API_TOKEN": SECRET, "MINE": SECRET, "VPS_API_URL": "https://admin.vps.org"}
    with Terminal([*CIPLUN, "--demo"], environ(tmp_path, **more)) as terminal:
        terminal.until("web-server-02")
        (child,) = children(terminal.pid)
        assert MARK not in (child / "environ").read_bytes()
        assert b"PATH=" in (child / "environ").read_bytes()
        terminal.send("q")
        terminal.wait()
        nowhere(tmp_path, bytes(terminal.output))


def test_no_core_dump_and_no_file_for_others(tmp_path: Path) -> None:
    with saying(fleet([snapshot(1)])) as said, from_command(said, tmp_path) as terminal:
        terminal.until("snap-1")
        limits = Path(f"/proc/{terminal.pid}/limits").read_text()
        (core,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"]
        terminal.send("q")
        terminal.wait()
    for path in (tmp_path / ".local/state/ciplun").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_marks_are_found_where_they_are(tmp_path: Path) -> None:
    """The searching itself works."""
    (tmp_path / "leak").write_text(f"x{SECRET}")
    checks: tuple[Callable[[], None], ...] = (
        lambda: nowhere(tmp_path),
        lambda: nowhere(tmp_path / "none", MARK),
    )
    for check in checks:
        with pytest.raises(AssertionError):
            check()
    assert os.getpid() in dict(processes())
