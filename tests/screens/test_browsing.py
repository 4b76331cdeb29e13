"""The harmless keys: moving, panes, filter, sort, details, copy, refresh, pause, palette, help."""

from __future__ import annotations

import json

import pytest
from textual.command import CommandPalette
from textual.widgets import Input, OptionList

from tests.helpers.driving import (
    answer,
    at_rest,
    choose,
    connection,
    dashboard,
    live,
    session,
    shown,
    toasts,
    type_text,
    until,
)
from tests.helpers.places import Place
from tui.screens.dashboard.screen import Dashboard
from tui.screens.dialogs.copying import texts_of
from tui.screens.dialogs.create import CreateDialog
from tui.screens.dialogs.details import DetailsDialog
from tui.screens.dialogs.help import HelpDialog
from tui.screens.dialogs.operations import OperationsDialog
from tui.screens.dialogs.prompt import AskDialog
from tui.vps.models import Server

DIALECTS = ("docs", "client")


async def test_moving_and_panes(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        names = [view.server.name for view in board.servers._rows]
        assert names == sorted(names)
        for key, expected in (
            ("j", names[1]),
            ("down", names[2]),
            ("k", names[1]),
            ("up", names[0]),
            ("up", names[0]),
            ("G", names[-1]),
            ("j", names[-1]),
            ("g", names[0]),
            ("end", names[-1]),
            ("home", names[0]),
            ("pagedown", names[-1]),
            ("pageup", names[0]),
        ):
            await pilot.press(key)
            assert board.servers.cursor_row is not None
            assert board.servers.cursor_row.server.name == expected, key
        for key, pane in (
            ("l", board.table),
            ("h", board.servers),
            ("tab", board.table),
            ("tab", board.servers),
            ("2", board.table),
            ("1", board.servers),
        ):
            await pilot.press(key)
            assert pane.has_focus, key


async def test_choosing_a_server_fills_the_table_newest_first(simulated: Place) -> None:
    async with simulated.app().run_test() as pilot:
        board = await live(pilot)
        await choose(pilot, "db-01")
        assert [s.name for s in board.table._rows] == [f"nightly-{n}" for n in (5, 4, 3, 2, 1)]


async def test_the_cursor_follows_the_item_not_the_row(simulated: Place) -> None:
    async with simulated.app().run_test() as pilot:
        board = await live(pilot)
        await choose(pilot, "db-01", "nightly-3")
        row = board.table._cursor
        gone = simulated.snapshot("nightly-5")
        simulated.world.delete(simulated.world.account, gone.id)
        await pilot.press("r")
        await until(pilot, lambda: board.table.row_count == 4)
        assert board.table.cursor_row is not None
        assert board.table.cursor_row.name == "nightly-3"
        assert board.table._cursor == row - 1


async def test_filter_as_typed_keep_and_clear(simulated: Place) -> None:
    async with simulated.app().run_test() as pilot:
        board = await live(pilot)
        await pilot.press("slash")
        await type_text(pilot, "web")
        assert [v.server.name for v in board.servers._rows] == ["web-server-01", "web-server-02"]
        await pilot.press("enter")
        assert board.servers.has_focus
        assert board.servers.cursor_row is not None
        assert board.servers.cursor_row.server.name == "web-server-01"
        await pilot.press("escape")
        assert board.servers.row_count == 12
        assert board.servers.cursor_row.server.name == "web-server-01"
        await pilot.press("slash")
        await type_text(pilot, "nothing")
        assert "No server matches" in board.servers.empty
        await pilot.press("escape")
        assert board.servers.row_count == 12
        assert isinstance(pilot.app.screen, Dashboard), "esc never quits"


async def test_what_changes_is_painted_whatever_the_height_was(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await pilot.press("slash")  # takes a line from the panes
        await pilot.press("escape")
        await pilot.resize_terminal(120, 38)
        mail = simulated.server("mail")
        mail.power = "stopped"
        await pilot.press("r")
        await until(pilot, lambda: "mail stopped" in shown(pilot))
        assert "mail  " not in shown(pilot)


async def test_filtering_one_pane_leaves_the_other_alone(simulated: Place) -> None:
    async with simulated.app().run_test() as pilot:
        board = await live(pilot)
        await choose(pilot, "db-01", "nightly-5")
        await pilot.press("slash")
        await type_text(pilot, "-2")
        await pilot.press("enter")
        assert [s.name for s in board.table._rows] == ["nightly-2"]
        assert board.servers.row_count == 12


async def test_sort_and_reverse(simulated: Place) -> None:
    async with simulated.app().run_test() as pilot:
        board = await live(pilot)
        seen = set()
        for _ in range(6):
            await pilot.press("s")
            seen.add(board.servers.arrangement.sort)
        assert len(seen) > 2
        before = [v.server.id for v in board.servers._rows]
        await pilot.press("S")
        assert [v.server.id for v in board.servers._rows] != before


async def test_all_snapshots_of_all_servers(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await choose(pilot, "mail", "before-rspamd")
        await pilot.press("a")
        assert board.table.row_count == len(simulated.world.snapshots)
        assert board.table.cursor_row is not None
        assert board.table.cursor_row.name == "before-rspamd"
        await pilot.press("a")
        assert board.servers.cursor_row is not None
        assert board.servers.cursor_row.server.name == "mail"


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (200, 50)])
async def test_each_text_to_copy_takes_one_line(simulated: Place, size: tuple[int, int]) -> None:
    async with simulated.app().run_test(size=size) as pilot:
        await live(pilot)
        await pilot.press("Y")
        await until(pilot, lambda: "curl  " in shown(pilot))
        texts = pilot.app.screen.query_one(OptionList)
        assert texts.virtual_size.height == texts.option_count
        assert shown(pilot).count("…   ") >= 2, "what is cut is seen to be cut"


def test_no_curl_is_offered_where_no_address_is_known() -> None:
    server = Server(id=7, name="web", address="203.0.113.1")
    assert "curl" in texts_of(server, server, "https://example.net/api/v1")
    assert [*texts_of(server, server, "")] == ["Name", "Id", "Address", "JSON"]


async def test_details_copy_and_help(simulated: Place) -> None:
    async with simulated.app().run_test() as pilot:
        await live(pilot)
        await choose(pilot, "mail", "before-rspamd")
        for key in ("d", "enter"):
            await pilot.press(key)
            assert isinstance(pilot.app.screen, DetailsDialog)
            await pilot.press("escape")
        board = dashboard(pilot)
        assert board.table.cursor_row is not None
        await pilot.press("y")
        assert pilot.app.clipboard == str(board.table.cursor_row.id)
        for number, expected in enumerate(("before-rspamd", None, "203.0.113.5")):
            await pilot.press("Y", *["down"] * number, "enter")
            assert expected is None or pilot.app.clipboard == expected
        await pilot.press("Y", "down", "down", "down", "enter")
        assert json.loads(pilot.app.clipboard)["name"] == "before-rspamd"
        await pilot.press("Y", "end", "enter")
        assert pilot.app.clipboard.startswith('curl -H "Authorization: Bearer $VPS_API_TOKEN" ')
        assert simulated.environ["VPS_API_TOKEN"] not in pilot.app.clipboard
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpDialog))
        await pilot.press("escape")
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, OperationsDialog))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dashboard))


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_the_palette_runs_any_command(simulated: Place, key: str) -> None:
    async with simulated.app().run_test() as pilot:
        await live(pilot)
        await pilot.press(key)
        palette = pilot.app.screen
        assert isinstance(palette, CommandPalette)
        await type_text(pilot, "Help")
        await until(pilot, lambda: palette.query_one("CommandList").option_count)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpDialog))


