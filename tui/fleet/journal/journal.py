"""The operations journal: what was asked for is on disk before any request leaves.

SQLite in a thread of its own, shared by every Ciplun of this user. A partial unique index allows
one open operation for each server, so that two sessions cannot both write to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tui.fleet.clock import Moment
from tui.fleet.journal.file import JournalFile, JournalUnavailable
from tui.fleet.journal.process_locks import Sessions
from tui.fleet.journal.rows import (
    from_gathered,
    from_key,
    storable,
    to_gathered,
    to_key,
    to_operation,
    to_row,
)
from tui.fleet.operation import OPEN, PENDING, Certainty, Gathered, Kind, Operation, State
from tui.vps.models import Key

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")
__all__ = ["Clash", "Entry", "Journal", "JournalUnavailable", "Step"]
KEPT: Final = 20_000
"""Ended operations that are kept; older ones go when the journal is opened."""


def _quoted(states: Iterable[State]) -> str:
    return ", ".join(f"'{state.value}'" for state in sorted(states, key=lambda s: s.value))


_OPEN: Final = _quoted(OPEN)
_PENDING: Final = _quoted(PENDING)
Also = Callable[["sqlite3.Connection", Operation], None]
"""What is recorded in the transaction that begins an operation; if it raises, neither is."""


class Clash(Exception):
    """Another operation is open on the same server, or keeps it for `seconds` more."""

    def __init__(self, operation: Operation, seconds: float = 0.0) -> None:
        super().__init__(operation.id)
        self.operation = operation
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an operation's timeline; `at` is in seconds since 1970."""

    at: float
    state: State
    words: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation as the journal has it: `owned` while the process that sent it lives.

    `ours` tells that this is that process.
    """

    operation: Operation
    owned: bool
    ours: bool
    gathered: Gathered


class Journal:
    """All methods run in the journal's thread and raise JournalUnavailable.

    Without a `path` it lives in memory, for the demo and for what is sent without a record;
    its operations then have negative ids.
    """

    def __init__(self, path: Path | None, *, owner: Sessions | None = None) -> None:
        self.file = JournalFile(path, open_states=_OPEN, pending_states=_PENDING, kept=KEPT)
        self._sessions = owner or Sessions(path.parent / "sessions" if path else None)

    @property
    def in_memory(self) -> bool:
        """Whether nothing of it outlives this process."""
        return self.file.path is None

    @property
    def notice(self) -> str:
        """What happened to the file; empty where nothing did."""
        return self.file.notice

    # -- writing -----------------------------------------------------------------

    async def begin(
        self, operation: Operation, now: Moment | None = None, also: Also | None = None
    ) -> Operation:
        """Record an intent and give it its id. Raises Clash, and what `also` raises.

        With `now` also where an operation that has ended without proof still keeps the server.
        """

        def write(db: sqlite3.Connection) -> Operation:
            begun = self._begin(db, operation, now)
            if also is not None:
                also(db, begun)
            return begun

        return await self.file.write(write)

    async def step(
        self, old: Operation, new: Operation, at: float, gathered: Gathered | None = None
    ) -> Operation:
        """Take an operation from `old` to `new`, unless another process was quicker.

        Returns what the journal then has. `gathered` replaces what was gathered on it.
        Raises Clash where the step would open a second operation on a server.
        """
        return await self.file.write(lambda db: self._step(db, old, new, at, gathered))

    async def note(self, operation_id: int, gathered: Gathered) -> None:
        """Keep what has been gathered on an operation."""
        values = {"id": operation_id, **from_gathered(gathered)}

        def write(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE operations SET seen = :seen, gathered = :gathered WHERE id = :id", values
            )

        await self.file.write(write)

    # -- reading -----------------------------------------------------------------

    async def open_entries(self, account: str) -> Sequence[Entry]:
        """The operations of an account that have not ended, oldest first."""
        return await self._entries(f"account = ? AND state IN ({_PENDING}) ORDER BY id", (account,))

    async def unproved_entries(self, account: str, since: float) -> Sequence[Entry]:
        """The operations that ended after `since` with an end that is not proved, oldest first."""
        return await self._entries(
            f"account = ? AND state NOT IN ({_PENDING}) AND certainty <> ? AND ended_at >= ? "
            "ORDER BY id",
            (account, Certainty.PROVED.value, since),
        )

    async def _entries(self, where: str, values: tuple[object, ...]) -> Sequence[Entry]:
        def read(db: sqlite3.Connection) -> Sequence[Entry]:
            rows = db.execute(f"SELECT * FROM operations WHERE {where}", values).fetchall()  # noqa: S608
            return [
                Entry(
                    to_operation(row),
                    owned=self._sessions.alive(row["owner"]),
                    ours=row["owner"] == self._sessions.name,
                    gathered=to_gathered(row),
                )
                for row in rows
            ]

        return await self.file.read(read)

    async def made(self, account: str) -> frozenset[Key]:
        """Ids of the snapshots that creates of an account have made."""

        def read(db: sqlite3.Connection) -> frozenset[Key]:
            rows = db.execute(
                "SELECT snapshot_id FROM operations "
                "WHERE account = ? AND kind = ? AND snapshot_id IS NOT NULL",
                (account, Kind.CREATE.value),
            )
            return frozenset(from_key(row["snapshot_id"]) for row in rows)

        return await self.file.read(read)

    async def get(self, operation_id: int) -> Operation | None:
        """One operation."""

        def read(db: sqlite3.Connection) -> Operation | None:
            row = db.execute("SELECT * FROM operations WHERE id = ?", (operation_id,)).fetchone()
            return None if row is None else to_operation(row)

        return await self.file.read(read)

    async def history(self, account: str | None = None, limit: int = 500) -> Sequence[Operation]:
        """The newest operations first, of one account or of all."""

        def read(db: sqlite3.Connection) -> Sequence[Operation]:
            rows = db.execute(
                "SELECT * FROM operations WHERE account = ? OR ? ORDER BY asked_at DESC, id DESC "
                "LIMIT ?",
                (account or "", account is None, limit),
            )
            return [to_operation(row) for row in rows]

        return await self.file.read(read)

    async def timeline(self, operation_id: int) -> Sequence[Step]:
        """Every step of an operation, in order."""

        def read(db: sqlite3.Connection) -> Sequence[Step]:
            rows = db.execute(
                "SELECT at, state, words FROM steps WHERE operation = ? ORDER BY rowid",
                (operation_id,),
            )
            return [Step(row["at"], State(row["state"]), row["words"]) for row in rows]

        return await self.file.read(read)

    async def durations(self, account: str, kind: Kind, limit: int = 50) -> Sequence[float]:
        """Seconds that the newest completed operations of a kind took, as far as it was watched."""

        def read(db: sqlite3.Connection) -> Sequence[float]:
            rows = db.execute(
                "SELECT took FROM operations WHERE account = ? AND kind = ? AND state = ? "
                "AND took > 0 ORDER BY id DESC LIMIT ?",
                (account, kind.value, State.COMPLETED.value, limit),
            )
            return [row["took"] for row in rows]

        return await self.file.read(read)

    # -- protection ----------------------------------------------------------------

    async def protected(self, account: str) -> frozenset[Key]:
        """Ids of the snapshots that are protected from deletes by Ciplun."""

        def read(db: sqlite3.Connection) -> frozenset[Key]:
            rows = db.execute("SELECT snapshot_id FROM protected WHERE account = ?", (account,))
            return frozenset(from_key(row["snapshot_id"]) for row in rows)

        return await self.file.read(read)

    async def protect(self, account: str, snapshot_id: Key, words: str, *, on: bool) -> None:
        """Protect a snapshot, or no longer; `words` say whose snapshot, by whom and when."""

        def write(db: sqlite3.Connection) -> None:
            key = (account, to_key(snapshot_id))
            db.execute("DELETE FROM protected WHERE account = ? AND snapshot_id = ?", key)
            if on:
                db.execute("INSERT INTO protected VALUES (?, ?, ?)", (*key, storable(words)))

        await self.file.write(write)

    # -- other tables --------------------------------------------------------------

    @property
    def owner(self) -> str:
        """The name of this process among those that share the file."""
        return self._sessions.name

    async def perform(self, work: Callable[[sqlite3.Connection, Sessions], T]) -> T:
        """Do something with another table of the file, in one transaction."""
        return await self.file.write(lambda db: work(db, self._sessions))

    async def close(self) -> None:
        """Close the file and give up the claim on our operations."""
        await self.file.close(self._sessions.leave)

    # -- in the thread -----------------------------------------------------------

    def _begin(self, db: sqlite3.Connection, operation: Operation, now: Moment | None) -> Operation:
        if now is not None:
            self._refuse_kept(db, operation, now)
        number: int | None = None
        if self.file.path is None:
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

    def _refuse_kept(self, db: sqlite3.Connection, operation: Operation, now: Moment) -> None:
        """Raise Clash where one that has ended without proof still keeps the server."""
        rows = db.execute(
            f"SELECT * FROM operations WHERE account = ? AND server_id = ? AND freed = 0 "  # noqa: S608
            f"AND state NOT IN ({_PENDING}) AND certainty <> ? ORDER BY id DESC LIMIT 20",
            (operation.account, to_key(operation.server_id), Certainty.PROVED.value),
        )
        for row in rows:
            before, begun = to_operation(row), to_gathered(row).begun
            if begun is None or _harmless(operation, before):
                continue
            if left := before.keeps(now.since(begun)):
                raise Clash(before, left)

    def _insert(self, db: sqlite3.Connection, values: Mapping[str, Any]) -> int:
        import sqlite3

        values = {**from_gathered(Gathered()), **values, "owner": self._sessions.claim()}
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
        gathered: Gathered | None,
    ) -> Operation:
        import sqlite3

        values = to_row(new)
        if gathered is not None:
            values |= from_gathered(gathered)

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


def _harmless(operation: Operation, before: Operation) -> bool:
    """Whether one may follow the other at once although it is not proved how that one ended.

    A snapshot can be deleted as often as one likes; and a restore does not undo a snapshot that is
    completed, whoever made it.
    """
    if operation.kind is Kind.RESTORE:
        return before.kind is Kind.CREATE and before.state is State.COMPLETED
    same = operation.snapshot_id == before.snapshot_id
    return operation.kind is before.kind is Kind.DELETE and same
