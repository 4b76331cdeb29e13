"""The button that destroys takes nothing for a press that comes too soon, too often or pasted."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal

NAME = "before-rspamd"


def in_delete(terminal: Terminal) -> None:
    terminal.until("web-server-02")
    terminal.send("/mail\r")
    terminal.until("Servers · 1 of 12")
    terminal.send("2")
    terminal.until("▷  mail")
    terminal.send("j")
    terminal.until("#811 before-rspamd")
    terminal.send("D")
    terminal.until(f"Delete {NAME}")


def beat(terminal: Terminal, keys: str, seconds: float, times: int) -> None:
    """Send keys again and again, as far apart as a keyboard sends them."""
    for _ in range(times):
        terminal.send(keys)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            terminal.read(left)


@pytest.mark.parametrize(
    ("pasted", "keys", "seconds", "times"),
    [
        pytest.param(f"{NAME}\n\n\n\n", "", 0.0, 0, id="line feeds after the name"),
        pytest.param(f"{NAME}\r\r\r\r", "", 0.0, 0, id="line ends after the name"),
        pytest.param(f"\x1b[200~{NAME}\r\r\x1b[201~", "", 0.0, 0, id="a paste, and said to be one"),
        pytest.param(f"{NAME}\t\t\r", "", 0.0, 0, id="over the keys between the fields"),
        pytest.param(NAME, "\r", 0.033, 12, id="twelve"),
        pytest.param(NAME, "\r", 0.07, 2, id="two"),
        pytest.param(NAME, "\r", 0.033, 70, id="held for longer than a second"),
    ],
)
def test_is_no_press(
    simulated: Place, tmp_path: Path, pasted: str, keys: str, seconds: float, times: int
) -> None:
    with Terminal(CIPLUN, environ(tmp_path, **simulated.environ)) as terminal:
        in_delete(terminal)
        terminal.send(pasted)
        terminal.until(f"▌ {NAME}")
        beat(terminal, keys, seconds, times)
        beat(terminal, "", 1.5, 1)
        assert simulated.sent("DELETE") == []
        assert f"Delete {NAME}" in terminal.text()
        beat(terminal, "\r", 1.5, 1)  # to the button, or on it
        if not simulated.sent("DELETE"):
            terminal.send("\r")
        terminal.until(lambda: simulated.sent("DELETE"))
        terminal.until(f"{NAME} of mail is deleted")
    assert len(simulated.sent("DELETE")) == 1
