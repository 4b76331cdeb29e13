"""The monitor: read from afar, red until somebody has taken note, and quiet."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from tests.helpers.driving import dashboard, live, shown, until
from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal
from tui.app import CiplunApp
from tui.cli.main import run
from tui.config.settings import Options
from tui.fleet.health import Finding, Severity
from tui.fleet.views import unknown
from tui.screens.dashboard.noted import Noted
from tui.screens.dashboard.screen import Dashboard
from tui.screens.monitor import Monitor
from tui.widgets.big_figures import BigFigures
from tui.widgets.heat_map import Field, Heat, HeatMap

QUIET = {"$text-muted"}


async def watched(pilot: Pilot[None]) -> Monitor:
    await live(pilot)
    await pilot.press("m")
    await until(pilot, lambda: isinstance(pilot.app.screen, Monitor))
    await until(pilot, lambda: "need you" in shown(pilot))
    screen = pilot.app.screen
    assert isinstance(screen, Monitor)
    return screen


def named_in(monitor: Monitor) -> set[str]:
    """The styles in which what is wrong is named."""
    return {str(span.style) for span in monitor.names.render().spans}


def monitor_names(pilot: Pilot[None]) -> list[str]:
    assert isinstance(pilot.app.screen, Monitor)
    return pilot.app.screen.names.render().plain.splitlines()


async def test_it_is_red_until_somebody_has_taken_note(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        monitor = await watched(pilot)
        assert monitor.has_class("-alarm")
        assert "space take note" in shown(pilot)
        assert not named_in(monitor) <= QUIET
        await pilot.press("space")
        assert not monitor.has_class("-alarm")
        assert named_in(monitor) <= QUIET
        assert "take note" not in shown(pilot)
        assert "9" in [figure.text for figure in monitor.figures._figures]
        await pilot.press("m")
        assert isinstance(pilot.app.screen, Dashboard)
        await watched(pilot)
        assert not pilot.app.screen.has_class("-alarm"), "what was noted stays so"
        world, mail = simulated.world, simulated.server("mail")
        for snapshot in [s for s in world.snapshots.values() if s.server is mail]:
            world.delete(world.account, snapshot.id)
        await pilot.press("r")
        await until(pilot, lambda: pilot.app.screen.has_class("-alarm"))
        first, second = monitor_names(pilot)[:2]
        assert first.split(maxsplit=1) == ["mail", "new: no completed snapshot"]
        assert second.startswith("db-02-replica"), "what was noted comes after it"
        assert "new" not in second
        await pilot.press("q")
        assert isinstance(pilot.app.screen, Dashboard)


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40), (200, 60)])
async def test_its_figures_fill_a_fifth_of_the_screen_and_what_failed_is_named(
    simulated: Place, size: tuple[int, int]
) -> None:
    async with simulated.app().run_test(size=size) as pilot:
        monitor = await watched(pilot)
        assert monitor.query_one(BigFigures).size.height >= size[1] // 5
        text = shown(pilot)
        assert "db-02-replica" in text
        assert "a snapshot failed" in text
        assert "██" in text


async def test_where_all_is_well_it_says_ok(empty_world: Place) -> None:
    server = empty_world.world.add_server("fresh")
    empty_world.world.add_snapshot(server, "first", hours=1)
    async with empty_world.app().run_test(size=(80, 24)) as pilot:
        await live(pilot)
        await pilot.press("m")
        await until(pilot, lambda: "all of 1 server" in shown(pilot))
        assert not pilot.app.screen.has_class("-alarm")


@pytest.mark.parametrize("size", [(20, 3), (60, 8), (80, 12)])
def test_of_ten_thousand_servers_none_that_is_critical_is_lost(size: tuple[int, int]) -> None:
    heat = HeatMap(".o#@", id="heat")
    fields = [Field(f"web-{n}", "1d", Heat.WELL) for n in range(10_000)]
    fields[7_777] = Field("web-7777", "none", Heat.CRITICAL)
    heat._fields = fields
    lines = heat._signed(*size, dict.fromkeys(Heat, "")).plain.split("\n")
    assert len(lines) <= size[1]
    assert max(map(len, lines)) <= size[0]
    assert "".join(lines).count("@") == 1


def test_what_has_gone_and_comes_again_is_new() -> None:
    noted, found = Noted(), Finding("failed", Severity.WARNING, "web", "a snapshot failed")
    assert noted.new([found]) == [found]
    noted.take([found])
    assert noted.new([found]) == []
    assert noted.new([]) == []
    assert noted.new([found]) == [found]


async def test_of_two_servers_of_one_name_each_counts_and_alarms(empty_world: Place) -> None:
    world = empty_world.world
    world.add_server("web")
    kept = world.add_snapshot(world.add_server("web"), "first", hours=1)
    async with empty_world.app().run_test(size=(120, 40)) as pilot:
        monitor = await watched(pilot)
        assert [figure.text for figure in monitor.figures._figures] == ["1", "1"]
        await pilot.press("space")
        assert not monitor.has_class("-alarm")
        world.delete(world.account, kept.id)
        await pilot.press("r")
        await until(pilot, lambda: monitor.has_class("-alarm"))
        assert [figure.text for figure in monitor.figures._figures] == ["2", "2"]


async def test_in_the_terminal_s_own_colours_signs_have_no_shades_either(simulated: Place) -> None:
    async with simulated.app(theme="ansi").run_test(size=(80, 24)) as pilot:
        heat = (await watched(pilot)).heat
        heat.show([Field(f"web-{n}", "1d", Heat.WELL) for n in range(500)])
        content = heat.render()
        assert "web" not in content.plain
        assert {str(span.style) for span in content.spans} == {"$success"}


async def test_it_opens_with_a_view_or_the_monitor(simulated: Place) -> None:
    def app(view: str) -> CiplunApp:
        return CiplunApp(
            Options(view=view),
            simulated.settings(),
            simulated.environ,
            make_session=simulated.session,
        )

    async with app("problems").run_test(size=(120, 40)) as pilot:
        await live(pilot)
        assert dashboard(pilot).servers.row_count == 9
    async with app("monitor").run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, Monitor))


def test_a_view_that_is_not_there_is_said_with_what_is() -> None:
    assert unknown({}, "") == unknown({}, "Failed") == unknown({"mine": "x"}, "mine") == ""
    assert unknown({}, "problem") == "there is no view 'problem'; did you mean problems?"
    assert "views are all, problems" in unknown({}, "xyz")


def test_an_empty_view_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--view", ""]) == 2
    assert "must not be empty" in capsys.readouterr().err


def test_while_nothing_changes_it_writes_nothing(simulated: Place, tmp_path: object) -> None:
    variables = {**environ(tmp_path), **simulated.environ}  # type: ignore[arg-type]
    with Terminal([*CIPLUN, "--view", "monitor"], variables) as terminal:
        terminal.until("live")
        terminal.until("need you")
        while terminal.read(0.5):
            pass
        written, asked = len(terminal.output), len(simulated.sent("GET"))
        terminal.send("r")
        terminal.until(lambda: len(simulated.sent("GET")) >= asked + 2)
        while terminal.read(0.5):
            pass
        assert terminal.output[written:] == b""
