"""Nothing is done for what has not changed: no byte, no row, no repaint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from tests.bench.lists import snapshots
from tests.helpers.dialogs import on_dashboard
from tests.helpers.driving import at_rest, choose, connection, dashboard, live, shown, until
from tests.helpers.emulated import driver_of, emulated
from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal
from tui.fleet.operation import State
from tui.screens.dashboard.cursor_pacing import SPARE
from tui.screens.dashboard.ticking import QUIET_TICK
from tui.text import elapsed
from tui.vps.models import Snapshot
from tui.widgets.row_columns import Cells
from tui.widgets.snapshot_table import SnapshotTable


@contextmanager
def repaints(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    """Which widgets have been asked to repaint what."""
    asked: list[tuple[str, Any]] = []
    original = Widget.refresh

    def refresh(self: Widget, *regions: Any, **options: Any) -> Widget:
        asked.append((self.id or type(self).__name__, regions))
        return original(self, *regions, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Widget, "refresh", refresh)
        yield asked


async def test_a_refresh_that_changes_nothing_repaints_nothing(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        rows, servers = board.servers._rows, board.fleet.servers
        as_of = board.fleet.freshness.as_of
        with repaints(monkeypatch) as asked:
            await pilot.press("r")
            await until(pilot, lambda: board.fleet.freshness.as_of != as_of)
        assert asked == []
        assert board.fleet.servers is servers
        assert board.servers._rows is rows


async def test_one_changed_snapshot_repaints_its_cells_alone(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        view = board.servers.cursor_row
        chosen = next(v for v in board.fleet.servers.values() if v is not view and v.snapshots)
        world = simulated.world
        del world.snapshots[int(chosen.snapshots[-1].id)]
        with repaints(monkeypatch) as asked:
            await pilot.press("r")
            await until(pilot, lambda: board.fleet.servers[chosen.server.id].used < chosen.used)
        lists = [regions for name, regions in asked if name in ("servers", "snapshots")]
        cells = {(region.y, region.x) for regions in lists for region in regions}
        assert all(regions for regions in lists)  # never a whole pane
        assert len({y for y, _ in cells}) == 1
        assert sum(region.width for regions in lists for region in regions) < 30


async def test_only_visible_lines_of_50_000_rows_are_drawn(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: set[Any] = set()
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await pilot.press("2")
        table = board.table
        original = type(table).row_cells

        def row_cells(self: SnapshotTable, row: Snapshot) -> Sequence[Cells]:
            drawn.add(row.id)
            return original(self, row)

        monkeypatch.setattr(type(table), "row_cells", row_cells)
        table.show(snapshots(50_000), board.fleet, board.session.now)
        await pilot.pause()
        assert 0 < len(drawn) < 45
        drawn.clear()
        await pilot.press("end")
        await pilot.pause()
        assert table.cursor_row is not None
        assert table.cursor_row.id == 49_999
        assert 0 < len(drawn) < 90


async def test_a_moved_cursor_repaints_two_lines(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        with repaints(monkeypatch) as asked:
            board.servers.action_move(1)
        assert [name for name, _ in asked] == ["servers", "servers"]
        assert {regions[0].height for _, regions in asked} == {1}


async def test_a_moved_cursor_draws_no_widget_that_is_as_before(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: set[str | None] = set()
    original = Widget.render_lines

    def render_lines(self: Widget, crop: Region) -> list[Strip]:
        drawn.add(self.id)
        return original(self, crop)

    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await pilot.pause()
        with monkeypatch.context() as patch:
            patch.setattr(Widget, "render_lines", render_lines)
            await pilot.press("j")
            await until(pilot, lambda: "servers" in drawn)
        assert not drawn & {"header", "views", "panes", "right"}


async def test_of_a_list_only_the_lines_that_changed_are_drawn(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Region] = []
    original = Widget.render_lines

    def render_lines(self: Widget, crop: Region) -> list[Strip]:
        if self.id == "servers":
            drawn.append(crop)
        return original(self, crop)

    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await pilot.pause()
        with monkeypatch.context() as patch:
            patch.setattr(Widget, "render_lines", render_lines)
            await pilot.press("j")
            await until(pilot, lambda: drawn)
        assert [(crop.y, crop.height) for crop in drawn] == [(2, 2)]
        kept = board.servers.render_lines(board.servers.outer_size.region)
        board.servers.refresh()
        assert board.servers.render_lines(board.servers.outer_size.region) == kept


async def test_a_question_ends_the_frame_and_comes_after_it(simulated: Place) -> None:
    asked: list[float] = []
    sent: list[str] = []
    app = emulated(simulated.app())
    async with app.run_test(headless=False, size=(120, 40)) as pilot:
        await live(pilot)
        driver = driver_of(app)
        driver.round_trip = 0.25
        driver.emulator.write = sent.append  # type: ignore[method-assign, assignment]
        driver.ask_with_frame(asked.append)
        for part in ("\x1b[?2026h", "\x1b[1;1Hnew", "\x1b[?2026l", "\x1b[1;1Hold"):
            driver.write(part)
    assert "5n" not in sent[0]  # a terminal shows nothing of the frame yet
    assert sent[1] == "\x1b[?2026l\x1b[5n"
    assert "5n" not in sent[2]
    assert asked == [0.25]


async def test_nothing_ticks_while_nothing_happens(empty_world: Place) -> None:
    async with empty_world.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        screen = dashboard(pilot)
        assert screen.ticking.every == QUIET_TICK
        nodes = (pilot.app, *board.walk_children(with_self=True))
        timers = [timer for node in nodes for timer in node._timers if timer._active.is_set()]
        assert [timer._interval for timer in timers] == [QUIET_TICK]


async def a_minute(pilot: Pilot[None], place: Place) -> int:
    """Let a minute pass, with its polls and looks at the clock; how many bytes that wrote."""
    emulator = driver_of(pilot.app).emulator
    await at_rest(pilot)
    written = emulator.written
    for _ in range(60):
        await place.pass_time(1)
        dashboard(pilot).ticking.tick()
        await pilot.pause()
    await at_rest(pilot)
    return emulator.written - written


async def test_a_minute_in_which_nothing_happens_writes_next_to_nothing(empty_world: Place) -> None:
    world = empty_world.world
    for number in range(12):
        world.add_snapshot(world.add_server(f"web-{number}"), "nightly", hours=30)
    async with emulated(empty_world.app()).run_test(headless=False, size=(120, 40)) as pilot:
        await live(pilot)
        assert await a_minute(pilot, empty_world) <= 200


async def test_what_runs_goes_on_in_steps_and_writes_little(simulated: Place) -> None:
    async with emulated(simulated.app()).run_test(headless=False, size=(120, 40)) as pilot:
        await live(pilot)
        await simulated.pass_time(50)  # what ran before ends
        await choose(pilot, "mail")
        await pilot.press("c", "enter")
        await until(pilot, lambda: on_dashboard(pilot))
        running = connection(pilot).operations.running
        await until(pilot, lambda: [o.state for o in running()] == [State.ACCEPTED])
        await until(pilot, lambda: shown(pilot).count("<10s of 3-10m") == 2)
        written = await a_minute(pilot, simulated)
        assert shown(pilot).count("1 min of 3-10m") == 2, "in the table and in the details"
        assert written < 1_000


def test_all_that_runs_goes_on_at_the_same_instant() -> None:
    begun = (0.0, 3.2, 9.99, 14.0)
    shown_at = [[elapsed(since, now / 4) for since in begun] for now in range(60, 300)]
    steps = [at for at in range(1, 240) if shown_at[at] != shown_at[at - 1]]
    assert steps == list(range(20, 240, 40))
    assert all(
        abs(seconds - (now / 4 - since)) < 10
        for now, row in enumerate(shown_at, 60)
        for seconds, since in zip(row, begun, strict=True)
    )


async def test_a_list_that_is_held_paints_when_it_is_released(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        table = board.table
        with repaints(monkeypatch) as asked:
            table.hold()
            table.show(snapshots(5), board.fleet, board.session.now)
            table.action_move(2)
            assert table.cursor_row == snapshots(5)[2]
            assert asked == []
            table.release()
            assert {name for name, _ in asked} == {"snapshots"}


def test_a_refresh_that_changes_nothing_writes_nothing(simulated: Place, tmp_path: Path) -> None:
    variables = {**environ(tmp_path), **simulated.environ}
    with Terminal(CIPLUN, variables) as terminal:
        terminal.until("live")
        while terminal.read(0.5):
            pass
        written, asked = len(terminal.output), len(simulated.sent("GET"))
        terminal.send("r")
        terminal.until(lambda: len(simulated.sent("GET")) >= asked + 2)
        terminal.read(0.5)
        assert terminal.output[written:] == b""


def test_a_held_key_on_a_slow_line_does_not_lag(simulated: Place, tmp_path: Path) -> None:
    """The terminal answers once, then not: only the first frames are sent until it does again."""
    variables = {**environ(tmp_path), **simulated.environ}
    with Terminal(CIPLUN, variables) as terminal:
        terminal.until(lambda: b"\x1b[5n" in terminal.output)
        terminal.send("\x1b[0n")
        terminal.until("live")
        while terminal.read(0.5):
            pass
        terminal.send("j")
        terminal.until(lambda: terminal.output.endswith(b"\x1b[5n"))
        while terminal.read(0.3):
            pass
        written = len(terminal.output)
        for _ in range(5):
            terminal.send("j")
        while terminal.read(0.3):
            pass
        assert len(terminal.output) == written
        terminal.send("\x1b[0n")
        terminal.until(lambda: len(terminal.output) > written)


async def test_a_terminal_that_keeps_pace_is_seldom_asked(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    app = emulated(simulated.app())
    async with app.run_test(headless=False, size=(120, 40)) as pilot:
        board = await live(pilot)
        await pilot.pause()
        driver = driver_of(app)

        def ask(told: Callable[[float], None]) -> None:  # and it answers at once
            asked.append(driver.unasked)
            driver.unasked = 0
            told(1.0)
            board.pacer.shown()

        monkeypatch.setattr(driver, "ask_with_frame", ask)
        for key in "jk" * 8:
            driver.unasked += 300
            await pilot.press(key)
            await pilot.pause()
    assert 1 <= len(asked) < 10, "of sixteen keys"
    assert all(sent >= SPARE for sent in asked[1:])


async def test_what_is_kept_of_a_row_does_not_outlive_its_colours(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        line = board.servers.render_line(3)
        assert board.servers.render_line(3) is line
        pilot.app.theme = "ciplun-light"
        await pilot.pause()
        assert board.servers.render_line(3) != line
        pilot.app.theme = "ciplun-dark"
        await pilot.pause()
        assert board.servers.render_line(3) == line
