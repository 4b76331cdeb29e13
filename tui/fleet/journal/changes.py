"""Changes in the journal's file, in tables of their own: what any session of this user has seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from tui.fleet.changes import FleetChange, Happened
from tui.fleet.journal.file import JournalFile
from tui.fleet.journal.reading import MINE, know
from tui.fleet.journal.rows import from_key, storable, to_key
from tui.vps.models import Key
from tui.vps.sanitize import clean

if TYPE_CHECKING:
    import sqlite3

KEPT: Final = 50_000
"""Changes that are kept, of all accounts."""
MOST: Final = 5_000
"""Changes that are recorded at once; more of them are no news but another fleet."""
_AGAIN: Final = 600.0
"""Seconds within which two sessions that see a server full or stale have seen the same."""
_LATEST: Final = 1e11
"""Seconds since 1970 that nothing was seen at."""
_COMES_AND_GOES: Final = (Happened.APPEARED, Happened.VANISHED)
_TABLES: Final = (
    # Made where they are missing, without a new format: an older ciplun can use the file as well.
    """CREATE TABLE IF NOT EXISTS changes (
        id INTEGER PRIMARY KEY,
        account TEXT NOT NULL,
        kind TEXT NOT NULL,
        server_id TEXT NOT NULL,
        server_name TEXT NOT NULL,
        snapshot_id TEXT,
        snapshot_name TEXT NOT NULL,
        at REAL NOT NULL,
        since REAL NOT NULL,
        made_at REAL
    )""",
    "CREATE INDEX IF NOT EXISTS changes_of ON changes (account, at)",
    "CREATE INDEX IF NOT EXISTS changes_of_server ON changes (account, server_id, at)",
    "CREATE TABLE IF NOT EXISTS looks "
    "(account TEXT PRIMARY KEY, at REAL NOT NULL, newest INTEGER NOT NULL)",
    # Recorded by a command: nobody was there to be told.
    "CREATE TABLE IF NOT EXISTS untold (id INTEGER PRIMARY KEY)",
)
_READ: Final = f"""
SELECT *, EXISTS (
    SELECT 1 FROM operations AS o WHERE o.server_id = c.server_id AND o.snapshot_id = c.snapshot_id
    AND {MINE} AND CASE WHEN c.kind = 'vanished'
    THEN o.kind = 'delete' AND o.state IN ('accepted', 'completed') ELSE o.kind = 'create' END
) AS ours FROM changes AS c WHERE {MINE} AND at > ? AND id > ? AND (server_id = ? OR ?)
ORDER BY at DESC, id DESC LIMIT ?
"""  # noqa: S608


class Look(msgspec.Struct, frozen=True):
    """When somebody looked, and the number of the newest change there was; clocks may be set."""

    at: float
    newest: int


class ChangeBook:
    """The changes of one account, whatever names it has had. All methods raise JournalUnavailable.

    `account` gives the name that its token has now.
    """

    def __init__(self, file: JournalFile, account: Callable[[], str]) -> None:
        self._file = file
        self._account = account

    @property
    def account(self) -> str:
        """The name that the account's token has now."""
        return self._account()

    async def record(
        self, found: Sequence[FleetChange], *, told: bool = True
    ) -> Sequence[FleetChange]:
        """Keep changes; returns those that no other session had seen before.

        What is kept with `told` False comes with the next answer that is to be told.
        """
        account = storable(self._account())

        def write(db: sqlite3.Connection) -> Sequence[FleetChange]:
            _make(db, account)
            new = [change for change in found[:MOST] if not _known(db, account, change)]
            owed = _untold(db, account) if told else []
            (last,) = db.execute("SELECT coalesce(max(id), 0) FROM changes").fetchone()
            db.executemany(
                "INSERT INTO changes (account, kind, server_id, server_name, snapshot_id, "
                "snapshot_name, at, since, made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_row(account, change) for change in new],
            )
            if not told:
                db.execute("INSERT INTO untold SELECT id FROM changes WHERE id > ?", (last,))
            for table in ("changes", "untold"):
                old = f"DELETE FROM {table} WHERE id <= (SELECT max(id) FROM changes) - ?"  # noqa: S608
                db.execute(old, (KEPT,))
            return [*owed, *new]

        return await self._file.write(write)

    async def read(
        self,
        *,
        since: float = 0.0,
        after: int = 0,
        server_id: Key | None = None,
        limit: int = MOST,
    ) -> Sequence[FleetChange]:
        """The newest changes first, of all servers or of one, seen after `since`.

        `after` is the number of the change after which they were recorded.
        """
        server = "" if server_id is None else to_key(server_id)
        account = storable(self._account())
        values = (account, account, since, after, server, server_id is None, limit)

        def read(db: sqlite3.Connection) -> Sequence[FleetChange]:
            there = "SELECT 1 FROM sqlite_master WHERE name = 'changes'"
            if db.execute(there).fetchone() is None:
                return []
            return _changes(db.execute(_READ, values))

        return await self._file.read(read)

    async def gone(self, since: float) -> Sequence[tuple[Key, float]]:
        """Servers, and when a snapshot was made that was seen to go; of those made after `since`.

        At most `KEPT`, the last that went.
        """
        account = storable(self._account())
        query = (
            f"SELECT server_id, made_at FROM changes WHERE {MINE} AND at > ? AND made_at > ? "  # noqa: S608
            "AND kind = ? AND snapshot_id IS NOT NULL ORDER BY at DESC, id DESC LIMIT ?"
        )

        def read(db: sqlite3.Connection) -> Sequence[tuple[Key, float]]:
            _make(db, account)
            values = (account, since, since, Happened.VANISHED.value, KEPT)
            return [
                (from_key(row["server_id"]), row["made_at"]) for row in db.execute(query, values)
            ]

        return await self._file.write(read)

    async def look(self, at: float) -> Look | None:
        """Record that somebody looks now; returns when somebody did before, None: never."""
        account = storable(self._account())

        def write(db: sqlite3.Connection) -> Look | None:
            _make(db, account)
            query = f"SELECT * FROM looks WHERE {MINE} ORDER BY newest DESC, at DESC"  # noqa: S608
            row = db.execute(query, (account,)).fetchone()
            db.execute(
                "INSERT OR REPLACE INTO looks SELECT ?, ?, coalesce(max(id), 0) FROM changes",
                (account, at),
            )
            return None if row is None else Look(float(row["at"]), int(row["newest"]))

        return await self._file.write(write)


