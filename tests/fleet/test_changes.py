"""What changed between two looks at a fleet, and what is kept of it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.helpers.clocks import FakeClock, settle
from tests.helpers.fakes import T0, server, snapshot
from tests.helpers.journals import operation
from tui.fleet.changes import FleetChange, Happened, between
from tui.fleet.health import Rules
from tui.fleet.journal import changes as book_module
from tui.fleet.journal.changes import ChangeBook, Look
from tui.fleet.journal.journal import Journal
from tui.fleet.memory import Head, Remembered
from tui.fleet.operation import Kind, State
from tui.fleet.recorder import ChangeRecorder, record_since
from tui.fleet.state import Fleet, ServerView, count
from tui.fleet.store import Store
from tui.vps.errors import Unauthorised, Unreachable, VpsError
from tui.vps.models import Key, Snapshot

NOW = T0.timestamp()
Views = dict[Key, ServerView]


def views(**held: Sequence[Snapshot]) -> Views:
    """Servers ``s1``, ``s2``… with these snapshots."""
    found = [ServerView(server(int(name[1:])), tuple(items)) for name, items in held.items()]
    return {view.server.id: view for view in found}


def kinds(found: Sequence[FleetChange]) -> list[tuple[str, Key, Key | None]]:
    return [(c.kind.value, c.server_id, c.snapshot_id) for c in found]


def test_each_kind_of_change_is_told_once() -> None:
    before = views(
        s1=[snapshot(11), snapshot(12, 1, "in_progress"), snapshot(13, 1, "in_progress")],
        s2=[snapshot(20 + n, 2) for n in range(4)],
        s3=[snapshot(31, 3)],
        s4=[],
    )
    after = views(
        s1=[snapshot(12), snapshot(13, 1, "failed"), snapshot(14, 1, "in_progress")],
        s2=[snapshot(20 + n, 2) for n in range(5)],
        s4=[],
        s5=[snapshot(51, 5)],
    )
    assert sorted(kinds(between(before, after, NOW - 60, NOW)), key=str) == sorted(
        [
            ("vanished", 1, 11),
            ("completed", 1, 12),
            ("failed", 1, 13),
            ("appeared", 1, 14),
            ("appeared", 2, 24),
            ("full", 2, None),
            ("vanished", 3, 31),
            ("vanished", 3, None),
            ("appeared", 5, None),
            ("appeared", 5, 51),
        ],
        key=str,
    )
    assert between(after, after, NOW - 60, NOW) == []


def test_a_duration_is_told_only_where_somebody_was_looking() -> None:
    before, after = (
        views(s1=[snapshot(1, 1, "pending", hours=0.1)]),
        views(s1=[snapshot(1, hours=0.1)]),
    )
    (change,) = between(before, after, NOW - 60, NOW)
    assert change.took == pytest.approx(360)
    (change,) = between(before, after, NOW - 3_600, NOW)
    assert change.took is None


def test_no_duration_is_told_of_what_had_ended_when_it_was_first_seen() -> None:
    found = between(views(s1=[]), views(s1=[snapshot(1, 1, "failed", hours=216)]), NOW - 60, NOW)
    assert kinds(found) == [("appeared", 1, 1), ("failed", 1, 1)]
    assert [c.took for c in found] == [None, None]
    assert found[0].when == NOW - 60


def test_a_new_snapshot_has_the_time_of_its_creation_as_far_as_that_can_be() -> None:
    for hours, when in ((1.0, NOW - 3_600), (50.0, NOW - 14 * 3_600), (-5.0, NOW)):
        after = views(s1=[snapshot(1, hours=hours)])
        (change,) = between(views(s1=[]), after, NOW - 14 * 3_600, NOW)
        assert change.when == when


# -- kept ------------------------------------------------------------------------------------------


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite3")
    yield journal
    await journal.close()


def made(number: int, kind: Happened = Happened.APPEARED, at: float = NOW) -> FleetChange:
    return FleetChange(
        kind=kind,
        server_id=1,
        server_name="web",
        snapshot_id=number,
        snapshot_name="x",
        at=at,
        since=at - 60,
    )


async def test_changes_are_kept_once_whoever_saw_them_and_read_newest_first(
    journal: Journal, tmp_path: Path
) -> None:
    other = Journal(tmp_path / "journal.sqlite3")
    mine, theirs = ChangeBook(journal.file, lambda: "a"), ChangeBook(other.file, lambda: "a")
    first = [made(1), made(2, at=NOW + 1)]
    assert await mine.record(first) == first
    assert await theirs.record([*first, made(3, at=NOW + 2)]) == [made(3, at=NOW + 2)]
    full = replace(made(1, Happened.FULL), snapshot_id=None, snapshot_name="")
    assert await mine.record([full]) == [full]
    assert await theirs.record([replace(full, at=NOW + 100)]) == []
    assert await theirs.record([replace(full, at=NOW + 4_000)]) != []
    found = await mine.read()
    assert [c.snapshot_id for c in found] == [None, 3, 2, None, 1]
    assert [c.at for c in found] == sorted((c.at for c in found), reverse=True)
    assert len(await mine.read(since=NOW + 1)) == 2
    assert len(await mine.read(server_id=2)) == 0
    assert len(await mine.read(limit=1)) == 1
    assert await ChangeBook(journal.file, lambda: "b").read() == []
    await other.close()


async def test_what_a_command_recorded_is_told_once_by_who_comes_next(journal: Journal) -> None:
    book, foreign = ChangeBook(journal.file, lambda: "a"), ChangeBook(journal.file, lambda: "b")
    assert await book.record([made(1), made(2)], told=False) == [made(1), made(2)]
    assert await book.record([made(2), made(3)], told=False) == [made(3)]
    assert await foreign.record([]) == []
    assert await book.record([made(3), made(4)]) == [made(1), made(2), made(3), made(4)]
    assert await book.record([made(1)]) == []
    assert len(await book.read()) == 4


async def test_what_this_machine_did_is_told_from_what_others_did(journal: Journal) -> None:
    book = ChangeBook(journal.file, lambda: "a")
    asked = (
        (1, Kind.CREATE, State.COMPLETED, "a"),
        (2, Kind.DELETE, State.COMPLETED, "a"),
        (3, Kind.DELETE, State.REFUSED, "a"),
        (3, Kind.CREATE, State.COMPLETED, "of another account, with ids of its own"),
    )
    for number, kind, state, account in asked:
        one = operation(
            kind=kind,
            state=state,
            account=account,
            snapshot_id=number,
            user="admin",
            asked_at=NOW,
        )
        await journal.begin(one)
    await book.record(
        [made(n, k) for n in (1, 2, 3) for k in (Happened.APPEARED, Happened.VANISHED)]
    )
    ours = {(c.snapshot_id, c.kind.value) for c in await book.read() if c.ours}
    assert ours == {(1, "appeared"), (2, "vanished")}


async def test_no_more_is_kept_than_a_file_should_hold(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book_module, "KEPT", 10)
    monkeypatch.setattr(book_module, "MOST", 15)
    book = ChangeBook(journal.file, lambda: "a")
    assert len(await book.record([made(n) for n in range(40)])) == 15
    assert len(await book.read()) == 10


async def test_of_what_went_it_is_read_when_it_was_made(journal: Journal) -> None:
    book, foreign = ChangeBook(journal.file, lambda: "a"), ChangeBook(journal.file, lambda: "b")
    went = [replace(made(n, Happened.VANISHED), made_at=NOW - n * 100) for n in range(1, 5)]
    await book.record([*went, made(5, Happened.VANISHED), replace(made(6), made_at=NOW - 1)])
    assert sorted(await book.gone(NOW - 350)) == [(1, NOW - 100 * n) for n in (3, 2, 1)]
    assert await foreign.gone(0.0) == []


async def test_a_look_tells_when_the_last_one_was(journal: Journal) -> None:
    book = ChangeBook(journal.file, lambda: "a")
    assert await book.look(NOW) is None
    assert await book.look(NOW + 50) == Look(NOW, 0)
    await book.record([made(1, at=NOW + 1e6)])  # the clock was ahead
    assert await book.look(NOW + 60) == Look(NOW + 50, 0)
    await book.record([made(2, at=NOW + 70)])
    last = await book.look(NOW + 400)
    assert last == Look(NOW + 60, 1)
    assert [c.snapshot_id for c in await book.read(after=last.newest)] == [2], "once"
    assert await ChangeBook(journal.file, lambda: "b").look(NOW) is None


# -- recorded --------------------------------------------------------------------------------------


class Recording:
    def __init__(self, journal: Journal, before: Remembered | None = None) -> None:
        self.clock = FakeClock(NOW)
        self.store = Store(self.clock)
        self.told: list[FleetChange] = []
        self.account = "a"
        self.book = ChangeBook(journal.file, lambda: self.account)
        self.recorder = ChangeRecorder(
            self.book,
            self.store,
            rules=Rules(),
            now=self.clock.wall,
            before=self._before,
            told=self.told.extend,
        )
        self._earlier = before

    async def _before(self) -> Remembered | None:
        return self._earlier

    async def sweep(self, found: Views, *, settled: bool = True, whole: bool = True) -> None:
        self.store.apply_views(found, settled=settled, servers_whole=whole)
        fresh = replace(self.store.fleet.freshness, as_of=self.clock.monotonic())
        self.store.apply_freshness(fresh)
        await self.done()

    async def done(self) -> None:
        await settle(3)
        while self.recorder._task is not None and not self.recorder._task.done():
            await settle(1)


async def test_the_first_look_ever_is_no_news_and_later_ones_are(journal: Journal) -> None:
    run = Recording(journal)
    await run.sweep(views(s1=[snapshot(11)]))
    assert run.told == []
    await run.clock.advance(60)
    await run.sweep(views(s1=[snapshot(11), snapshot(12, 1, "pending", hours=0)]))
    await run.clock.advance(10)
    run.store.apply_views(views(s1=[snapshot(11), snapshot(12)]))  # as a look at one server does
    await run.done()
    assert [c.kind for c in run.told] == [Happened.APPEARED, Happened.COMPLETED]
    assert len(await run.book.read()) == 2
    await run.recorder.close()


async def test_what_happened_while_nothing_ran_is_found_by_what_was_remembered(
    journal: Journal,
) -> None:
    then = views(s1=[snapshot(11, hours=20)], s2=[snapshot(21, 2, "in_progress")])
    head = Head("place", "owner", NOW - 14 * 3_600, count(then.values()))
    run = Recording(journal, Remembered(head, then))
    await run.sweep(views(s1=[snapshot(12)], s2=[snapshot(21, 2, "failed")]))
    assert sorted(kinds(run.told)) == [
        ("appeared", 1, 12),
        ("failed", 2, 21),
        ("vanished", 1, 11),
    ]
    assert {c.since for c in run.told} == {NOW - 14 * 3_600}
    await run.recorder.close()


async def test_what_a_command_saw_between_two_runs_is_recorded_and_told(journal: Journal) -> None:
    """It replaces what was remembered: the next start compares with its list."""
    then = views(s1=[snapshot(11, hours=5)], s2=[snapshot(21, 2, hours=24 * 7 - 1)])
    between_them = views(s1=[snapshot(12)], s2=[snapshot(21, 2, hours=24 * 7 - 1)])
    head = Head("place", "owner", NOW - 2 * 3_600, count(then.values()))
    later = NOW + 2 * 3_600
    run = Recording(journal, Remembered(replace(head, as_of=later), between_them))
    fleet = Fleet(servers=between_them)
    await record_since(run.book, Remembered(head, then), fleet, rules=Rules(), at=NOW)
    assert sorted(kinds(await run.book.read())) == [("appeared", 1, 12), ("vanished", 1, 11)]
    head = replace(head, as_of=NOW)
    await record_since(run.book, Remembered(head, between_them), fleet, rules=Rules(), at=later)
    await run.clock.advance(3 * 3_600)
    await run.sweep(between_them)
    assert kinds(run.told) == [("appeared", 1, 12), ("vanished", 1, 11), ("stale", 2, None)]
    await run.sweep(views(s1=[snapshot(12)]))
    assert len(run.told) == 5
    await run.recorder.close()


async def test_with_the_token_of_another_account_nothing_has_come_or_gone(
    journal: Journal,
) -> None:
    run = Recording(journal)
    await run.sweep(views(s1=[snapshot(11)], s2=[]))
    run.account = "another token of the same"
    await run.sweep(views(s1=[snapshot(11), snapshot(12)], s2=[]))
    assert kinds(run.told) == [("appeared", 1, 12)]
    run.account = "b"
    run.store.apply_views({**run.store.fleet.servers})
    await run.sweep(views(s7=[snapshot(71, 7)]))
    assert len(run.told) == 1
    await run.sweep(views(s7=[]))
    assert kinds(run.told[1:]) == [("vanished", 7, 71)]
    await run.recorder.close()


async def test_a_server_is_new_only_where_all_could_be_seen_before(journal: Journal) -> None:
    run = Recording(journal)
    await run.sweep(views(s1=[snapshot(11)]), whole=False)
    await run.sweep(views(s1=[snapshot(11)], s2=[]))
    assert run.told == []
    await run.sweep(views(s1=[snapshot(11)], s2=[]), whole=False)
    await run.sweep(views(s1=[snapshot(11)], s2=[], s3=[]))
    assert kinds(run.told) == [("appeared", 3, None)]
    await run.recorder.close()


async def test_a_list_that_is_not_whole_proves_nothing_gone(journal: Journal) -> None:
    run = Recording(journal)
    await run.sweep(views(s1=[snapshot(11), snapshot(12)]))
    await run.sweep(views(s1=[snapshot(12)]), settled=False)
    assert run.told == []
    await run.sweep(views(s1=[snapshot(12)]))
    assert kinds(run.told) == [("vanished", 1, 11)]
    await run.recorder.close()


async def test_a_server_grows_stale_by_time_alone_and_once(journal: Journal) -> None:
    run = Recording(journal)
    fleet = views(s1=[snapshot(11, hours=24 * 7 - 1)], s2=[snapshot(21, 2, hours=24 * 30)])
    await run.sweep(fleet)
    for _ in range(3):
        await run.clock.advance(3_000)
        await run.sweep(fleet)
    assert kinds(run.told) == [("stale", 1, None)]
    await run.recorder.close()


async def test_to_be_seen_again_is_no_news_and_what_came_of_it_meanwhile_is(
    journal: Journal,
) -> None:
    run = Recording(journal)
    old = [snapshot(11, hours=24 * 30)]
    held = {1: old, 2: [snapshot(21, 2, hours=24 * 7 - 1)], 3: [snapshot(31, 3)]}

    async def sweep(*, unread: bool) -> None:
        found = [ServerView(server(n), tuple(items), unread=unread) for n, items in held.items()]
        await run.sweep({view.server.id: view for view in found})
        await run.clock.advance(7_200)

    for unread in (False, True, True, False):
        await sweep(unread=unread)
    assert kinds(run.told) == [("stale", 2, None)]
    again = Recording(journal)
    run.recorder, run.store, run.told = again.recorder, again.store, again.told
    for unread in (True, False):
        await sweep(unread=unread)
    assert run.told == [], "how it was before is not known"
    await run.recorder.close()


async def test_what_is_overdue_and_what_is_well_again_is_told_once(journal: Journal) -> None:
    run = Recording(journal)
    busy = snapshot(12, status="in_progress", hours=0.2)
    await run.sweep(views(s1=[snapshot(11), busy], s2=[snapshot(21, 2, "failed"), snapshot(22, 2)]))
    for _ in range(2):  # it gets to its time
        await run.clock.advance(600)
        await run.sweep(dict(run.store.fleet.servers))
    assert kinds(run.told) == [("overdue", 1, None)]
    done = views(s1=[snapshot(11), snapshot(12, hours=0.2)], s2=[snapshot(22, 2)])
    for _ in range(2):
        await run.sweep(done)
    assert kinds(run.told[1:]) == [
        ("completed", 1, 12),
        ("vanished", 2, 21),
        ("recovered", 1, None),
        ("recovered", 2, None),
    ]
    await run.recorder.close()


async def test_a_refused_token_is_told_once_over_restarts_and_so_is_that_it_is_taken(
    journal: Journal,
) -> None:
    async def run(*errors: VpsError | None) -> list[str]:
        recording = Recording(journal)
        for error in errors:
            if error is None:
                await recording.sweep(views(s1=[snapshot(11)]))
            fresh = replace(recording.store.fleet.freshness, error=error)
            recording.store.apply_freshness(fresh)
            await recording.done()
        await recording.recorder.close()
        return [change.text for change in recording.told]

    refused, away = Unauthorised("Invalid token."), Unreachable("could not reach it")
    assert await run(None) == [], "it never was otherwise"
    assert await run(None, refused, away, refused) == ["the token is refused"]
    assert await run(refused) == []
    assert await run(away) == []
    assert await run(None, None) == ["recovered: the token is accepted"]
    assert await run(None) == []
    (taken, told) = await ChangeBook(journal.file, lambda: "a").read()
    assert (taken.kind, told.kind, told.of_account) == (Happened.RECOVERED, Happened.REFUSED, True)
    assert told.facts()["event"] == "refused"


async def test_where_no_record_can_be_kept_it_goes_on(journal: Journal) -> None:
    run = Recording(journal)
    await run.sweep(views(s1=[]))
    await journal.close()
    await run.sweep(views(s1=[snapshot(11)]))
    await run.sweep(views(s1=[]))
    assert run.told == []
    await run.recorder.close()


async def test_what_cannot_be_recorded_now_is_recorded_later(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.fleet.journal.file.PATIENCE", 0.01)
    monkeypatch.setattr("tui.fleet.journal.file._BRIEF", 0.01)
    run = Recording(journal)
    await run.sweep(views(s1=[]))
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as other:
        other.execute("BEGIN EXCLUSIVE")
        await run.sweep(views(s1=[snapshot(11)]))
        await run.sweep(views(s1=[]))
        assert run.told == []
        other.rollback()
    await run.sweep(dict(run.store.fleet.servers))
    told = [change for change in run.told if change.snapshot_id]
    assert kinds(told) == [("appeared", 1, 11), ("vanished", 1, 11)]
    await run.recorder.close()


def test_what_could_not_be_read_before_is_no_news() -> None:
    before: Views = {1: ServerView(server(1), (snapshot(11),), unread=True)}
    old, new = snapshot(12, hours=20), snapshot(13, hours=1)
    failed, undated = snapshot(14, 1, "failed", hours=20), replace(snapshot(15), created_at=None)
    after = views(s1=[snapshot(11), old, new, failed, undated])
    found = between(before, after, NOW - 14 * 3_600, NOW)
    assert kinds(found) == [("appeared", 1, 13)], "the others may have been there"


async def test_what_was_known_before_was_not_later_than_what_is_known_now(journal: Journal) -> None:
    then = views(s1=[snapshot(11, 1, "in_progress", hours=5)])
    ahead = Head("place", "owner", NOW + 3_600, count(then.values()))
    run = Recording(journal, Remembered(ahead, then))
    await run.sweep(views(s1=[snapshot(11, hours=5)]))
    change = run.told[0]
    assert change.kind is Happened.COMPLETED
    assert change.since <= change.at
    await run.recorder.close()


async def test_an_account_keeps_its_changes_when_it_gets_another_token(journal: Journal) -> None:
    old, new = ChangeBook(journal.file, lambda: "a"), ChangeBook(journal.file, lambda: "b")
    await old.record([made(1)])
    await old.look(NOW)
    assert await new.read() == []
    await journal.learn(["a", "b"])
    assert [c.snapshot_id for c in await new.read()] == [1]
    assert await new.record([made(1)]) == []
    assert await new.look(NOW + 60) == Look(NOW, 1)


async def test_that_a_server_has_gone_is_recorded_once_however_late_another_sees_it(
    journal: Journal,
) -> None:
    book = ChangeBook(journal.file, lambda: "a")
    gone, back = (
        replace(made(1, kind), snapshot_id=None) for kind in (Happened.VANISHED, Happened.APPEARED)
    )
    assert await book.record([gone]) == [gone]
    assert await book.record([replace(gone, at=NOW + 12 * 3_600)]) == []
    assert await book.record([back]) == [back]
    assert await book.record([replace(back, at=NOW + 12 * 3_600)]) == []
    assert await book.record([gone]) == [gone]


@pytest.mark.parametrize(
    "odd",
    [
        "kind = 'sighed'",
        "server_id = '{'",
        "at = 1e300",
        "since = 'x'",
        "made_at = 'x'",
        "made_at = 1e18",
    ],
)
async def test_a_row_that_says_nothing_hides_no_other(journal: Journal, odd: str) -> None:
    book = ChangeBook(journal.file, lambda: "a")
    await book.record([made(1), made(2), replace(made(3), snapshot_name="\x1b[31m")], told=False)
    await journal.file.write(lambda db: db.execute(f"UPDATE changes SET {odd} WHERE id = 1"))
    assert [c.snapshot_id for c in await book.read()] == [3, 2]
    told = await book.record([])
    assert [c.snapshot_id for c in told] == [2, 3]
    assert told[1].snapshot_name.isprintable()
