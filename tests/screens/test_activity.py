"""The second page behind the operations: what happened in the fleet, whoever did it."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from email.utils import formatdate
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.helpers.clocks import FakeClock
from tests.helpers.driving import connection, dashboard, live, shown, toasts, type_text, until
from tests.helpers.faulty import http
from tests.helpers.journals import operation
from tests.helpers.places import NOON, Place
from tests.helpers.service import Answer, Said, fleet, saying, snapshot
from tests.helpers.watching import watching
from tui.cli.reading import read
from tui.fleet.activity import Summary
from tui.screens.dialogs.activity import ActivityDialog, summary_words
from tui.screens.dialogs.operation_text import searched
from tui.screens.dialogs.operations import OperationsDialog

SERVERS = [{"id": 10, "name": "web"}, {"id": 11, "name": "db"}]
DB = {"id": 11, "name": "db"}
THEN = [snapshot(1), snapshot(2), snapshot(3, server=DB, status="in_progress")]
NOW = [
    snapshot(1),
    snapshot(3, server=DB, status="failed"),
    snapshot(4, server=DB, created_at="2025-01-22T18:30:00Z"),
]
MORNING = NOON + 14 * 3_600 + 60


@asynccontextmanager
async def in_the_morning(said: Said, home: Path) -> AsyncIterator[Pilot[None]]:
    """The dashboard 14 hours later, which has told what happened meanwhile."""
    async with watching(said.url, home, FakeClock(MORNING)).run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await until(pilot, lambda: toasts(pilot))
        words = "since you last looked, 14 h ago: 1 new, 1 gone, 1 failed · ! shows it"
        assert toasts(pilot) == [words]
        yield pilot


async def test_who_comes_back_is_told_once_and_shown_what_happened(tmp_path: Path) -> None:
    with saying(fleet(THEN, SERVERS)) as said:
        async with watching(said.url, tmp_path, FakeClock(NOON)).run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            await until(pilot, lambda: board.session.activity is not None)
            assert toasts(pilot) == []
        said.answer = fleet(NOW, SERVERS)
        async with in_the_morning(said, tmp_path) as pilot:
            await pilot.press("exclamation_mark")
            await until(pilot, lambda: isinstance(pilot.app.screen, ActivityDialog))
            await until(pilot, lambda: "snap-4" in shown(pilot))
            text = shown(pilot)
            assert "+ new: snap-4" in text
            assert "gone: snap-2" in text
            assert "failed: snap-3" in text
            assert "not by this machine" in text
            assert "2025-01-22" in text
            await pilot.press("slash")
            await type_text(pilot, "web")
            await until(pilot, lambda: "snap-4" not in shown(pilot))
            assert "snap-2" in shown(pilot)
            for words in (" gone: snap", " not by this machine 2025-01-23"):
                await type_text(pilot, words)
                assert "snap-2" in shown(pilot)
            await pilot.press("enter", "escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, OperationsDialog))
            await pilot.press("escape", "exclamation_mark")
            await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
            assert isinstance(pilot.app.screen, OperationsDialog), "once"
            await pilot.press("exclamation_mark")
            await until(pilot, lambda: isinstance(pilot.app.screen, ActivityDialog))
        later = FakeClock(MORNING)
        async with watching(said.url, tmp_path, later).run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            await until(pilot, lambda: board.session.activity is not None)
            activity = board.session.activity
            assert activity is not None
            await until(pilot, activity._greeting.done)
            assert toasts(pilot) == [], "that was told before"


async def command(said: Said, home: Path, clock: FakeClock) -> None:
    """What a nightly command does: reads everything, and leaves."""
    app = watching(said.url, home, clock)
    session = app._make_session(app._settings)
    (file,) = (home / ".local/state/ciplun/memory").glob("*.fleet")
    os.utime(file, (NOON, NOON))
    await read(session, await session.open())
    await session.close()


async def test_what_a_command_saw_at_night_is_there_in_the_morning(tmp_path: Path) -> None:
    with saying(fleet(THEN, SERVERS)) as said:
        async with watching(said.url, tmp_path, FakeClock(NOON)).run_test(size=(120, 40)) as pilot:
            await live(pilot)
        said.answer = fleet(NOW, SERVERS)
        await command(said, tmp_path, FakeClock(NOON + 7 * 3_600))
        async with in_the_morning(said, tmp_path):
            pass


def dated(answer: Answer, at: float) -> Answer:
    """The same, with the service's own time."""
    date = f"Date: {formatdate(at, usegmt=True)}\r\n".encode()

    def answers(method: str, path: str) -> bytes:
        said = answer(method, path)
        assert isinstance(said, bytes)
        return said.replace(b"Content-Type", date + b"Content-Type", 1)

    return answers


