"""What a hook is given is never an option of its command, whatever a snapshot is called."""

from __future__ import annotations

import os
import stat
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from textual.app import App

from tui.terminal.hooks import run_hook
from tui.terminal.notify import Announcer


class Running(App[None]):
    """Keeps what it is to run."""

    work: Coroutine[Any, Any, int | None]

    def run_worker(self, work: Any, *_: Any, **__: Any) -> Any:
        self.work = work


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("-rf is completed", "ciplun: -rf is completed"),
        ("--help is completed", "ciplun: --help is completed"),
        ("before-update is completed", "before-update is completed"),
    ],
)
async def test_a_text_like_an_option_does_not_come_first(
    tmp_path: Path, text: str, given: str
) -> None:
    app, told = Running(), tmp_path / "told"
    command = ["sh", "-c", f'printf %s "$1" > {told}', "hook"]
    Announcer(app, {"PATH": "/usr/bin:/bin"}).announce(text, {}, command)
    assert await app.work == 0
    assert told.read_text() == given


async def test_a_hook_makes_files_as_its_user_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.terminal.hardening.given_umask", 0o022)
    told, before = tmp_path / "told", os.umask(0o077)
    try:
        surroundings = {"PATH": "/usr/bin:/bin"}
        assert await run_hook(["sh", "-c", f"umask > {told}"], {}, surroundings) == 0
    finally:
        os.umask(before)
    assert (told.read_text(), stat.S_IMODE(told.stat().st_mode)) == ("0022\n", 0o644)
