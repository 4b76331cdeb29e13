"""What the journal no longer knows: files that were damaged or went, and rows that mean nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tui.config.paths import open_private
from tui.fleet.clock import Moment

if TYPE_CHECKING:
    import sqlite3

HELD: Final = 900.0
"""Seconds after a loss for which something that was sent before may still be going on: the longest
that the provider publishes."""
_ROW: Final = "a record could not be read and was set aside"


class Gap(msgspec.Struct, frozen=True):
    """One loss: `at` in seconds since 1970, and a clause that says what is lost."""

    at: float
    words: str


def marker(path: Path) -> Path:
    """What tells, beside a journal, that there was one: its removal by hand is noticed.

    Its name begins otherwise: who removes ``journal.sqlite3*`` does not remove it as well.
    """
    return path.with_name(f"began.{path.name}")


def leave_marker(path: Path) -> None:
    """Note that there is a journal now. Raises OSError."""
    here = marker(path)
    if not here.exists():
        descriptor = open_private(here, os.O_WRONLY)
        with os.fdopen(descriptor, "w") as file:
            file.write("The operations journal was begun. If it is gone, ciplun says so.\n")


def record(db: sqlite3.Connection, now: Moment, words: str, *, held: bool) -> None:
    """Note a loss; `held`: what is lost may still be going on."""
    row = (now.wall, now.boot, now.monotonic, words, held)
    db.execute("INSERT INTO gaps VALUES (?, ?, ?, ?, ?)", row)


def newest_held(db: sqlite3.Connection, now: Moment) -> tuple[Gap, float] | None:
    """The newest loss of what may still be going on, and the seconds for which it may."""
    row = db.execute("SELECT * FROM gaps WHERE held ORDER BY rowid DESC LIMIT 1").fetchone()
    if row is None:
        return None
    left = HELD - now.since(Moment(row["boot"], row["monotonic"], row["at"]))
    return (Gap(row["at"], row["words"]), left) if left > 0 else None


def all_gaps(db: sqlite3.Connection) -> list[Gap]:
    """Every loss, oldest first."""
    rows = db.execute("SELECT at, words FROM gaps ORDER BY rowid")
    return [Gap(row["at"], row["words"]) for row in rows]


def set_row_aside(db: sqlite3.Connection, row: sqlite3.Row, now: Moment, *, held: bool) -> None:
    """Move a row that means nothing out of the way; what is in it is kept."""
    content = json.dumps({name: row[name] for name in row.keys()}, default=repr)  # noqa: SIM118
    db.execute("INSERT INTO odd_rows VALUES (?, ?)", (now.wall, content))
    db.execute("DELETE FROM operations WHERE id = ?", (row["id"],))
    record(db, now, _ROW, held=held)
