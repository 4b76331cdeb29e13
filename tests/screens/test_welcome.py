"""No token yet: the first screen, a pasted token, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.driving import shown, until
from tests.helpers.faulty import http
from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal
from tests.helpers.service import NOT_FOUND, SECRET, Answer, Said, fleet, saying, snapshot
from tui.app import CiplunApp
from tui.config.settings import Options, load
from tui.screens.dashboard.screen import Dashboard
from tui.screens.dialogs.welcome import FirstRun

SERVERS = [{"id": 10, "name": "web"}]
GOOD = fleet([snapshot(1)], SERVERS)
REFUSED = http('{"detail": "Invalid token."}', "401 X")
SAVED = ".local/state/ciplun/token-default"


def for_the_right_token(said: Said, answer: Answer = GOOD) -> None:
    """Answer so to the marked token, and 401 to any other."""

    def choose(method: str, path: str) -> object:
        right = f"Bearer {SECRET}\r\n".encode() in said.heads[-1]
        return answer(method, path) if right else REFUSED

    said.answer = choose  # type: ignore[assignment]


@contextmanager
def first_screen(said: Said, home: Path, **more: str) -> Iterator[Terminal]:
    with Terminal(CIPLUN, environ(home, VPS_API_URL=said.url, **more)) as terminal:
        terminal.until("No API token was found")
        yield terminal


def paste(terminal: Terminal, token: str) -> None:
    """Put it into the empty field, and then enter."""
    terminal.send("\x15")
    terminal.until("vps_…")
    while "•" not in terminal.text():  # what comes before the field has the focus goes nowhere
        terminal.send(token[0])
        terminal.read(0.5)
    terminal.send("\x15")
    terminal.until("vps_…")
    terminal.send(token)
    terminal.until("••")
    terminal.send("\r")


def leave(terminal: Terminal) -> None:
    terminal.send("\x1b")
    terminal.until("there is no token")
    terminal.send("q")


def test_a_pasted_token_is_checked_saved_for_its_owner_and_used_from_then_on(
    tmp_path: Path,
) -> None:
    with saying(GOOD) as said:
        for_the_right_token(said)
        with first_screen(said, tmp_path) as terminal:
            for way in ("VPS_API_TOKEN", "token_command", "token_file", "~/.vps/config.json"):
                assert way in terminal.text()
            assert "admin.vps.org/account/developers/" in terminal.text()
            assert said.requests == []
            paste(terminal, "vps_wrong")
            terminal.until("Invalid token.")
            assert not (tmp_path / SAVED).exists()
            paste(terminal, f"{SECRET}")
            terminal.until("snap-1")
            terminal.send("q")
            assert terminal.wait() == 0
            assert SECRET.encode() not in terminal.output
        saved = tmp_path / SAVED
        assert saved.read_text() == f"{SECRET}\n"
        assert saved.stat().st_mode & 0o777 == 0o600
        assert said.requests[0] == said.requests[1] == ("GET", "/api/v1/account/me/")
        with Terminal(CIPLUN, environ(tmp_path, VPS_API_URL=said.url)) as terminal:
            terminal.until("snap-1")
            said.answer = lambda method, path: REFUSED
            terminal.send("r")
            terminal.until(f"the token comes from file ~/{SAVED}: put another there, then r")
            terminal.send("q")
            assert terminal.wait() == 0


@pytest.mark.parametrize("token", ["two words", "tökén"])
def test_what_cannot_be_a_token_is_not_sent(tmp_path: Path, token: str) -> None:
    with saying(GOOD) as said, first_screen(said, tmp_path) as terminal:
        paste(terminal, token)
        terminal.until(lambda: "cannot have" in terminal.text() or said.requests)
        if token.isprintable():
            assert said.requests == []
        leave(terminal)
        assert terminal.wait() == 0


@pytest.mark.parametrize("answer", [NOT_FOUND, http('{"detail": "No."}', "403 X")])
def test_where_there_is_no_account_page_the_list_decides(tmp_path: Path, answer: bytes) -> None:
    with saying(GOOD) as said:
        for_the_right_token(said, fleet([snapshot(1)], SERVERS, {("GET", "/account/"): answer}))
        with first_screen(said, tmp_path) as terminal:
            paste(terminal, SECRET)
            terminal.until("snap-1")
            terminal.send("q")
            terminal.wait()
        assert (tmp_path / SAVED).exists()


def test_an_outage_while_checking_can_be_tried_again(tmp_path: Path) -> None:
    with saying(lambda method, path: http("<html>", "503 X")) as said:
        with first_screen(said, tmp_path) as terminal:
            paste(terminal, SECRET)
            terminal.until("answered 503")
            assert not (tmp_path / SAVED).exists()
            for_the_right_token(said)
            terminal.send("\r")
            terminal.until("snap-1")
            terminal.send("q")
            terminal.wait()


def test_a_token_that_cannot_be_saved_is_said_so(tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("not a folder")
    with saying(GOOD) as said, first_screen(said, tmp_path) as terminal:
        paste(terminal, SECRET)
        terminal.until("the token is good, but not saved")
        leave(terminal)
        assert terminal.wait() == 0
        assert SECRET.encode() not in terminal.output


async def test_no_picture_of_the_screen_shows_what_is_typed(tmp_path: Path) -> None:
    surroundings = {"HOME": str(tmp_path), "LANG": "C.UTF-8"}
    app = CiplunApp(Options(), load(Options(), surroundings), surroundings)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*"vps_4f1e8d".replace("_", "~").split("~")[1])
        assert "4f1e8d" not in app.export_screenshot()
        assert "•" in app.export_screenshot()


async def test_leaving_the_first_page_quits_nothing_and_it_comes_again(simulated: Place) -> None:
    del simulated.environ["VPS_API_TOKEN"]
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, FirstRun))
        assert "esc close this page" in shown(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dashboard))
        await until(pilot, lambda: "there is no token" in shown(pilot))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, FirstRun))
        assert pilot.app.return_code is None
