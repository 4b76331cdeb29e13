"""The journal's file: shared, private, versioned, damaged, full, and not to be written."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.helpers.journals import operation
from tui.fleet.journal.database import VERSION, set_aside
from tui.fleet.journal.journal import Clash, Journal, JournalUnavailable
from tui.fleet.journal.plans import PlanBook
from tui.fleet.journal.process_locks import Sessions
from tui.fleet.operation import Kind, State
from tui.fleet.plan import Plan, PlanKind, Step


async def test_what_was_written_is_read_back_by_another_process_s_journal(tmp_path: Path) -> None:
    first, second = Journal(tmp_path / "j"), Journal(tmp_path / "j")
    begun = await first.begin(operation(description="naïve \ud800 text", words="x"))
    assert begun.id > 0
    entries = await second.open_entries("test")
    assert [e.operation.server_id for e in entries] == [1]
    assert entries[0].owned, "the other process lives"
    await first.close()
    assert not (await second.open_entries("test"))[0].owned
    await second.close()


async def test_ids_keep_their_kind(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    await journal.begin(operation(1))
    await journal.begin(operation("1", snapshot_id="uuid-1"))
    assert {e.operation.server_id for e in await journal.open_entries("test")} == {1, "1"}
    await journal.close()


async def test_one_open_operation_for_each_server_and_account(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    first = await journal.begin(operation())
    with pytest.raises(Clash) as clash:
        await journal.begin(operation(snapshot_name="other"))
    assert clash.value.operation == first
    await journal.begin(operation(account="another"))
    await journal.step(first, replace(first, state=State.NEVER_SENT), 2.0)
    await journal.begin(operation(snapshot_name="other"))
    await journal.close()


async def test_only_one_of_two_wins_a_step(tmp_path: Path) -> None:
    first, second = Journal(tmp_path / "j"), Journal(tmp_path / "j")
    begun = await first.begin(operation())
    sent = await first.step(begun, replace(begun, state=State.SENT), 2.0)
    assert sent.state is State.SENT
    lost = await second.step(begun, replace(begun, state=State.NEVER_SENT), 3.0)
    assert lost.state is State.SENT, "the journal's word counts"
    await first.close()
    await second.close()


async def test_the_file_is_private_and_keeps_its_format(tmp_path: Path) -> None:
    path = tmp_path / "state" / "j"
    journal = Journal(path)
    await journal.begin(operation())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await journal.close()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        db.execute("PRAGMA user_version = 99")
    later = Journal(path)
    with pytest.raises(JournalUnavailable, match="newer"):
        await later.history()
    await later.close()


@pytest.mark.parametrize(
    "damage", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4096]
)
async def test_a_damaged_file_is_set_aside_and_never_deleted(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "j"
    path.write_bytes(damage)
    journal = Journal(path)
    begun = await journal.begin(operation())
    assert (await journal.get(begun.id)) == begun
    kept = list(tmp_path.glob("j.damaged-*"))
    assert [file.read_bytes() for file in kept] == [damage]
    assert "damaged" in journal.notice
    await journal.close()


async def test_a_full_disk_is_said(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    await journal.begin(operation())
    connection = journal.file._connection
    assert connection is not None

    def fill() -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    await asyncio.get_running_loop().run_in_executor(journal.file._thread, fill)
    with pytest.raises(JournalUnavailable, match="full"):
        for n in range(200):
            await journal.begin(operation(n + 2, words="x" * 1000))
    await journal.close()


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal = Journal(tmp_path / "file" / "j")
    with pytest.raises(JournalUnavailable):
        await journal.begin(operation())
    await journal.close()


async def test_old_operations_go_and_open_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.fleet.journal.journal.KEPT", 10)
    journal = Journal(tmp_path / "j")
    still_open = await journal.begin(operation(999))
    for n in range(30):
        begun = await journal.begin(operation(n))
        await journal.step(begun, replace(begun, state=State.NEVER_SENT), 2.0)
    await journal.close()
    journal = Journal(tmp_path / "j")
    kept = await journal.history()
    assert len(kept) == 11
    assert still_open.id in {o.id for o in kept}
    await journal.close()


async def test_plans_are_read_as_far_back_as_operations_are(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    book = PlanBook(journal)
    step = Step(kind=Kind.CREATE, server_id=1, server_name="web", name="x")
    for n in range(4):
        draft = Plan(kind=PlanKind.CREATE, name=f"{n}", steps=(step,), account="a", asked_at=n)
        plan = await book.begin(draft)
        if n:
            await book.end(plan.id, n + 10.0, "")
    assert [plan.name for plan in await book.history("a", 10)] == ["3", "2", "1", "0"]
    assert [plan.name for plan in await book.history("a", 10, 12.0)] == ["3", "2", "0"]
    await journal.close()


def test_what_sessions_left_that_were_killed_is_tidied_away(tmp_path: Path) -> None:
    living = Sessions(tmp_path)
    names = [tmp_path / living.claim(), tmp_path / "7-dead", tmp_path / "8-new"]
    for file, age in zip(names, (100_000, 100_000, 0), strict=True):
        file.touch()
        os.utime(file, (time.time() - age,) * 2)
    later = Sessions(tmp_path)
    later.claim()
    assert {file.name for file in tmp_path.iterdir()} == {living.name, "8-new", later.name}
    for session in (living, later):
        session.leave()


def test_a_killed_session_is_known_to_be_dead(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from tui.fleet.journal.process_locks import Sessions\n"
        "print(Sessions(Path(sys.argv[1])).claim(), flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    name = child.stdout.readline().strip()
    mine = Sessions(tmp_path)
    assert mine.alive(name)
    child.kill()
    child.wait()
    assert not mine.alive(name)
    assert not (tmp_path / name).exists()
    assert not mine.alive("../../etc/passwd")
    assert not mine.alive("")
    assert list(tmp_path.iterdir()) == []


OLD = """
CREATE TABLE operations (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, account TEXT NOT NULL,
    server_id TEXT NOT NULL, server_name TEXT NOT NULL, snapshot_id TEXT,
    snapshot_name TEXT NOT NULL, description TEXT NOT NULL, user TEXT NOT NULL,
    origin TEXT NOT NULL, asked_at REAL NOT NULL, accepted_at REAL, ended_at REAL,
    words TEXT NOT NULL, overdue INTEGER NOT NULL, seen_busy INTEGER NOT NULL,
    owner TEXT NOT NULL, seen TEXT NOT NULL);
