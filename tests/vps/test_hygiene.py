"""The core runs without a screen, and its models without HTTP."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        (
            "tui.vps.models, tui.vps.errors, tui.vps.decode, tui.vps.token",
            "httpx textual rich click",
        ),
        (
            "tui.fleet.writes.operations, tui.fleet.poller, tui.fleet.store",
            "httpx textual rich click sqlite3",
        ),
        ("tui.vps.client", "textual humanize sqlite3 uvicorn starlette"),
        ("tui.simulator.runner", "textual httpx msgspec humanize tui.vps tui.fleet"),
        ("tui.app", "httpx sqlite3 uvicorn starlette keyring yaml"),
    ],
)
def test_what_an_import_brings_along(modules: str, absent: str) -> None:
    code = f"import sys, {modules}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert set(absent.split()).isdisjoint(done.stdout.split())
