"""The journal's file: how it is opened, what is in it, and what happens to a damaged one."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.config import paths
from tui.fleet.clock import Moment
from tui.fleet.journal.gaps import leave_marker, marker, record

if TYPE_CHECKING:
    import sqlite3

VERSION: Final = 7
_NETWORK: Final = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs")

_SCHEMA: Final = """
CREATE TABLE operations (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    account TEXT NOT NULL,
    server_id TEXT NOT NULL,
    server_name TEXT NOT NULL,
    snapshot_id TEXT,
    snapshot_name TEXT NOT NULL,
    description TEXT NOT NULL,
    user TEXT NOT NULL,
    origin TEXT NOT NULL,
    asked_at REAL NOT NULL,
    accepted_at REAL,
    ended_at REAL,
    words TEXT NOT NULL,
    overdue INTEGER NOT NULL,
    seen_busy INTEGER NOT NULL,
    owner TEXT NOT NULL,
    seen TEXT NOT NULL
);
CREATE UNIQUE INDEX one_open_operation_for_each_server
    ON operations (account, server_id) WHERE state IN ({open_states});
CREATE INDEX newest ON operations (asked_at);
CREATE TABLE steps (
    operation INTEGER NOT NULL REFERENCES operations (id) ON DELETE CASCADE,
    at REAL NOT NULL,
    state TEXT NOT NULL,
    words TEXT NOT NULL
);
CREATE INDEX steps_of ON steps (operation);
"""
_SINCE_2: Final = """
ALTER TABLE operations ADD COLUMN took REAL;
CREATE TABLE protected (
    account TEXT NOT NULL,
    snapshot_id TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (account, snapshot_id)
);
"""
_SINCE_3: Final = """
ALTER TABLE operations ADD COLUMN certainty TEXT;
ALTER TABLE operations ADD COLUMN evidence TEXT NOT NULL DEFAULT '';
"""
_SINCE_4: Final = """
CREATE TABLE plans (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    account TEXT NOT NULL,
    user TEXT NOT NULL,
    origin TEXT NOT NULL,
    asked_at REAL NOT NULL,
    ended_at REAL,
    words TEXT NOT NULL,
    owner TEXT NOT NULL
);
CREATE INDEX plans_of ON plans (account, asked_at);
CREATE TABLE plan_steps (
    plan INTEGER NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    server_id TEXT NOT NULL,
    server_name TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    target TEXT,
    needs INTEGER,
    operation INTEGER,
    words TEXT NOT NULL,
    PRIMARY KEY (plan, number)
);
"""
_SINCE_5: Final = """
ALTER TABLE operations ADD COLUMN freed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE operations ADD COLUMN gathered TEXT NOT NULL DEFAULT '{{}}';
CREATE INDEX of_server ON operations (server_id, id);
"""
_SINCE_6: Final = """
CREATE TABLE gaps (
    at REAL NOT NULL,
    boot TEXT NOT NULL,
    monotonic REAL NOT NULL,
    words TEXT NOT NULL,
    held INTEGER NOT NULL
);
CREATE TABLE odd_rows (at REAL NOT NULL, content TEXT NOT NULL);
CREATE TABLE names (name TEXT PRIMARY KEY, identity TEXT NOT NULL);
INSERT OR IGNORE INTO names SELECT account, account FROM operations;
INSERT OR IGNORE INTO names SELECT account, account FROM protected;
INSERT OR IGNORE INTO names SELECT account, account FROM plans;
"""
_SINCE_7: Final = "CREATE INDEX ended ON operations (ended_at)"
_STEPS: Final = (_SCHEMA, _SINCE_2, _SINCE_3, _SINCE_4, _SINCE_5, _SINCE_6, _SINCE_7)
"""What takes a file from each format to the next; a new file takes them all."""
_PRUNE: Final = """
DELETE FROM operations WHERE state NOT IN ({pending_states}) AND id <= (
    SELECT id FROM operations ORDER BY id DESC LIMIT 1 OFFSET {kept})
"""


class NoFile(Exception):
    """The file cannot be made or is of a newer ciplun; a phrase that says which."""


Mark = tuple[int, int] | None
"""Which file a name stands for: its device and number; None where there is none."""


def mark(path: Path | None) -> Mark:
    """The file that has this name now."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None


def connect(
    path: Path | None,
    open_states: str,
    pending_states: str,
    kept: int,
    now: Moment,
    lost: str,
    *,
    patience: float,
) -> tuple[sqlite3.Connection, Mark]:
    """Open the journal, made, migrated and pruned; in memory without a path. Raises NoFile.

    One that has to be made though there was one already is a loss, noted as of `now`; `lost` is
    what is known to have happened to it. Another process that is writing is waited for `patience`
    seconds.
    """
    import sqlite3

    if path is not None:
        _make_private(path)
    opened = mark(path)
    db = sqlite3.connect(path or ":memory:", timeout=patience, check_same_thread=False)
    try:
        db.row_factory = sqlite3.Row
        db.text_factory = _text
        db.execute("PRAGMA foreign_keys = ON")
        if path is not None:
            db.execute(f"PRAGMA journal_mode = {'DELETE' if _on_network(path) else 'WAL'}")
            db.execute("PRAGMA synchronous = FULL")
        was_there = path is not None and marker(path).exists()
        made = _migrate(db, open_states)
        with db:
            if lost or (made and was_there):
                record(db, now, lost or "the journal's file was gone", held=True)
            db.execute(_PRUNE.format(pending_states=pending_states, kept=kept))
        if path is not None:
            with contextlib.suppress(OSError):
                leave_marker(path)
    except BaseException:
        db.close()
        raise
    return db, opened


def _text(data: bytes) -> str:
    """Text as it should be, of a file in which something else stands."""
    return data.decode("utf-8", "replace")


def _migrate(db: sqlite3.Connection, open_states: str) -> bool:
    """Bring the schema up to date; two processes may try at once, and one of them will.

    Returns whether there was none at all.
    """
    db.execute("BEGIN IMMEDIATE")
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found > VERSION:
        db.rollback()
        raise NoFile(f"the journal was written by a newer ciplun (format {found})")
    if found < VERSION:
        for step in _STEPS[found:]:
            for statement in step.format(open_states=open_states).split(";"):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {VERSION}")
    db.commit()
    return not found


def _make_private(path: Path) -> None:
    try:
        paths.private_folder(path.parent)
        os.close(paths.open_private(path, os.O_RDWR))
    except OSError as error:
        raise NoFile(paths.trouble(path, error)) from error


def _on_network(path: Path) -> bool:
    """Whether the file lies where shared memory, which WAL needs, cannot be trusted."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    best, kind = "", ""
    real = str(path.parent.resolve())
    for line in mounts.splitlines():
        _, point, found, *_ = line.split(" ")
        if (real == point or real.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, found
    return kind in _NETWORK


def set_aside(path: Path, now: float) -> Path:
    """Rename a damaged journal, never delete it. Returns its new path."""
    name = stem = f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}"
    kept, again = path.with_name(name), 1
    while kept.exists():
        again += 1
        name = f"{stem}-{again}"
        kept = path.with_name(name)
    path.replace(kept)
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).replace(kept.with_name(name + suffix))
    return kept
