"""What a hook is given is never an option of its command, whatever a snapshot is called."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from textual.app import App

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
