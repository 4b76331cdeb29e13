"""Plans in the journal's file: on disk before the first step, and of one process at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from tui.fleet.journal.journal import Also, Journal
from tui.fleet.journal.process_locks import Sessions
from tui.fleet.journal.reading import MINE, know
from tui.fleet.journal.rows import from_key, storable, to_key, to_operation
from tui.fleet.journal.writing import first_number
from tui.fleet.operation import Kind, Operation, State
from tui.fleet.plan import Plan, PlanKind, Step
from tui.vps.models import Snapshot

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")
log = logging.getLogger(__name__)

KEPT: Final = 2_000
"""Ended plans that are kept."""
_COLUMNS: Final = ("name", "account", "user", "origin", "asked_at", "ended_at", "words")


class PlanTaken(Exception):
    """A step is not begun: another process is at the plan, has sent the step, or ended it."""

    def __init__(self) -> None:
        super().__init__("the plan has ended, or another session works on it")


class PlanBook:
    """The plans in one journal. All methods raise JournalUnavailable."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def begin(self, plan: Plan) -> Plan:
        """Record a plan with all its steps, owned by this process, and give it its id."""

        def write(db: sqlite3.Connection, sessions: Sessions) -> int:
            number = _insert(db, plan, sessions.claim(), negative=self._journal.in_memory)
            db.execute(
                "DELETE FROM plans WHERE ended_at IS NOT NULL AND id NOT IN "
                "(SELECT id FROM plans ORDER BY asked_at DESC LIMIT ?)",
                (KEPT,),
            )
            return number

        number = await self._journal.perform(write)
        begun = await self.get(number)
        if begun is None:
            raise RuntimeError("a plan that was recorded is not there")
        return begun

    def link(self, plan_id: int, number: int) -> Also:
        """What makes a step the operation that is begun in the same transaction.

        Raises PlanTaken there where the step is not ours to begin; then neither is recorded.
        """

        def write(db: sqlite3.Connection, operation: Operation) -> None:
            cursor = db.execute(
                "UPDATE plan_steps SET operation = ? WHERE plan = ? AND number = ? AND words = '' "
                "AND (operation IS NULL OR operation IN "
                "(SELECT id FROM operations WHERE state = ?)) AND EXISTS (SELECT 1 FROM plans "
                "WHERE id = plan AND ended_at IS NULL AND owner = ?)",
                (operation.id, plan_id, number, State.NEVER_SENT.value, self._journal.owner),
            )
            if not cursor.rowcount:
                raise PlanTaken

        return write

    async def settle_step(
        self, plan_id: int, number: int, words: str, *, release: bool = False
    ) -> None:
        """Record why a step is not done; with `release` it can be sent again instead."""

        def write(db: sqlite3.Connection, _: Sessions) -> None:
            sets = "operation = NULL" if release else "words = ?"
            values = () if release else (storable(words),)
            db.execute(
                f"UPDATE plan_steps SET {sets} WHERE plan = ? AND number = ?",  # noqa: S608
                (*values, plan_id, number),
            )

        await self._journal.perform(write)

    async def claim(self, plan_id: int) -> bool:
        """Take over a plan that nobody is at; False where somebody is, or it has ended."""

        def write(db: sqlite3.Connection, sessions: Sessions) -> bool:
            row = db.execute("SELECT owner FROM plans WHERE id = ?", (plan_id,)).fetchone()
            owner = row["owner"] if row is not None else ""
            if row is None or sessions.elsewhere(owner):
                return False
            cursor = db.execute(
                "UPDATE plans SET owner = ?, words = '' "
                "WHERE id = ? AND owner = ? AND ended_at IS NULL",
                (sessions.claim(), plan_id, owner),
            )
            return bool(cursor.rowcount)

        return await self._journal.perform(write)

    async def leave(self, plan_id: int, words: str) -> None:
        """Let go of a plan of ours; `words` say why it stops."""

        def write(db: sqlite3.Connection, sessions: Sessions) -> None:
            db.execute(
                "UPDATE plans SET owner = '', words = ? WHERE id = ? AND owner = ? "
                "AND ended_at IS NULL",
                (storable(words), plan_id, sessions.name),
            )

        await self._journal.perform(write)

    async def end(self, plan_id: int, at: float, words: str, unsent: Iterable[int] = ()) -> None:
        """End a plan, whoever is at it; of the steps `unsent`, none is sent any more."""

        def write(db: sqlite3.Connection, _: Sessions) -> None:
            db.execute(
                "UPDATE plans SET ended_at = ?, words = ?, owner = '' "
                "WHERE id = ? AND ended_at IS NULL",
                (at, storable(words), plan_id),
            )
            db.executemany(
                "UPDATE plan_steps SET words = ? WHERE plan = ? AND number = ? AND words = '' "
                "AND (operation IS NULL OR operation IN "
                "(SELECT id FROM operations WHERE state = 'never sent'))",
                [(storable(words), plan_id, number) for number in unsent],
            )

        await self._journal.perform(write)

    async def get(self, plan_id: int) -> Plan | None:
        """One plan, with what became of its steps."""
        found = await self._read("id = ?", (plan_id,))
        return found[0] if found else None

    async def open(self, account: str) -> Sequence[Plan]:
        """The plans of an account that have not ended, oldest first."""
        return await self._read(f"{MINE} AND ended_at IS NULL ORDER BY asked_at", (account,))

    async def history(self, account: str, limit: int, since: float = 0.0) -> Sequence[Plan]:
        """The newest plans of an account first, of those that have not ended before `since`."""
        where = f"{MINE} AND (ended_at IS NULL OR ended_at >= ?) ORDER BY asked_at DESC, id DESC"
        return await self._read(f"{where} LIMIT ?", (account, since, limit))

    async def _read(self, where: str, values: tuple[object, ...]) -> Sequence[Plan]:
        def read(db: sqlite3.Connection, sessions: Sessions) -> Sequence[Plan]:
            rows = db.execute(f"SELECT * FROM plans WHERE {where}", values).fetchall()  # noqa: S608
            return [plan for row in rows if (plan := _plan(db, row, sessions)) is not None]

        return await self._journal.perform(read)


