"""The last known fleet on disk: what it is good for, and all that makes it good for nothing."""

from __future__ import annotations

import logging
import os
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from tests.helpers.clocks import FakeClock, eventually, settle
from tests.helpers.fakes import server, snapshot
from tui.fleet import memory as memory_module
from tui.fleet.memory import Memory, Remembered, shown
from tui.fleet.merge import merge
from tui.fleet.operation import Kind
from tui.fleet.remembering import Remembering
from tui.fleet.state import Fleet, ServerView, count
from tui.fleet.store import Store
from tui.fleet.writes.rules import REMEMBERED, refusal
from tui.vps.errors import Unreachable
from tui.vps.models import Key, Listing
from tui.vps.sanitize import clean
from tui.vps.token import Token

NOW = 1_737_500_000.0
TOKEN = Token("vps_0123456789abcdef")
OTHER = Token("vps_another_0123456789")


def fleet(servers: int = 3) -> dict[Key, ServerView]:
    views = [ServerView(server(n), (snapshot(n * 10, n),)) for n in range(1, servers + 1)]
    return {view.server.id: view for view in views}


def memory(folder: Path, place: str = "prod https://admin.vps.org") -> Memory:
    return Memory(folder / "memory", "prod", place)


def written(folder: Path, views: dict[Key, ServerView] | None = None, owner: str = "me") -> Memory:
    made = memory(folder)
    put_away(made, fleet() if views is None else views, owner=owner)
    return made


def put_away(
    memory: Memory, views: Mapping[Key, ServerView], at: float = NOW, owner: str = "me"
) -> None:
    """Write a fleet, known at a moment."""
    memory.write(memory.pack(views.values(), count(views.values()), owner, at))


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    views = fleet(250)
    views[7] = ServerView(server(7), (snapshot(70, 7, "failed"), snapshot(71, 7)), listed=False)
    views[8] = ServerView(server(8), unread=True)
    views[9] = ServerView(server(9), lacking=True)
    made = written(tmp_path, views)
    found = made.load(NOW + 60, "me")
    assert found is not None
    assert (found.head.as_of, found.head.totals) == (NOW, count(views.values()))
    assert dict(found.views) == views
    first = made.glance(NOW + 60)
    assert first is not None
    assert len(first.views) == 100
    assert first.head.totals.servers == 250
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert made.path.parent.stat().st_mode & 0o777 == 0o700
    assert list(made.path.parent.iterdir()) == [made.path]


def test_the_first_ones_are_those_that_the_screen_shows_first(tmp_path: Path) -> None:
    views: dict[Key, ServerView] = {}
    for n in range(300, 0, -1):
        views[n] = ServerView(server(n, f"web-{n}"))
    found = written(tmp_path, views).glance(NOW)
    assert found is not None
    assert [view.server.name for view in found.views.values()][:2] == ["web-1", "web-2"]


def spoil(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (lambda p: spoil(p, lambda b: b[:-20]), "damaged"),
    "empty": (lambda p: spoil(p, lambda b: b""), "damaged"),
    "a bit": (lambda p: spoil(p, lambda b: b[:60] + bytes([b[60] ^ 4]) + b[61:]), "damaged"),
    "foreign bytes": (lambda p: spoil(p, lambda b: os.urandom(500)), "damaged"),
    "another shape": (
        lambda p: spoil(p, lambda b: b[:15] + part([1, 2, 3]) * 3),
        "damaged",
    ),
    "absurd length": (lambda p: spoil(p, lambda b: b[:15] + b"\xff\xff\xff\xff"), "damaged"),
    "newer": (lambda p: spoil(p, lambda b: b.replace(b"fleet 1\n", b"fleet 2\n")), "version"),
    "older": (lambda p: spoil(p, lambda b: b.replace(b"fleet 1\n", b"fleet 0\n")), "version"),
    "more than it should": (lambda p: spoil(p, lambda b: b + b"x"), "damaged"),
    "a date of no zone": (lambda p: spoil(p, undated), "damaged"),
    "world-readable": (lambda p: p.chmod(0o644), "others could read"),
    "a folder": (lambda p: put(p, p.mkdir), ""),
    "a link": (lambda p: put(p, lambda: p.symlink_to(p.with_suffix(".old"))), ""),
    "a pipe": (lambda p: put(p, lambda: os.mkfifo(p, 0o600)), "not a file"),
}


def undated(data: bytes) -> bytes:
    """The file with a date that cannot be compared with others."""
    size = int.from_bytes(data[15:19], "big")
    (row,) = [[{"id": 1, "name": "a", "created_at": "2025-01-01T00:00:00"}, [], True, False]]
    return data[: 19 + size] + part([row]) + part([])


