"""Create, restore and delete, by the keyboard, against the simulator over real HTTP."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.helpers.dialogs import button, field, on_dashboard
from tests.helpers.driving import (
    answer,
    choose,
    connection,
    dashboard,
    fire,
    live,
    mark,
    polls,
    shown,
    toasts,
    told,
    type_text,
    until,
)
from tests.helpers.places import Place
from tui.fleet.operation import State
from tui.screens.dialogs.confirm import ConfirmDialog
from tui.screens.dialogs.create import CreateDialog
from tui.screens.dialogs.create_set import CreateSetDialog
from tui.screens.dialogs.delete_set import DeleteSetDialog
from tui.screens.dialogs.make_room import RoomDialog
from tui.simulator.objects import Account

DIALECTS = ("docs", "client")


async def test_create_from_the_key_to_completed(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await choose(pilot, "web-server-02")
        await pilot.press("c")
        assert isinstance(pilot.app.screen, CreateDialog)
        assert field(pilot, "#name").has_focus
        assert field(pilot, "#name").value == "before-update-2025-01-22"
        await pilot.press("tab")
        await type_text(pilot, "kernel update")
        await pilot.press("enter")
        await until(pilot, lambda: on_dashboard(pilot))
        await until(pilot, lambda: board.table.row_count == 1)
        made = simulated.world.snapshots[max(simulated.world.snapshots)]
        assert (made.name, made.description) == ("before-update-2025-01-22", "kernel update")
        assert made.server.name == "web-server-02"
        assert simulated.sent() == ["/api/v1/snapshots/"]
        simulated.world.clock.advance(600)
        await polls(pilot, simulated, lambda: not connection(pilot).operations.running())
        assert any("is completed" in text for text in told(pilot))
        assert not toasts(pilot), "an operation is told in the tray alone"
        news = "before-update-2025-01-22 of web-server-02 is completed"
        await until(pilot, lambda: f"✓ {news}" in shown(pilot))
        board.use(board.session)  # as another account's would be
        await until(pilot, lambda: news not in shown(pilot))


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [("a b", "a space"), ("a.b", "“.”"), ("", "required"), ("weekly-2025-01-08", "already")],
)
async def test_a_bad_name_is_said_while_typing_and_not_sent(
    simulated: Place, typed: str, complaint: str
) -> None:
    async with simulated.app().run_test() as pilot:
        board = await live(pilot)
        await choose(pilot, "web-server-01")
        simulated.world.clock.advance(600)  # its create ends
        await polls(
            pilot, simulated, lambda: all(s.status == "completed" for s in board.table._rows)
        )
        await pilot.press("c")
        field(pilot, "#name").value = ""
        await type_text(pilot, typed)
        await pilot.pause()
        said = str(pilot.app.screen.query_one("#name-problem", Static).content)
        assert complaint in said
        assert button(pilot).disabled
        await pilot.press("enter")
        assert simulated.sent() == []
        await pilot.press("escape")
        assert on_dashboard(pilot)


async def test_a_full_server_is_said_and_nothing_sent(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "db-01")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, RoomDialog))
        texts = [str(widget.content) for widget in pilot.app.screen.query(Static)]
        assert any("All 5 slots" in text for text in texts)
        assert button(pilot).disabled
        await pilot.press("enter", "enter", "enter")
        assert simulated.sent() == simulated.sent("DELETE") == []


async def make_room(pilot: Pilot[None]) -> None:
    await choose(pilot, "db-01")
    await pilot.press("c")
    await until(pilot, lambda: isinstance(pilot.app.screen, RoomDialog))
    assert "nightly-1" in str(pilot.app.screen.query_one(".expected", Static).content)
    await pilot.press("down", "enter", "enter")
    await type_text(pilot, "nightly-2")
    await pilot.press("enter")
    assert button(pilot).has_focus
    await fire(pilot)


async def test_room_is_made_by_one_plan(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await make_room(pilot)
        await until(pilot, lambda: on_dashboard(pilot))
        await until(pilot, lambda: board.table._rows[0].status == "in_progress")
        names = [s.name for s in board.table._rows]
        assert "nightly-2" not in names
        assert names[0] == "before-update-2025-01-22"
        assert [r.method for r in simulated.service.received if r.method != "GET"] == [
            "DELETE",
            "POST",
        ]


async def test_a_plan_that_ends_half_way_says_where_it_stands(simulated: Place) -> None:
    server = simulated.server("db-01")
    delete = simulated.world.delete

    def delete_and_fill(account: Account, key: object) -> None:
        delete(account, key)
        simulated.world.add_snapshot(server, "somebody-else-s")  # takes the free slot at once

    simulated.world.delete = delete_and_fill  # type: ignore[method-assign]
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await make_room(pilot)
        await until(pilot, lambda: "one snapshot short" in answer(pilot))
        assert "nightly-2 is deleted" in answer(pilot)
        assert "limit" in answer(pilot)


async def test_one_name_for_all_marked_servers(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await mark(pilot, "mail", "vpn-gateway", "db-01", "legacy-crm")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateSetDialog))
        texts = " ".join(str(widget.content) for widget in pilot.app.screen.query(Static))
        assert "Skipped, no free slot: db-01" in texts
        await pilot.press("enter")
        await until(pilot, lambda: "3 started" in answer(pilot))
        assert len(simulated.sent()) == 3
        await pilot.press("escape")
        await until(pilot, lambda: len(board.fleet.operations) == 3)
        assert not board.servers.marks


async def test_marked_snapshots_are_deleted_after_a_count_is_typed(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await choose(pilot, "shop-production-eu-central-1", "release-2024-12")
        await pilot.press("space", "space", "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, DeleteSetDialog))
        await type_text(pilot, "delete 3")
        assert button(pilot).disabled
        field(pilot, "#typed").value = ""
        await type_text(pilot, "delete 2")
        await pilot.press("enter")
        assert simulated.sent("DELETE") == []
        await fire(pilot)
        await until(pilot, lambda: "2 deleted" in answer(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: board.table.row_count == 2)


async def test_enter_held_down_sends_one_request(simulated: Place) -> None:
    async with simulated.app().run_test() as pilot:
        await live(pilot)
        await choose(pilot, "web-server-02")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
        await pilot.press(*["enter"] * 20)
        await until(pilot, lambda: simulated.sent())
        await until(
            pilot, lambda: not any(isinstance(s, CreateDialog) for s in pilot.app.screen_stack)
        )
        assert simulated.sent() == ["/api/v1/snapshots/"]


async def test_the_provider_s_words_are_shown_and_the_form_keeps_what_was_typed(
    simulated: Place,
) -> None:
    async with simulated.app().run_test() as pilot:
        await live(pilot)
        await choose(pilot, "mail")
        await pilot.press("c")
        server = simulated.server("mail")
        for n in range(3):  # somebody else takes the last slots meanwhile
            simulated.world.add_snapshot(server, f"other-{n}")
        await pilot.press("tab")
        await type_text(pilot, "mine")
        await pilot.press("enter")
        await until(pilot, lambda: "limit reached" in answer(pilot))
        assert field(pilot, "#description").value == "mine"
        assert not button(pilot).disabled
        await until(pilot, lambda: dashboard(pilot).table.row_count == 5)


async def test_restore_is_armed_by_the_server_s_name_alone(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await choose(pilot, "db-01", "nightly-3")
        target = board.panes.snapshot
        assert target is not None
        await pilot.press("R")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        assert field(pilot, "#typed").has_focus
        texts = " ".join(str(w.content) for w in pilot.app.screen.query(Static))
        for fact in ("2 days and 2 hours of changes", "nightly-5", "stopped first", "undone"):
            assert fact in texts
        await type_text(pilot, "nightly-3")
        await pilot.press("enter", "enter", "y")
        assert button(pilot).disabled
        assert simulated.sent() == []
        field(pilot, "#typed").value = ""
        await type_text(pilot, "db-01")
        await pilot.press("enter")
        assert button(pilot).has_focus
        assert simulated.sent() == [], "the first enter only moves to the button"
        await fire(pilot)
        await until(pilot, lambda: on_dashboard(pilot))
        await until(pilot, lambda: board.fleet.restoring(target.server_id))
        assert len(simulated.sent()) == 1
        for key in ("c", "R", "D"):
            await pilot.press(key)
            assert on_dashboard(pilot), "no other write while it restores"
        simulated.world.clock.advance(1000)
        await polls(pilot, simulated, lambda: not connection(pilot).operations.running())
        assert any("db-01 is restored" in text for text in told(pilot))


async def test_a_restore_whose_end_cannot_be_seen_says_so(simulated: Place) -> None:
    for path in [p for p in simulated.service._views if "/servers/" in p]:
        simulated.service._views[path].clear()
    simulated.service.router.routes[:] = [
        route
        for route in simulated.service.router.routes
        if "/servers/" not in route.path  # type: ignore[attr-defined]
    ]
    async with simulated.app().run_test() as pilot:
        board = await live(pilot)
        assert board.fleet.servers_error is not None
        await choose(pilot, "db-01", "nightly-3")
        await pilot.press("R")
        await type_text(pilot, "db-01")
        await pilot.press("enter")
        await fire(pilot)
        await until(pilot, lambda: connection(pilot).operations.running())
        await until(
            pilot, lambda: connection(pilot).operations.running()[0].state is State.ACCEPTED
        )
        await simulated.pass_time(880)
        assert connection(pilot).operations.running(), "blocked for the published time"
        await simulated.pass_time(31)
        await polls(pilot, simulated, lambda: not connection(pilot).operations.running())
        assert any("cannot be seen" in text for text in told(pilot))


async def test_delete_is_armed_by_the_snapshot_s_name(simulated: Place) -> None:
    async with simulated.app().run_test() as pilot:
        board = await live(pilot)
        await choose(pilot, "mail", "before-rspamd")
        await pilot.press("D")
        await type_text(pilot, "before-rspam")
        assert button(pilot).disabled
        await type_text(pilot, "d")
        await pilot.press("enter")
        await fire(pilot)
        await until(pilot, lambda: board.table.row_count == 1)
        assert len(simulated.sent("DELETE")) == 1
        assert any("is deleted" in text for text in told(pilot))


async def test_the_target_is_read_again_and_refused_if_it_changed(simulated: Place) -> None:
    async with simulated.app().run_test() as pilot:
        await live(pilot)
        await choose(pilot, "mail", "before-rspamd")
        await pilot.press("D")
        target = simulated.snapshot("before-rspamd")
        target.name = "renamed"
        target.encoded.clear()
        await type_text(pilot, "before-rspamd")
        await pilot.press("enter")
        await fire(pilot)
        await until(pilot, lambda: "renamed" in answer(pilot))
        assert simulated.sent("DELETE") == []


async def test_nothing_is_destroyed_on_old_knowledge(simulated: Place) -> None:
    async with simulated.app().run_test() as pilot:
        board = await live(pilot)
        await choose(pilot, "mail", "before-rspamd")
        simulated.world.tokens.clear()
        await pilot.press("r")
        await until(pilot, lambda: not board.fleet.freshness.live)
        await pilot.press("D")
        assert on_dashboard(pilot)
        assert any("on old data" in text for text in told(pilot))


async def test_keys_typed_ahead_never_destroy_on_another_server(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        board = await choose(pilot, "mail", "before-rspamd")
        board.servers.move_to(next(v.server.id for v in board.servers._rows if v.full))
        board.flows.restore()  # before the table has heard of it
        await pilot.pause()
        dialog = pilot.app.screen
        assert isinstance(dialog, ConfirmDialog)
        server = str(dialog.query_one(".expected", Static).content)
        assert f"of server {server} #" in str(dialog.query_one(".target", Static).content)
