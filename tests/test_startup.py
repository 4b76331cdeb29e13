"""What is loaded when the first paint is there: a budget in modules, as milliseconds are noisy."""

from __future__ import annotations

import sys

import pytest

from tests.helpers.places import TOKEN
from tests.helpers.program import environ
from tests.helpers.pty import Terminal

FIRST_PAINT = """
import gc, os, sys
gc.disable()  # as `tui.__main__` does
from tui.app import CiplunApp
from tui.__main__ import _run

def painted(self):
    with open(os.environ["TOLD"], "w") as file:
        print(gc.isenabled(), *(name for name, module in sys.modules.items() if module), file=file)
    self.exit()

CiplunApp._connect = painted
sys.argv = ["ciplun"]
_run()
"""
_PACKAGES = "humanize linkify_it markdown_it mdit_py_plugins mdurl msgspec platformdirs"
THIRD_PARTY = {*_PACKAGES.split(), "pygments", "rich", "textual", "typing_extensions", "uc_micro"}
OF_THE_SYSTEM = {"sitecustomize", "usercustomize"}
"""What a distribution has its Python load at each start."""
LATER = {"sqlite3", "secrets", "http", "urllib.request", "email", "statistics", "json", "html"}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], str]:
    """The modules that are loaded at the first paint, and whether garbage is collected by then."""
    home = tmp_path_factory.mktemp("home")
    told = home / "told"
    variables = environ(home, VPS_API_TOKEN=TOKEN, TOLD=str(told))
    with Terminal([sys.executable, "-c", FIRST_PAINT], variables) as terminal:
        terminal.wait(30)
    collecting, *modules = told.read_text().split()
    return set(modules), collecting


def test_no_other_packages_than_the_screen_needs(loaded: tuple[set[str], str]) -> None:
    packages = {name.partition(".")[0] for name in loaded[0]}
    strangers = (
        packages - sys.stdlib_module_names - THIRD_PARTY - OF_THE_SYSTEM - {"tui", "__main__"}
    )
    assert {name for name in strangers if not name.startswith("_")} == set()


def test_what_is_heavy_comes_later(loaded: tuple[set[str], str]) -> None:
    assert loaded[0] & LATER == set()


def test_our_own_modules_are_those_of_the_first_screen(loaded: tuple[set[str], str]) -> None:
    ours = {name for name in loaded[0] if name.startswith("tui.")}
    for area in ("fleet.journal.journal", "fleet.poller", "fleet.writes.operations", "vps.client"):
        assert f"tui.{area}" not in ours
    screens = {name.rpartition(".")[2] for name in ours if name.startswith("tui.screens.")}
    assert screens <= {
        "bars",
        "browsing",
        "gone",
        "noted",
        "pages",
        "ticking",
        "view_memory",
        "cursor_pacing",
        "dashboard",
        "screen",
        "write_flows",
    }
    # memory and remembering among them: the last known fleet is there with the first paint
    # the tray stands on the first screen; seven more are the views, ages and days
    # access: the session holds it from the start; what it needs comes later
    # pages and ticking: what keys open, and the clock, are no longer part of the screen itself
    # telling: what is told of the session, which the app had in it before
    # connection, connector, consequences and errands: what the session had in it before
    # bars: what stands around the panes, which the screen had in it before
    # power: the notes of servers that can be started, which stand in the tray
    # last_resort: a process that is stuck can load nothing any more
    assert len(ours) <= 110, sorted(ours)


def test_no_garbage_is_collected_before_it(loaded: tuple[set[str], str]) -> None:
    assert loaded[1] == "False"
