"""Where the API token comes from. It is read when needed, and kept by nobody but the client."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from tui.config.paths import open_private, private_folder, read_file
from tui.vps.sanitize import clean
from tui.vps.token import BadToken, Token, masked

COMMAND_LIMIT: Final = 30.0
"""Seconds that a token command may take."""


_LONGEST_OUTPUT: Final = 8 * 1024


class TokenError(Exception):
    """No token could be had; one sentence, never with any part of a token in it."""

    def __init__(self, text: str) -> None:
        super().__init__(masked(text))


class TokenSource(Protocol):
    """A way to get a token."""

    def describe(self) -> str:
        """Where it comes from, for people; never the token."""
        ...

    async def read(self) -> Token:
        """Get it now. Raises TokenError."""
        ...


def _token(text: str, where: str) -> Token:
    try:
        return Token(text)
    except BadToken as error:
        raise TokenError(f"{where}: {error}") from None


@dataclass(frozen=True, slots=True)
class FromEnvironment:
    """A variable of the environment."""

    variable: str
    environ: Mapping[str, str] = field(repr=False)

    def describe(self) -> str:
        """The variable's name."""
        return f"environment {masked(self.variable)}"

    async def read(self) -> Token:
        """The variable's value."""
        if not self.environ.get(self.variable):
            if masked(self.variable) == "***":
                raise TokenError("token_env holds a token; it names the variable that holds it")
            raise TokenError(f"the environment variable {self.variable} is not set")
        return _token(self.environ[self.variable], self.describe())


@dataclass(frozen=True, slots=True)
class FromFile:
    """A file that holds nothing else, readable by its owner alone."""

    path: Path
    shown: str

    def describe(self) -> str:
        """The file's path."""
        return f"file {masked(self.shown)}"

    async def read(self) -> Token:
        """The file's content."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Token:
        check_private(self.path, self.shown)
        try:
            return _token(read_file(self.path).decode("utf-8-sig"), self.describe())
        except (OSError, UnicodeDecodeError) as error:
            raise TokenError(f"{self.describe()}: {_why(error)}") from None


@dataclass(frozen=True, slots=True)
class FromSettings:
    """An entry of a settings file; the file is read anew each time, and must be private."""

    path: Path
    shown: str
    entry: tuple[str, ...]
    parse: Callable[[str], Any] = field(repr=False)

    def describe(self) -> str:
        """The settings file."""
        return f"file {self.shown}"

    async def read(self) -> Token:
        """The value."""
        return await asyncio.to_thread(self.look)

    def look(self) -> Token:
        """The value, at once. Raises TokenError."""
        check_private(self.path, self.shown)
        try:
            found = self.parse(read_file(self.path).decode("utf-8-sig"))
            for name in self.entry:
                found = found[name]
        except OSError as error:
            raise TokenError(f"{self.shown}: {_why(error)}") from None
        except (ValueError, RecursionError, LookupError, TypeError):
            raise TokenError(f"{self.shown}: there is no {'.'.join(self.entry)} in it") from None
        return _token(found if isinstance(found, str) else "", self.shown)


@dataclass(frozen=True, slots=True)
class FromCommand:
    """A command that prints it, run without a shell and without a terminal to ask on."""

    command: str = field(repr=False)
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
            raise TokenError(f"{name}: {_why(error)}") from None
        if len(printed) > _LONGEST_OUTPUT:
            raise TokenError(f"{name}: prints more than a token")
        if code:
            raise TokenError(f"{name}: failed with exit code {code}")
        lines = printed.decode("utf-8", "replace").strip().splitlines()
        if len(lines) != 1:
            raise TokenError(f"{name}: printed {len(lines)} lines, not one")
        return _token(lines[0], name)

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


@dataclass(frozen=True, slots=True)
class FromKeyring:
    """The system's keyring, an optional extra of the installation."""

    service: str
    user: str

    def describe(self) -> str:
        """The entry's name."""
        return f"keyring {self.service}/{masked(self.user)}"

    async def read(self) -> Token:
        """The entry's secret."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Token:
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError:
            raise TokenError("keyring is not installed: pip install 'ciplun[keyring]'") from None
        try:
            secret = keyring.get_password(self.service, self.user)
        except KeyringError as error:
            raise TokenError(f"{self.describe()}: {type(error).__name__}") from None
        if not secret:
            raise TokenError(f"{self.describe()}: there is no such entry")
        return _token(secret, self.describe())


def check_owned(path: Path, shown: str) -> None:
    """Refuse a file that others can change: it says where the token goes. Raises TokenError."""
    with contextlib.suppress(FileNotFoundError):
        status = path.stat()
        if status.st_uid not in (os.getuid(), 0):
            raise TokenError(f"{shown}: belongs to another user")
        if stat.S_ISREG(status.st_mode) and status.st_mode & 0o002:
            raise TokenError(f"{shown}: others can change it; chmod 600 makes it private")


def check_private(path: Path, shown: str) -> None:
    """Refuse a file with a secret in it that others can read. Raises TokenError."""
    try:
        status = path.stat()
    except OSError as error:
        raise TokenError(f"{shown}: {_why(error)}") from None
    if not stat.S_ISREG(status.st_mode):
        raise TokenError(f"{shown}: not a file")
    if status.st_uid not in (os.getuid(), 0):
        raise TokenError(f"{shown}: belongs to another user")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise TokenError(f"{shown}: others can read it; chmod 600 makes it private")


def save_token(path: Path, token: Token) -> None:
    """Write a token to a file that only its owner can read, at once or not at all."""
    private_folder(path.parent)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = open_private(new, os.O_WRONLY | os.O_EXCL)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{token.reveal()}\n")
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _why(error: Exception) -> str:
    return (error.strerror or "cannot be read") if isinstance(error, OSError) else "is not text"