CREATE UNIQUE INDEX one_open_operation_for_each_server ON operations (account, server_id)
    WHERE state IN ('accepted', 'intent', 'sent', 'unknown');
CREATE TABLE steps (operation INTEGER NOT NULL REFERENCES operations (id) ON DELETE CASCADE,
    at REAL NOT NULL, state TEXT NOT NULL, words TEXT NOT NULL);
INSERT INTO operations VALUES (7, 'create', 'accepted', 'test', '1', 'web', '801', 'kept', '',
    'admin', '', 1.0, 2.0, NULL, '', 0, 1, 'nobody', '[]');
INSERT INTO steps VALUES (7, 1.0, 'intent', '');
PRAGMA user_version = 1;
"""


async def test_a_journal_of_an_earlier_format_is_brought_up_to_date(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "j") as db:
        db.executescript(OLD)
    db.close()
    journal = Journal(tmp_path / "j")
    (entry,) = await journal.open_entries("test")
    assert (entry.operation.id, entry.operation.snapshot_id) == (7, 801)
    assert entry.operation.took is None
    done = replace(entry.operation, state=State.COMPLETED, ended_at=9.0, took=7.0)
    await journal.step(entry.operation, done, 9.0)
    assert await journal.durations("test", Kind.CREATE) == [7.0]
    await journal.protect("test", 801, "by hand", on=True)
    assert await journal.protected("test") == {801}
    await journal.close()


async def test_a_file_that_is_removed_while_it_is_open_is_begun_anew(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    journal = Journal(folder / "j")
    begun = await journal.begin(operation())
    shutil.rmtree(folder)
    other = await journal.begin(operation(2, snapshot_name="later"))
    second = Journal(folder / "j")
    assert [o.id for o in await second.history()] == [other.id], "on disk, under its name"
    assert (await second.open_entries("test"))[0].owned, "and others see that we live"
    await journal.step(begun, replace(begun, state=State.NEVER_SENT), 2.0)
    assert {o.id for o in await second.history()} == {begun.id, other.id}, "nothing is forgotten"
    await journal.close()
    await second.close()


async def test_numbers_of_a_lost_journal_do_not_come_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    first = await journal.begin(operation())
    (tmp_path / "j").unlink()
    (tmp_path / "j-wal").unlink()
    second = Journal(tmp_path / "j")
    begun = await second.begin(operation(2))
    assert begun.id > first.id
    await journal.close()
    await second.close()


async def test_two_damaged_files_of_one_second_are_both_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.fleet.journal.file.time.time", lambda: 1_737_547_200.0)
    for n in range(3):
        (tmp_path / "j").write_bytes(b"damaged %d" % n * 1000)
        journal = Journal(tmp_path / "j")
        await journal.history()
        await journal.close()
    kept = sorted(path.read_bytes()[:9] for path in tmp_path.glob("j.damaged-*"))
    assert kept == [b"damaged 0", b"damaged 1", b"damaged 2"]


async def test_a_file_that_another_process_has_replaced_is_not_set_aside(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    await journal.history()
    set_aside(tmp_path / "j", 1.0)
    quicker = Journal(tmp_path / "j")
    begun = await quicker.begin(operation())
    journal.file._replace(
        sqlite3.DatabaseError("malformed")
    )  # found out about the old one too late
    assert [o.id for o in await journal.history()] == [begun.id]
    assert len(list(tmp_path.glob("j.damaged-*[0-9Z]"))) == 1
    await journal.close()
    await quicker.close()


BEGIN = """
import asyncio, sys
from pathlib import Path
from tests.helpers.journals import operation
from tui.fleet.journal.journal import Clash, Journal

