"""When each policy was carried out last on this machine: whether it still runs.

A run is a command without trouble for all servers of the policy. What somebody has deleted by it
in the dashboard, or on some of its servers, is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from tui.fleet.journal.file import JournalFile
from tui.fleet.journal.reading import MINE, know
from tui.fleet.journal.rows import storable

if TYPE_CHECKING:
    import sqlite3

_TABLE: Final = (
    # Made where it is missing, without a new format: an older ciplun can use the file as well.
    """CREATE TABLE IF NOT EXISTS policy_runs (
        account TEXT NOT NULL,
        policy TEXT NOT NULL,
        kind TEXT NOT NULL,
        at REAL NOT NULL,
        max_age REAL,
        PRIMARY KEY (account, policy, kind)
    )"""
)
RunKind = Literal["ensure", "prune"]
KINDS: Final[tuple[RunKind, ...]] = ("ensure", "prune")


class PolicyRun(NamedTuple):
    """A run that ended well `at`, in seconds since 1970; `max_age`: what it took for fresh."""

    policy: str
    kind: RunKind
    at: float
    max_age: float | None = None


Runs = Mapping[tuple[str, RunKind], PolicyRun]
"""The last run of each policy and kind."""


class RunBook:
    """The runs of one account, whatever names it has had. All methods raise JournalUnavailable."""

    def __init__(self, file: JournalFile, account: Callable[[], str]) -> None:
        self._file = file
        self._account = account

    async def record(self, *runs: PolicyRun) -> None:
        """Keep these in place of the ones before."""
        account = storable(self._account())

        def write(db: sqlite3.Connection) -> None:
            _make(db, account)
            db.executemany(
                "INSERT OR REPLACE INTO policy_runs VALUES (?, ?, ?, ?, ?)",
                [(account, storable(r.policy), r.kind, r.at, r.max_age) for r in runs],
            )

        await self._file.write(write)

    async def last(self) -> Runs:
        """The last of each."""
        account = storable(self._account())

        def read(db: sqlite3.Connection) -> Runs:
            _make(db, account)
            query = f"SELECT * FROM policy_runs WHERE {MINE}"  # noqa: S608
            rows = db.execute(query, (account,)).fetchall()
            return _newest(
                PolicyRun(row["policy"], row["kind"], row["at"], row["max_age"]) for row in rows
            )

        return await self._file.write(read)


def _newest(runs: Iterable[PolicyRun]) -> Runs:
    """Of each the last: an account that has had several names has a row for each of them."""
    return {(run.policy, run.kind): run for run in sorted(runs, key=lambda run: run.at)}


def _make(db: sqlite3.Connection, account: str) -> None:
    db.execute(_TABLE)
    know(db, account)