async def test_when_nobody_looked_is_told_by_the_service_s_clock(tmp_path: Path) -> None:
    behind = 7_200.0
    with saying(dated(fleet(THEN, SERVERS), NOON - behind)) as said:
        async with watching(said.url, tmp_path, FakeClock(NOON)).run_test(size=(120, 40)) as pilot:
            await live(pilot)
        said.answer = dated(fleet(NOW, SERVERS), MORNING - behind)
        async with in_the_morning(said, tmp_path) as pilot:
            activity = dashboard(pilot).session.activity
            assert activity is not None
            change = (await activity.book.read())[0]
            assert abs(change.at - (MORNING - behind)) < 60
            assert abs(change.at - change.since - (MORNING - NOON)) < 60


async def test_who_left_before_it_was_told_is_told_the_next_time(tmp_path: Path) -> None:
    with saying(fleet(THEN, SERVERS)) as said:
        async with watching(said.url, tmp_path, FakeClock(NOON)).run_test(size=(120, 40)) as pilot:
            await live(pilot)
        said.answer = fleet(NOW, SERVERS)
        await command(said, tmp_path, FakeClock(NOON + 7 * 3_600))
        said.answer = lambda method, path: b""  # in a tunnel
        on_the_way = FakeClock(MORNING - 3_600)
        async with watching(said.url, tmp_path, on_the_way).run_test(size=(120, 40)) as pilot:
            board = dashboard(pilot)
            await until(pilot, lambda: board.session.activity is not None)
            await until(pilot, lambda: board.fleet.freshness.error is not None)
        said.answer = fleet(NOW, SERVERS)
        async with in_the_morning(said, tmp_path):
            pass


async def test_what_was_on_the_screen_when_it_was_killed_is_no_news(tmp_path: Path) -> None:
    with saying(fleet(THEN, SERVERS)) as said:
        clock = FakeClock(NOON)
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            activity = (await live(pilot)).session.activity
            assert activity is not None
            await until(pilot, lambda: activity._greeted)
            said.answer = fleet(NOW, SERVERS)
            await pilot.press("r")
            await until(pilot, lambda: activity._looking is not None)
            looking = activity._looking
            assert looking is not None
            await until(pilot, looking.done)
            last = await activity.book.look(NOON)
            assert last is not None
            assert await activity.book.read(after=last.newest) == []
            assert len(await activity.book.read()) == 3


