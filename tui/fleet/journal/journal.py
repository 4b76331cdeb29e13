"""The operations journal: what was asked for is on disk before any request leaves.

SQLite in a thread of its own, shared by every Ciplun of this user. A partial unique index allows
one open operation for each server, so that two sessions cannot both write to it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tui.fleet.journal.database import Mark, NoFile, connect, mark, set_aside
from tui.fleet.journal.process_locks import Sessions
from tui.fleet.journal.rows import from_key, storable, to_key, to_operation, to_row, to_seen
from tui.fleet.operation import DENIED, OPEN, PENDING, Kind, Operation, State
from tui.vps.models import Key

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger(__name__)
T = TypeVar("T")

KEPT: Final = 20_000
"""Ended operations that are kept; older ones go when the journal is opened."""


def _quoted(states: Iterable[State]) -> str:
    return ", ".join(f"'{state.value}'" for state in sorted(states, key=lambda s: s.value))


_OPEN: Final = _quoted(OPEN)
_PENDING: Final = _quoted(PENDING)


Also = Callable[["sqlite3.Connection", Operation], None]
"""What is recorded in the transaction that begins an operation; if it raises, neither is."""


class JournalUnavailable(Exception):
    """No record can be kept now; one sentence that says why."""


class Clash(Exception):
    """Another operation is open on the same server."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(operation.id)
        self.operation = operation


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an operation's timeline; `at` is in seconds since 1970."""

    at: float
    state: State
    words: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation as the journal has it: `owned` while the process that sent it lives.

    `ours` tells that this is that process; `seen` are the ids that its server had before.
    """

    operation: Operation
    owned: bool
    ours: bool
    seen: frozenset[Key]


class Journal:
    """All methods run in the journal's thread and raise JournalUnavailable.

    Without a `path` it lives in memory, for the demo and for what is sent without a record;
    its operations then have negative ids.
    """

    def __init__(self, path: Path | None, *, owner: Sessions | None = None) -> None:
        self._path = path
        self._sessions = owner or Sessions(path.parent / "sessions" if path else None)
        self._connection: sqlite3.Connection | None = None
        self._mark: Mark = None
        self._thread = ThreadPoolExecutor(1, "journal")
        self._closed = False
        self.notice = ""

    @property
    def in_memory(self) -> bool:
        """Whether nothing of it outlives this process."""
        return self._path is None

    # -- writing -----------------------------------------------------------------

    async def begin(self, operation: Operation, also: Also | None = None) -> Operation:
        """Record an intent and give it its id. Raises Clash, and what `also` raises."""

        def write(db: sqlite3.Connection) -> Operation:
            begun = self._begin(db, operation)
            if also is not None:
                also(db, begun)
            return begun

        return await self._do(write)

    async def step(
        self, old: Operation, new: Operation, at: float, seen: frozenset[Key] | None = None
    ) -> Operation:
        """Take an operation from `old` to `new`, unless another process was quicker.

        Returns what the journal then has. A `seen` replaces the ids known before the write.
        Raises Clash where the step would open a second operation on a server.
        """
        return await self._do(lambda db: self._step(db, old, new, at, seen))

    # -- reading -----------------------------------------------------------------

    async def open_entries(self, account: str) -> Sequence[Entry]:
        """The operations of an account that have not ended, oldest first."""
        return await self._entries(f"account = ? AND state IN ({_PENDING}) ORDER BY id", (account,))

    async def denied_entries(self, account: str, since: float) -> Sequence[Entry]:
        """The creates that ended after `since` as if they were not there."""
        states = _quoted(DENIED)
        return await self._entries(
            f"account = ? AND kind = ? AND state IN ({states}) AND ended_at >= ?",
            (account, Kind.CREATE.value, since),
        )

    async def _entries(self, where: str, values: tuple[object, ...]) -> Sequence[Entry]:
        def read(db: sqlite3.Connection) -> Sequence[Entry]:
            rows = db.execute(f"SELECT * FROM operations WHERE {where}", values).fetchall()  # noqa: S608
            return [
                Entry(
                    to_operation(row),
                    owned=self._sessions.alive(row["owner"]),
                    ours=row["owner"] == self._sessions.name,
                    seen=to_seen(row),
                )
                for row in rows
            ]

        return await self._do(read)

    async def made(self, account: str) -> frozenset[Key]:
        """Ids of the snapshots that creates of an account have made."""

        def read(db: sqlite3.Connection) -> frozenset[Key]:
            rows = db.execute(
                "SELECT snapshot_id FROM operations "
                "WHERE account = ? AND kind = ? AND snapshot_id IS NOT NULL",
                (account, Kind.CREATE.value),
            )
            return frozenset(from_key(row["snapshot_id"]) for row in rows)

        return await self._do(read)

    async def get(self, operation_id: int) -> Operation | None:
        """One operation."""

        def read(db: sqlite3.Connection) -> Operation | None:
            row = db.execute("SELECT * FROM operations WHERE id = ?", (operation_id,)).fetchone()
            return None if row is None else to_operation(row)

        return await self._do(read)

    async def history(self, account: str | None = None, limit: int = 500) -> Sequence[Operation]:
        """The newest operations first, of one account or of all."""

        def read(db: sqlite3.Connection) -> Sequence[Operation]:
            rows = db.execute(
                "SELECT * FROM operations WHERE account = ? OR ? ORDER BY asked_at DESC, id DESC "
                "LIMIT ?",
                (account or "", account is None, limit),
            )
            return [to_operation(row) for row in rows]

        return await self._do(read)

    async def timeline(self, operation_id: int) -> Sequence[Step]:
        """Every step of an operation, in order."""

        def read(db: sqlite3.Connection) -> Sequence[Step]:
            rows = db.execute(
                "SELECT at, state, words FROM steps WHERE operation = ? ORDER BY rowid",
                (operation_id,),
            )
            return [Step(row["at"], State(row["state"]), row["words"]) for row in rows]

        return await self._do(read)

    async def durations(self, account: str, kind: Kind, limit: int = 50) -> Sequence[float]:
        """Seconds that the newest completed operations of a kind took, as far as it was watched."""

        def read(db: sqlite3.Connection) -> Sequence[float]:
            rows = db.execute(
                "SELECT took FROM operations WHERE account = ? AND kind = ? AND state = ? "
                "AND took > 0 ORDER BY id DESC LIMIT ?",
                (account, kind.value, State.COMPLETED.value, limit),
            )
            return [row["took"] for row in rows]

        return await self._do(read)

    # -- protection ----------------------------------------------------------------

    async def protected(self, account: str) -> frozenset[Key]:
        """Ids of the snapshots that are protected from deletes by Ciplun."""

        def read(db: sqlite3.Connection) -> frozenset[Key]:
            rows = db.execute("SELECT snapshot_id FROM protected WHERE account = ?", (account,))
            return frozenset(from_key(row["snapshot_id"]) for row in rows)

        return await self._do(read)

    async def protect(self, account: str, snapshot_id: Key, words: str, *, on: bool) -> None:
        """Protect a snapshot, or no longer; `words` say whose snapshot, by whom and when."""

        def write(db: sqlite3.Connection) -> None:
            key = (account, to_key(snapshot_id))
            db.execute("DELETE FROM protected WHERE account = ? AND snapshot_id = ?", key)
            if on:
                db.execute("INSERT INTO protected VALUES (?, ?, ?)", (*key, storable(words)))

        await self._do(write)

    # -- other tables --------------------------------------------------------------

    @property
    def owner(self) -> str:
        """The name of this process among those that share the file."""
        return self._sessions.name

    async def perform(self, work: Callable[[sqlite3.Connection, Sessions], T]) -> T:
        """Do something with another table of the file, in one transaction."""
        return await self._do(lambda db: work(db, self._sessions))

    async def close(self) -> None:
        """Close the file and give up the claim on our operations."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
            self._thread.shutdown(wait=False)

    # -- in the thread -----------------------------------------------------------

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise JournalUnavailable("No record can be kept: the journal is closed.")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._work, work)

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        import sqlite3

        try:
            try:
                return self._run(work)
            except sqlite3.DatabaseError as error:
                if type(error) is not sqlite3.DatabaseError:  # all others are not about the file
                    raise
                self._replace(error)
                return self._run(work)
        except (sqlite3.Error, OSError, NoFile) as error:
            raise JournalUnavailable(f"No record can be kept: {_why(error)}.") from error

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is not None and mark(self._path) != self._mark:
            log.warning("the journal's file is gone; a new one is begun")
            self._let_go()  # written to a file without a name, a record would be lost
        if self._connection is None:
            self._connection, self._mark = connect(self._path, _OPEN, _PENDING, KEPT)
        with self._connection:
            return work(self._connection)

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _replace(self, error: Exception) -> None:
        """Set a damaged file aside and start a new one: the old one may still be readable."""
        opened = self._connection is not None
        self._let_go()
        if self._path is not None and (not opened or mark(self._path) == self._mark):
            kept = set_aside(self._path, time.time())
            self.notice = f"The journal was damaged ({error}); it is kept as {kept.name}."
            log.warning("%s", self.notice)

    def _begin(self, db: sqlite3.Connection, operation: Operation) -> Operation:
        number: int | None = None
        if self._path is None:
            least = db.execute("SELECT min(id) FROM operations").fetchone()[0]
            number = (least or 0) - 1
        elif not db.execute("SELECT 1 FROM operations LIMIT 1").fetchone():
            number = int(
                time.time() * 1000
            )  # not 1: the numbers of a lost journal must not come again
        number = self._insert(db, {**to_row(operation), "id": number})
        begun = replace(operation, id=number)
        self._note(db, begun, operation.asked_at)
        return begun

    def _insert(self, db: sqlite3.Connection, values: Mapping[str, Any]) -> int:
        import sqlite3

        values = {"seen": "[]", **values, "owner": self._sessions.claim()}
        names = ", ".join(values)
        slots = ", ".join(f":{name}" for name in values)
        try:
            cursor = db.execute(f"INSERT INTO operations ({names}) VALUES ({slots})", values)  # noqa: S608
        except sqlite3.IntegrityError:
            raise self._clash(db, values) from None
        return int(cursor.lastrowid or 0)

    def _clash(self, db: sqlite3.Connection, values: Mapping[str, Any]) -> Exception:
        row = db.execute(
            f"SELECT * FROM operations WHERE account = ? AND server_id = ? "  # noqa: S608
            f"AND state IN ({_OPEN})",
            (values["account"], values["server_id"]),
        ).fetchone()
        return RuntimeError("a record without reason") if row is None else Clash(to_operation(row))

    def _step(
        self,
        db: sqlite3.Connection,
        old: Operation,
        new: Operation,
        at: float,
        seen: frozenset[Key] | None,
    ) -> Operation:
        values = to_row(new)
        if seen is not None:
            values["seen"] = json.dumps(sorted(seen, key=str))
        import sqlite3

        names = ", ".join(f"{name} = :{name}" for name in values if name != "id")
        try:
            cursor = db.execute(
                f"UPDATE operations SET {names} WHERE id = :id AND state = :old",  # noqa: S608
                {**values, "old": old.state.value},
            )
        except sqlite3.IntegrityError:
            raise self._clash(db, values) from None
        if not cursor.rowcount:
            row = db.execute("SELECT * FROM operations WHERE id = ?", (new.id,)).fetchone()
            if row is not None:
                return to_operation(row)
            with suppress(Clash):  # the file it was in is lost
                self._insert(db, values)
        if (old.state, old.words) != (new.state, new.words):
            self._note(db, new, at)
        return new

    def _note(self, db: sqlite3.Connection, operation: Operation, at: float) -> None:
        db.execute(
            "INSERT INTO steps (operation, at, state, words) VALUES (?, ?, ?, ?)",
            (operation.id, at, operation.state.value, operation.words),
        )

    def _close(self) -> None:
        self._sessions.leave()
        self._let_go()


def _why(error: Exception) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else str(error)
