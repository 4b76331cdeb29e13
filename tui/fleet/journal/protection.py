"""Which snapshots are protected: in the journal, and in a file beside it that outlives the journal.

What only one of the two has is protected; where neither can be read, everything is.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from tui.config import paths
from tui.fleet.journal.file import PATIENCE, JournalUnavailable
from tui.fleet.journal.journal import Journal
from tui.vps.models import Key

log = logging.getLogger(__name__)

_PAUSE: Final = 0.02
"""Seconds between two tries to be alone with the file."""
_LARGEST: Final = 8 << 20
"""Bytes of the file: a hundred thousand protected snapshots."""


class ProtectionUnknown(Exception):
    """It cannot be told what is protected; a clause that says why."""


class _Line(msgspec.Struct, frozen=True):
    account: str
    snapshot_id: Key
    words: str


class Protection:
    """The protected snapshots of one `account`, of whichever name."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        path = journal.file.path
        self._path = None if path is None else path.with_name("protected.json")
        self._names: frozenset[str] | None = None

    async def read(self, account: str) -> frozenset[Key]:
        """Ids of the protected snapshots. Raises ProtectionUnknown."""
        lines = await asyncio.to_thread(self._lines)
        why = "protected.json cannot be read"
        try:
            listed = await self._journal.protected(account)
            self._names = await self._journal.names(account)
        except JournalUnavailable as error:
            if lines is None and self._journal_exists():
                raise ProtectionUnknown(f"{why}, and {_clause(error)}") from error
            # Of whichever account while it is not known which names are ours.
            return frozenset(
                line.snapshot_id
                for line in lines or ()
                if self._names is None or line.account in self._names
            )
        if lines is None and await self._lost():
            raise ProtectionUnknown(f"{why}, and the journal was lost")
        mine = {line.snapshot_id: line for line in lines or () if line.account in self._names}
        await self._agree(account, listed, mine, known=lines is not None)
        return listed | mine.keys()

    async def change(self, account: str, snapshot_id: Key, words: str, *, on: bool) -> None:
        """Protect a snapshot, or no longer, in both places. Raises JournalUnavailable."""
        await self._journal.protect(account, snapshot_id, words, on=on)
        names = await self._journal.names(account)
        added = [_Line(account, snapshot_id, words)] if on else []

        def changed(lines: list[_Line]) -> list[_Line]:
            rest = (x for x in lines if x.snapshot_id != snapshot_id or x.account not in names)
            return [*rest, *added]

        await self._write(changed)

    async def _lost(self) -> bool:
        try:
            return await self._journal.lost()
        except JournalUnavailable:
            return True

    async def _agree(
        self, account: str, listed: frozenset[Key], mine: dict[Key, _Line], *, known: bool
    ) -> None:
        """Bring either place up to date with what only the other has."""
        missing = [_Line(account, key, "") for key in listed - mine.keys()]
        with suppress(JournalUnavailable):  # looked at again with the next list
            for key in mine.keys() - listed:
                await self._journal.protect(account, key, mine[key].words, on=True)
            if missing or not known:
                await self._write(lambda lines: [*lines, *missing])

    # -- the file --------------------------------------------------------------------

    def _journal_exists(self) -> bool:
        """Whether there is a journal, or it cannot be told: then something may be protected."""
        path = self._journal.file.path
        if path is None:
            return False
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def _lines(self) -> list[_Line] | None:
        """What the file has; None where there is none that can be read."""
        if self._path is None:
            return []
        try:
            with self._path.open("rb") as file:
                data = file.read(_LARGEST + 1)
            return msgspec.json.decode(data, type=list[_Line])
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:  # a damaged one is written anew from the journal
            log.warning("%s: %s", self._path.name, type(error).__name__)
            return None

    async def _write(self, change: Callable[[list[_Line]], list[_Line]]) -> None:
        if self._path is None:
            return
        try:
            await asyncio.to_thread(self._replace, self._path, change)
        except OSError as error:
            words = paths.trouble(self._path, error)
            raise JournalUnavailable(words) from error

    def _replace(self, path: Path, change: Callable[[list[_Line]], list[_Line]]) -> None:
        with _alone(path):
            lines = change(self._lines() or [])
            data = msgspec.json.format(msgspec.json.encode(lines), indent=1)
            paths.replace_private(path, data, synced=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from writing it at the same time. Raises OSError."""
    paths.private_folder(path.parent)
    descriptor = paths.open_private(path.with_name(f"{path.name}.lock"), os.O_RDWR)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Wait for others, but not for one that stands still. Raises OSError."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise TimeoutError(errno.ETIMEDOUT, "another process keeps it") from None
            time.sleep(_PAUSE)
        else:
            return


def _clause(error: JournalUnavailable) -> str:
    text = str(error).rstrip(".")
    return text[:1].lower() + text[1:]