async def test_refresh_asks_at_once_and_pause_stops(simulated: Place) -> None:
    async with simulated.app().run_test() as pilot:
        board = await live(pilot)
        before = len(simulated.service.received)
        await pilot.press("r")
        await until(pilot, lambda: len(simulated.service.received) > before)
        await pilot.press("p")
        assert board.fleet.freshness.paused
        await at_rest(pilot)
        quiet = len(simulated.service.received)
        await simulated.clock.advance(600)
        await at_rest(pilot)
        assert len(simulated.service.received) == quiet
        await pilot.press("p")
        await until(pilot, lambda: len(simulated.service.received) > quiet)


async def test_a_server_is_added_by_id_where_no_list_names_it(empty_world: Place) -> None:
    server = empty_world.world.add_server("hidden")
    for route in list(empty_world.service.router.routes):
        if "/servers/" in route.path:  # type: ignore[attr-defined]
            empty_world.service.router.routes.remove(route)
    async with empty_world.app().run_test() as pilot:
        board = await live(pilot)
        assert "adds a server by its id" in board.servers.empty
        await pilot.press("plus")
        assert isinstance(pilot.app.screen, AskDialog)
        await type_text(pilot, str(empty_world.key(server)))
        await pilot.press("enter")
        await until(pilot, lambda: board.servers.row_count == 1)
        assert not any("lists no server" in text for text in toasts(pilot)), "no list says that"
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
        await pilot.press("enter")
        await until(pilot, lambda: board.table.row_count == 1)
        assert empty_world.sent() == ["/api/v1/snapshots/"]


