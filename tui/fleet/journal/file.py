"""The journal's file at work: a thread of its own, and what is done where the file is damaged."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from tui.fleet.clock import Moments
from tui.fleet.journal.database import Mark, NoFile, connect, mark, set_aside
from tui.fleet.journal.gaps import newest_held

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger(__name__)
T = TypeVar("T")

PATIENCE: Final = 5.0
"""Seconds to wait for another process that is writing."""
_BRIEF: Final = 0.2
"""The same once a wait was in vain: what asks ten times in a row is not to wait ten times."""
SLOW: Final = 0.5
"""Seconds of waiting for it after which that is told."""


class JournalUnavailable(Exception):
    """No record can be kept now. It says so and `why`, if not in words of its own."""

    def __init__(self, why: str, said: str = "") -> None:
        super().__init__(said or f"No record can be kept: {why}.")
        self.why = why


class JournalFile:
    """One connection in one thread; in memory without a `path`.

    `notice` says what was lost, as long as it may still be going on; `slow` is called where another
    process is waited for.
    `open_states` and `pending_states` are quoted lists for the schema and for pruning; of ended
    operations the newest `kept` stay.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        open_states: str,
        pending_states: str,
        kept: int,
        moments: Moments,
        slow: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self.moments = moments
        self.notice = ""
        self._slow = slow
        self._lost = ""
        self._locked = False
        self._states = (open_states, pending_states)
        self._kept = kept
        self._connection: sqlite3.Connection | None = None
        self._mark: Mark = None
        self._thread = ThreadPoolExecutor(1, "journal")
        self._closed = False

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in the journal's thread. Raises JournalUnavailable."""
        return await self._do(work)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction that nobody else writes in. Raises JournalUnavailable."""

        def alone(db: sqlite3.Connection) -> T:
            db.execute("BEGIN IMMEDIATE")
            self._locked = False
            return work(db)

        return await self._do(alone)

    async def close(self, last: Callable[[], None]) -> None:
        """Close the file, after `last` has been done in its thread."""

        def end() -> None:
            last()
            self._let_go()

        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, end)
            self._thread.shutdown(wait=False)

    # -- in the thread -----------------------------------------------------------

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise JournalUnavailable("the journal is closed")
        loop = asyncio.get_running_loop()
        waits = loop.call_later(PATIENCE, self._slow)  # for a disk that hangs
        slow = partial(loop.call_soon_threadsafe, self._slow)
        try:
            return await loop.run_in_executor(self._thread, self._work, work, slow)
        finally:
            waits.cancel()

    def _work(self, work: Callable[[sqlite3.Connection], T], slow: Callable[[], object]) -> T:
        import sqlite3

        try:
            try:
                return self._patiently(work, slow)
            except sqlite3.DatabaseError as error:
                if type(error) is not sqlite3.DatabaseError:  # all others are not about the file
                    raise
                self._replace(error)
                return self._run(work, self._patience)
        except (sqlite3.Error, OSError, NoFile) as error:
            self._locked = self._locked or _is_locked(error)
            raise JournalUnavailable(_why(error)) from error

    def _patiently(self, work: Callable[[sqlite3.Connection], T], slow: Callable[[], object]) -> T:
        """Run `work`; where another process keeps the file, have that known, and wait longer."""
        import sqlite3

        patience = self._patience
        first = min(SLOW, patience)
        try:
            return self._run(work, first)
        except sqlite3.OperationalError as error:
            if first == patience or not _is_locked(error):
                raise
        slow()
        return self._run(work, patience - first)

    def _run(self, work: Callable[[sqlite3.Connection], T], patience: float) -> T:
        if self._connection is not None and mark(self.path) != self._mark:
            log.warning("the journal's file is gone; a new one was started")
            self._let_go()  # written to a file without a name, a record would be lost
            self._lost = "the journal's file was gone"
        connection = self._connection or self._connect(patience)
        connection.execute(f"PRAGMA busy_timeout = {patience * 1_000:.0f}")
        with connection:
            return work(connection)

    @property
    def _patience(self) -> float:
        """Seconds to wait now for another process that is writing."""
        return _BRIEF if self._locked else PATIENCE

    def _connect(self, patience: float) -> sqlite3.Connection:
        now, self._mark = self.moments.at(), mark(self.path)
        made, self._mark = connect(
            self.path, *self._states, self._kept, now, self._lost, patience=patience
        )
        self._connection, self._lost, self._locked = made, "", False
        if gap := newest_held(made, now):
            self.notice = f"The record of earlier operations was lost: {gap[0].words}."
        return made

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _replace(self, error: Exception) -> None:
        """Set a damaged file aside and start a new one: the old one may still be readable."""
        self._let_go()
        if self.path is not None and mark(self.path) == self._mark:  # else another was quicker
            kept = set_aside(self.path, time.time())
            self._lost = f"the journal was damaged ({error}); it is kept as {kept.name}"
            log.warning("%s", self._lost)


def _is_locked(error: Exception) -> bool:
    """Whether another process kept it for too long."""
    import sqlite3

    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # what is above makes it more exact
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _why(error: Exception) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else str(error)
