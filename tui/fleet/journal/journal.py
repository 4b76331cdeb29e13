"""The operations journal: what was asked for is on disk before any request leaves.

SQLite in a thread of its own, shared by every ciplun of this user. One operation can be open for
each server, so that two sessions cannot both write to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from tui.fleet.clock import Moment, Moments, SystemClock
from tui.fleet.journal import gaps, reading, writing
from tui.fleet.journal.file import JournalFile, JournalUnavailable
from tui.fleet.journal.gaps import Gap
from tui.fleet.journal.process_locks import Sessions
from tui.fleet.journal.reading import MINE, OPEN_STATES, PENDING_STATES
from tui.fleet.journal.rows import from_gathered, storable, to_key
from tui.fleet.journal.writing import Clash, MemoryLost
from tui.fleet.operation import Certainty, Gathered, Kind, Operation, State
from tui.vps.models import Key

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")
__all__ = ["Also", "Clash", "Entry", "Gap", "Journal", "JournalUnavailable", "MemoryLost", "Step"]
KEPT: Final = 20_000
"""Ended operations that are kept; older ones go when the journal is opened."""
_NEWEST: Final = 50
"""Operations whose end is looked at again whatever its time is."""
Also = Callable[["sqlite3.Connection", Operation], None]
"""What is recorded in the transaction that begins an operation; if it raises, neither is."""


class Step(msgspec.Struct, frozen=True):
    """One line of an operation's timeline; `at` is in seconds since 1970."""

    at: float
    state: State
    words: str


