"""What is written to the journal's tables, in its thread and in one transaction each."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from tui.fleet.clock import Moment
from tui.fleet.journal import gaps
from tui.fleet.journal.file import JournalUnavailable
from tui.fleet.journal.reading import MINE, OPEN_STATES, PENDING_STATES, know, rows
from tui.fleet.journal.rows import from_gathered, to_key, to_operation, to_row
from tui.fleet.operation import OPEN, Certainty, Gathered, Operation, may_follow

if TYPE_CHECKING:
    import sqlite3


class Clash(Exception):
    """Another operation is open on the same server, or keeps it for `seconds` more."""

    def __init__(self, operation: Operation, seconds: float = 0.0) -> None:
        super().__init__(operation.id)
        self.operation = operation
        self.seconds = seconds


class MemoryLost(JournalUnavailable):
    """The record of what was sent before is lost, and it may still be going on."""


def refuse_lost(db: sqlite3.Connection, now: Moment) -> None:
    """Raise MemoryLost where something may be going on of which nothing is known any more."""
    if found := gaps.newest_held(db, now):
        gap, left = found
        words = f"The record of earlier operations was lost: {gap.words}."
        goes_on = f"What was sent before may still go on for {math.ceil(left / 60)} min."
        raise MemoryLost(gap.words, f"{words} {goes_on}")


def refuse_kept(db: sqlite3.Connection, operation: Operation, now: Moment) -> None:
    """Raise Clash where one that has ended without proof still keeps the server."""
    where = (
        f"{MINE} AND server_id = ? AND freed = 0 AND state NOT IN ({PENDING_STATES}) "
        "AND certainty <> ? ORDER BY id DESC LIMIT 20"
    )
    values = (operation.account, to_key(operation.server_id), Certainty.PROVED.value)
    for row in rows(db, now, where, values):
        begun = row.gathered.begun
        if begun is None or may_follow(operation.kind, operation.snapshot_id, row.operation):
            continue
        if left := row.operation.keeps(now.since(begun)):
            raise Clash(row.operation, left)


def refuse(db: sqlite3.Connection, intent: Operation, now: Moment) -> None:
    """Raise MemoryLost or Clash where nothing may be sent to the intent's server now."""
    refuse_lost(db, now)
    _refuse_open(db, intent, now)
    refuse_kept(db, intent, now)


def first_number(
    db: sqlite3.Connection, table: Literal["operations", "plans", "power"]
) -> int | None:
    """The number of the first row of a table, None where there are others.

    It is not 1: the numbers of a lost journal, which may be at work still, never come again.
    """
    found = db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()  # noqa: S608
    return None if found else int(time.time() * 1000)


def begin(
    db: sqlite3.Connection, operation: Operation, owner: str, now: Moment, *, in_memory: bool
) -> Operation:
    """Record an intent and give it its id. Raises Clash."""
    know(db, operation.account)
    _refuse_open(db, operation, now)
    number: int | None = None
    if in_memory:
        least = db.execute("SELECT min(id) FROM operations").fetchone()[0]
        number = (least or 0) - 1
    else:
        number = first_number(db, "operations")
    number = _insert(db, {**to_row(operation), "id": number, "owner": owner})
    begun = replace(operation, id=number)
    _note(db, begun, operation.asked_at)
    return begun


def step(
    db: sqlite3.Connection,
    old: Operation,
    new: Operation,
    at: float,
    *,
    gathered: Gathered | None,
    owner: str,
    now: Moment,
) -> Operation:
    """Take a step unless another process was quicker. Raises Clash."""
    values = to_row(new)
    if gathered is not None:
        values |= from_gathered(gathered)
    if new.state in OPEN and old.state not in OPEN:
        _refuse_open(db, new, now)
    names = ", ".join(f"{name} = :{name}" for name in values if name != "id")
    cursor = db.execute(
        f"UPDATE operations SET {names} WHERE id = :id AND state = :old",  # noqa: S608
        {**values, "old": old.state.value},
    )
    if not cursor.rowcount:
        row = db.execute("SELECT * FROM operations WHERE id = ?", (new.id,)).fetchone()
        if row is not None:
            return to_operation(row)
        with suppress(Clash):  # the file it was in is lost
            if new.open:
                _refuse_open(db, new, now)
            _insert(db, {**values, "owner": owner})
    if (old.state, old.words) != (new.state, new.words):
        _note(db, new, at)
    return new


def _refuse_open(db: sqlite3.Connection, operation: Operation, now: Moment) -> None:
    """Raise Clash where another operation is open on the same server."""
    where = f"{MINE} AND server_id = ? AND state IN ({OPEN_STATES}) AND id <> ?"
    key = to_key(operation.server_id)
    for row in rows(db, now, where, (operation.account, key, operation.id)):
        raise Clash(row.operation)


def _insert(db: sqlite3.Connection, values: Mapping[str, Any]) -> int:
    values = {**from_gathered(Gathered()), **values}
    names = ", ".join(values)
    slots = ", ".join(f":{name}" for name in values)
    cursor = db.execute(f"INSERT INTO operations ({names}) VALUES ({slots})", values)  # noqa: S608
    return int(cursor.lastrowid or 0)


def _note(db: sqlite3.Connection, operation: Operation, at: float) -> None:
    db.execute(
        "INSERT INTO steps (operation, at, state, words) VALUES (?, ?, ?, ?)",
        (operation.id, at, operation.state.value, operation.words),
    )
