"""Loss of memory fails closed: damaged, removed and odd records, and what stays protected."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.helpers.desk import Desk
from tests.helpers.journals import operation
from tui.fleet.journal.journal import Journal, JournalUnavailable, MemoryLost
from tui.fleet.journal.power import PowerBook
from tui.fleet.operation import State
from tui.fleet.plan import Standing
from tui.fleet.power import PowerNote, Stage
from tui.fleet.writes.drafts import create_plan, delete_plan
from tui.fleet.writes.operations import Refused
from tui.vps.models import Key

NAME = "journal.sqlite3"


def damage(file: Path) -> None:
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    file.write_bytes(b"this is no database" * 100)


def remove(file: Path) -> None:
    for found in file.parent.glob(f"{file.name}*"):
        found.unlink()


def empty(file: Path) -> None:
    remove(file)
    file.touch()


@pytest.mark.parametrize("lose", [damage, remove, empty])
@pytest.mark.parametrize("open_", [True, False], ids=["while open", "between sessions"])
async def test_after_a_loss_writes_need_a_word_for_fifteen_minutes(
    desk: Desk, lose: Callable[[Path], None], open_: bool
) -> None:
    target = await desk.target()
    desk.provider.fate = "lost"
    await desk.operations.restore(target)
    if not open_:
        await desk.operations.close()
    lose(desk.folder / NAME)
    later = desk.open()
    await later.start()
    desk.provider.fate = "answered"
    assert "The record of earlier operations was lost" in later.trouble
    for _ in range(2):
        with pytest.raises(MemoryLost, match="may still go on for"):
            await later.restore(target)
        await desk.provider.pass_time(440)
    assert desk.sent() == ["restore"], "not sent a second time"
    with pytest.raises(MemoryLost, match="for 1 min"):
        await later.create(desk.server(), "x")
    (gap,) = await later.journal.gaps()
    assert ("damaged" in gap.words) == (lose is damage)
    done = await later.create(
        desk.provider.server_model(desk.provider.ids[1]), "x", unjournaled=True
    )
    assert (done.state, done.id < 0) == (State.ACCEPTED, True)
    await desk.provider.pass_time(30)
    assert (await later.create(desk.server(), "y")).state is State.ACCEPTED
    assert len(await later.journal.gaps()) == 1, "it stays known that something was lost"


async def test_a_first_journal_is_no_loss(desk: Desk) -> None:
    assert await desk.operations.journal.gaps() == []
    assert not desk.operations.trouble
    await desk.operations.close()
    again = desk.open()
    await again.start()
    assert await again.journal.gaps() == []


async def test_a_folder_removed_while_it_is_open_is_a_loss(desk: Desk) -> None:
    await desk.operations.create(desk.server(), "before")
    shutil.rmtree(desk.folder)
    other = desk.provider.server_model(desk.provider.ids[1])
    with pytest.raises(MemoryLost):
        await desk.operations.create(other, "after")
    assert desk.sent() == ["create"]


@pytest.mark.parametrize("how", ["lost", "unavailable"])
async def test_a_plan_whose_record_goes_while_it_runs_says_what_was_done(
    desk: Desk, how: str
) -> None:
    targets = [await desk.target(name) for name in ("one", "two", "three")]
    delete = desk.provider.delete_snapshot

    async def deleted(key: Key) -> bool:
        if len(desk.sent()) == 1:
            remove(desk.folder / NAME)
            if how == "unavailable":
                (desk.folder / NAME).mkdir()
        return await delete(key)

    desk.provider.delete_snapshot = deleted  # type: ignore[method-assign, assignment]
    plan = await desk.plans.start(delete_plan(targets, "old ones"))
    told: list[tuple[int, Standing]] = []
    plan = await desk.plans.run(plan, lambda _, step: told.append((step.number, step.standing)))
    left = Standing.SKIPPED if how == "lost" else Standing.UNSENT
    assert [step.standing for step in plan.steps] == [Standing.DONE, Standing.DONE, left]
    assert told[:2] == [(1, Standing.DONE), (2, Standing.DONE)]
    assert (plan.open, plan.interrupted) == (how != "lost", how != "lost")
    assert ("the record of this plan is lost" in plan.words) == (how == "lost")
    assert desk.sent() == ["delete"] * 2


async def test_no_plan_has_the_number_of_one_that_was_lost(desk: Desk) -> None:
    draft = create_plan([(desk.server(), None)], "x")
    lost = await desk.plans.start(draft)
    remove(desk.folder / NAME)
    assert (await desk.plans.start(draft)).id > lost.id
    book = PowerBook(desk.operations.journal, lambda: "test")
    drafted = PowerNote(desk.server().id, "web-0", Stage.STOPPING, 0.0)
    intent = desk.operations.create_intent(desk.server(), "")
    await desk.provider.pass_time(901)
    note = await book.begin(drafted, intent)
    remove(desk.folder / NAME)
    await desk.operations.refresh()
    await desk.provider.pass_time(901)
    assert (await book.begin(drafted, intent)).id > note.id


# -- protection -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lose", [damage, remove, empty])
async def test_what_is_protected_outlives_the_journal(
    desk: Desk, lose: Callable[[Path], None]
) -> None:
    target = await desk.target()
    await desk.operations.protect(target, on=True)
    await desk.operations.close()
    lose(desk.folder / NAME)
    later = desk.open()
    await later.start()
    for unjournaled in (False, True):
        with pytest.raises(Refused, match="is protected here"):
            await later.delete(target, unjournaled=unjournaled)
    await later.protect(target, on=False)
    assert (await later.delete(target, unjournaled=True)).state is State.COMPLETED
    assert desk.sent() == ["delete"]


async def test_a_locked_journal_protects_what_it_did(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, other = await desk.target(), await desk.target("other")
    await desk.operations.protect(target, on=True)
    await desk.operations.close()
    monkeypatch.setattr("tui.fleet.journal.file.PATIENCE", 0.01)
    with closing(sqlite3.connect(desk.folder / NAME, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("BEGIN EXCLUSIVE")
        later = desk.open()
        await later.start()
        with pytest.raises(Refused, match="is protected here"):
            await later.delete(target, unjournaled=True)
        with pytest.raises(JournalUnavailable):
            await later.delete(other)
        (desk.folder / "protected.json").write_bytes(b"\0rubbish")
        for one in (target, other):
            with pytest.raises(Refused, match="cannot be told"):
                await later.delete(one, unjournaled=True)
    assert desk.sent() == []


@pytest.mark.parametrize("content", [b"", b"rubbish", b"{}", None])
async def test_a_damaged_list_of_protected_ones_is_written_anew(
    desk: Desk, content: bytes | None
) -> None:
    target = await desk.target()
    await desk.operations.protect(target, on=True)
    file = desk.folder / "protected.json"
    whole = file.read_bytes()
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(Refused, match="is protected here"):
        await desk.operations.delete(target)
    assert str(target.id).encode() in whole
    assert str(target.id).encode() in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


async def test_where_both_are_lost_nothing_is_deleted(desk: Desk) -> None:
    target = await desk.target()
    await desk.operations.protect(target, on=True)
    await desk.operations.close()
    damage(desk.folder / NAME)
    (desk.folder / "protected.json").unlink()
    later = desk.open()
    await later.start()
    with pytest.raises(Refused, match="cannot be told"):
        await later.delete(target, unjournaled=True)
    assert desk.sent() == []


# -- rows that mean nothing ----------------------------------------------------------------------

NONSENSE = [
    ("server_id", "{"),
    ("server_id", "[1]"),
    ("snapshot_id", "nothing"),
    ("kind", "explode"),
    ("state", "imaginary"),
    ("asked_at", "yesterday"),
    ("asked_at", 9e99),
    ("user", b"\xff\xfe"),
    ("gathered", "[]"),
    ("gathered", '{"begun": ["boot"]}'),
    ("seen", '{"a": 1}'),
    ("certainty", "quite"),
]


@pytest.mark.parametrize(("column", "value"), NONSENSE)
async def test_one_odd_row_is_set_aside_and_everything_else_lives(
    desk: Desk, column: str, value: object
) -> None:
    journal = desk.operations.journal
    kept = await journal.begin(operation(1))
    await journal.step(kept, replace(kept, state=State.UNKNOWN), 2.0)
    odd = await journal.begin(operation(2))
    await journal.step(odd, replace(odd, state=State.UNKNOWN), 2.0)
    await desk.operations.close()
    with closing(sqlite3.connect(desk.folder / NAME)) as db, db:
        db.execute(f"UPDATE operations SET {column} = ? WHERE id = ?", (value, odd.id))
    later = desk.open()
    assert [o.id for o in await later.start()] == [kept.id]
    assert [o.id for o in await later.history()] == [kept.id]
    (gap,) = await later.journal.gaps()
    assert "a record could not be read" in gap.words
    with pytest.raises(MemoryLost):
        await later.create(desk.server(), "x")
    with closing(sqlite3.connect(desk.folder / NAME)) as db:
        ((content,),) = db.execute("SELECT content FROM odd_rows").fetchall()
    assert "fresh" in content, "nothing is thrown away"


async def test_an_odd_row_of_something_that_has_ended_stops_nothing(desk: Desk) -> None:
    journal = desk.operations.journal
    odd = await journal.begin(operation(1))
    await journal.step(odd, replace(odd, state=State.NEVER_SENT), 2.0)
    await desk.operations.close()
    with closing(sqlite3.connect(desk.folder / NAME)) as db, db:
        db.execute("UPDATE operations SET server_id = '{'")
    later = desk.open()
    await later.start()
    assert await later.history() == []
    assert len(await later.journal.gaps()) == 1
    assert (await later.create(desk.server(), "x")).state is State.ACCEPTED


AT_ONCE = """
import asyncio, sys, time
from pathlib import Path
from tests.helpers.journals import operation
from tui.fleet.journal.journal import Journal

time.time = lambda: 1_737_547_200.0

async def main():
    journal = Journal(Path(sys.argv[1]))
    sys.stdin.readline()
    print((await journal.begin(operation(int(sys.argv[2])))).id)

asyncio.run(main())
"""


def test_first_writes_of_one_millisecond_are_all_recorded(tmp_path: Path) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", AT_ONCE, str(tmp_path / "new" / NAME), str(n)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        for n in range(4)
    ]
    said = set()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        said.add(child.communicate(timeout=60)[0].strip())
    assert len(said) == 4
    assert "" not in said


async def test_two_journals_begun_at_one_moment_take_one_another_s_number_into_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.fleet.journal.writing.time.time", lambda: 1_737_547_200.0)
    one, two = Journal(tmp_path / "j"), Journal(tmp_path / "j")
    first, second = await one.begin(operation(1)), await two.begin(operation(2))
    assert second.id == first.id + 1
    await one.close()
    await two.close()
