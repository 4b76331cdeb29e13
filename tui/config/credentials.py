"""Where the API token comes from. It is read when needed, and kept by nobody but the client."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from tui.config.paths import read_file, replace_private
from tui.vps.token import BadToken, Token, Unshown, masked


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


def token_from(text: str, where: str) -> Token:
    """The token that a text is; `where` it stands is said where it is none. Raises TokenError."""
    try:
        return Token(text)
    except BadToken as error:
        raise TokenError(f"{where}: {error}") from None


class FromEnvironment(Unshown, frozen=True):
    """A variable of the environment."""

    variable: str
    environ: Mapping[str, str]

    def describe(self) -> str:
        """The variable's name."""
        return f"environment {masked(self.variable)}"

    async def read(self) -> Token:
        """The variable's value."""
        return self.look()

    def look(self) -> Token:
        """The value, at once. Raises TokenError."""
        if not self.environ.get(self.variable):
            if masked(self.variable) == "***":
                raise TokenError("token_env holds a token; it names the variable that holds it")
            raise TokenError(f"the environment variable {self.variable} is not set")
        return token_from(self.environ[self.variable], self.describe())


class FromFile(Unshown, frozen=True):
    """A file that holds nothing else, readable by its owner alone."""

    path: Path
    shown: str

    def describe(self) -> str:
        """The file's path."""
        return f"file {masked(self.shown)}"

    async def read(self) -> Token:
        """The file's content."""
        return await _in_thread(self.look)

    def look(self) -> Token:
        """The content, at once. Raises TokenError."""
        check_private(self.path, self.shown)
        try:
            return token_from(read_file(self.path).decode("utf-8-sig"), self.describe())
        except (OSError, UnicodeDecodeError) as error:
            raise TokenError(f"{self.describe()}: {why(error)}") from None


class FromSettings(Unshown, frozen=True):
    """An entry of a settings file; the file is read anew each time, and must be private."""

    path: Path
    shown: str
    entry: tuple[str, ...]
    parse: Callable[[str], Any]

    def describe(self) -> str:
        """The settings file."""
        return f"file {self.shown}"

    async def read(self) -> Token:
        """The value."""
        return await _in_thread(self.look)

    def look(self) -> Token:
        """The value, at once. Raises TokenError."""
        check_private(self.path, self.shown)
        try:
            found = self.parse(read_file(self.path).decode("utf-8-sig"))
            for name in self.entry:
                found = found[name]
        except OSError as error:
            raise TokenError(f"{self.shown}: {why(error)}") from None
        except (ValueError, RecursionError, LookupError, TypeError):
            raise TokenError(f"{self.shown}: there is no {'.'.join(self.entry)} in it") from None
        return token_from(found if isinstance(found, str) else "", self.shown)


class FromKeyring(Unshown, frozen=True):
    """The system's keyring, an optional extra of the installation."""

    service: str
    user: str

    def describe(self) -> str:
        """The entry's name."""
        return f"keyring {self.service}/{masked(self.user)}"

    async def read(self) -> Token:
        """The entry's secret."""
        return await _in_thread(self._read)

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
        return token_from(secret, self.describe())


async def _in_thread(look: Callable[[], Token]) -> Token:
    import asyncio

    return await asyncio.to_thread(look)


def check_owned(path: Path, shown: str, others: int = 0o002) -> None:
    """Refuse a file that others can change, by these bits of its mode. Raises TokenError."""
    with contextlib.suppress(FileNotFoundError):
        status = path.stat()
        if status.st_uid not in (os.getuid(), 0):
            raise TokenError(f"{shown}: belongs to another user")
        if stat.S_ISREG(status.st_mode) and status.st_mode & others:
            raise TokenError(f"{shown}: others can change it; chmod 600 makes it private")


def check_private(path: Path, shown: str) -> None:
    """Refuse a file with a secret in it that others can read. Raises TokenError."""
    try:
        status = path.stat()
    except OSError as error:
        raise TokenError(f"{shown}: {why(error)}") from None
    if not stat.S_ISREG(status.st_mode):
        raise TokenError(f"{shown}: not a file")
    if status.st_uid not in (os.getuid(), 0):
        raise TokenError(f"{shown}: belongs to another user")
    # A credential of systemd is root's, and its mode shows what an access list gives us as what
    # the group root may do.
    others = 0o037 if status.st_uid == status.st_gid == 0 != os.getuid() else 0o077
    if stat.S_IMODE(status.st_mode) & others:
        raise TokenError(f"{shown}: others can read it; chmod 600 makes it private")


def save_token(path: Path, token: Token) -> None:
    """Write a token to a file that only its owner can read, at once or not at all."""
    replace_private(path, f"{token.reveal()}\n".encode(), synced=True)


def why(error: Exception) -> str:
    """Why something could not be read, in a phrase without any of its content."""
    return (error.strerror or "cannot be read") if isinstance(error, OSError) else "is not text"
