from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.helpers.places import Place, place
from tui.fleet.actor import Who

hypothesis.settings.register_profile("ciplun", deadline=None)  # machines may be busy
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
    with place(tmp_path, dialect=dialect) as found:
        yield found


@pytest.fixture
def empty_world(tmp_path: Path, dialect: str) -> Iterator[Place]:
    """An account with nothing in it."""
    with place(tmp_path, fleet=False, dialect=dialect) as found:
        yield found
