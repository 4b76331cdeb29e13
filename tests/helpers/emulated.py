"""The app on an emulated terminal in this process: what it paints, beside what it holds."""

from __future__ import annotations

import asyncio
import re
import threading
import unicodedata
from functools import cache
from typing import Any, NamedTuple, cast

import pyte
from pyte.screens import Char
from rich.color import ColorSystem
from rich.style import Style
from textual.app import App
from textual.drivers._writer_thread import WriterThread
from textual.events import Resize
from textual.geometry import Size
from textual.pilot import Pilot
from wcwidth import wcwidth

from tests.helpers.driving import until
from tui.app import CiplunApp
from tui.terminal.ascii import to_ascii
from tui.terminal.driver import CalmDriver
from tui.terminal.frame_diff import Painter
from tui.terminal.textual_private import KeptLines

_PARTS = re.compile(r"\x1b\[([\d;]*)m|\r?\n|[^\x1b\r\n]+|\x1b[^\x1b\r\n]*|\r")
"""What the app writes: colours and styles, line ends, text, all else with what follows it."""


_codes_of = Style._make_ansi_codes


def _codes_now(style: Style, color_system: ColorSystem) -> str:
    """The codes of a style; Rich keeps those for the first kind of terminal, and here are more."""
    codes = _codes_of(style, color_system)
    style._ansi = None
    return codes


Style._make_ansi_codes = _codes_now  # type: ignore[method-assign, assignment]


class Emulator:
    """A terminal of a size; a line feed goes to the first column, as ONLCR has it.

    Colours and text that fits, which are nearly all of it, take a short way past the emulator's
    parser: it looks at each character in turn.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self.screen)
        self.written = 0  # bytes

    def write(self, text: str) -> None:
        self.written += len(text.encode())
        for part in _PARTS.finditer(text):
            found = part[0]
            if part[1] is not None:
                self.screen.select_graphic_rendition(
                    *map(int, part[1].split(";") if part[1] else "0")
                )
            elif found[0] not in "\x1b\r\n" and found.isprintable():
                self._draw(found)
            else:
                self._stream.feed("\r\n" if found == "\n" else found)

    def _draw(self, text: str) -> None:
        cursor, screen = self.screen.cursor, self.screen
        end = cursor.x + len(text)
        if end > screen.columns or not (text.isascii() or all(map(_is_narrow, text))):
            screen.draw(text)
            return
        line = screen.buffer[cursor.y]
        for x, char in enumerate(text, cursor.x):
            line[x] = _cell(char, cursor.attrs)
        cursor.x = end
        screen.dirty.add(cursor.y)

    def cells(self) -> list[list[Char]]:
        """Every cell."""
        columns, lines = self.screen.columns, self.screen.lines
        rows = [self.screen.buffer[y] for y in range(lines)]
        return [[row[x] for x in range(columns)] for row in rows]


@cache
def _is_narrow(char: str) -> bool:
    return wcwidth(char) == 1


@cache
def _cell(char: str, attributes: Char) -> Char:
    return attributes._replace(data=char)


def _seen(char: Char) -> Char:
    """A cell without what a space does not show."""
    if char.data != " ":
        return char
    shown = char.reverse or char.underscore or char.strikethrough
    return char._replace(fg=char.fg if shown else "default", bold=False, italics=False)


class EmulatedDriver(CalmDriver):
    """The driver with all that it leaves out and turns to ASCII, without a terminal behind it."""

    def start_application_mode(self) -> None:
        self._painter = Painter()
        self._answers, self._open_questions = threading.Event(), 0
        columns, lines = self._size or (80, 24)
        self.emulator = Emulator(columns, lines)
        self.emulator.write("\x1b[?7l")  # no line wraps, as the driver has it
        self._writer_thread = cast("WriterThread", self.emulator)
        self._tell_size(columns, lines)

    def _tell_size(self, columns: int, lines: int) -> None:
        size = Size(columns, lines)
        self.send_message(Resize(size, size))

    def resize(self, columns: int, lines: int) -> None:
        """Have the window changed, with what a terminal makes of its lines."""
        self.emulator.screen.resize(lines, columns)
        self._tell_size(columns, lines)

    def stop_application_mode(self) -> None: ...

    def disable_input(self) -> None: ...

    def close(self) -> None: ...


class Difference(NamedTuple):
    """A cell that the terminal shows otherwise than the app holds it."""

    line: int
    column: int
    held: Char
    shown: Char


def emulated(app: CiplunApp) -> CiplunApp:
    """The app, to be run with `run_test(headless=False)`."""
    app.driver_class = EmulatedDriver
    return app


def driver_of(app: App[Any]) -> EmulatedDriver:
    driver = app._driver
    assert isinstance(driver, EmulatedDriver)
    return driver


def held(app: CiplunApp) -> Emulator:
    """What the app holds, painted whole on a terminal of its own."""
    compositor = app.screen._compositor
    for widget in app.screen.walk_children(KeptLines, with_self=True):
        widget._kept = None  # were lines kept that are no longer right, it shows
    app.screen._styles_cache.clear()  # what lies behind a dialog may not have been laid out then
    dirty = set(compositor._dirty_regions)
    data = compositor.render_full_update().render_segments(app.console)
    compositor._dirty_regions |= dirty  # rendering it whole has taken them for painted
    whole = Emulator(*compositor.size)
    whole.write(to_ascii(data) if app.ascii_only else data)
    return whole


def differences(app: CiplunApp) -> list[Difference]:
    """Where the terminal shows something else than the app holds; all of it where sizes differ."""
    shown = driver_of(app).emulator
    whole = held(app)
    pairs = zip(whole.cells(), shown.cells(), strict=False)
    found = [
        Difference(y, x, ours, theirs)
        for y, (row, seen) in enumerate(pairs)
        for x, (ours, theirs) in enumerate(zip(row, seen, strict=False))
        if ours != theirs and _seen(ours) != _seen(theirs)
    ]
    text = [strip.text for strip in app.screen._compositor.render_strips()]
    if app.ascii_only:
        text = list(map(to_ascii, text))
    text = [unicodedata.normalize("NFC", line) for line in text]  # as the emulator keeps them
    rows = ["".join(char.data for char in row) for row in shown.cells()]
    blank = Char("")
    found += [
        Difference(y, -1, blank._replace(data=ours), blank._replace(data=theirs))
        for y, (ours, theirs) in enumerate(zip(text, rows, strict=False))
        if ours != theirs
    ]
    if len(text) != len(rows) or app.size != (shown.screen.columns, shown.screen.lines):
        found.append(Difference(-1, -1, blank, blank))
    return found


async def painted_right(pilot: Pilot[None], doing: str, seconds: float = 20.0) -> None:
    """Wait until the terminal shows what the app holds, cell for cell; fail with what differs."""
    app = pilot.app
    assert isinstance(app, CiplunApp)
    if not differences(app):
        return
    try:
        await until(pilot, lambda: not differences(app), seconds)
    except AssertionError:
        screen = "\n".join(driver_of(app).emulator.screen.display)
        found = differences(app)
        raise AssertionError(f"{doing}: {len(found)} differ: {found[:5]}\n{screen}") from None


async def resize(pilot: Pilot[None], columns: int, lines: int) -> None:
    """Change the size of the window, and wait until the app has it."""
    driver_of(pilot.app).resize(columns, lines)
    async with asyncio.timeout(30):
        while pilot.app.size != (columns, lines):
            await pilot.pause()
