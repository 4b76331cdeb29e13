"""The tray: what runs, with elapsed and usual time; ends stay until they are seen."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from textual.geometry import Region
from textual.pilot import Pilot

from tests.helpers.dialogs import on_dashboard
from tests.helpers.driving import (
    choose,
    connection,
    dashboard,
    fire,
    live,
    mark,
    polls,
    shown,
    toasts,
    type_text,
    until,
)
from tests.helpers.journals import operation
from tests.helpers.places import Place
from tui.commands import Keys
from tui.fleet.operation import Kind, State
from tui.fleet.plan import Plan, PlanKind, create_step, target_step
from tui.fleet.state import Fleet
from tui.notices import News
from tui.screens.dialogs.create import CreateDialog
from tui.screens.dialogs.restore import RestoreDialog
from tui.terminal.notify import Announcer
from tui.text import coarse
from tui.vps.models import Server, Snapshot
from tui.widgets.glyphs import UNICODE
from tui.widgets.line import Line
from tui.widgets.running_tray import KEPT, Ends, Entry, entries

KEYS = Keys({"operations": "f7"})


def lines(fleet: Fleet, now: float, ends: Ends | None = None) -> list[Entry]:
    usual = {Kind.CREATE: ("3-10m", 600.0), Kind.RESTORE: ("5-15m", 900.0)}
    return list(entries(fleet, ends or Ends(), now, usual.get, UNICODE, KEYS))


async def create(pilot: Pilot[None], server: str) -> None:
    await choose(pilot, server)
    await pilot.press("c")
    await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
    await pilot.press("enter")
    await until(pilot, lambda: on_dashboard(pilot))


def all_accepted(pilot: Pilot[None]) -> bool:
    """Nothing is on its way to the provider, and what it has accepted is in the fleet."""
    known = dashboard(pilot).fleet.operations.values()
    return {operation.state for operation in known} == {State.ACCEPTED}


def test_times_are_whole_minutes_so_that_the_line_stays_quiet() -> None:
    spans = (-5, 0, 59, 60, 119, 3_599, 3_600, 7_260)
    assert [coarse(s) for s in spans] == ["<1m", "<1m", "<1m", "1m", "1m", "59m", "1h00m", "2h01m"]


def test_what_runs_is_shown_with_elapsed_and_usual_time() -> None:
    running = operation(state=State.ACCEPTED, asked_at=0.0, accepted_at=0.0)
    fleet = Fleet(operations={1: running})
    (line,) = lines(fleet, 130.0)
    assert line.plain == "⟳ Creating fresh on web  2m, usually 3-10m"
    (line,) = lines(Fleet(operations={1: replace(running, overdue=True)}), 700.0)
    assert "overdue" in line.text
    assert line.urgent
    (line,) = lines(Fleet(operations={1: replace(running, state=State.UNKNOWN)}), 7.0)
    assert "no answer, checking" in line.text


def set_plan(**changes: object) -> Plan:
    steps = tuple(create_step(Server(id=n, name=f"web-{n}"), "before-patch") for n in range(10))
    plan = Plan(kind=PlanKind.CREATE, name="before-patch", steps=steps, id=1, owned=True)
    return replace(plan, **changes)


def test_a_set_is_one_line_and_hides_its_operations() -> None:
    plan = set_plan()
    states = [State.COMPLETED] * 6 + [State.ACCEPTED] * 3 + [State.REFUSED]
    made = [operation(n, state=state, words="limit") for n, state in enumerate(states)]
    made = [replace(each, id=n + 1) for n, each in enumerate(made)]
    steps = tuple(
        replace(step, operation=each.id, became=each)
        for step, each in zip(plan.steps, made, strict=True)
    )
    plan = replace(plan, steps=steps)
    fleet = Fleet(plans={1: plan}, operations={n: made[n] for n in (6, 7, 8)})
    (line,) = lines(fleet, 240.0)
    assert line.plain == (
        "⟳ before-patch · 10 servers   6 done · 3 running · 1 refused  4m, usually 3-10m"
    )


def test_a_pending_restore_names_the_key_that_gives_it_up() -> None:
    server, target = (
        Server(id=1, name="web"),
        Snapshot(id=5, server_id=1, server_name="web", name="old", status="completed"),
    )
    running = replace(operation(state=State.ACCEPTED, asked_at=0.0), id=4)
    first = replace(create_step(server, "first"), operation=4, became=running)
    plan = Plan(
        kind=PlanKind.SAFETY_RESTORE,
        name="old",
        steps=(first, target_step(Kind.RESTORE, target, needs=1)),
        id=2,
        owned=True,
    )
    (line,) = lines(Fleet(plans={2: plan}, operations={1: running}), 70.0)
    assert line.text == "Snapshot, then restore web from old   Creating first"
    assert line.right == "1m, usually 3-10m · f7 gives it up"
    (line,) = lines(Fleet(plans={2: replace(plan, owned=False)}), 70.0)
    assert line.urgent
    assert line.right == "f7 go on or end"


def test_a_later_end_overwrites_none_and_bad_ones_come_first() -> None:
    ends = Ends()
    for n in range(3):
        ends.operation(replace(operation(), id=n), News(f"end {n}", bad=n == 0))
    assert [line.text for line in lines(Fleet(), 0.0, ends)] == ["end 0", "end 2", "end 1"]
    ends.operation(replace(operation(), id=0), News("carried out after all", bad=True))
    assert lines(Fleet(), 0.0, ends)[0].text == "carried out after all"
    for n in range(100):
        ends.operation(replace(operation(), id=n), News(f"end {n}"))
    assert len(ends.all()) == KEPT
    assert ends.seen()
    assert not ends.all()


async def test_ends_stay_until_they_are_seen_and_the_tray_goes_when_it_is_empty(
    simulated: Place,
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await create(pilot, "mail")
        await create(pilot, "vpn-gateway")
        await until(pilot, lambda: "Creating before-update-2025-01-22 on mail" in shown(pilot))
        assert "<1m, usually 3-10m" in shown(pilot)
        await simulated.pass_time(650)
        await polls(pilot, simulated, lambda: not connection(pilot).operations.running())
        await until(pilot, lambda: "of mail is completed" in shown(pilot))
        assert "of vpn-gateway is completed" in shown(pilot)
        assert not toasts(pilot)
        await pilot.press("j", "k", "tab")
        await simulated.pass_time(3600)
        assert "of vpn-gateway is completed" in shown(pilot), "no time and no key takes it away"
        assert "esc clears what has ended" in shown(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: not board.tray.display)


async def test_the_operations_show_the_ends_too_so_they_are_seen(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await create(pilot, "mail")
        await simulated.pass_time(650)
        await polls(pilot, simulated, lambda: board.tray.ends)
        await pilot.press("exclamation_mark", "escape")
        await until(pilot, lambda: not board.tray.display)


async def test_a_failed_safety_snapshot_says_that_nothing_was_restored(simulated: Place) -> None:
    simulated.world.next_outcome = "failed"
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await choose(pilot, "mail", "before-rspamd")
        await pilot.press("R")
        await until(pilot, lambda: isinstance(pilot.app.screen, RestoreDialog))
        await type_text(pilot, "mail")
        await pilot.press("tab", "space", "tab")
        await fire(pilot)
        await until(pilot, lambda: on_dashboard(pilot))
        await until(pilot, lambda: "! gives it up" in shown(pilot))
        await simulated.pass_time(650)
        await polls(pilot, simulated, lambda: board.tray.ends)
        (end,) = board.tray.ends.all()
        assert end.bad
        assert "before-restore-2025-01-22 is not completed (failed" in end.text


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (200, 50)])
async def test_it_covers_nothing_at_any_size(simulated: Place, size: tuple[int, int]) -> None:
    async with simulated.app().run_test(size=size) as pilot:
        board = await live(pilot)
        await create(pilot, "mail")
        await create(pilot, "vpn-gateway")
        await create(pilot, "legacy-crm")
        await until(pilot, lambda: len(board.tray.entries) == 3)
        await until(pilot, lambda: board.tray.region.height)
        tray = board.tray.region
        for other in (board.panes, board.details, board.key_bar):
            assert not other.display or not tray.overlaps(other.region)
        assert board.panes.region.height >= 6
        if size[1] < 30:
            assert "more" in shown(pilot)


async def test_a_minute_changes_one_line_of_it_once(
    simulated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await create(pilot, "mail")
        await until(pilot, lambda: all_accepted(pilot))  # each step is a change of its own
        board.bars.show_running()
        await until(pilot, lambda: "Creating before-update-2025-01-22 on mail" in shown(pilot))
        asked: list[int] = []
        original = Line.refresh

        def refresh(self: Line, *regions: Region, **more: bool) -> Line:
            if self.parent is board.tray:
                asked.append(sum(region.width for region in regions) or self.size.width)
            return original(self, *regions, **more)

        monkeypatch.setattr(Line, "refresh", refresh)
        for _ in range(30):
            await simulated.pass_time(3)
            board.bars.show_running()
        assert 1 <= len(asked) <= 2
        assert sum(asked) <= 40, "cells of one line, not the whole of it"


async def test_words_over_a_dialog_stand_in_the_dialog(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40), notifications=True) as pilot:
        await live(pilot)
        await pilot.press("exclamation_mark", "t")
        await until(
            pilot, lambda: "only what failed or was not sent can be tried again" in shown(pilot)
        )
        rack = pilot.app.screen.query_one("ToastRack")
        assert not rack.visible
        assert not dashboard(pilot).query("Toast")


async def test_no_toast_lies_over_what_runs_or_is_described(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40), notifications=True) as pilot:
        board = await live(pilot)
        await create(pilot, "mail")
        await until(pilot, lambda: board.tray.region.height)
        await pilot.press("L")
        await until(pilot, lambda: bool(board.query("Toast")))
        await pilot.pause()
        for toast in board.query("Toast"):
            for under in (board.tray, board.details, board.key_bar):
                assert not toast.region.overlaps(under.region)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is sent to the terminal past the screen."""
    rung: list[str] = []
    monkeypatch.setattr(Announcer, "_write", lambda _, controls: rung.append(controls))
    return rung


