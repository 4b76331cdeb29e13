from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tui.fleet.actor import Who

if TYPE_CHECKING:
    from tests.helpers.places import Place

TESTS = Path(__file__).parent
SLOW_TO_LOAD = {
    "pytest_textual_snapshot": TESTS / "screens" / "test_looks.py",
    "schemathesis.pytest.plugin": TESTS / "simulator" / "test_contract.py",
}
"""Plugins that take a second each, kept off in pyproject.toml, and the one file that needs them."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many workers ``-n auto`` starts: the tests wait about as long as they compute."""
    return min(2 * (os.cpu_count() or 1) + 1, 24)


def pytest_configure(config: pytest.Config) -> None:
    """Let no child inherit what we did, and load slow plugins only where they may be needed."""
    pass_no_ignored_signals_on()
    asked = {(config.rootpath / argument.partition("::")[0]).resolve() for argument in config.args}
    for plugin, file in SLOW_TO_LOAD.items():
        if asked & {file, *file.parents}:
            config.pluginmanager.import_plugin(plugin)


def pass_no_ignored_signals_on() -> None:
    """Have children start with signals as usual, also below ``nohup`` or in the background.

    What is ignored stays so in children; a handler does not, and this one ignores as well.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def pytest_pycollect_makemodule(module_path: Path) -> None:
    """Take the time limits off hypothesis, for machines may be busy; load it only where used."""
    if "hypothesis" in module_path.read_text(encoding="utf-8"):
        import hypothesis

        hypothesis.settings.register_profile("ciplun", deadline=None)
        hypothesis.settings.load_profile("ciplun")


@pytest.fixture(autouse=True)
def _one_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same user on every machine."""
    monkeypatch.setattr(Who, "here", classmethod(lambda cls, environ: cls("admin", "192.0.2.7")))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module's tests in each of its DIALECTS of the service, where it names them."""
    dialects = getattr(metafunc.module, "DIALECTS", None)
    if dialects and "dialect" in metafunc.fixturenames:
        metafunc.parametrize("dialect", dialects)


@pytest.fixture
def dialect() -> str:
    """The dialect that the service speaks."""
    return "docs"


@pytest.fixture
def simulated(tmp_path: Path, dialect: str) -> Iterator[Place]:
    """The demo fleet at noon, on a clock that stands still."""
    from tests.helpers.places import place  # loads the whole app

    with place(tmp_path, dialect=dialect) as found:
        yield found


@pytest.fixture
def empty_world(tmp_path: Path, dialect: str) -> Iterator[Place]:
    """An account with nothing in it."""
    from tests.helpers.places import place

    with place(tmp_path, fleet=False, dialect=dialect) as found:
        yield found
