"""What becomes of operations afterwards: how sure it is, what is asked for again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.helpers.dialogs import field, on_dashboard, said
from tests.helpers.driving import (
    choose,
    connection,
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
from tui.fleet.operation import Certainty, State
from tui.screens.dialogs.create import CreateDialog
from tui.screens.dialogs.operations import OperationsDialog
from tui.simulator.scenarios import hooks
from tui.widgets.operation_list import OperationList

DIALECTS = ("docs", "client")


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
            await simulated.pass_time(61)
        await polls(pilot, simulated, lambda: any("! t try again" in text for text in told(pilot)))
        board = pilot.app.screen
        await pilot.press("c")
        await until(pilot, lambda: any("may still come" in text for text in told(pilot)))
        assert pilot.app.screen is board, "what is not proved keeps the server"
        await simulated.pass_time(600)
        await polls(pilot, simulated, lambda: not session(pilot).store.fleet.kept)
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
        await until(pilot, lambda: "tracking stopped by admin" in said(pilot))


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
        await simulated.pass_time(650)
        await polls(pilot, simulated, lambda: not board.fleet.operations)
        await simulated.pass_time(60)
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
            await simulated.pass_time(3600)
        await polls(pilot, simulated, lambda: words in shown(pilot))
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await simulated.pass_time(60)
        await polls(
            pilot, simulated, lambda: any("accepted, overdue" in text for text in told(pilot))
        )
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
            monkeypatch.setattr(OperationsDialog, "show_rows", _broken)
            await pilot.press("exclamation_mark")
        else:
            monkeypatch.setattr(connection(pilot).operations, "history", _broken)
            await pilot.press("exclamation_mark")
        await until(pilot, lambda: any("unexpected error" in text for text in told(pilot)))
        await pilot.press("escape")
        await until(pilot, lambda: on_dashboard(pilot))
        assert board.fleet.freshness.live


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
        ("lost-request:1", Certainty.LIKELY, "likely: two lists, a minute apart, did not show"),
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
            await simulated.pass_time(70)
            await pilot.pause(0.02)
        await polls(pilot, simulated, lambda: not connection(pilot).operations.running())
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
        server = simulated.server("mail")
        simulated.service.hooks += hooks(["lost-request:1"])
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
        field(pilot, "#name").value = "late"
        await pilot.press("enter")
        await until(pilot, lambda: on_dashboard(pilot))
        for _ in range(3):
            await simulated.pass_time(61)
        await polls(
            pilot, simulated, lambda: any("likely not carried out" in text for text in told(pilot))
        )
        simulated.world.add_snapshot(
            server, "late", hours=0, ready_in=0, description=""
        )  # carried out minutes later all the same
        await simulated.clock.advance(61)
        words = "The create of late on mail was likely carried out after all: it is listed now as #"
        await polls(pilot, simulated, lambda: any(words in text for text in told(pilot)))
        await until(pilot, lambda: "carried out after all" in shown(pilot))
        await timeline_of(pilot, "likely: it is listed now as #")
        assert "carried out after all" in said(pilot)
        (kept,) = await connection(pilot).operations.history()
        assert (kept.state, kept.certainty) == (State.COMPLETED, Certainty.LIKELY)
        assert len(simulated.sent()) == 1
