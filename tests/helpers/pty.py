"""A program in a real pseudo-terminal, its screen read back by a terminal emulator."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import pyte

from tests.helpers.last_requests import last_requests


class Terminal:
    """Runs `argv` on a terminal of the given size. Use as a context manager."""

    def __init__(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str],
        *,
        columns: int = 120,
        lines: int = 40,
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.output = bytearray()
        self.code: int | None = None
        self.owed: list[tuple[float, str]] = []
        """Answers that the terminal has not given yet, and when it will."""
        ready, go = os.pipe()
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.read(ready, 1)  # the program finds its size, and changes no mode before we looked
            os.execvpe(argv[0], list(argv), dict(environ))
        self.modes_before = termios.tcgetattr(self.master)
        """How the terminal was set before the program changed it."""
        self.resize(columns, lines)
        os.write(go, b"g")
        os.close(ready)
        os.close(go)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait(30)
        self.hang_up()

    def modes(self) -> list[object]:
        """How the terminal is set now."""
        return termios.tcgetattr(self.master)

    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(self.screen.display)

    def send(self, keys: str) -> None:
        """Type."""
        self.send_bytes(keys.encode())

    def send_bytes(self, data: bytes) -> None:
        """Have the terminal send anything."""
        os.write(self.master, data)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the window."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)

    def answer_after(self, seconds: float) -> None:
        """Answer questions about the terminal from now on, as a slow line does."""
        self.screen.write_process_input = lambda data: self.owed.append(  # type: ignore[method-assign]
            (time.monotonic() + seconds, data)
        )

    def overwrite(self, text: str) -> None:
        """Have another program write on the terminal."""
        self._stream.feed(text.encode())

    def hang_up(self) -> None:
        """Close our end, as a terminal program that is closed does."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def read(self, seconds: float = 0.05) -> bytes:
        """Take what the program writes within a moment."""
        while self.owed and self.owed[0][0] <= time.monotonic():
            self.send(self.owed.pop(0)[1])
        data = self.take(seconds)
        self.output += data
        self._stream.feed(data)
        return data

    def take(self, seconds: float) -> bytes:
        """What reaches the terminal within a moment, before it is shown."""
        if self.master < 0 or not select.select([self.master], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self.master, 65536)
        except OSError:
            return b""

    def until(self, condition: str | Callable[[], object], seconds: float = 60.0) -> None:
        """Read until the screen holds a text, or a condition does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read()
            if (condition in self.text()) if isinstance(condition, str) else condition():
                return
        raise AssertionError(f"never seen: {condition}\n{self.text()}\n{last_requests()}")

    def wait(self, seconds: float = 30.0) -> int:
        """Read on until the program has ended; its exit code, negative for a signal."""
        end = time.monotonic() + seconds
        while self.code is None:
            if time.monotonic() > end:
                raise AssertionError(f"still running\n{self.text()}\n{last_requests()}")
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        while self.read(0.02):
            pass
        return self.code
