"""What is asked of the dashboard when something goes wrong in the middle of a write."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from tests.helpers.driving import (
    answer,
    choose,
    connection,
    dashboard,
    fire,
    live,
    polls,
    quiet,
    session,
    shown,
    told,
    type_text,
    until,
)
from tests.helpers.places import Place
from tests.helpers.program import ciplun
from tui.fleet.operation import Certainty, State
from tui.fleet.plan import Standing
from tui.screens.dashboard.screen import Dashboard
from tui.screens.dialogs.confirm import ConfirmDialog
from tui.screens.dialogs.create import CreateDialog
from tui.screens.dialogs.details import DetailsDialog
from tui.screens.dialogs.make_room import RoomDialog
from tui.screens.dialogs.operations import OperationsDialog
from tui.screens.dialogs.restore import RestoreDialog
from tui.simulator.scenarios import hooks
from tui.simulator.web import Hook
from tui.simulator.world import World
from tui.widgets.checkbox import Choice
from tui.widgets.confirm_field import ConfirmField
from tui.widgets.operation_list import OperationList

DIALECTS = ("docs", "client")


def field(pilot: Pilot[None], selector: str) -> Input:
    return pilot.app.screen.query_one(selector, Input)


def button(pilot: Pilot[None], selector: str = "#send") -> Button:
    return pilot.app.screen.query_one(selector, Button)


def on_dashboard(pilot: Pilot[None]) -> bool:
    return isinstance(pilot.app.screen, Dashboard)


def said(pilot: Pilot[None]) -> str:
    return " ".join(str(widget.content) for widget in pilot.app.screen.query(Static))


async def pass_time(simulated: Place, seconds: float) -> None:
    simulated.world.clock.advance(seconds)
    await simulated.clock.advance(max(11, seconds))


class Refusing(Hook):
    """Answers writes with a no."""

    def __init__(self, status: int, body: object) -> None:
        self.status, self.body = status, body

    async def before(self, request: Request, world: World) -> Response | None:
        if request.method == "GET":
            return None
        return JSONResponse(self.body, self.status)


async def test_two_clicks_send_one_request(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "mail", "before-rspamd")
        await pilot.press("D")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        await type_text(pilot, "before-rspamd")
        await quiet(pilot)
        await pilot.click("#send", times=2)
        await until(pilot, lambda: on_dashboard(pilot))
        assert len(simulated.sent("DELETE")) == 1


async def test_presses_that_come_as_the_dialog_closes_send_nothing_more(simulated: Place) -> None:
    async with simulated.app().run_test() as pilot:
        await live(pilot)
        await choose(pilot, "web-server-02")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
        dialog = pilot.app.screen
        assert isinstance(dialog, CreateDialog)
        started = 0
        start = dialog.start

        def counted(unrecorded: bool) -> object:
            nonlocal started
            started += 1
            return start(unrecorded)

        dialog.start = counted  # type: ignore[method-assign, assignment]
        await pilot.press("enter")
        await until(pilot, lambda: on_dashboard(pilot))
        dialog.press()
        assert started == 1


async def test_a_key_held_down_does_not_ask_again_after_a_refusal(simulated: Place) -> None:
    simulated.service.hooks.append(Refusing(400, {"detail": "No."}))
    async with simulated.app().run_test() as pilot:
        await live(pilot)
        await choose(pilot, "mail")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
        await pilot.press("enter")
        for _ in range(40):
            await pilot.press("enter")
        await until(pilot, lambda: "No." in answer(pilot))
        assert len(simulated.sent()) == 1


@pytest.mark.parametrize(
    ("status", "body", "where", "words"),
    [
        (400, {"name": ["Not a good name."]}, "#name-problem", "Not a good name."),
        (400, {"description": ["Too long."]}, "#answer", "Too long."),
        (400, {"non_field_errors": ["Limit reached."]}, "#answer", "Limit reached."),
        (400, {"detail": "No room."}, "#answer", "No room."),
        (400, ["Just no."], "#answer", "Just no."),
        (404, {"detail": "Not found."}, "#answer", "Not found."),
        (409, {"detail": "Somebody is at it."}, "#answer", "Somebody is at it."),
    ],
)
async def test_the_provider_s_words_stand_where_they_belong(
    simulated: Place, status: int, body: object, where: str, words: str
) -> None:
    simulated.service.hooks.append(Refusing(status, body))
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "mail")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
        field(pilot, "#name").value = "mine"
        field(pilot, "#description").value = "because"
        await pilot.press("enter")
        line = pilot.app.screen.query_one(where, Static)
        await until(pilot, lambda: words in str(line.content))
        assert field(pilot, "#name").value == "mine"
        assert field(pilot, "#description").value == "because"


async def test_a_restore_refused_by_the_provider_changes_nothing(simulated: Place) -> None:
    words = "Server is not in a valid state for restoration."
    simulated.service.hooks.append(Refusing(400, {"detail": words}))
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await choose(pilot, "db-01", "nightly-3")
        before = board.fleet.servers
        await pilot.press("R")
        await type_text(pilot, "db-01")
        await pilot.press("enter")
        await fire(pilot)
        await until(pilot, lambda: words in answer(pilot))
        assert not connection(pilot).operations.running()
        assert board.fleet.servers == before


async def test_where_no_record_can_be_kept_it_is_asked_for_in_words(simulated: Place) -> None:
    (Path(simulated.environ["HOME"]) / ".local").write_text("in the way")
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        assert any("No record can be kept" in text for text in told(pilot))
        await choose(pilot, "mail")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
        asked = pilot.app.screen.query_one("#unrecorded", ConfirmField)
        assert not asked.display
        await pilot.press(*["enter"] * 10)
        await until(pilot, lambda: "Nothing was sent." in answer(pilot))
        await until(pilot, lambda: asked.query_one(Input).has_focus)
        assert button(pilot).disabled
        await pilot.press("enter")
        await type_text(pilot, "without a record")
        assert "Nothing was sent." in answer(pilot), "the reason stays"
        await pilot.press("enter", "enter")
        await quiet(pilot)
        assert simulated.sent() == [], "a key held down is no answer to this question"
        await fire(pilot)
        await until(pilot, lambda: on_dashboard(pilot))
        assert len(simulated.sent()) == 1
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, OperationsDialog))
        rows = pilot.app.screen.query_one(OperationList)
        await until(pilot, lambda: rows.row_count == 1)
        await until(pilot, lambda: "kept in memory only" in said(pilot))
        assert "No record can be kept" in said(pilot)


async def test_a_dialog_whose_data_goes_stale_reads_the_target_again(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await choose(pilot, "mail", "before-rspamd")
        await pilot.press("D")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        simulated.service.hooks += hooks(["error-503"])
        await pass_time(simulated, 120)
        await simulated.clock.advance(60)
        await until(pilot, lambda: not board.fleet.freshness.live)
        await type_text(pilot, "before-rspamd")
        await pilot.press("enter")
        await fire(pilot)
        await until(pilot, lambda: "answered 50" in answer(pilot))
        assert not any("never sent" in text for text in told(pilot)), "the dialog has said it"
        assert simulated.sent("DELETE") == []
        simulated.service.hooks.clear()
        target = next(s for s in simulated.world.snapshots.values() if s.name == "before-rspamd")
        simulated.world.delete(simulated.world.account, target.id)
        await until(
            pilot, lambda: button(pilot).has_focus and not button(pilot).has_class("-active")
        )
        await fire(pilot)
        await until(pilot, lambda: "no longer listed" in answer(pilot))
        assert simulated.sent("DELETE") == []


# -- safety restore ---------------------------------------------------------------------------


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
        await pass_time(simulated, 650)
        await until(pilot, lambda: len(simulated.sent()) == 2)
        assert simulated.sent()[1].endswith("/restore/")
        await until(pilot, lambda: session(pilot).store.fleet.operations)
        await pass_time(simulated, 950)
        await polls(pilot, simulated, lambda: not connection(pilot).operations.running())
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
        await pass_time(simulated, 650)
        await until(pilot, lambda: not connection(pilot).plans.running())
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
        await pass_time(simulated, 650)
        await until(pilot, lambda: not connection(pilot).operations.running())
        assert len(simulated.sent()) == 1, "not without being asked"


# -- protection -------------------------------------------------------------------------------


def _id(simulated: Place, server: str) -> int | str:
    return simulated.key(next(s for s in simulated.world.servers.values() if s.name == server))


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


# -- afterwards -------------------------------------------------------------------------------


async def test_what_was_not_carried_out_is_tried_again_only_when_asked(simulated: Place) -> None:
    simulated.service.hooks += hooks(["lost-request:1"])
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "mail")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
        field(pilot, "#name").value = "once"
        field(pilot, "#description").value = "why"
        await pilot.press("enter")
        await until(pilot, lambda: on_dashboard(pilot), seconds=40)
        for _ in range(3):
            await pass_time(simulated, 61)
        await until(pilot, lambda: any("! t try again" in text for text in told(pilot)))
        await pass_time(simulated, 600)  # what is not proved keeps the server so long
        posts = len(simulated.sent())
        await pilot.press("exclamation_mark")
        rows = pilot.app.screen.query_one(OperationList)
        await until(pilot, lambda: rows.row_count == 1)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
        assert (field(pilot, "#name").value, field(pilot, "#description").value) == ("once", "why")
        assert "The first create of once may still come: then it is carried out twice." in said(
            pilot
        )
        assert len(simulated.sent()) == posts, "nothing is sent by asking"
        await pilot.press("enter")
        await until(pilot, lambda: len(simulated.sent()) == posts + 1)


async def test_the_list_of_operations_filters_copies_and_declares_over(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        for server in ("mail", "web-server-02"):
            await choose(pilot, server)
            await pilot.press("c")
            await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
            await pilot.press("enter")
            await until(pilot, lambda: on_dashboard(pilot))
        await pilot.press("exclamation_mark")
        rows = pilot.app.screen.query_one(OperationList)
        await until(pilot, lambda: rows.row_count == 2)
        await pilot.press("slash")
        await type_text(pilot, "mail")
        await until(pilot, lambda: rows.row_count == 1)
        await pilot.press("enter", "y")
        assert '"server_name": "mail"' in pilot.app.clipboard
        await until(pilot, lambda: "accepted" in said(pilot))
        await pilot.press("t")
        assert isinstance(pilot.app.screen, OperationsDialog), "what runs is not tried again"
        await pilot.press("X")
        assert len(connection(pilot).operations.running()) == 2
        await pilot.press("X")
        await until(pilot, lambda: len(connection(pilot).operations.running()) == 1)
        await until(pilot, lambda: "declared over by admin" in said(pilot))


async def test_the_end_of_another_session_s_operation_is_told_once(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        code, _, _ = ciplun(simulated, "create", "mail", "by-command")
        assert code == 0
        await pilot.press("r")
        await until(pilot, lambda: board.fleet.operations)
        await choose(pilot, "mail")
        await pilot.press("c")
        assert on_dashboard(pilot)
        assert any("create of by-command is open on mail" in text for text in told(pilot))
        await pass_time(simulated, 650)
        await until(pilot, lambda: not board.fleet.operations)
        await pass_time(simulated, 60)
        ends = [text for text in told(pilot) if "by-command of mail is completed" in text]
        assert len(ends) == 1
        assert len(simulated.sent()) == 1


async def test_what_is_overdue_is_said_as_long_as_it_is_also_after_a_restart(
    simulated: Place,
) -> None:
    words = "Creating before-update-2025-01-22 on mail: overdue"

    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "mail")
        await pilot.press("c", "enter")
        await until(pilot, lambda: connection(pilot).operations.running())
        await until(pilot, lambda: on_dashboard(pilot))
        made = simulated.world.snapshots[max(simulated.world.snapshots)]
        made.ready_at = float("inf")
        for _ in range(3):
            await pass_time(simulated, 3600)
        await until(pilot, lambda: words in shown(pilot))
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await pass_time(simulated, 60)
        await until(pilot, lambda: any("accepted, overdue" in text for text in told(pilot)))
        assert sum(words in text for text in told(pilot)) == 1


def _broken(*_: object) -> None:
    raise RuntimeError("oops")


@pytest.mark.parametrize("break_it", ["dialog", "operations"])
async def test_a_worker_that_fails_leaves_the_dashboard_up(
    simulated: Place, monkeypatch: pytest.MonkeyPatch, break_it: str
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        if break_it == "dialog":
            monkeypatch.setattr(OperationsDialog, "_show", _broken)
            await pilot.press("exclamation_mark")
        else:
            monkeypatch.setattr(connection(pilot).operations, "history", _broken)
            await pilot.press("exclamation_mark")
        await until(pilot, lambda: any("unforeseen error" in text for text in told(pilot)))
        await pilot.press("escape")
        await until(pilot, lambda: on_dashboard(pilot))
        assert board.fleet.freshness.live


# -- how sure it is ---------------------------------------------------------------------------


async def timeline_of(pilot: Pilot[None], words: str) -> None:
    """Open the operations, and wait until the timeline of the newest says this."""
    await pilot.press("exclamation_mark")
    await until(pilot, lambda: isinstance(pilot.app.screen, OperationsDialog))
    await until(pilot, lambda: words in said(pilot).replace("\n", " "))


@pytest.mark.parametrize(
    ("fault", "certainty", "words"),
    [
        ("", Certainty.PROVED, "proved: the provider accepted it as #"),
        ("lost-answer:1", Certainty.LIKELY, "likely: a new snapshot of this name appeared"),
        ("lost-request:1", Certainty.LIKELY, "likely: two listings, a minute apart, did not show"),
    ],
)
async def test_an_end_says_how_sure_it_is_on_the_screen_and_in_the_journal(
    simulated: Place, fault: str, certainty: Certainty, words: str
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "mail")
        simulated.service.hooks += hooks([fault] if fault else [])
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
        await pilot.press("enter")
        await until(pilot, lambda: on_dashboard(pilot))
        for _ in range(12):
            await pass_time(simulated, 70)
            await pilot.pause(0.02)
        await until(pilot, lambda: not connection(pilot).operations.running())
        likely = [text for text in told(pilot) if "likely" in text]
        assert bool(likely) == (certainty is Certainty.LIKELY)
        await timeline_of(pilot, words)
        (kept,) = await connection(pilot).operations.history()
        assert (kept.certainty, kept.evidence.startswith(words.partition(": ")[2])) == (
            certainty,
            True,
        )
        if kept.state is State.NOT_CARRIED_OUT:
            await pilot.press("t")
            await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
            assert "may still come" in said(pilot)
    home = Path(simulated.environ["HOME"])
    with sqlite3.connect(home / ".local/state/ciplun/journal.sqlite3") as db:
        rows = db.execute("SELECT certainty, evidence FROM operations").fetchall()
    assert [(sure, evidence) for sure, evidence in rows] == [(certainty.value, kept.evidence)]


async def test_a_create_that_came_late_after_all_is_told_rung_and_recorded(
    simulated: Place,
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "mail")
        server = next(s for s in simulated.world.servers.values() if s.name == "mail")
        simulated.service.hooks += hooks(["lost-request:1"])
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
        field(pilot, "#name").value = "late"
        await pilot.press("enter")
        await until(pilot, lambda: on_dashboard(pilot))
        for _ in range(3):
            await pass_time(simulated, 61)
        await until(pilot, lambda: any("likely not carried out" in text for text in told(pilot)))
        simulated.world.add_snapshot(
            server, "late", hours=0, ready_in=0, description=""
        )  # carried out minutes later all the same
        await simulated.clock.advance(61)
        words = "The create of late on mail was carried out after all: it is listed now as #"
        await until(pilot, lambda: any(words in text for text in told(pilot)))
        await until(pilot, lambda: "carried out after all" in shown(pilot))
        await timeline_of(pilot, "likely: it is listed now as #")
        assert "carried out after all" in said(pilot)
        (kept,) = await connection(pilot).operations.history()
        assert (kept.state, kept.certainty) == (State.COMPLETED, Certainty.LIKELY)
        assert len(simulated.sent()) == 1
