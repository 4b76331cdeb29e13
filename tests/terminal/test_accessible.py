"""Where the terminal's own cursor stands: braille displays and magnifiers follow it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal


def under_the_cursor(terminal: Terminal) -> str:
    """The line of the screen that the cursor is in, from there on."""
    return terminal.screen.display[terminal.screen.cursor.y][terminal.screen.cursor.x :]


def before_the_cursor(terminal: Terminal) -> str:
    """The line that the cursor is in, up to it."""
    return terminal.screen.display[terminal.screen.cursor.y][: terminal.screen.cursor.x]


@pytest.mark.parametrize("how", [{"CIPLUN_CURSOR": "1"}, {"CIPLUN_ACCESSIBLE": "true"}], ids=str)
def test_the_cursor_is_seen_and_stands_on_what_is_chosen(
    simulated: Place, tmp_path: Path, how: dict[str, str]
) -> None:
    with Terminal(CIPLUN, simulated.environ | environ(tmp_path, **how)) as terminal:
        terminal.until("legacy-crm")
        terminal.until(lambda: not terminal.screen.cursor.hidden)
        terminal.send("g")
        terminal.until(lambda: under_the_cursor(terminal).lstrip(" ▶").startswith("billing"))
        terminal.send("j")
        terminal.until(lambda: under_the_cursor(terminal).lstrip(" ▶").startswith("ci-runner"))
        terminal.send("G")
        terminal.until(lambda: under_the_cursor(terminal).lstrip(" ▶").startswith("web-server-02"))
        terminal.send("c")
        terminal.until("Create a snapshot of web-server-02")
        terminal.send("x")
        terminal.until(lambda: before_the_cursor(terminal).endswith("x"))
        terminal.send("\x1b")
        terminal.until(lambda: "Create a snapshot of" not in terminal.text())
        terminal.until(lambda: under_the_cursor(terminal).lstrip(" ▶").startswith("web-server-02"))
        terminal.send("q")
        assert terminal.wait() == 0


def test_otherwise_it_is_hidden(simulated: Place, tmp_path: Path) -> None:
    with Terminal(CIPLUN, simulated.environ | environ(tmp_path)) as terminal:
        terminal.until("legacy-crm")
        assert terminal.screen.cursor.hidden
        terminal.send("q")
        assert terminal.wait() == 0