async def test_what_this_machine_did_is_told_from_the_rest(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        view = next(v for v in board.fleet.servers.values() if v.server.name == "mail")
        await connection(pilot).operations.create(view.server, "by-hand")
        activity = board.session.activity
        assert activity is not None
        board.session.refresh()
        await until(pilot, lambda: dashboard(pilot).fleet.servers[view.server.id].used > view.used)

        for _ in range(100):
            found = await activity.book.read()
            if found:
                break
            await pilot.pause(0.05)
        assert [(c.what, c.by) for c in found] == [("new snapshot by-hand", "this machine")]


async def test_each_event_runs_the_user_s_command(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = (
        "import os, sys; open(sys.argv[1], 'a').write("
        "f\"{os.environ['CIPLUN_EVENT']}|{os.environ['CIPLUN_SERVER']}|{sys.argv[2]}\\n\")"
    )
    command = (sys.executable, "-c", script, str(told))
    with saying(fleet(THEN, SERVERS)) as said:
        clock = FakeClock(NOON)
        app = watching(said.url, tmp_path, clock, on_event=command)
        async with app.run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            activity = board.session.activity
            assert activity is not None
            await until(pilot, activity._recorder.looked.is_set)
            answers: Answer = fleet(NOW, SERVERS)
            said.answer = answers
            await pilot.press("r")
            await until(pilot, lambda: told.exists() and len(told.read_text().split("\n")) == 4)
            said.answer = lambda method, path: http('{"detail": "Invalid token."}', "401 X")
            await pilot.press("r")
            await until(pilot, lambda: "refused" in told.read_text())
            await pilot.press("exclamation_mark", "exclamation_mark")
            await until(pilot, lambda: "the token is refused" in shown(pilot))
    assert sorted(told.read_text().splitlines()) == [
        "appeared|db|new snapshot snap-4 on db",
        "failed|db|failed: snapshot snap-3 on db",
        "refused||the token is refused",
        "vanished|web|gone: snapshot snap-2 on web",
    ]


def test_only_what_happened_is_summed_up() -> None:
    assert summary_words(Summary(50 * 3_600, 0, 3, 0)).endswith("2 d ago: 3 gone")
    assert summary_words(Summary(600, 12, 0, 1)).endswith("10 min ago: 12 new, 1 failed")


async def test_a_filter_finds_a_name_in_every_spelling(tmp_path: Path) -> None:
    umlaut = {"id": 12, "name": "U\N{COMBINING DIAERESIS}BUNG"}
    with saying(fleet(THEN, [*SERVERS, umlaut])) as said:
        clock = FakeClock(NOON)
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            activity = board.session.activity
            assert activity is not None
            await until(pilot, activity._recorder.looked.is_set)
            news = [*THEN, snapshot(5, server=umlaut), snapshot(6)]
            answers: Answer = fleet(news, [*SERVERS, umlaut])
            said.answer = answers
            await pilot.press("r")
            await until(pilot, lambda: len(dashboard(pilot).fleet.servers[12].snapshots) == 1)
            await pilot.press("exclamation_mark", "exclamation_mark")
            await until(pilot, lambda: isinstance(pilot.app.screen, ActivityDialog))
            await until(pilot, lambda: "snap-6" in shown(pilot))
            await pilot.press("slash")
            await type_text(pilot, "\N{LATIN SMALL LETTER U WITH DIAERESIS}bung")
            await until(pilot, lambda: "snap-6" not in shown(pilot))
            assert "snap-5" in shown(pilot)
    assert "\N{LATIN SMALL LETTER U WITH DIAERESIS}bung" in searched(
        operation(server_name=umlaut["name"])
    )


async def test_what_cannot_be_read_is_not_called_nothing(tmp_path: Path) -> None:
    with saying(fleet(THEN, SERVERS)) as said:
        app = watching(said.url, tmp_path, FakeClock(NOON))
        async with app.run_test(size=(60, 20)) as pilot:
            board = await live(pilot)
            activity = board.session.activity
            assert activity is not None
            await until(pilot, activity._recorder.looked.is_set)
            said.answer = fleet(NOW, SERVERS)
            await pilot.press("r")
            await until(pilot, lambda: activity._looking is not None)
            file = tmp_path / ".local/state/ciplun/journal.sqlite3"
            with closing(sqlite3.connect(file)) as other:
                other.execute("BEGIN EXCLUSIVE")
                await pilot.press("exclamation_mark", "exclamation_mark")
                await until(pilot, lambda: "gone: snap-2" in shown(pilot))
            await connection(pilot).operations.journal.close()
            await pilot.press("r")
            await until(pilot, lambda: "No record can be read: the journal is" in shown(pilot))
            assert "Nothing has changed" not in shown(pilot)
            assert "snap-2" not in shown(pilot)


async def test_a_server_is_found_by_the_name_that_it_has_now(tmp_path: Path) -> None:
    with saying(fleet(THEN, SERVERS)) as said:
        app = watching(said.url, tmp_path, FakeClock(NOON))
        async with app.run_test(size=(120, 40)) as pilot:
            activity = (await live(pilot)).session.activity
            assert activity is not None
            await until(pilot, activity._recorder.looked.is_set)
            for servers in (SERVERS, [{"id": 10, "name": "shop"}, SERVERS[1]]):
                said.answer = fleet(NOW, servers)
                await pilot.press("r")
                name = str(servers[0]["name"])
                await until(pilot, lambda name=name: name in shown(pilot))  # type: ignore[misc]
                await until(pilot, lambda: activity._looking is not None)
            await pilot.press("exclamation_mark", "exclamation_mark")
            await until(pilot, lambda: "snap-4" in shown(pilot))
            await pilot.press("slash")
            await type_text(pilot, "shop")
            await until(pilot, lambda: "snap-4" not in shown(pilot))
            assert "gone: snap-2" in shown(pilot)
            assert "now called shop" in shown(pilot)
            assert "server gone" not in shown(pilot)


@pytest.mark.parametrize("by_command", [False, True])
@pytest.mark.parametrize("trouble", ["forbidden", "unreadable"])
async def test_what_cannot_be_seen_for_a_while_has_not_gone_and_is_not_new_after(
    tmp_path: Path, trouble: str, by_command: bool
) -> None:
    servers = [*SERVERS, {"id": 12, "name": "empty"}]
    odd = [THEN[0], {**THEN[1], "status": []}, THEN[2]]
    answers = {
        "forbidden": fleet(THEN, servers, {("GET", "/servers/"): http("{}", "403 X")}),
        "unreadable": fleet(odd, [*SERVERS, {"id": 12, "name": "empty", "created_at": "x"}]),
    }
    with saying(fleet(THEN, servers)) as said:
        for at, answer in enumerate((said.answer, answers[trouble], said.answer)):
            said.answer, clock = answer, FakeClock(NOON + at * 3_600)
            if by_command and at:
                await command(said, tmp_path, clock)
                continue
            async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
                activity = (await live(pilot)).session.activity
                assert activity is not None
                await until(pilot, activity._recorder.looked.is_set)
        last = watching(said.url, tmp_path, FakeClock(NOON + 3 * 3_600))
        async with last.run_test(size=(120, 40)) as pilot:
            activity = (await live(pilot)).session.activity
            assert activity is not None
            await until(pilot, activity._recorder.looked.is_set)
            assert [change.text for change in await activity.book.read()] == []
