"""A service of one server that says exactly what a test has it say, and commands that meet it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.helpers.faulty import http
from tests.helpers.program import CIPLUN
from tests.helpers.service import NOT_FOUND, SECRET, Said, page, saying, snapshot
from tui.cli import main
from tui.fleet.clock import SystemClock

CREATE = ("create", "web", "nightly")
RESTORE = ("restore", "801", "--server", "web", "--yes")
DELETE = ("delete", "801", "--server", "web", "--yes")
"""Commands that write to what there is at first."""
Listed = Callable[[Sequence[dict[str, object]], str], bytes]
"""From the snapshots and the path that is asked to the answer."""
Written = Callable[[str, str], bytes]
"""From method and path to the answer; it carries out what it likes. None of it: hang up."""


class Raw:
    """What the service says.

    `status` is the server's, None where it shows no servers; one that is not shown `alone` is in
    their list only. `listed` makes the answer to the list call of the `snapshots`, `written` that
    to a write. `skew` is in seconds by which its clock is wrong, None where it tells no time;
    `wall` those by which this machine's is.
    """

    def __init__(self) -> None:
        self.status: str | None = "active"
        self.alone = True
        self.snapshots = [snapshot(801, name="old")]
        self.listed: Listed = lambda snapshots, path: page(snapshots)
        self.email = "a@example.org"
        self.written: Written = lambda method, path: b""
        self.skew: float | None = 0.0
        self.later = self.wall = 0.0

    def now(self) -> float:
        """Seconds since 1970 by its clock."""
        return time.time() + self.later + (self.skew or 0.0)

    def make(self, key: int, name: str, hours: float | None = 0.0, **more: object) -> None:
        """A snapshot appears; its time is that many `hours` off, None without a zone."""
        at = datetime.fromtimestamp(time.time() + self.later + (hours or 0.0) * 3600, UTC)
        text = at.isoformat() if hours is not None else at.isoformat()[:19]
        facts: dict[str, object] = {"status": "in_progress", "created_at": text, **more}
        self.snapshots.append(snapshot(key, name=name, **facts))

    def answer(self, method: str, path: str) -> bytes:
        path = path.removeprefix("/api/v1")
        said = self.written(method, path) if method != "GET" else self._read(path)
        if not said or self.skew is None:
            return said
        date = formatdate(self.now(), usegmt=True)
        return said.replace(b"\r\n", f"\r\nDate: {date}\r\n".encode(), 1)

    def _read(self, path: str) -> bytes:
        if path.startswith("/snapshots/"):
            return self.listed(self.snapshots, path)
        if path.startswith("/account/"):
            return http(json.dumps({"account": {"email": self.email}}))
        if self.status is None:
            return NOT_FOUND
        server = {"id": 10, "name": "web", "status": self.status}
        if path.partition("?")[0] == "/servers/":
            return page([server])
        return http(json.dumps(server)) if self.alone else NOT_FOUND


class Ended(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


class Door:
    """Runs commands in this process against the raw service, and lets time pass between them."""

    def __init__(
        self,
        said: Said,
        raw: Raw,
        environ: dict[str, str],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.said, self.raw, self.environ, self._capsys = said, raw, environ, capsys

    def run(self, *words: str) -> Ended:
        code = main.run(words)
        said = self._capsys.readouterr()
        assert SECRET not in said.out + said.err
        return Ended(code, said.out, said.err)

    def hurry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever sleeps from now on has time pass instead."""

        async def sleep(clock: object, seconds: float) -> None:
            self.raw.later += seconds
            await asyncio.sleep(0.01)

        monkeypatch.setattr(SystemClock, "sleep", sleep)

    def look(self, seconds: float) -> Ended:
        """Let so much time pass, and settle."""
        self.raw.later += seconds
        return self.run("settle")

    def killed_at(self, beginning: str, words: Sequence[str], *, carried_out: bool) -> None:
        """A command is killed as a write arrives whose method and path begin so."""
        killed: list[subprocess.Popen[bytes]] = []
        plain = self.raw.written

        def kill(method: str, path: str) -> bytes:
            strike = f"{method} {path}".startswith(beginning)
            said = b"" if strike and not carried_out else plain(method, path)
            if strike:
                os.kill(killed[0].pid, signal.SIGKILL)
            return b"" if strike else said

        self.raw.written = kill
        killed.append(subprocess.Popen([*CIPLUN, *words], env=self.environ))
        try:
            assert killed[0].wait(30) == -signal.SIGKILL
        finally:
            killed[0].kill()
        self.raw.written = plain

    def operations(self) -> list[dict[str, Any]]:
        """Those in the journal, the newest first, as `history` tells them."""
        found: list[dict[str, Any]] = json.loads(self.run("history", "--json").out)["operations"]
        return found

    def stands(self) -> tuple[str, str | None]:
        """State and certainty of the newest operation."""
        newest = self.operations()[0]
        return newest["state"], newest["certainty"]


@contextmanager
def raw_door(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Door]:
    """A raw service and its door. What is not known after a moment is no longer waited for."""
    raw = Raw()
    monotonic, wall = SystemClock.monotonic, SystemClock.wall
    monkeypatch.setattr(SystemClock, "monotonic", lambda self: monotonic(self) + raw.later)
    monkeypatch.setattr(SystemClock, "wall", lambda self: wall(self) + raw.later + raw.wall)
    monkeypatch.setattr("tui.cli.finishing.SETTLING", 0.1)
    monkeypatch.setattr("tui.fleet.writes.power_status.PAUSE", 0.01)
    with saying(raw.answer) as said:
        environ = {
            "HOME": str(home),
            "VPS_API_URL": said.url,
            "VPS_API_TOKEN": SECRET,
            "LANG": "C.UTF-8",
        }
        monkeypatch.setattr("os.environ", environ)
        yield Door(said, raw, environ, capsys)
