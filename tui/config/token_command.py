"""A command that prints the API token: run without a shell, and with an end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from typing import Final

from tui.config.credentials import TokenError, token_from, why
from tui.vps.sanitize import clean
from tui.vps.token import Token, Unshown, masked

COMMAND_LIMIT: Final = 30.0
"""Seconds that a token command may take."""
_LONGEST_OUTPUT: Final = 8 * 1024


class FromCommand(Unshown, frozen=True):
    """A command that prints it, run without a shell and without a terminal to ask on."""

    command: str
    limit: float = COMMAND_LIMIT

    def describe(self) -> str:
        """The program's name; its arguments may be nobody's business."""
        return f"command {clean(masked(self._arguments()[0]), 60)}"

    def _arguments(self) -> list[str]:
        try:
            return shlex.split(self.command) or [""]
        except ValueError:
            return [""]

    async def read(self) -> Token:
        """What it prints, which must be one line."""
        arguments, name = self._arguments(), self.describe()
        if not arguments[0]:
            raise TokenError("token_command is empty or has an unbalanced quote")
        try:
            printed, code = await self._run(arguments)
        except TimeoutError:
            raise TokenError(f"{name}: no token after {self.limit:g} seconds") from None
        except (OSError, ValueError) as error:
            raise TokenError(f"{name}: {why(error)}") from None
        if len(printed) > _LONGEST_OUTPUT:
            raise TokenError(f"{name}: prints more than a token")
        if code:
            raise TokenError(f"{name}: failed with exit code {code}")
        lines = printed.decode("utf-8", "replace").strip().splitlines()
        if len(lines) != 1:
            raise TokenError(f"{name}: printed {len(lines)} lines, not one")
        return token_from(lines[0], name)

    async def _run(self, arguments: list[str]) -> tuple[bytes, int | None]:
        """What it prints and its exit code. Raises OSError, ValueError or TimeoutError."""
        output = _Output()
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output.writer,
                stderr=asyncio.subprocess.DEVNULL,
                # No terminal on which it could ask for a passphrase, the agent's included.
                start_new_session=True,
                env={key: value for key, value in os.environ.items() if key != "GPG_TTY"},
            )
            try:
                async with asyncio.timeout(self.limit):
                    return await output.until_ended(process), process.returncode
            finally:
                if process.returncode is None:
                    await _end(process)
        finally:
            output.close()


class _Output:
    """What a command prints until it ends itself: what it left running may keep the pipe open.

    The writing end stays open here as well, so that the pipe is never at its end.
    """

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._printed = b""
        self._enough = asyncio.Event()

    async def until_ended(self, process: asyncio.subprocess.Process) -> bytes:
        """Wait for its end, or for more than a token can be."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._reader, self._read)
        waits = [asyncio.ensure_future(process.wait()), asyncio.ensure_future(self._enough.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(self._reader)
            for task in waits:
                task.cancel()
        self._read()
        return self._printed

    def _read(self) -> None:
        """Take what is there now."""
        with contextlib.suppress(BlockingIOError):
            while len(self._printed) <= _LONGEST_OUTPUT:
                self._printed += os.read(self._reader, _LONGEST_OUTPUT)
        if len(self._printed) > _LONGEST_OUTPUT:
            self._enough.set()

    def close(self) -> None:
        """Let go of both ends."""
        os.close(self._reader)
        os.close(self.writer)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a command and all it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await process.wait()
