"""Changes in the journal's file, in tables of their own: what any session of this user has seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from tui.fleet.changes import FleetChange, Happened
from tui.fleet.journal.file import JournalFile
from tui.fleet.journal.reading import MINE, know
from tui.fleet.journal.rows import from_key, storable, to_key
from tui.vps.models import Key

if TYPE_CHECKING:
    import sqlite3

KEPT: Final = 50_000
"""Changes that are kept, of all accounts."""
MOST: Final = 5_000
"""Changes that are recorded at once; more of them are no news but another fleet."""
_AGAIN: Final = 600.0
"""Seconds within which two sessions that see a server full or stale have seen the same."""
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
    "CREATE TABLE IF NOT EXISTS looked (account TEXT PRIMARY KEY, at REAL NOT NULL)",
    # Recorded by a command: nobody was there to be told.
    "CREATE TABLE IF NOT EXISTS untold (id INTEGER PRIMARY KEY)",
)
_READ: Final = f"""
SELECT *, EXISTS (
    SELECT 1 FROM operations AS o WHERE o.server_id = c.server_id AND o.snapshot_id = c.snapshot_id
    AND {MINE} AND CASE WHEN c.kind = 'vanished'
    THEN o.kind = 'delete' AND o.state IN ('accepted', 'completed') ELSE o.kind = 'create' END
) AS ours FROM changes AS c WHERE {MINE} AND at > ? AND (server_id = ? OR ?)
ORDER BY at DESC, id DESC LIMIT ?
"""  # noqa: S608


class ChangeBook:
    """The changes of one account, whatever names it has had. All methods raise JournalUnavailable.

    `account` gives the name that its token has now.
    """

    def __init__(self, file: JournalFile, account: Callable[[], str]) -> None:
        self._file = file
        self._account = account

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
        self, *, since: float = 0.0, server_id: Key | None = None, limit: int = 1_000
    ) -> Sequence[FleetChange]:
        """The newest changes first, of all servers or of one, seen after `since`."""
        server = "" if server_id is None else to_key(server_id)
        account = storable(self._account())
        values = (account, account, since, server, server_id is None, limit)

        def read(db: sqlite3.Connection) -> Sequence[FleetChange]:
            _make(db, account)
            return [_change(row) for row in db.execute(_READ, values)]

        return await self._file.write(read)

    async def look(self, at: float) -> float | None:
        """Record that somebody looks now; returns when somebody did before, None: never."""
        account = storable(self._account())

        def write(db: sqlite3.Connection) -> float | None:
            _make(db, account)
            query = f"SELECT max(at) AS at FROM looked WHERE {MINE}"  # noqa: S608
            row = db.execute(query, (account,)).fetchone()
            db.execute("INSERT OR REPLACE INTO looked VALUES (?, ?)", (account, at))
            return None if row["at"] is None else float(row["at"])

        return await self._file.write(write)


def _make(db: sqlite3.Connection, account: str) -> None:
    for statement in _TABLES:
        db.execute(statement)
    know(db, account)


def _untold(db: sqlite3.Connection, account: str) -> list[FleetChange]:
    """Take what nobody has been told, the oldest first, and of very much the newest."""
    mine = f"id IN untold AND {MINE}"
    query = f"SELECT *, 0 AS ours FROM changes WHERE {mine} ORDER BY id DESC LIMIT ?"  # noqa: S608
    found = [_change(row) for row in db.execute(query, (account, MOST))]
    db.execute(f"DELETE FROM untold WHERE id IN (SELECT id FROM changes WHERE {mine})", (account,))  # noqa: S608
    return found[::-1]


def _known(db: sqlite3.Connection, account: str, change: FleetChange) -> bool:
    """Whether it has been recorded: what happens to a snapshot happens once."""
    if change.of_account:
        return change.kind is _of_account(db, account)
    snapshot = None if change.snapshot_id is None else to_key(change.snapshot_id)
    found = db.execute(
        f"SELECT 1 FROM changes WHERE {MINE} AND server_id = ? AND kind = ? "  # noqa: S608
        "AND snapshot_id IS ? AND (snapshot_id IS NOT NULL OR at > ?)",
        (account, to_key(change.server_id), change.kind.value, snapshot, change.at - _AGAIN),
    )
    return found.fetchone() is not None


def _of_account(db: sqlite3.Connection, account: str) -> Happened:
    """What was recorded last of the token; to begin with all is well."""
    query = f"SELECT kind FROM changes WHERE {MINE} AND server_id = ? ORDER BY id DESC"  # noqa: S608
    row = db.execute(query, (account, to_key(""))).fetchone()
    return Happened.RECOVERED if row is None else Happened(row["kind"])


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


def _change(row: sqlite3.Row) -> FleetChange:
    return FleetChange(
        kind=Happened(row["kind"]),
        server_id=from_key(row["server_id"]),
        server_name=row["server_name"],
        snapshot_id=None if row["snapshot_id"] is None else from_key(row["snapshot_id"]),
        snapshot_name=row["snapshot_name"],
        at=row["at"],
        since=row["since"],
        made_at=row["made_at"],
        ours=bool(row["ours"]),
    )