def put(path: Path, make: Callable[[], None]) -> None:
    path.rename(path.with_suffix(".old"))
    make()


def part(value: object) -> bytes:
    packed = zlib.compress(msgspec.msgpack.encode(value))
    return len(packed).to_bytes(4, "big") + packed


@pytest.mark.parametrize("bad", BAD)
def test_what_cannot_be_used_is_as_if_it_were_not_there_and_said_once(
    bad: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = written(tmp_path)
    change, why = BAD[bad]
    change(made.path)
    with caplog.at_level(logging.WARNING):
        assert made.glance(NOW) is None
        assert made.load(NOW) is None
    assert why in caplog.text.splitlines()[0]
    assert len(caplog.records) == 1
    assert why in made.trouble


def test_a_file_that_is_cut_anywhere_shows_nothing_not_even_its_beginning(tmp_path: Path) -> None:
    made = written(tmp_path, fleet(102))
    whole = made.path.read_bytes()
    for size in range(len(whole)):
        made.path.write_bytes(whole[:size])
        assert made.glance(NOW) is None, size
        assert made.load(NOW) is None, size


def test_a_file_that_others_could_write_to_is_removed(tmp_path: Path) -> None:
    made = written(tmp_path)
    made.path.chmod(0o666)
    assert made.glance(NOW) is None
    assert not made.path.exists()


def test_what_comes_before_the_first_paint_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = fleet(3)
    monkeypatch.setattr(memory_module, "_MOST_SHOWN", 300)
    made = written(tmp_path, views)
    first, found = made.glance(NOW), made.load(NOW)
    assert first is not None
    assert found is not None
    assert (len(first.views), dict(found.views)) == (0, views)
    head = made.path.read_bytes()[: -len(made.pack(views.values(), count(()), "me", NOW).rows)]
    rows = [[{"id": n, "name": "a"}, [], True, False] for n in range(50)]
    made.path.write_bytes(head + part(rows) + part([]))
    assert made.glance(NOW) is None


async def test_after_a_clock_was_set_back_commands_write_it_anew(tmp_path: Path) -> None:
    made = written(tmp_path)
    os.utime(made.path, (NOW + 1e6, NOW + 1e6))
    run = Life(tmp_path)
    await run.life.token_read(TOKEN)
    run.sweep(fleet(5))
    await run.life.close()
    found = made.load(NOW)
    assert found is not None
    assert len(found.views) == 5


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = written(tmp_path, fleet(150))
    monkeypatch.setattr(memory_module, "_MOST_BYTES", 100)
    assert made.load(NOW) is None


def test_a_fleet_of_another_place_or_of_the_future_is_not_ours(tmp_path: Path) -> None:
    made = written(tmp_path)
    other = memory(tmp_path, "prod https://elsewhere.example")
    other.path.write_bytes(made.path.read_bytes())
    other.path.chmod(0o600)
    assert other.load(NOW) is None
    assert made.load(NOW - 3_600) is None
    assert made.load(NOW - 60) is not None, "a clock may be a little off"


@pytest.mark.parametrize("moment", [float("nan"), float("-inf"), float("inf"), 0.0, -1e300])
def test_what_is_of_no_time_is_damaged(moment: float, tmp_path: Path) -> None:
    made = memory(tmp_path)
    put_away(made, fleet(), moment)
    assert made.load(NOW) is None
    assert made.glance(NOW) is None


def test_another_session_may_tidy_up_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = written(tmp_path)
    (made.path.parent / "gone.fleet").write_bytes(b"")
    stat = Path.stat

    def stat_of(path: Path, **how: bool) -> os.stat_result:
        if path.name == "gone.fleet":
            raise FileNotFoundError(2, "No such file")
        return stat(path, **how)

    monkeypatch.setattr(Path, "stat", stat_of)
    put_away(made, fleet(5))
    assert caplog.records == []
    monkeypatch.undo()
    found = made.load(NOW)
    assert found is not None
    assert len(found.views) == 5


def test_without_a_file_nothing_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert memory(tmp_path).glance(NOW) is None
    assert caplog.records == []


def test_where_nothing_can_be_written_the_old_one_stays_and_it_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = written(tmp_path)

    def full(path: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    for _ in range(2):
        put_away(made, fleet(9), NOW + 1)
    found = made.load(NOW)
    assert found is not None
    assert len(found.views) == 3
    assert len(caplog.records) == 1
    assert "No space left" in caplog.text
    assert list(made.path.parent.iterdir()) == [made.path]


def test_texts_in_the_file_are_cleaned(tmp_path: Path) -> None:
    bad = ServerView(server(1, "\x1b]0;owned\x07"), (snapshot(11, 1, name="a\u202eb"),))
    flags = ServerView(server(2, "\U0001f1e9" + "e" + "\u0301" * 90))
    found = written(tmp_path, {1: bad, 2: flags}).load(NOW)
    assert found is not None
    assert found.views[2].server.name == clean(flags.server.name)
    assert found.views[1].server.name.isprintable()
    assert found.views[1].snapshots[0].name.isprintable()


def test_the_accounts_seen_longest_ago_give_way(tmp_path: Path) -> None:
    for number in range(25):
        put_away(Memory(tmp_path, f"profile-{number}", "place"), {})
    (tmp_path / "x.12345").write_bytes(b"left by a killed process")
    os.utime(tmp_path / "x.12345", (NOW, NOW))
    put_away(Memory(tmp_path, "last", "place"), {})
    assert len(list(tmp_path.iterdir())) == 20


def test_what_was_under_way_is_not_known_any_more() -> None:
    views: dict[Key, ServerView] = {
        1: ServerView(server(1, status="restoring"), (snapshot(11, 1, "in_progress"),)),
        2: ServerView(server(2), (snapshot(21, 2),)),
    }
    calm = shown(views)
    assert calm[1].server.status == ""
    assert calm[1].busy == 0
    assert calm[2].snapshots == views[2].snapshots
    assert all(view.remembered for view in calm.values())


# -- in a session ------------------------------------------------------------------------------


class Life:
    """A store that remembers, on a clock that stands still."""

    def __init__(self, folder: Path, *, on: bool = True) -> None:
        self.clock = FakeClock(NOW)
        self.store = Store(self.clock)
        self.memory = memory(folder)
        self.life = Remembering(self.memory, self.store, self.clock, keys=folder, on=on)

    def sweep(self, views: dict[Key, ServerView], *, settled: bool = True) -> None:
        self.store.apply_views(views, settled=settled)
        fresh = self.store.fleet.freshness
        changes = {"as_of": self.clock.monotonic(), "remembered": None}
        self.store.apply_freshness(msgspec.structs.replace(fresh, **changes))

    async def written(self) -> int:
        await settle()
        await eventually(lambda: self.life._writing is None or self.life._writing.done())
        found = self.memory.load(self.clock.wall())
        return -1 if found is None else len(found.views)


async def earlier(folder: Path, servers: int = 3) -> None:
    """An earlier run that knew so many servers."""
    run = Life(folder)
    run.life.glance()
    await run.life.token_read(TOKEN)
    run.sweep(fleet(servers))
    await run.life.close()


async def test_an_earlier_run_is_shown_with_its_age_and_believed_in_nothing(tmp_path: Path) -> None:
    await earlier(tmp_path, 150)
    run = Life(tmp_path)
    await run.clock.advance(3_600)
    run.life.glance()
    known = run.store.fleet
    assert len(known.servers) == 100
    assert known.totals.servers == 150
    assert not known.counted
    assert not known.freshness.live
    assert known.freshness.as_of is None
    assert known.freshness.newest == pytest.approx(run.clock.monotonic() - 3_600, abs=1)
    await run.life.token_read(TOKEN)
    assert len(run.store.fleet.servers) == 150
    assert run.store.fleet.counted
    view = run.store.fleet.servers[1]
    for kind in Kind:
        assert refusal(kind, run.store.fleet, view, view.snapshots[0]) is REMEMBERED


async def test_with_another_token_it_is_gone_at_once_and_for_good(tmp_path: Path) -> None:
    await earlier(tmp_path)
    run = Life(tmp_path)
    run.life.glance()
    assert run.store.fleet.servers
    await run.life.token_read(OTHER)
    assert not run.store.fleet.servers
    assert run.store.fleet.freshness.newest is None
    assert run.store.fleet.totals.servers == 0
    assert not run.memory.path.exists()


async def test_what_was_known_by_one_token_is_not_kept_as_another_one_s(tmp_path: Path) -> None:
    run = Life(tmp_path)
    run.life.glance()
    await run.life.token_read(TOKEN)
    run.sweep(fleet(3))
    assert await run.written() == 3
    await run.clock.advance(30)
    run.sweep(fleet(4))  # too soon to be written
    await run.life.token_read(OTHER)
    await run.clock.advance(120)
    fresh = run.store.fleet.freshness
    run.store.apply_freshness(msgspec.structs.replace(fresh, error=Unreachable("no way")))
    assert await run.written() == -1
    await run.life.close()
    assert not run.memory.path.exists()


async def test_where_it_cannot_be_told_whose_it_is_nothing_is_shown(tmp_path: Path) -> None:
    await earlier(tmp_path)
    key = tmp_path / "identity.key"
    key.unlink()
    key.mkdir()
    run = Life(tmp_path)
    run.life.glance()
    assert run.store.fleet.servers
    await run.life.token_read(TOKEN)
    assert not run.store.fleet.servers
    run.sweep(fleet(2))
    await run.life.close()
    assert run.memory.path.exists(), "nothing is written that nobody could take up"


async def test_what_is_live_is_not_covered_by_what_was(tmp_path: Path) -> None:
    await earlier(tmp_path, 9)
    run = Life(tmp_path)
    run.life.glance()
    run.sweep(fleet(2))
    await run.life.token_read(TOKEN)
    assert len(run.store.fleet.servers) == 2


async def test_it_is_written_once_a_minute_at_most_and_only_with_news(tmp_path: Path) -> None:
    run = Life(tmp_path)
    run.life.glance()
    await run.life.token_read(TOKEN)
    run.sweep(fleet(1))
    assert await run.written() == 1
    stamp = run.memory.path.stat().st_ino
    await run.clock.advance(30)
    run.sweep(fleet(2))
    assert await run.written() == 1, "too soon"
    await run.clock.advance(40)
    run.sweep(dict(run.store.fleet.servers))
    assert await run.written() == 2
    second = run.memory.path.stat().st_ino
    assert second != stamp
    await run.clock.advance(300)
    run.sweep(dict(run.store.fleet.servers))
    await run.written()
    assert run.memory.path.stat().st_ino == second, "nothing has changed"
    await run.life.close()
    found = run.memory.load(run.clock.wall())
    assert found is not None
    assert found.head.as_of == pytest.approx(run.clock.wall(), abs=1), "its age is told at the end"


async def test_where_nobody_looks_what_is_replaced_is_told_before(tmp_path: Path) -> None:
    told: list[tuple[Remembered, bool]] = []

    kept = True

    async def replaced(before: Remembered, after: Fleet) -> bool:
        now = memory(tmp_path).load(NOW)
        assert now is not None
        assert now.views.keys() == before.views.keys(), "not yet"
        told.append((before, before.views is after.servers))
        return kept

    async def command(servers: int, owner: Token = TOKEN) -> None:
        run = Life(tmp_path)
        run.life.replaced = replaced
        await run.life.token_read(owner)
        run.sweep(fleet(servers))
        await run.life.close()

    await command(3)
    assert told == [], "there was nothing"
    os.utime(memory(tmp_path).path, (NOW - 10, NOW - 10))
    await command(4)
    assert told == [], "one command after the other: the first is still there"
    for servers in (4, 4):
        os.utime(memory(tmp_path).path, (NOW - 100, NOW - 100))
        await command(servers)
    assert [(len(before.views), same) for before, same in told] == [(3, False), (4, True)]
    os.utime(memory(tmp_path).path, (NOW - 100, NOW - 100))
    await command(5, OTHER)
    assert len(told) == 2, "that was another account's"
    kept = False
    os.utime(memory(tmp_path).path, (NOW - 100, NOW - 100))
    await command(6, OTHER)
    found = memory(tmp_path).load(NOW)
    assert found is not None
    assert len(found.views) == 5, "what changed could not be recorded: the next one sees it again"


async def test_what_did_not_come_whole_is_not_kept(tmp_path: Path) -> None:
    run = Life(tmp_path)
    run.life.glance()
    await run.life.token_read(TOKEN)
    run.sweep(fleet(1), settled=False)
    assert await run.written() == -1
    await run.life.close()
    assert not run.memory.path.exists()


async def test_where_it_is_not_wanted_it_is_forgotten(tmp_path: Path) -> None:
    await earlier(tmp_path)
    run = Life(tmp_path, on=False)
    run.life.glance()
    await run.life.token_read(TOKEN)
    run.sweep(fleet(2))
    await run.life.close()
    assert not run.store.fleet.freshness.remembered
    assert not run.memory.path.exists()


def test_a_whole_answer_takes_the_place_of_all_that_was_remembered() -> None:
    before = shown(fleet(3))
    servers = Listing(items=(server(1), server(9)))
    snapshots = Listing(items=(snapshot(11, 1),))
    after = merge(before, snapshots, servers, None, frozenset())
    assert set(after) == {1, 9}
    assert [s.id for s in after[1].snapshots] == [11]
    assert not any(view.remembered for view in after.values())
    looked = merge(before, Listing(items=(snapshot(25, 2),), server_id=2), None, 2, frozenset())
    assert not looked[2].remembered
    assert [s.id for s in looked[2].snapshots] == [25]
    assert looked[1].remembered