async def main():
    journal = Journal(Path(sys.argv[1]))
    for n in range(20):
        await journal.begin(operation(f"{sys.argv[2]}-{n}"))
    try:
        await journal.begin(operation("shared"))
    except Clash:
        print("clash")
    else:
        print("won")

sys.stdin.readline()
asyncio.run(main())
"""


def test_processes_that_begin_a_journal_at_once(tmp_path: Path) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", BEGIN, str(tmp_path / "new" / "j"), str(n)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        for n in range(4)
    ]
    for child in children:  # all of them wait at the line
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    said = [child.communicate(timeout=60)[0].strip() for child in children]
    assert sorted(said) == ["clash", "clash", "clash", "won"]
    with sqlite3.connect(tmp_path / "new" / "j") as db:
        assert db.execute("SELECT count(*) FROM operations").fetchone() == (81,)
    db.close()


async def test_a_machine_that_is_slow_is_not_taken_for_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.fleet.journal.file.SLOW", 0.01)
    waited: list[str] = []
    journal = Journal(tmp_path / "j", slow=lambda: waited.append("slow"))
    await journal.file.write(lambda db: time.sleep(0.1))
    assert waited == []
    await journal.close()


async def test_a_journal_that_another_process_keeps_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.fleet.journal.file.PATIENCE", 0.5)
    monkeypatch.setattr("tui.fleet.journal.file._BRIEF", 0.01)
    monkeypatch.setattr("tui.fleet.journal.file.SLOW", 0.1)
    waited: list[str] = []
    connected = Journal(tmp_path / "j")
    await connected.begin(operation())
    fresh = Journal(tmp_path / "j", slow=lambda: waited.append("slow"))
    with closing(sqlite3.connect(tmp_path / "j", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for journal in (fresh, connected):
            began = time.monotonic()
            for turn in range(4):
                with pytest.raises(JournalUnavailable, match="locked"):
                    await journal.begin(operation(2 + turn))
            assert 0.5 <= time.monotonic() - began < 1.5
            assert [e.operation.server_id for e in await connected.open_entries("test")] == [1]
    assert waited[0] == "slow"
    for turn, journal in enumerate((fresh, connected)):
        assert (await journal.begin(operation(5 + turn))).id > 0
        await journal.close()
