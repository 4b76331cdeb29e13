"""What is loaded at the first paint, and to complete a name: counted, as time is noisy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.places import TOKEN, Place, place
from tests.helpers.program import ciplun, completing, environ
from tests.helpers.pty import Terminal
from tests.helpers.settings_files import home as with_settings

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
        "sized",
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
    # sized: what spares the first screen a second layout
    assert len(ours) <= 111, sorted(ours)


def test_no_garbage_is_collected_before_it(loaded: tuple[set[str], str]) -> None:
    assert loaded[1] == "False"


COMPLETED = """
import os, sys
from tui.__main__ import _run

sys.argv = ["ciplun"]
try:
    _run()
finally:
    with open(os.environ["TOLD"], "w") as file:
        print(*(name for name, module in sys.modules.items() if module), file=file)
"""
SETTINGS = """
[profiles.prod]
[policies.nightly]
name = "nightly-{date}"
keep_last = 2
"""
NAMES = {
    "list web": "web-server-01",
    "create web": "web-server-01",
    "check web": "web-server-01",
    "ensure web": "web-server-01",
    "guard web": "web-server-01",
    "metrics web": "web-server-01",
    "prune web": "web-server-01",
    "history --server web": "web-server-01",
    "restore --server db-01 80": "807",
    "delete --server db-01 80": "807",
    "protect --server db-01 80": "807",
    "unprotect --server db-01 80": "807",
    "wait 80": "807",
    "prune --policy n": "nightly",
    "ensure --policy n": "nightly",
    "list --on st": "stale",
    "--view p": "problems",
    **{f"{name} --profile p": "prod" for name in ("apply", "info", "over", "settle", "watch")},
}
"""What is typed, and a name that completes it."""
MOST_OURS, MOST = 70, 250
ONLY_AT_WORK = {"asyncio", "httpx", "sqlite3", "textual", "rich", "secrets"}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A fleet that has been seen."""
    folder = tmp_path_factory.mktemp("seen")
    with place(folder) as simulated:
        with_settings(folder, SETTINGS)
        assert ciplun(simulated, "list")[0] == 0
        yield simulated


@pytest.mark.parametrize("typed", NAMES)
def test_a_name_is_completed_by_what_reads_and_not_by_what_works(
    seen: Place, tmp_path: Path, typed: str
) -> None:
    told = tmp_path / "told"
    variables = environ(
        Path(seen.environ["HOME"]),
        VPS_API_URL=seen.url,
        VPS_API_TOKEN=TOKEN,
        TOLD=str(told),
        **completing(f"ciplun {typed}"),
    )
    command = [sys.executable, "-c", COMPLETED]
    done = subprocess.run(
        command, env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert f"plain,{NAMES[typed]}" in done.stdout.splitlines(), done.stderr
    modules = set(told.read_text().split())
    assert modules & ONLY_AT_WORK == set()
    ours = {name for name in modules if name.startswith("tui.")}
    for area in ("session", "simulator", "screens", "fleet.journal.journal", "vps.client"):
        assert {name for name in ours if name.startswith(f"tui.{area}")} == set()
    assert len(ours) <= MOST_OURS, sorted(ours)
    assert len(modules) <= MOST, sorted(modules)
