"""The app against a service that says what it is told, on a clock of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from tests.helpers.clocks import FakeClock
from tests.helpers.service import SECRET
from tui.app import CiplunApp
from tui.config.settings import Options, Settings, load
from tui.session.session import Session


def watching(
    url: str, home: Path, clock: FakeClock, more: Mapping[str, str] | None = None, **changes: object
) -> CiplunApp:
    """The app, not yet running."""
    environ = {"HOME": str(home), "VPS_API_URL": url, "VPS_API_TOKEN": SECRET, "LANG": "C.UTF-8"}
    environ |= more or {}
    environ = {name: value for name, value in environ.items() if value}  # empty: without it

    def session(settings: Settings) -> Session:
        return Session(settings, environ, clock=clock)

    settings = replace(load(Options(), environ), **changes)
    return CiplunApp(Options(), settings, environ, make_session=session)
