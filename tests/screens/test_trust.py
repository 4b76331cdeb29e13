"""What is asked of the dashboard when something goes wrong in the middle of a write."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from tests.helpers.dialogs import Refusing, button, field, on_dashboard, said
from tests.helpers.driving import (
    answer,
    choose,
    connection,
    fire,
    live,
    polls,
    quiet,
    told,
    type_text,
    until,
)
from tests.helpers.places import Place
from tui.screens.dialogs.confirm import ConfirmDialog
from tui.screens.dialogs.create import CreateDialog
from tui.screens.dialogs.operations import OperationsDialog
from tui.simulator.scenarios import hooks
from tui.widgets.confirm_field import ConfirmField
from tui.widgets.operation_list import OperationList

DIALECTS = ("docs", "client")


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
        await simulated.pass_time(120)
        await simulated.clock.advance(60)
        await polls(pilot, simulated, lambda: not board.fleet.freshness.live)
        await type_text(pilot, "before-rspamd")
        await pilot.press("enter")
        await fire(pilot)
        await until(pilot, lambda: "answered 50" in answer(pilot))
        assert not any("never sent" in text for text in told(pilot)), "the dialog has said it"
        assert simulated.sent("DELETE") == []
        simulated.service.hooks.clear()
        target = simulated.snapshot("before-rspamd")
        simulated.world.delete(simulated.world.account, target.id)
        await until(
            pilot, lambda: button(pilot).has_focus and not button(pilot).has_class("-active")
        )
        await fire(pilot)
        await until(pilot, lambda: "no longer listed" in answer(pilot))
        assert simulated.sent("DELETE") == []


@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "replaced"])
async def test_a_state_folder_that_goes_while_it_is_open_is_said_once(
    simulated: Place, tmp_path: Path, replaced: bool
) -> None:
    """And what is sent then needs a word: it may have been sent before."""
    state = tmp_path / ".local/state/ciplun"
    lost = "The record of earlier operations was lost: the journal's file was gone."
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await until(pilot, (state / "journal.sqlite3").exists)
        state.rename(state.with_name("elsewhere"))
        if replaced:
            shutil.copytree(state.with_name("elsewhere"), state)
        await polls(pilot, simulated, lambda: lost in told(pilot))
        asked = len(simulated.service.received)
        await polls(pilot, simulated, lambda: len(simulated.service.received) > asked + 6)
        assert told(pilot).count(lost) == 1
        await choose(pilot, "web-server-02")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
        await type_text(pilot, "new")
        await pilot.press("enter")
        await until(pilot, lambda: "without a record" in said(pilot))
        assert simulated.sent() == []
        assert (state / "journal.sqlite3").exists()
