"""What comes in one burst, and what is left when the dashboard is."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal


@pytest.fixture
def terminal(simulated: Place, tmp_path: Path) -> Terminal:
    return Terminal(CIPLUN, environ(tmp_path, **simulated.environ))


def test_keys_typed_ahead_find_what_the_ones_before_have_opened(
    terminal: Terminal, simulated: Place
) -> None:
    with terminal:
        terminal.until("web-server-02")
        terminal.send("/prod\r")  # p, r and d are keys of the list
        terminal.until("Servers · 1 of 12")
        terminal.send("\x1b")
        terminal.until("Servers ─")
        terminal.send("/web-server-02\r2c\x15typed-ahead\tand sent\r")
        terminal.until(lambda: simulated.sent())
    body = next(s for s in simulated.world.snapshots.values() if s.name == "typed-ahead")
    assert body.description == "and sent"


@pytest.mark.parametrize("gap", [0.006, 0.02, 0.04])
def test_keys_that_come_while_a_dialog_opens_go_into_it(
    terminal: Terminal, simulated: Place, gap: float
) -> None:
    with terminal:
        terminal.until("web-server-02")
        terminal.send("G")
        terminal.until("Snapshots of web-server-02")
        for key in "c\x15axay":  # a and x are keys of the dashboard
            terminal.send(key)
            time.sleep(gap)
        terminal.until("▌ axay")
        terminal.send("\r")
        terminal.until(lambda: simulated.sent())
    assert "axay" in {s.name for s in simulated.world.snapshots.values()}


def test_a_pasted_text_comes_after_the_key_before_it(terminal: Terminal) -> None:
    with terminal:
        terminal.until("web-server-02")
        terminal.until("live")  # before that nothing is written to a server
        terminal.send("c\x15\x1b[200~pasted\x1b[201~")
        terminal.until("▌ pasted")


def test_a_name_to_type_arms_nothing_by_itself(terminal: Terminal, simulated: Place) -> None:
    with terminal:
        terminal.until("web-server-02")
        terminal.until("live")  # before that nothing is written to a server
        terminal.send("/db-01\r2Rdb-01\r")  # the last key only goes to the button
        terminal.until("Restore db-01")
        terminal.until("▌ db-01")
        terminal.send("\x1b")
        terminal.until(lambda: "Restore db-01" not in terminal.text())
    assert simulated.sent() == []


@pytest.mark.parametrize("gap", [0.0, 0.033, 0.3])
def test_enters_that_come_with_the_name_delete_nothing(
    terminal: Terminal, simulated: Place, gap: float
) -> None:
    with terminal:
        terminal.until("web-server-02")
        terminal.until("live")  # before that nothing is written to a server
        terminal.send("/mail\r2D")
        terminal.until("Delete before-dovecot-2_4")
        terminal.send("before-dovecot-2_4" + "\r" * (1 if gap else 6))
        for _ in range(5 if gap else 0):
            time.sleep(gap)
            terminal.send("\r")
        terminal.until("▌ before-dovecot-2_4")
        terminal.send("\x1b")
        terminal.until(lambda: "Delete before-dovecot" not in terminal.text())
    assert simulated.sent("DELETE") == []


def test_the_window_is_named_after_the_profile_and_gets_its_own_name_back(
    terminal: Terminal,
) -> None:
    with terminal:
        terminal.until("web-server-02")
        terminal.send("q")
        assert terminal.wait() == 0
    written = bytes(terminal.output)
    assert "\x1b]2;ciplun · default\x07".encode() in written
    assert written.index(b"\x1b[22;2t") < written.index(b"\x1b]2;") < written.index(b"\x1b[23;2t")


def test_no_answer_of_the_terminal_is_left_for_the_shell(terminal: Terminal) -> None:
    with terminal:
        terminal.answer_after(0.1)
        terminal.until("web-server-02")
        terminal.send("j")
        terminal.until(lambda: terminal.owed)  # it has asked whether this is shown
        terminal.send("q")
        assert terminal.wait() == 0
        assert terminal.owed == []
