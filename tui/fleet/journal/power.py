"""Servers that ran and are stopped for a snapshot or a restore: the start is not forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from tui.fleet.journal import writing
from tui.fleet.journal.journal import Also, Journal
from tui.fleet.journal.process_locks import Sessions
from tui.fleet.journal.reading import MINE, know
from tui.fleet.journal.rows import from_key, storable, to_key
from tui.fleet.operation import Operation
from tui.fleet.power import PowerNote, Stage
from tui.vps.models import Key

if TYPE_CHECKING:
    import sqlite3

KEPT: Final = 2_000
"""Notes that are kept."""
_TABLES: Final = (
    # Made where they are missing, without a new format: an older ciplun can use the file as well.
    """CREATE TABLE IF NOT EXISTS power (
        id INTEGER PRIMARY KEY,
        account TEXT NOT NULL,
        server_id TEXT NOT NULL,
        server_name TEXT NOT NULL,
        stage TEXT NOT NULL,
        operation INTEGER,
        asked_at REAL NOT NULL,
        ended_at REAL,
        words TEXT NOT NULL,
        owner TEXT NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS power_of ON power (account, server_id)",
)


class PowerTaken(Exception):
    """Somebody else is at this server's power."""


class PowerBook:
    """The notes of the account that has this name now. All methods raise JournalUnavailable."""

    def __init__(self, journal: Journal, account: Callable[[], str]) -> None:
        self._journal = journal
        self._account = account

    async def begin(self, note: PowerNote, intent: Operation) -> PowerNote:
        """Record what is about to be done to a server for what is intended then.

        Raises PowerTaken, and Clash and MemoryLost where that would be refused: nothing is
        stopped in vain, or in the midst of a restore. What nobody is at any more is taken over.
        """
        account, now = self._account(), self._journal.file.moments.at()

        def write(db: sqlite3.Connection, sessions: Sessions) -> int:
            writing.refuse(db, intent, now)
            left = _open_row(db, account, note.server_id)
            if left is None:
                return _insert(db, account, note, sessions.claim())
            if sessions.alive(str(left["owner"])):
                raise PowerTaken(f"{note.server_name} is being stopped or started already")
            db.execute(
                "UPDATE power SET stage = ?, operation = NULL, asked_at = ?, words = '', owner = ? "
                "WHERE id = ?",
                (note.stage.value, note.asked_at, sessions.claim(), left["id"]),
            )
            return int(left["id"])

        number = await self._journal.perform(write)
        return PowerNote(note.server_id, note.server_name, note.stage, note.asked_at, number)

    def link(self, note_id: int, stage: Stage, also: Also | None = None) -> Also:
        """What makes an operation that of a note, in the transaction that begins it; and `also`."""

        def write(db: sqlite3.Connection, operation: Operation) -> None:
            db.execute(
                "UPDATE power SET operation = ?, stage = ? WHERE id = ?",
                (operation.id, stage.value, note_id),
            )
            if also is not None:
                also(db, operation)

        return write

    async def step(self, note_id: int, stage: Stage, words: str = "") -> None:
        """Record how far it has got."""
        await self._change("stage = ?, words = ?", (stage.value, storable(words)), note_id)

    async def end(self, note_id: int, at: float, words: str) -> None:
        """Nothing more is to be done for it."""
        await self._change("ended_at = ?, words = ?", (at, storable(words)), note_id)

    async def leave(self, note_id: int, words: str) -> None:
        """Let go of it as it stands: another process can go on."""
        await self._change("owner = '', words = ?", (storable(words),), note_id)

    async def _change(self, sets: str, values: tuple[object, ...], note_id: int) -> None:
        def write(db: sqlite3.Connection, _: Sessions) -> None:
            _make(db)
            db.execute(f"UPDATE power SET {sets} WHERE id = ?", (*values, note_id))  # noqa: S608

        await self._journal.perform(write)

    async def claim(self, note_id: int) -> bool:
        """Take over what nobody is at; False where somebody is, or it has ended."""

        def write(db: sqlite3.Connection, sessions: Sessions) -> bool:
            _make(db)
            row = db.execute("SELECT * FROM power WHERE id = ?", (note_id,)).fetchone()
            if row is None or row["ended_at"] is not None:
                return False
            if sessions.elsewhere(row["owner"]):
                return False
            db.execute("UPDATE power SET owner = ? WHERE id = ?", (sessions.claim(), note_id))
            return True

        return await self._journal.perform(write)

    async def open(self) -> Sequence[PowerNote]:
        """What is not ended, oldest first."""
        account = self._account()

        def read(db: sqlite3.Connection, sessions: Sessions) -> Sequence[PowerNote]:
            _make(db)
            rows = db.execute(
                f"SELECT * FROM power WHERE {MINE} AND ended_at IS NULL ORDER BY id",  # noqa: S608
                (account,),
            )
            return [note for row in rows if (note := _note(row, sessions)) is not None]

        return await self._journal.perform(read)


def beside(account: str, note: PowerNote) -> Also:
    """What records a note in the transaction that begins its operation."""

    def write(db: sqlite3.Connection, operation: Operation) -> None:
        if _open_row(db, account, note.server_id) is None:
            number = _insert(db, account, note, "")
            db.execute("UPDATE power SET operation = ? WHERE id = ?", (operation.id, number))

    return write


def _open_row(db: sqlite3.Connection, account: str, server_id: Key) -> sqlite3.Row | None:
    _make(db)
    found = db.execute(
        f"SELECT id, owner FROM power WHERE {MINE} AND server_id = ? "  # noqa: S608
        "AND ended_at IS NULL",
        (account, to_key(server_id)),
    )
    row: sqlite3.Row | None = found.fetchone()
    return row


def _insert(db: sqlite3.Connection, account: str, note: PowerNote, owner: str) -> int:
    know(db, account)
    cursor = db.execute(
        "INSERT INTO power (id, account, server_id, server_name, stage, asked_at, words, owner) "
        "VALUES (?, ?, ?, ?, ?, ?, '', ?)",
        (
            writing.first_number(db, "power"),
            account,
            to_key(note.server_id),
            storable(note.server_name),
            note.stage.value,
            note.asked_at,
            owner,
        ),
    )
    db.execute(
        "DELETE FROM power WHERE ended_at IS NOT NULL AND id <= (SELECT max(id) FROM power) - ?",
        (KEPT,),
    )
    return int(cursor.lastrowid or 0)


def _make(db: sqlite3.Connection) -> None:
    for statement in _TABLES:
        db.execute(statement)


def _note(row: sqlite3.Row, sessions: Sessions) -> PowerNote | None:
    """The note in a row; None where it cannot be read, which spoils no other."""
    try:
        return PowerNote(
            server_id=from_key(row["server_id"]),
            server_name=str(row["server_name"]),
            stage=Stage(row["stage"]),
            asked_at=float(row["asked_at"]),
            id=row["id"],
            operation=row["operation"],
            words=str(row["words"]),
            owned=sessions.alive(str(row["owner"])),
        )
    except (ValueError, TypeError):
        return None
