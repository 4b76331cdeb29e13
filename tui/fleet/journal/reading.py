"""What is read from the journal's tables, in its thread; an odd row hides no other."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from tui.fleet.clock import Moment
from tui.fleet.journal.gaps import set_row_aside
from tui.fleet.journal.rows import OddRow, from_key, to_gathered, to_operation
from tui.fleet.operation import OPEN, PENDING, Gathered, Operation, State
from tui.vps.models import Key

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger(__name__)


def quoted(states: Iterable[State]) -> str:
    """States as a list for SQL."""
    return ", ".join(f"'{state.value}'" for state in sorted(states, key=lambda s: s.value))


OPEN_STATES: Final = quoted(OPEN)
PENDING_STATES: Final = quoted(PENDING)
_ENDS: Final = frozenset(state.value for state in set(State) - PENDING)
MINE: Final = (
    "account IN (SELECT name FROM names WHERE identity = "
    "(SELECT identity FROM names WHERE name = ?))"
)
"""A condition: of the account that has this name, under whichever of its names."""


class Row(msgspec.Struct, frozen=True):
    """An operation with what was gathered on it, and the process that began it."""

    operation: Operation
    gathered: Gathered
    owner: str


def rows(
    db: sqlite3.Connection, now: Moment, where: str, values: Sequence[object]
) -> Sequence[Row]:
    """The operations for which `where` holds; rows that mean nothing are set aside."""
    query = f"SELECT * FROM operations WHERE {where}"  # noqa: S608
    found = []
    for row in db.execute(query, values).fetchall():
        try:
            found.append(Row(to_operation(row), to_gathered(row), str(row["owner"])))
        except OddRow as error:
            log.warning("a record is set aside: %s", error)
            set_row_aside(db, row, now, held=row["state"] not in _ENDS)
    return found


def keys(db: sqlite3.Connection, query: str, values: Sequence[object]) -> frozenset[Key]:
    """The ids that a query gives, without those that are none."""
    found: set[Key] = set()
    for (text,) in db.execute(query, values):
        with suppress(ValueError, TypeError):
            key = from_key(text)
            if isinstance(key, int | str):
                found.add(key)
    return frozenset(found)


def names_of(db: sqlite3.Connection, name: str) -> frozenset[str]:
    """All names of an account."""
    query = (
        "SELECT name FROM names WHERE identity = (SELECT identity FROM names WHERE name = ?) "
        "UNION SELECT ?"
    )
    return frozenset(row["name"] for row in db.execute(query, (name, name)))


def know(db: sqlite3.Connection, name: str) -> None:
    """Have an account's name in the table, without which `MINE` holds for none of its rows."""
    db.execute("INSERT OR IGNORE INTO names VALUES (?, ?)", (name, name))


def learn(db: sqlite3.Connection, names: Sequence[str], former: str = "") -> None:
    """Take it that all `names` are of one account.

    A `former` name that records may have is one of them unless it is another account's.
    """
    for name in names:
        know(db, name)
    slots = ", ".join("?" * len(names))
    query = f"SELECT DISTINCT identity FROM names WHERE name IN ({slots})"  # noqa: S608
    known = [row["identity"] for row in db.execute(query, names)]
    for other in known[1:]:
        db.execute("UPDATE names SET identity = ? WHERE identity = ?", (known[0], other))
    db.execute(
        "UPDATE names SET identity = ? WHERE name = ? AND identity = name AND NOT EXISTS "
        "(SELECT 1 FROM names AS other WHERE other.identity = names.name "
        "AND other.name <> names.name)",
        (known[0], former),
    )
