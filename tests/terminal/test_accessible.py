"""Where the terminal's own cursor stands: braille displays and magnifiers follow it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from textual.geometry import Offset

from tests.helpers.driving import live, until
from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal
from tui.screens.dialogs.prompt import ChooseDialog
from tui.widgets.choice_list import ChoiceList


class Walk:
    """Keys, and the text that the cursor has to reach by them."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def _line(self, start: int, end: int) -> str:
        """Cells of the line that the cursor is in; a wide character's second one is empty."""
        row = self.terminal.screen.buffer[self.terminal.screen.cursor.y]
        return "".join(row[x].data for x in range(start, end))

    def on(self) -> str:
        """The words of the line from the cursor on."""
        screen = self.terminal.screen
        return " ".join(self._line(screen.cursor.x, screen.columns).strip("▶").split())

    def before(self) -> str:
        """The line up to the cursor."""
        return self._line(0, self.terminal.screen.cursor.x)

    def to(self, keys: str, text: str) -> None:
        """Press keys; the cursor comes to stand at the begin of a text."""
        self.terminal.send(keys)
        self.terminal.until(lambda: self.on().startswith(text))

    def typing(self, keys: str, text: str) -> None:
        """Press keys; the cursor comes to stand behind a text."""
        self.terminal.send(keys)
        self.terminal.until(lambda: self.before().endswith(text))


@contextmanager
def walk(place: Place, home: Path, **how: str) -> Iterator[Walk]:
    with Terminal(CIPLUN, place.environ | environ(home, **how)) as terminal:
        terminal.until("legacy-crm")
        terminal.until(lambda: not terminal.screen.cursor.hidden)
        yield Walk(terminal)
        assert not terminal.screen.cursor.hidden
        terminal.send("q")
        assert terminal.wait() == 0


def test_it_stands_on_the_chosen_row_of_every_list(simulated: Place, tmp_path: Path) -> None:
    with walk(simulated, tmp_path, CIPLUN_CURSOR="1") as cursor:
        cursor.to("g", "billing")
        cursor.to("j", "ci-runner")
        cursor.to("G", "web-server-02")
        cursor.to("k", "web-server-01")
        cursor.to("\t", "before-update")
        cursor.to("j", "pre-migration-snapshot")
        cursor.to("h", "web-server-01 ▰")
        cursor.to("a", "web-server-01 pre-migration-snapshot")
        cursor.to("a", "web-server-01 ▰")
        cursor.to(":", "Search for commands")
        cursor.to("\x1b[B", "All snapshots of all servers")
        cursor.typing("mon", "mon")
        cursor.to("\x1b", "web-server-01 ▰")
        cursor.to("Y", "Name ")
        cursor.to("j", "Id ")
        cursor.to("G", "curl ")
        cursor.to("\x1b", "web-server-01")


def test_it_stands_in_the_field_or_on_the_button_of_a_dialog(
    simulated: Place, tmp_path: Path
) -> None:
    with walk(simulated, tmp_path, CIPLUN_ACCESSIBLE="true") as cursor:
        cursor.to("G", "web-server-02")
        cursor.typing("/web", "web")
        cursor.typing("\x1b[D", "we")
        cursor.to("\r", "web-server-01")
        cursor.to("\x1b", "web-server-01")
        cursor.terminal.until("legacy-crm")
        cursor.to("G", "web-server-02")
        cursor.typing("c", "before-update-2025-01-22")
        cursor.to("\t", "why it is taken")
        cursor.typing("漢字", "漢字")
        cursor.to("\t", "[ ] Stop it first")
        cursor.to("\t", "Create")
        cursor.to("\x1b", "web-server-02")
        cursor.to("k\t", "before-update")
        cursor.to("j", "pre-migration-snapshot")
        cursor.typing("D", "▌ ")
        cursor.typing("pre", "pre")
        cursor.to("\x1b", "pre-migration-snapshot")


def test_it_stands_at_the_begin_of_what_is_only_read(simulated: Place, tmp_path: Path) -> None:
    with walk(simulated, tmp_path, CIPLUN_CURSOR="1") as cursor:
        cursor.to("G", "web-server-02")
        cursor.to("?", "Move")
        cursor.to("\x1b", "web-server-02")
        cursor.to("m", "db-02-replica a snapshot failed")
        cursor.to("\x1b", "web-server-02")


async def test_an_option_that_takes_several_lines_is_counted_as_such(simulated: Place) -> None:
    app = simulated.app(accessible=True)
    async with app.run_test(size=(60, 20)) as pilot:
        await live(pilot)
        app.push_screen(ChooseDialog("Choose", (), ""))
        await until(pilot, lambda: app.screen.query(ChoiceList))
        options = app.screen.query_one(ChoiceList)
        options.styles.text_wrap = "wrap"  # as where room is made
        options.add_options(["a long name " * 9, "short"])
        await pilot.press("end")
        await until(pilot, lambda: options.content_size.height > 2)
        last = options.content_region.bottom_left - Offset(0, 1)
        await until(pilot, lambda: app.cursor_position == last)
        await pilot.press("k")
        await until(pilot, lambda: app.cursor_position == options.content_region.offset)


def test_otherwise_it_is_hidden(simulated: Place, tmp_path: Path) -> None:
    with Terminal(CIPLUN, simulated.environ | environ(tmp_path)) as terminal:
        terminal.until("legacy-crm")
        assert terminal.screen.cursor.hidden
        terminal.send("q")
        assert terminal.wait() == 0