class Entry(msgspec.Struct, frozen=True):
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
    its operations then have negative ids. `slow` is called where an answer takes its time.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        moments: Moments | None = None,
        owner: Sessions | None = None,
        slow: Callable[[], None] = lambda: None,
    ) -> None:
        self.file = JournalFile(
            path,
            open_states=OPEN_STATES,
            pending_states=PENDING_STATES,
            kept=KEPT,
            moments=moments or Moments(SystemClock()),
            slow=slow,
        )
        self._sessions = owner or Sessions(path.parent / "sessions" if path else None)

    @property
    def in_memory(self) -> bool:
        """Whether nothing of it outlives this process."""
        return self.file.path is None

    @property
    def notice(self) -> str:
        """What was lost, as long as it may still be going on; else empty."""
        return self.file.notice

    @property
    def owner(self) -> str:
        """The name of this process among those that share the file."""
        return self._sessions.name

    # -- writing -----------------------------------------------------------------

    async def begin(
        self, operation: Operation, now: Moment | None = None, also: Also | None = None
    ) -> Operation:
        """Record an intent and give it its id. Raises Clash, MemoryLost, and what `also` raises.

        With `now` a Clash also where an operation that has ended without proof still keeps the
        server.
        """

        def write(db: sqlite3.Connection) -> Operation:
            if now is not None:
                writing.refuse_lost(db, now)
                writing.refuse_kept(db, operation, now)
            begun = writing.begin(
                db, operation, self._sessions.claim(), self._now(), in_memory=self.in_memory
            )
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

        def write(db: sqlite3.Connection) -> Operation:
            owner = self._sessions.claim()
            return writing.step(db, old, new, at, gathered=gathered, owner=owner, now=self._now())

        return await self.file.write(write)

    async def note(self, operation_id: int, gathered: Gathered) -> None:
        """Keep what has been gathered on an operation."""
        values = {"id": operation_id, **from_gathered(gathered)}

        def write(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE operations SET seen = :seen, gathered = :gathered WHERE id = :id", values
            )

        await self.file.write(write)

    async def learn(self, names: Sequence[str], former: str = "") -> None:
        """Take it that all `names` are of one account, and a `former` one if no other has it."""
        known = [storable(name) for name in names]
        await self.file.write(lambda db: reading.learn(db, known, former))

    # -- reading -----------------------------------------------------------------

    async def open_entries(self, account: str) -> Sequence[Entry]:
        """The operations of an account that have not ended, oldest first."""
        return await self._entries(f"{MINE} AND state IN ({PENDING_STATES}) ORDER BY id", account)

    async def unproved_entries(self, account: str, since: float) -> Sequence[Entry]:
        """The operations that ended after `since` with an end that is not proved, oldest first.

        The newest come in any case: their times may be of a clock that was wrong.
        """
        looked_at = "(ended_at >= ? OR id > (SELECT max(id) - ? FROM operations))"
        return await self._entries(
            f"{MINE} AND state NOT IN ({PENDING_STATES}) AND certainty <> ? AND {looked_at} "
            "ORDER BY id",
            *(account, Certainty.PROVED.value, since, _NEWEST),
        )

    async def _entries(self, where: str, *values: object) -> Sequence[Entry]:
        def read(db: sqlite3.Connection) -> Sequence[Entry]:
            return [
                Entry(
                    row.operation,
                    owned=self._sessions.alive(row.owner),
                    ours=row.owner == self._sessions.name,
                    gathered=row.gathered,
                )
                for row in reading.rows(db, self._now(), where, values)
            ]

        return await self.file.read(read)

    async def _operations(self, where: str, *values: object) -> Sequence[Operation]:
        def read(db: sqlite3.Connection) -> Sequence[Operation]:
            found = reading.rows(db, self._now(), where, values)
            return [row.operation for row in found]

        return await self.file.read(read)

    async def names(self, account: str) -> frozenset[str]:
        """All names under which an account is known, this one with them."""
        return await self.file.read(lambda db: reading.names_of(db, account))

    async def made(self, account: str) -> frozenset[Key]:
        """Ids of the snapshots that creates of an account have made."""
        query = (
            f"SELECT snapshot_id FROM operations WHERE {MINE} AND kind = ? "  # noqa: S608
            "AND snapshot_id IS NOT NULL"
        )
        values = (account, Kind.CREATE.value)
        return await self.file.read(lambda db: reading.keys(db, query, values))

    async def get(self, operation_id: int) -> Operation | None:
        """One operation."""
        found = await self._operations("id = ?", operation_id)
        return found[0] if found else None

    async def history(self, account: str | None = None, limit: int = 500) -> Sequence[Operation]:
        """The newest operations first, of one account or of all."""
        where = f"({MINE} OR ?) ORDER BY asked_at DESC, id DESC LIMIT ?"
        return await self._operations(where, account or "", account is None, limit)

    async def gaps(self) -> Sequence[Gap]:
        """What the journal has lost, oldest first: without any it is whole."""
        return await self.file.read(gaps.all_gaps)

    async def lost(self) -> bool:
        """Whether something may be going on of which the journal knows nothing any more."""
        return await self.file.read(lambda db: gaps.newest_held(db, self._now()) is not None)

    async def timeline(self, operation_id: int) -> Sequence[Step]:
        """Every step of an operation, in order."""

        def read(db: sqlite3.Connection) -> Sequence[Step]:
            rows = db.execute(
                "SELECT at, state, words FROM steps WHERE operation = ? ORDER BY rowid",
                (operation_id,),
            )
            found = []
            for row in rows:
                with suppress(ValueError):
                    found.append(Step(float(row["at"]), State(row["state"]), str(row["words"])))
            return found

        return await self.file.read(read)

    async def durations(self, account: str, kind: Kind, limit: int = 50) -> Sequence[float]:
        """Seconds that the newest completed operations of a kind took, as far as it was watched."""

        def read(db: sqlite3.Connection) -> Sequence[float]:
            rows = db.execute(
                f"SELECT took FROM operations WHERE {MINE} AND kind = ? AND state = ? "  # noqa: S608
                "AND typeof(took) = 'real' AND took > 0 ORDER BY id DESC LIMIT ?",
                (account, kind.value, State.COMPLETED.value, limit),
            )
            return [row["took"] for row in rows]

        return await self.file.read(read)

    # -- other tables --------------------------------------------------------------

    async def perform(self, work: Callable[[sqlite3.Connection, Sessions], T]) -> T:
        """Do something with another table of the file, in one transaction."""
        return await self.file.write(lambda db: work(db, self._sessions))

    async def protected(self, account: str) -> frozenset[Key]:
        """Ids of the snapshots that are protected from deletes by ciplun."""
        query = f"SELECT snapshot_id FROM protected WHERE {MINE}"  # noqa: S608
        return await self.file.read(lambda db: reading.keys(db, query, (account,)))

    async def protect(self, account: str, snapshot_id: Key, words: str, *, on: bool) -> None:
        """Protect a snapshot, or no longer; `words` say whose snapshot, by whom and when."""
        key = (account, to_key(snapshot_id))

        def write(db: sqlite3.Connection) -> None:
            reading.know(db, account)
            db.execute(f"DELETE FROM protected WHERE {MINE} AND snapshot_id = ?", key)  # noqa: S608
            if on:
                db.execute("INSERT INTO protected VALUES (?, ?, ?)", (*key, storable(words)))

        await self.file.write(write)

    async def close(self) -> None:
        """Close the file and give up the claim on our operations."""
        await self.file.close(self._sessions.leave)

    def _now(self) -> Moment:
        return self.file.moments.at()