async def test_a_set_rings_once_as_a_whole(simulated: Place, rung: list[str]) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await mark(pilot, "mail", "vpn-gateway", "legacy-crm")
        await pilot.press("c", "enter")
        await until(pilot, lambda: len(connection(pilot).operations.running()) == 3)
        await until(pilot, lambda: all_accepted(pilot))
        await pilot.press("escape")
        await simulated.pass_time(650)
        await polls(pilot, simulated, lambda: board.tray.ends)
        bells = [text for text in rung if text.startswith("\x07")]
        assert len(bells) == 1
        assert "3 servers: 3 done" in bells[0]


async def test_many_deletes_ring_once_and_end_as_one_line(
    simulated: Place, rung: list[str]
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await choose(pilot, "db-01", "nightly-1")
        await pilot.press("space", "k", "space", "D")
        await type_text(pilot, "delete 2")
        await pilot.press("enter")
        await fire(pilot)
        await until(pilot, lambda: len(simulated.sent("DELETE")) == 2)
        await pilot.press("escape")
        await until(pilot, lambda: board.tray.ends)
        await until(pilot, lambda: not board.fleet.plans)
        (end,) = board.tray.ends.all()
        assert end.text.startswith("Delete 2 marked snapshots: 2 deleted")
        assert len([text for text in rung if text.startswith("\x07")]) == 1
