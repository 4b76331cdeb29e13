"""What the dashboard says while it has nothing, cannot reach anything, or may not."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from textual.app import App
from textual.widgets import Input

from tests.helpers.driving import answer, at_rest, connection, live, shown, toasts, type_text, until
from tests.helpers.places import TOKEN, Place
from tui.app import CiplunApp
from tui.commands import Keys
from tui.config.settings import Options, load
from tui.fleet.state import Fleet, ServerView
from tui.screens.dashboard.screen import Dashboard
from tui.screens.dialogs.welcome import FirstRun
from tui.simulator.scenarios import hooks
from tui.vps.models import Server
from tui.widgets.details_pane import Details
from tui.widgets.empty_states import snapshots_empty
from tui.widgets.line import Line
from tui.widgets.too_small import TooSmall

DIALECTS = ("docs", "client")


def header(app: App[Any]) -> str:
    return app.screen.query_one("#header", Line).render().plain


async def test_an_account_with_nothing(empty_world: Place) -> None:
    async with empty_world.app().run_test() as pilot:
        board = await live(pilot)
        assert board.servers.empty == "This account has no servers"


async def test_nobody_answers(simulated: Place) -> None:
    app = simulated.app(url="http://127.0.0.1:9/api/v1")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.session and app.session.store.fleet.freshness.error)
        board = app.screen
        assert isinstance(board, Dashboard)
        await until(pilot, lambda: "could not reach" in board.servers.empty)
        assert "offline" in header(app)


async def test_an_outage_keeps_the_last_data_and_counts_down(simulated: Place) -> None:
    app = simulated.app()
    async with app.run_test(size=(120, 40)) as pilot:
        board = await live(pilot)
        client = connection(pilot).client
        assert client is not None
        client.exchange.base_url = "http://127.0.0.1:9/api/v1/"
        await simulated.clock.advance(61)
        await until(pilot, lambda: not board.fleet.freshness.live)
        await until(pilot, lambda: "offline" in header(app))
        assert board.servers.row_count == 12
        assert board.servers.has_class("-stale")
        shown = str(board.query_one(Details).render())
        assert "could not reach" in shown
        assert "next try in" in shown
        client.exchange.base_url = simulated.url + "/"
        await pilot.press("r")
        await until(pilot, lambda: board.fleet.freshness.live)
        assert not board.servers.has_class("-stale")


async def test_a_refused_token_names_its_source_and_is_read_again(simulated: Place) -> None:
    app = simulated.app()
    simulated.world.tokens.clear()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.session and app.session.store.fleet.freshness.error)
        await until(pilot, lambda: "not authorised" in header(app))
        assert "environment VPS_API_TOKEN" in str(app.screen.query_one(Details).render())
        await at_rest(pilot)
        asked = len(simulated.service.received)
        await simulated.clock.advance(7 * 24 * 3600)
        await at_rest(pilot)
        assert len(simulated.service.received) == asked
        simulated.world.add_token("vps_the_new_one")
        simulated.environ["VPS_API_TOKEN"] = "vps_the_new_one"
        await pilot.press("r")
        await live(pilot)


async def test_what_to_do_about_a_refused_token_is_not_cut_at_80_cells(simulated: Place) -> None:
    simulated.world.tokens.clear()
    async with simulated.app().run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Not authorised" in shown(pilot))
        await until(pilot, lambda: "there, then r" in shown(pilot))
        assert "admin.vps.org/account/ " in shown(pilot), "an address breaks behind a slash"


def test_of_what_is_only_remembered_nothing_is_offered() -> None:
    view = ServerView(Server(id=1, name="web"), ())
    known = snapshots_empty(Fleet(), view, "", Keys({"create": "c"}))
    assert known == "No snapshots of this server\n\nc creates the first"
    remembered = snapshots_empty(Fleet(), replace(view, remembered=True), "", Keys({}))
    assert remembered == "No snapshots of this server"


@pytest.mark.parametrize("width", [60, 66, 72, 80, 90])
async def test_the_parts_of_the_header_stand_apart(simulated: Place, width: int) -> None:
    simulated.service.play(hooks(["snapshots-only"]))
    async with simulated.app().run_test(size=(width, 24)) as pilot:
        await live(pilot)
        text = header(pilot.app)
        assert "no server list  " in text
        assert text.rstrip().endswith(("live", "just now"))


async def test_without_a_token_the_first_screen_offers_all_ways(simulated: Place) -> None:
    del simulated.environ["VPS_API_TOKEN"]
    settings = load(Options(), simulated.environ)
    app = CiplunApp(Options(), settings, simulated.environ, make_session=simulated.session)
    async with app.run_test(size=(120, 40)) as pilot:
        assert isinstance(app.screen, FirstRun)
        await type_text(pilot, "vps_wrong")
        await pilot.press("enter")
        await until(pilot, lambda: "Invalid token" in answer(pilot))
        app.screen.query_one(Input).value = TOKEN
        await pilot.press("enter")
        await live(pilot)
        saved = settings.token_file
        assert saved.read_text().strip() == TOKEN
        assert saved.stat().st_mode & 0o777 == 0o600
    again = load(Options(), simulated.environ)
    assert again.token is not None
    assert again.token.describe().startswith("file ~/")


async def test_a_token_that_may_only_read_greys_the_writing_keys(simulated: Place) -> None:
    simulated.world.tokens.clear()
    simulated.world.add_token(TOKEN, "servers:read")
    async with simulated.app().run_test() as pilot:
        board = await live(pilot)
        await until(pilot, lambda: board.fleet.account is not None)
        assert set(board.refusals()) == {"create", "restore", "delete"}
        await pilot.press("c")
        assert any("may only read" in text for text in toasts(pilot))


@pytest.mark.parametrize("size", [(59, 20), (80, 14), (20, 5), (1, 1)])
async def test_a_terminal_too_small_says_so(simulated: Place, size: tuple[int, int]) -> None:
    async with simulated.app().run_test(size=size) as pilot:
        board = await live(pilot)
        assert board.query_one(TooSmall).display
        assert not board.query_one("#panes").display
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: board.query_one("#panes").display)


async def test_another_profile_shows_nothing_of_the_first(
    simulated: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.helpers.places import place

    with place(tmp_path_factory.mktemp("other"), fleet=False) as other:
        other.world.add_server("only-here")
        config = simulated.settings().token_file.parents[3] / ".config/ciplun/config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(
            f"[profiles.a]\nurl = '{simulated.url}'\ntoken_env = 'A'\n"
            f"[profiles.b]\nurl = '{other.url}'\ntoken_env = 'A'\n"
        )
        environ = {"HOME": simulated.environ["HOME"], "A": TOKEN, "LANG": "C.UTF-8"}
        settings = load(Options(), environ)
        simulated.environ.clear()
        simulated.environ.update(environ)
        app = CiplunApp(Options(), settings, environ, make_session=simulated.session)
        async with app.run_test(size=(120, 40)) as pilot:
            await live(pilot)
            await pilot.press("P", "down", "enter")
            await until(pilot, lambda: app.session and app.session.settings.profile == "b")
            board = await live(pilot)
            await until(pilot, lambda: board.servers.row_count == 1)
            assert "only-here" in str(board.servers.cursor_row)
            assert "0/5 slots" in header(app)
            assert "All 1 " in shown(pilot)
            assert app.session is not None
            assert replace(app.session.settings, keys={}).account.endswith(other.url)
