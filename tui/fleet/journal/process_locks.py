"""Which ciplun processes are alive: each holds a lock on a file of its own until it ends.

The system lets go of the lock however the process went, so that what a killed one left behind can
be told from what a living one is still sending.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from pathlib import Path
from typing import Final

from tui.config.paths import open_private, private_folder

_OLD: Final = 86_400.0
"""Seconds after which a file is tidied away unless it is locked: a new one is not yet."""


class Sessions:
    """A folder of lock files; without a folder there is nobody else."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._descriptor: int | None = None

    def claim(self) -> str:
        """The name of this session, its lock held from now on. Raises OSError."""
        if self._folder is not None and not self._held(self._folder):
            self.leave()
            private_folder(self._folder)
            self._descriptor = open_private(self._folder / self.name, os.O_RDWR)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._tidy(self._folder)
        return self.name

    def _tidy(self, folder: Path) -> None:
        """Remove what killed sessions left that nobody asks about any more."""
        with contextlib.suppress(OSError):
            for file in tuple(folder.iterdir()):
                if file.stat().st_mtime < time.time() - _OLD:
                    self.alive(file.name)

    def _held(self, folder: Path) -> bool:
        """Whether others can see our lock: its file may have been removed."""
        if self._descriptor is None:
            return False
        try:
            return os.path.samestat((folder / self.name).stat(), os.fstat(self._descriptor))
        except OSError:
            return False

    def alive(self, name: str) -> bool:
        """Whether the session of this name still runs; files of dead ones are tidied away.

        An empty name is nobody's.
        """
        if name == self.name:
            return True
        if self._folder is None or not name or "/" in name:
            return False
        try:
            descriptor = os.open(self._folder / name, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        else:
            with contextlib.suppress(OSError):
                (self._folder / name).unlink()
            return False
        finally:
            os.close(descriptor)

    def elsewhere(self, name: str) -> bool:
        """Whether the session of this name is another one that still runs."""
        return name != self.name and self.alive(name)

    def leave(self) -> None:
        """Let go of the lock."""
        if self._folder is not None and self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            with contextlib.suppress(OSError):
                (self._folder / self.name).unlink()