async def test_only_what_can_be_an_id_is_added_and_it_is_taken_back(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        await pilot.press("minus")
        assert "billing stays" in toasts(pilot)[-1]
        await pilot.press("plus")
        await type_text(pilot, "abc")
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, AskDialog)
        assert "a number such as 12345" in answer(pilot)
        await pilot.press("backspace", "backspace", "backspace")
        assert answer(pilot) == ""
        await type_text(pilot, "99999")
        await pilot.press("enter")
        await until(pilot, lambda: board.servers.row_count == 13)
        assert board.servers.cursor_key == 99999
        assert toasts(pilot)[-1].startswith("the provider lists no server 99999: shown all the")
        await pilot.press("minus")
        await until(pilot, lambda: board.servers.row_count == 12)
        as_of = board.fleet.freshness.as_of
        await pilot.press("r")
        await until(pilot, lambda: board.fleet.freshness.as_of != as_of)
        assert board.servers.row_count == 12


async def test_a_server_that_is_known_is_gone_to_not_added(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        mail = next(v.server for v in board.fleet.servers.values() if v.server.name == "mail")
        await pilot.press("plus")
        await type_text(pilot, str(mail.id))
        await pilot.press("enter")
        assert board.panes.view is not None
        assert board.panes.view.server is mail


async def test_the_lock_refuses_and_unlocks_for_a_while(simulated: Place) -> None:
    async with simulated.app(locked=True).run_test() as pilot:
        board = await live(pilot)
        await choose(pilot, "web-server-02")
        await pilot.press("c")
        assert isinstance(pilot.app.screen, Dashboard)
        assert any("locked" in text for text in toasts(pilot))
        await pilot.press("L", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CreateDialog))
        await pilot.press("enter")
        await until(pilot, lambda: simulated.sent())
        await simulated.clock.advance(601)
        assert session(pilot).lock.locked
        assert board.refusals()["create"].startswith("writing is locked")


async def test_read_only_is_enforced_where_requests_are_made(simulated: Place) -> None:
    from tui.vps.errors import WriteRefused

    async with simulated.app(read_only=True).run_test() as pilot:
        await live(pilot)
        await pilot.press("L")
        client = connection(pilot).client
        assert client is not None
        with pytest.raises(WriteRefused):
            await client.delete_snapshot(801)
        assert simulated.sent("DELETE") == []


async def test_keys_can_be_remapped_everywhere(simulated: Place) -> None:
    async with simulated.app(keys={"refresh": "f", "quit": "Q"}).run_test() as pilot:
        await live(pilot)
        before = len(simulated.service.received)
        await pilot.press("f")
        await until(pilot, lambda: len(simulated.service.received) > before)
        await pilot.press("q")
        assert pilot.app.is_running
        assert pilot.app.return_code is None
        await pilot.press("Q")
        assert pilot.app.return_code == 0


@pytest.mark.parametrize(("key", "code"), [("q", 0), ("ctrl+c", 130)])
async def test_leaving(simulated: Place, key: str, code: int) -> None:
    app = simulated.app()
    async with app.run_test() as pilot:
        await live(pilot)
        await pilot.press(key)
    assert app.return_code == code


async def test_ctrl_c_leaves_a_dialog_with_a_text_field_too(simulated: Place) -> None:
    app = simulated.app()
    async with app.run_test() as pilot:
        await live(pilot)
        await choose(pilot, "web-server-02")
        await pilot.press("c")
        assert isinstance(app.focused, Input)
        await pilot.press("ctrl+c")
    assert app.return_code == 130


async def test_what_means_nothing_in_a_filter_is_said_while_it_is_typed(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await pilot.press("slash")
        await type_text(pilot, "web used>9")
        await until(pilot, lambda: "used>9: a number from 0 to 5, like used>=4" in shown(pilot))
        assert dashboard(pilot).servers.row_count == 2  # what means something goes on choosing
        await pilot.press(*["backspace"] * 10)
        await type_text(pilot, "faild")
        await until(pilot, lambda: "did you mean failed?" in shown(pilot))
        await pilot.press("backspace", "e", "d")
        await until(pilot, lambda: "did you mean" not in shown(pilot))
        assert dashboard(pilot).servers.row_count == 1


async def test_a_whole_address_chooses_its_server_among_many(simulated: Place) -> None:
    for n in range(70, 80):
        simulated.world.add_server(f"extra-{n}", address=f"198.51.100.{n}")
    simulated.world.add_server("z-seven", address="198.51.100.7")
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await pilot.press("slash")
        await type_text(pilot, "198.51.100.7")
        chosen = dashboard(pilot).panes.view
        assert chosen is not None
        assert chosen.server.name == "z-seven"
        assert dashboard(pilot).servers.row_count == 11