def _insert(db: sqlite3.Connection, plan: Plan, owner: str, *, negative: bool) -> int:
    number = first_number(db, "plans")
    if negative:
        number = (db.execute("SELECT min(id) FROM plans").fetchone()[0] or 0) - 1
    values = {name: storable(getattr(plan, name)) for name in _COLUMNS}
    values |= {"id": number, "kind": plan.kind.value, "owner": owner}
    names, slots = ", ".join(values), ", ".join(f":{name}" for name in values)
    know(db, plan.account)
    cursor = db.execute(f"INSERT INTO plans ({names}) VALUES ({slots})", values)  # noqa: S608
    made = int(cursor.lastrowid or 0)
    db.executemany(
        "INSERT INTO plan_steps VALUES (:plan, :number, :kind, :server_id, :server_name, :name, "
        ":description, :target, :needs, :operation, :words)",
        [{"plan": made, **_step_row(step)} for step in plan.steps],
    )
    return made


def _step_row(step: Step) -> dict[str, Any]:
    target = None if step.target is None else msgspec.json.encode(step.target).decode()
    values = {
        "number": step.number,
        "kind": step.kind.value,
        "server_id": to_key(step.server_id),
        "server_name": step.server_name,
        "name": step.name,
        "description": step.description,
        "target": target,
        "needs": step.needs,
        "operation": step.operation,
        "words": step.words,
    }
    return {name: storable(value) for name, value in values.items()}


def _plan(db: sqlite3.Connection, row: sqlite3.Row, sessions: Sessions) -> Plan | None:
    """The plan in a row; None where it cannot be read, which spoils no other."""
    owner = row["owner"]
    try:
        return Plan(
            id=row["id"],
            kind=PlanKind(row["kind"]),
            steps=tuple(_steps(db, row["id"])),
            owned=sessions.alive(owner),
            ours=owner == sessions.name,
            **{name: row[name] for name in _COLUMNS},
        )
    except (ValueError, TypeError) as error:
        log.warning("plan %s cannot be read: %s", row["id"], type(error).__name__)
        return None


def _steps(db: sqlite3.Connection, plan_id: int) -> Iterable[Step]:
    operations = {
        found["id"]: to_operation(found)
        for found in db.execute(
            "SELECT * FROM operations WHERE id IN "
            "(SELECT operation FROM plan_steps WHERE plan = ?)",
            (plan_id,),
        )
    }
    for row in db.execute("SELECT * FROM plan_steps WHERE plan = ? ORDER BY number", (plan_id,)):
        target = row["target"]
        yield Step(
            number=row["number"],
            kind=Kind(row["kind"]),
            server_id=from_key(row["server_id"]),
            server_name=row["server_name"],
            name=row["name"],
            description=row["description"],
            target=None if target is None else msgspec.json.decode(target, type=Snapshot),
            needs=row["needs"],
            operation=row["operation"],
            words=row["words"],
            became=operations.get(row["operation"]),
        )
