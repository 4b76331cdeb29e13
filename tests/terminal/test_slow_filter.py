"""A filter typed on a line that is slow to show it: in the end the rows are those it chooses."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal


def test_rows_held_back_for_a_slow_line_are_shown_though_the_filter_has_the_focus(
    simulated: Place, tmp_path: Path
) -> None:
    with Terminal(CIPLUN, environ(tmp_path, **simulated.environ)) as terminal:
        terminal.answer_after(0.0)
        terminal.until("live")
        terminal.send("j")
        terminal.until("▶  ci-")
        terminal.send("k")
        terminal.until("▶  billing")
        terminal.answer_after(0.7)
        terminal.send("/")
        for letter in "web-s":
            terminal.send(letter)
            terminal.read(0.15)
        terminal.until("Servers · 2 of 12")
        terminal.until(lambda: "▷  web-server-01" in terminal.text(), 10)
        terminal.until(lambda: "billing" not in terminal.text(), 10)
        terminal.send("erver-02")
        terminal.until(lambda: "▷  web-server-02" in terminal.text(), 10)