def _make(db: sqlite3.Connection, account: str) -> None:
    for statement in _TABLES:
        db.execute(statement)
    know(db, account)


def _untold(db: sqlite3.Connection, account: str) -> list[FleetChange]:
    """Take what nobody has been told, the oldest first, and of very much the newest."""
    mine = f"id IN untold AND {MINE}"
    query = f"SELECT *, 0 AS ours FROM changes WHERE {mine} ORDER BY id DESC LIMIT ?"  # noqa: S608
    found = _changes(db.execute(query, (account, MOST)))
    db.execute(f"DELETE FROM untold WHERE id IN (SELECT id FROM changes WHERE {mine})", (account,))  # noqa: S608
    return found[::-1]


def _known(db: sqlite3.Connection, account: str, change: FleetChange) -> bool:
    """Whether it has been recorded: what happens to a snapshot happens once."""
    if change.of_account:  # to begin with all is well
        last = _last(db, account, change, Happened.REFUSED, Happened.RECOVERED)
        return change.kind is (last or Happened.RECOVERED)
    if change.snapshot_id is None and change.kind in _COMES_AND_GOES:
        return change.kind is _last(db, account, change, *_COMES_AND_GOES)
    snapshot = None if change.snapshot_id is None else to_key(change.snapshot_id)
    around = change.at - _AGAIN, change.at + _AGAIN
    found = db.execute(
        f"SELECT 1 FROM changes WHERE {MINE} AND server_id = ? AND kind = ? "  # noqa: S608
        "AND snapshot_id IS ? AND (snapshot_id IS NOT NULL OR at BETWEEN ? AND ?)",
        (account, to_key(change.server_id), change.kind.value, snapshot, *around),
    )
    return found.fetchone() is not None


def _last(
    db: sqlite3.Connection, account: str, change: FleetChange, *kinds: Happened
) -> Happened | None:
    """Which of these kinds was recorded last of the server, or of the account, itself."""
    query = (
        f"SELECT kind FROM changes WHERE {MINE} AND server_id = ? AND snapshot_id IS NULL "  # noqa: S608
        "AND kind IN (?, ?) ORDER BY id DESC"
    )
    wanted = (account, to_key(change.server_id), *(kind.value for kind in kinds))
    row = db.execute(query, wanted).fetchone()
    return None if row is None else Happened(row["kind"])


def _row(account: str, change: FleetChange) -> tuple[object, ...]:
    return (
        account,
        change.kind.value,
        to_key(change.server_id),
        storable(change.server_name),
        None if change.snapshot_id is None else to_key(change.snapshot_id),
        storable(change.snapshot_name),
        change.at,
        change.since,
        change.made_at,
    )


def _changes(rows: Iterable[sqlite3.Row]) -> list[FleetChange]:
    """The changes in these rows, without those that say nothing to this version of ciplun."""
    found = []
    for row in rows:
        with suppress(ValueError, TypeError, OverflowError, OSError, msgspec.ValidationError):
            found.append(_change(row))
    return found


def _change(row: sqlite3.Row) -> FleetChange:
    values = {name: row[name] for name in FleetChange.__struct_fields__}
    for name in ("server_id", "snapshot_id"):
        values[name] = None if values[name] is None else from_key(values[name])
    for name in ("server_name", "snapshot_name"):
        values[name] = clean(values[name])
    change = msgspec.convert(values | {"ours": bool(row["ours"])}, FleetChange)
    if not (0 <= change.since < _LATEST and 0 <= change.at < _LATEST):
        raise ValueError
    if change.made_at is not None:
        datetime.fromtimestamp(change.made_at, UTC)
    return change
