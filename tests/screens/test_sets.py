"""The same on many: tables with the safety of one, and one plan for all."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tests.helpers.dialogs import said
from tests.helpers.driving import (
    answer,
    choose,
    connection,
    fire,
    live,
    mark,
    polls,
    session,
    shown,
    type_text,
    until,
)
from tests.helpers.places import Place, held
from tui.fleet.plan import PlanKind, Standing
from tui.screens.dashboard.single_flows import SingleFlows
from tui.screens.dialogs.create_set import CreateSetDialog
from tui.screens.dialogs.delete_set import DeleteSetDialog
from tui.screens.dialogs.make_room import RoomDialog
from tui.simulator.scenarios import hooks
from tui.simulator.servers import delete_server
from tui.simulator.web import Hook
from tui.simulator.world import World
from tui.widgets.checkbox import Choice
from tui.widgets.confirm_field import ConfirmField
from tui.widgets.send_button import SendButton


def button(pilot: Pilot[None]) -> SendButton:
    return pilot.app.screen.query_one(SendButton)


def table(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#items", Static).content)


async def marked(pilot: Pilot[None], *names: str) -> None:
    await live(pilot)
    await mark(pilot, *names)


async def test_room_is_made_on_each_full_server_once_it_is_agreed_to(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await marked(pilot, "mail", "db-01")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateSetDialog))
        assert "Skipped, no free slot: db-01" in said(pilot)
        assert "db-01" not in table(pilot)
        await pilot.press("shift+tab", "m")
        assert "nightly-1" in table(pilot), "what is deleted there"
        assert button(pilot).disabled
        await pilot.press("tab", "enter")
        await type_text(pilot, "delete 1")
        await pilot.press("enter")
        assert button(pilot).has_focus
        assert simulated.sent("DELETE") == []
        await fire(pilot)
        await until(pilot, lambda: "2 started" in answer(pilot))
        assert len(simulated.sent("DELETE")) == 1
        assert len(simulated.sent()) == 2
        assert held(simulated, "db-01") == 5
        (plan,) = connection(pilot).plans.running()
        assert plan.kind is PlanKind.CREATE
        assert len(plan.steps) == 3


async def test_where_all_are_full_it_begins_at_the_choice_to_make_room(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await marked(pilot, "games", "db-01")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateSetDialog))
        assert not pilot.app.screen.query_one("#items").display, "no head without a row"
        room = pilot.app.screen.query_one("#room", Choice)
        assert room.has_focus
        await pilot.press("m")
        assert room.value
        assert "nightly-1" in table(pilot)
        assert pilot.app.screen.query_one("#items").display


async def test_without_room_a_full_server_is_skipped(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await marked(pilot, "mail", "db-01")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateSetDialog))
        await pilot.press("enter")
        await until(pilot, lambda: "1 started" in answer(pilot))
        assert simulated.sent("DELETE") == []
        assert "running" in table(pilot)
        room = pilot.app.screen.query_one("#room", Choice)
        pilot.app.screen.set_focus(None)
        await pilot.press("m")
        assert not room.value
        await pilot.click(room)
        assert not room.value, "what was sent makes no room any more"


async def test_the_last_good_ones_of_a_set_go_only_if_that_is_typed_too(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "vpn-gateway")
        board = await choose(pilot, "vpn-gateway")
        await pilot.press("2")
        alone = board.table._rows[0]
        assert board.table.row_count == 1
        await pilot.press("space")
        await choose(pilot, "db-01", "nightly-1")
        await pilot.press("space", "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, DeleteSetDialog))
        lines = table(pilot).splitlines()
        assert next("none: the last good one" in line for line in lines if alone.name in line)
        assert next("4, newest" in line for line in lines if "nightly-1" in line)
        assert "No completed snapshot is left on vpn-gateway" in said(pilot)
        assert "Includes 1 marked row that is not shown now." in said(pilot)
        await type_text(pilot, "delete 2")
        assert button(pilot).disabled, "the one is not enough"
        await pilot.press("enter")
        assert pilot.app.screen.query_one("#confirm-bare", ConfirmField).query_one(Input).has_focus
        await type_text(pilot, "leave 1 without")
        await pilot.press("enter")
        await fire(pilot)
        await until(pilot, lambda: "2 deleted" in answer(pilot))
        assert len(simulated.sent("DELETE")) == 2


async def test_what_is_no_more_is_marked_no_more(simulated: Place) -> None:
    goes = simulated.server("web-server-02")
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await marked(pilot, "mail", goes.name)
        board = await choose(pilot, "db-01", "nightly-2")
        await pilot.press("space", "space")
        assert board.panes.marked_words == "4 marked"
        delete_server(simulated.world, goes.account, goes.uuid)
        simulated.world.delete(simulated.world.account, simulated.snapshot("nightly-1").id)
        await polls(pilot, simulated, lambda: board.panes.marked_words == "2 marked", 60.0)
        assert [view.server.name for view in board.panes.marked_servers] == ["mail"]
        assert "2 marked" in shown(pilot)


async def test_marks_that_a_filter_hides_are_said_before_they_are_acted_on(
    simulated: Place,
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await marked(pilot, "mail", "vpn-gateway")
        await pilot.press("slash")
        await type_text(pilot, "mail")
        await pilot.press("enter", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateSetDialog))
        assert "Includes 1 marked row that is not shown now." in said(pilot)


async def test_one_that_is_refused_is_told_and_the_others_go_on(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await marked(pilot, "mail", "vpn-gateway", "billing")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateSetDialog))
        assert "suspended: the provider may refuse it" in table(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "2 started, 1 refused" in answer(pilot))
        assert "refused" in next(line for line in table(pilot).splitlines() if "billing" in line)
        (plan,) = connection(pilot).plans.running()
        assert plan.tally == {Standing.RUNNING: 2, Standing.NOT_DONE: 1}


class NotAlone(Hook):
    """A service that shows its servers in their list only."""

    async def before(self, request: Request, world: World) -> Response | None:
        if re.search(r"/servers/[^/]+/$", request.url.path):
            return JSONResponse({"detail": "Not found."}, 404)
        return None


async def test_a_restore_that_begins_while_it_is_asked_about_lets_nothing_be_sent(
    simulated: Place,
) -> None:
    simulated.service.hooks.append(NotAlone())
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await marked(pilot, "mail", "vpn-gateway")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateSetDialog))
        mail = simulated.server("mail")
        mail.restoring_until = simulated.world.clock.now() + 900
        await polls(pilot, simulated, lambda: session(pilot).store.fleet.restoring(mail.id))
        await pilot.press("enter")
        await until(pilot, lambda: "1 started, 1 refused" in answer(pilot))
        assert "mail is being restored" in said(pilot)
        assert len(simulated.sent()) == 1, "the other one's"


async def test_the_table_fits_a_small_terminal(simulated: Place) -> None:
    async with simulated.app().run_test(size=(80, 24)) as pilot:
        await live(pilot)
        await choose(pilot, "shop-production-eu-central-1", "release-2024-12")
        await pilot.press("space", "space", "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, DeleteSetDialog))
        await pilot.pause()
        assert "31d" in shown(pilot)
        assert "2, newest 1d" in shown(pilot)
        assert "delete 2" in shown(pilot)


async def test_what_is_left_is_seen_on_the_smallest_terminal(simulated: Place) -> None:
    async with simulated.app().run_test(size=(60, 15)) as pilot:
        await live(pilot)
        await choose(pilot, "shop-production-eu-central-1", "release-2024-12")
        await pilot.press("space", "space", "D")
        await until(pilot, lambda: "2, newest 1d" in shown(pilot))
        assert "delete 2" in shown(pilot)
        assert "024-12" in shown(pilot), "two names that begin alike are told apart"
        assert "024-11" in shown(pilot)


async def test_all_that_is_shown_is_marked_inverted_and_counted_with_what_is_hidden(
    simulated: Place,
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await pilot.press("slash")
        await type_text(pilot, "web")
        await pilot.press("enter", "asterisk")
        shown_now = board.servers.row_count
        assert 0 < shown_now < 12
        assert len(board.servers.marks) == shown_now
        await until(pilot, lambda: f"{shown_now} marked" in shown(pilot))
        await pilot.press("escape", "i")
        assert len(board.servers.marks) == 12 - shown_now
        await pilot.press("slash")
        await type_text(pilot, "web")
        await pilot.press("enter")
        await until(pilot, lambda: f"{12 - shown_now} marked" in shown(pilot), seconds=10)
        assert board.servers.marks_shown == 0
        await pilot.press("asterisk", "asterisk")
        assert len(board.servers.marks) == 12 - shown_now, "those that are hidden stay as they are"


async def test_a_range_is_marked_between_two_rows_in_either_direction(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        names = [view.server.name for view in board.servers._rows]
        await choose(pilot, names[4])
        await pilot.press("v", "k", "k", "v")
        marked_names = [v.server.name for v in board.panes.marked_servers]
        assert sorted(marked_names) == sorted(names[2:5])
        await pilot.press("escape", "v", "escape", "j", "v")
        assert not board.servers.marks, "escape takes the begin of a range back too"


async def test_a_target_chosen_in_the_other_pane_is_said_first(simulated: Place) -> None:
    words = "nightly-3 is the snapshot chosen in the other pane."
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        for key in ("D", "R"):
            await choose(pilot, "db-01", "nightly-3")
            await pilot.press(key)
            await until(pilot, lambda: bool(pilot.app.screen.query(ConfirmField)))
            assert words not in said(pilot)
            await pilot.press("escape", "1", key)
            await until(pilot, lambda: words in said(pilot))
            await pilot.press("escape")


async def test_a_suspended_server_is_warned_of_as_suspended(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "billing")
        await pilot.press("c")
        await until(
            pilot, lambda: "The server is suspended: the provider may refuse it." in said(pilot)
        )
        assert "inconsistent" not in said(pilot)


async def test_room_asked_for_again_keeps_name_and_description(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        view = next(v for v in board.servers._rows if v.server.name == "db-01")
        live_now = connection(pilot)
        SingleFlows(board.flows, board.panes).create(live_now, view, "before-patch", "ticket 42")
        await until(pilot, lambda: isinstance(pilot.app.screen, RoomDialog))
        assert "Description: ticket 42" in said(pilot)
        assert pilot.app.screen.query_one("#name", Input).value == "before-patch"
        await pilot.press("enter", "enter")
        await type_text(pilot, "nightly-1")
        await pilot.press("enter")
        await fire(pilot)
        await until(pilot, lambda: simulated.sent())
        made = simulated.world.snapshots[max(simulated.world.snapshots)]
        assert (made.name, made.description) == ("before-patch", "ticket 42")


async def test_while_the_first_are_on_the_wire_all_are_shown_as_waiting(simulated: Place) -> None:
    simulated.service.hooks += hooks(["silent-write"])
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await marked(pilot, "mail", "vpn-gateway", "legacy-crm", "db-02-replica")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateSetDialog))
        await pilot.press("enter")
        await until(pilot, lambda: "not sent yet" in table(pilot))
        await until(pilot, lambda: len(simulated.sent()) == 3)
        assert "running: may" not in table(pilot)
        simulated.service.hooks.clear()
