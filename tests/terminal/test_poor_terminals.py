"""Terminals that show only ASCII, or no colour: all is still there to be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal
from tui.terminal.ascii import to_ascii


@pytest.mark.parametrize(
    "text", ["╭─ Servers ─╮", "é ü ß", "漢字 and かな", "e\u0301", "“x…” ✓ ▰▱", "🙂"]
)
def test_as_wide_as_before(text: str) -> None:
    plain = to_ascii(text)
    assert plain.isascii()
    assert cell_len(plain) == cell_len(text)


@pytest.mark.parametrize(
    "locale",
    [
        {"LANG": "C"},
        {"LANG": "C.UTF-8", "CIPLUN_ASCII": "1"},
        {"LANG": "C.UTF-8", "TERM": "linux"},
    ],
)
def test_an_ascii_terminal_gets_nothing_but_ascii(
    simulated: Place, tmp_path: Path, locale: dict[str, str]
) -> None:
    next(iter(simulated.world.servers.values())).name = "größe-漢字"
    variables = environ(tmp_path, **simulated.environ) | locale
    with Terminal(CIPLUN, variables) as terminal:
        terminal.until("gro?e-????")
        terminal.until("+- Servers -")
        for key, title in (("?", "Keys and symbols"), ("c", "Create a snapshot")):
            terminal.send(key)
            terminal.until(title)
            terminal.send("\x1b")
            terminal.until(lambda: title not in terminal.text())  # noqa: B023
        terminal.send("q")
        assert terminal.wait() == 0
    assert bytes(terminal.output).isascii()


def test_without_colour_shapes_tell_all(simulated: Place, tmp_path: Path) -> None:
    with Terminal(CIPLUN, environ(tmp_path, **simulated.environ, NO_COLOR="1")) as terminal:
        terminal.until("live ·")
        for sign in ("▰▰◇▱▱", "■■■■■", "▰✗▱▱▱", "▶"):
            assert sign in terminal.text()
        terminal.send("c")
        terminal.until("▌")
        terminal.send("\x1bq")
    colours = re.findall(rb"\x1b\[[0-9;]*[34]8;2;(\d+);(\d+);(\d+)", bytes(terminal.output))
    assert all(red == green == blue for red, green, blue in colours)


def test_what_others_wrote_over_is_drawn_again(simulated: Place, tmp_path: Path) -> None:
    with Terminal(CIPLUN, environ(tmp_path, **simulated.environ)) as terminal:
        terminal.until("web-server-02")
        terminal.until("q Quit")
        terminal.overwrite("\x1b[2J\x1b[HBroadcast message: all is lost")
        terminal.send("\x0c")
        terminal.until("web-server-02")
        terminal.until(lambda: "Broadcast" not in terminal.text())
        terminal.until("q Quit")


@pytest.mark.parametrize("theme", ["ciplun-dark", "ciplun-light", "nord"])
def test_with_16_colours_nothing_has_the_colour_of_its_background(
    simulated: Place, tmp_path: Path, theme: str
) -> None:
    more = {"TERM": "linux", "COLORTERM": "", "CIPLUN_THEME": theme, "CIPLUN_ASCII": "0"}
    with Terminal(CIPLUN, environ(tmp_path, **simulated.environ) | more) as terminal:
        terminal.until("web-server-02")
        terminal.until("q Quit")
        terminal.send("/web-server-02\r")  # the cursor is on free slots then
        terminal.until("Snapshots of web-server-02")
        terminal.until(lambda: "db-01" not in terminal.text())
        seen = [
            (cell.data, cell.fg, cell.bg, cell.bold)
            for row in terminal.screen.buffer.values()
            for cell in row.values()
            if cell.data.strip()
        ]
        terminal.send("q")
    assert not re.search(rb"\x1b\[[0-9;]*[34]8;[25];", bytes(terminal.output)), "16 colours alone"
    assert any(sign == "▱" and ground != "default" for sign, _, ground, _ in seen)
    assert [cell for cell in seen if cell[1] == cell[2] != "default"] == []


def test_the_theme_of_the_terminal_s_own_colours_sends_no_others(
    simulated: Place, tmp_path: Path
) -> None:
    more = {"COLORTERM": "truecolor", "CIPLUN_THEME": "ansi"}
    with Terminal(CIPLUN, environ(tmp_path, **simulated.environ) | more) as terminal:
        terminal.until("web-server-02")
        terminal.send("c")
        terminal.until("Create a snapshot of billing")
        terminal.until("esc cancel")
        (y,) = [n for n, line in enumerate(terminal.screen.display) if "esc cancel" in line]
        assert terminal.screen.buffer[y][terminal.screen.display[y].index("Create")].reverse
        terminal.send("\x1b")
        terminal.until(lambda: "esc cancel" not in terminal.text())
        terminal.send("m")
        terminal.until("esc back")
    assert not re.search(rb"\x1b\[[0-9;]*[34]8;[25];", bytes(terminal.output)), "16 colours alone"
    assert re.search(rb"\x1b\[[0-9;]*31", bytes(terminal.output)), "but those"
