"""A restore that takes a snapshot first, and what is protected from deletes."""

from __future__ import annotations

from textual.pilot import Pilot
from textual.widgets import Static

from tests.helpers.dialogs import button, field, on_dashboard, said
from tests.helpers.driving import (
    choose,
    connection,
    dashboard,
    fire,
    live,
    polls,
    session,
    shown,
    told,
    type_text,
    until,
)
from tests.helpers.places import Place
from tests.helpers.program import ciplun
from tui.fleet.plan import Standing
from tui.screens.dialogs.details import DetailsDialog
from tui.screens.dialogs.make_room import RoomDialog
from tui.screens.dialogs.restore import RestoreDialog
from tui.widgets.checkbox import Choice

DIALECTS = ("docs", "client")


async def to_restore(pilot: Pilot[None], server: str, snapshot: str) -> None:
    await live(pilot)
    await choose(pilot, server, snapshot)
    await pilot.press("R")
    await until(pilot, lambda: isinstance(pilot.app.screen, RestoreDialog))


async def test_a_safety_restore_by_the_keyboard(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await to_restore(pilot, "mail", "before-rspamd")
        assert field(pilot, "#typed").has_focus
        assert "before-restore-2025-01-22, 3 to 10 minutes, in slot 3 of 5." in said(pilot)
        await type_text(pilot, "mail")
        await pilot.press("tab")
        box = pilot.app.screen.query_one(Choice)
        assert box.has_focus
        assert box.render().plain == "[ ] Snapshot first"
        await pilot.press("space")
        assert box.render().plain == "[x] Snapshot first", "seen without colour"
        assert str(button(pilot).label) == "Snapshot, then restore"
        await pilot.press("tab")
        assert button(pilot).has_focus
        await fire(pilot)
        await until(pilot, lambda: on_dashboard(pilot))
        assert simulated.sent() == ["/api/v1/snapshots/"]
        (plan,) = connection(pilot).plans.running()
        assert [step.standing for step in plan.steps] == [Standing.RUNNING, Standing.UNSENT]
        await simulated.pass_time(650)
        await polls(pilot, simulated, lambda: len(simulated.sent()) == 2)
        assert simulated.sent()[1].endswith("/restore/")
        await until(pilot, lambda: session(pilot).store.fleet.operations)
        operations = connection(pilot).operations
        await polls(pilot, simulated, lambda: any(o.seen_busy for o in operations.running()))
        await simulated.pass_time(950)
        await polls(pilot, simulated, lambda: not operations.running())
        await until(pilot, lambda: "restore mail from before-rspamd: 2 done" in shown(pilot))


async def test_at_five_of_five_it_names_what_goes_and_never_the_target(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await to_restore(pilot, "db-01", "nightly-2")
        assert "nightly-1" in said(pilot)
        await pilot.press("escape")
        await to_restore(pilot, "db-01", "nightly-1")
        assert "for which nightly-2 #" in said(pilot)
        assert ") is deleted." in said(pilot)
        await type_text(pilot, "db-01")
        await pilot.press("tab", "space", "tab")
        assert str(button(pilot).label) == "Delete, snapshot, restore"
        await until(pilot, lambda: button(pilot).size.width >= len("Delete, snapshot, restore"))
        await fire(pilot)
        await until(pilot, lambda: on_dashboard(pilot))
        assert len(simulated.sent("DELETE")) == 1
        names = [s.name for s in dashboard(pilot).fleet.servers[_id(simulated, "db-01")].snapshots]
        assert "nightly-1" in names


async def test_a_failed_safety_snapshot_stops_the_restore_and_says_so(simulated: Place) -> None:
    simulated.world.next_outcome = "failed"
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await to_restore(pilot, "mail", "before-rspamd")
        await type_text(pilot, "mail")
        await pilot.press("tab", "space", "tab")
        await fire(pilot)
        await until(pilot, lambda: on_dashboard(pilot))
        await simulated.pass_time(650)
        await polls(pilot, simulated, lambda: not connection(pilot).plans.running())
        (plan,) = await connection(pilot).plans.history()
        assert "before-restore-2025-01-22 is not completed (failed" in plan.steps[1].words
        assert len(simulated.sent()) == 1


async def test_leaving_while_a_restore_waits_says_that_it_can_be_gone_on_with(
    simulated: Place,
) -> None:
    app = simulated.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await to_restore(pilot, "mail", "before-rspamd")
        await type_text(pilot, "mail")
        await pilot.press("tab", "space", "tab")
        await fire(pilot)
        await until(pilot, lambda: on_dashboard(pilot))
        await pilot.press("q")
    assert "1 operation goes on at the provider" in app.farewell
    assert "Snapshot, then restore mail from before-rspamd: stopped" in app.farewell
    assert "next is the restore of before-rspamd on mail" in app.farewell
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        (plan,) = connection(pilot).plans.running()
        assert plan.interrupted
        await simulated.pass_time(650)
        await polls(pilot, simulated, lambda: not connection(pilot).operations.running())
        assert len(simulated.sent()) == 1, "not without being asked"


def _id(simulated: Place, server: str) -> int | str:
    return simulated.key(simulated.server(server))


async def test_a_protected_snapshot_is_marked_and_deleted_nowhere(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await choose(pilot, "db-01", "nightly-1")
        target = board.panes.snapshot
        assert target is not None
        await pilot.press("x")
        await until(pilot, lambda: target.id in board.fleet.protected)
        await pilot.pause()
        sign = board.glyphs.protected
        cells = board.table.row_cells(target)[0]
        assert isinstance(cells, tuple)
        assert cells[0].text.startswith(sign)
        assert "protected here" in "".join(
            line.plain
            for line in board.query_one("#details")._shown  # type: ignore[attr-defined]
        )
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, DetailsDialog))
        assert "ciplun does not delete it" in said(pilot)
        await pilot.press("escape", "D")
        assert on_dashboard(pilot)
        assert any("protected here" in text for text in told(pilot))
        await pilot.press("1", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, RoomDialog))
        assert "nightly-2" in str(pilot.app.screen.query_one(".expected", Static).content)
        await pilot.press("escape")
        await choose(pilot, "db-01", "nightly-2")
        await pilot.press("space", "k", "D")
        await choose(pilot, "db-01", "nightly-1")
        await pilot.press("escape", "space", "D")
        await until(pilot, lambda: not on_dashboard(pilot))
        assert "Skipped, protected here: nightly-1 of db-01" in said(pilot)
        await pilot.press("escape")
    home_environ = {"server": "db-01"}
    delete = ("delete", str(target.id), "--server", home_environ["server"], "--yes")
    code, _, err = ciplun(simulated, *delete)
    assert (code, "protected here" in err) == (1, True)
    assert ", protected here" in ciplun(simulated, "list", "db-01")[1]
    assert simulated.sent("DELETE") == []
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await choose(pilot, "db-01", "nightly-1")
        assert target.id in board.fleet.protected, "after a restart"
        await pilot.press("x")
        await until(pilot, lambda: not board.fleet.protected)
    assert ciplun(simulated, *delete)[0] == 0
