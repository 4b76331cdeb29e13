"""Sends the terminal only what it does not show yet: on a poor line every byte is felt.

Textual paints whole regions, with all colours spelt out for each piece of text. The painter knows
what is on the screen, leaves out every cell that stays as it is, and names of a colour or style
only what changes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from rich.cells import cell_len, get_character_cell_size

_TOKEN: Final = re.compile(
    r"\x1b\[(?P<style>[0-9;]*)m"
    r"|\x1b\[(?P<y>\d+);(?P<x>\d+)H"
    r"|(?P<newline>\r?\n)"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
    r"|(?P<other>\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP.*?\x1b\\|\x1b?.)",
    re.DOTALL,
)
_SYNC_START, _SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
_ON_BLANKS: Final = frozenset(("4", "7", "9", "21", "53"))
"""Attributes that show on a space as well."""


class Style(NamedTuple):
    """Colours as they are sent, empty for the default, and attributes."""

    fg: str = ""
    bg: str = ""
    attributes: frozenset[str] = frozenset()


_PLAIN: Final = Style()
Cell = tuple[str, Style]
_UNKNOWN: Final[Cell] = ("", _PLAIN)
_ENDLESS: Final = (10_000, 10_000)
_NO_GAP: Final = 9
"""From one cell that differs to the next: what is the same between them is left out from here on.
To skip fewer costs more than to send them."""


class Painter:
    """Turns frames into what has to be sent. Positions count from 1."""

    def __init__(self, *, cursor_shown: bool = False) -> None:
        self._cursor_shown = cursor_shown
        self._rows: dict[int, list[Cell]] = {}
        self._style = self._sent = _PLAIN
        self._at = self._cursor = (0, 0)
        self._out: list[str] = []
        self._sync = ""
        self._synced = False
        self._size = _ENDLESS

    def resize(self, columns: int, lines: int) -> None:
        """Take the new size over. The next frame may still be laid out for the old one."""
        self._size = (columns, lines)
        self.forget()

    @property
    def within_frame(self) -> bool:
        """Whether a frame has begun that the terminal shows when it has ended."""
        return self._synced

    def forget(self) -> None:
        """Take nothing on the screen for granted any more."""
        self._rows.clear()
        self._cursor = (0, 0)

    def lean(self, data: str) -> str:
        """What of `data` makes a difference."""
        self._out = []
        for token in _TOKEN.finditer(data):
            match token.lastgroup:
                case "text":
                    self._text(token[0])
                case "style":
                    self._style = _changed(self._style, token["style"])
                case "x":
                    self._at = (int(token["y"]), int(token["x"]))
                case "newline":
                    self._at = (self._at[0] + 1, 1)
                case _:
                    self._other(token["other"])
        self._settle()
        return "".join(self._out)

    def _settle(self) -> None:
        """Leave cursor and style as they were asked for."""
        if (self._out or self._cursor_shown) and self._at != (0, 0):
            self._move(self._at)
        if self._sent != _PLAIN:
            self._emit("\x1b[m")
            self._sent = _PLAIN

    def _emit(self, text: str) -> None:
        if self._sync:
            self._out.append(self._sync)
            self._sync, self._synced = "", True
        self._out.append(text)

    def _other(self, control: str) -> None:
        if control == _SYNC_START:
            self._sync = control  # only with something to show
        elif control == _SYNC_END and self._sync:
            self._sync = ""
        else:
            self._synced = self._synced and control != _SYNC_END
            self._settle()
            if "1049" in control or "J" in control:
                self.forget()
            if "1049" in control:
                self._at = (0, 0)  # on the shell's screen the cursor is where the shell left it
            self._emit(control)

    def _text(self, text: str) -> None:
        y, x = self._at
        width, cells = _cells(text, self._style)
        self._at = (y, x + width)
        columns, lines = self._size
        if x + width > columns + 1:
            text = _cut(text, columns - x + 1)
            width, cells = _cells(text, self._style)
        if text and y <= lines:
            self._paint(y, x, text, width, cells)

    def _paint(self, y: int, x: int, text: str, width: int, cells: list[Cell]) -> None:
        row = self._rows.setdefault(y, [])
        if len(row) < x + width:
            row += [_UNKNOWN] * (x + width - len(row))
        if not cells:  # terminals don't agree on how wide such text is
            self._send(y, x, text)
            self._cursor = (0, 0)
            row[x : x + width] = [_UNKNOWN] * width
            return
        before = row[x : x + width]
        if before == cells:
            return
        if width <= _NO_GAP and before[0] != cells[0] and before[-1] != cells[-1]:
            self._send(y, x, text)  # as most do under the cursor: sent as it is
        else:
            self._differing(y, x, text, cells, before)
        row[x : x + width] = cells

    def _differing(self, y: int, x: int, text: str, cells: list[Cell], before: list[Cell]) -> None:
        differ = [n for n, cell in enumerate(cells) if before[n] != cell]
        start = end = differ[0]
        for n in [*differ[1:], len(cells) + _NO_GAP]:
            if n - end >= _NO_GAP:
                self._send(y, x + start, text[start : end + 1])
                start = n
            end = n

    def _send(self, y: int, x: int, text: str) -> None:
        self._move((y, x))
        style = self._style
        if text.isspace():
            style = _blank(style)
            if style == _blank(self._sent):
                style = self._sent
            elif not style.attributes:  # no colour of letters is to be seen
                style = style._replace(fg=self._sent.fg)
        if style != self._sent:
            self._emit(_difference(self._sent, style))
            self._sent = style
        self._emit(text)
        self._cursor = (y, x + len(text))

    def _move(self, to: tuple[int, int]) -> None:
        if to != self._cursor:
            self._emit(f"\x1b[{to[0]};{to[1]}H")
            self._cursor = to


def _cut(text: str, room: int) -> str:
    """What of a text is left of the edge: what is beyond would be written over it."""
    if _plain_width(text):
        return text[: max(0, room)]
    while text and cell_len(text) > room:
        text = text[:-1]
    return text


@lru_cache(512)
def _cells(text: str, style: Style) -> tuple[int, list[Cell]]:
    """How many cells a text takes, and what is in each; none where that is not known."""
    if not _plain_width(text):
        return cell_len(text), []
    blank = _blank(style)
    return len(text), [(char, blank if char == " " else style) for char in text]


@lru_cache(4096)
def _plain_width(text: str) -> bool:
    """Whether each character is one cell wide, for all that is known."""
    return text.isascii() or all(get_character_cell_size(char) == 1 for char in text)


@lru_cache(1024)
def _blank(style: Style) -> Style:
    """What of a style shows on spaces."""
    attributes = style.attributes & _ON_BLANKS
    return Style(style.fg if attributes else "", style.bg, attributes)


@lru_cache(4096)
def _changed(style: Style, codes: str) -> Style:
    """The style after a sequence of codes."""
    fg, bg, attributes = style
    left = codes.split(";") if codes else ["0"]
    while left:
        code = left.pop(0)
        if code in ("38", "48"):
            count = 2 if left[:1] == ["5"] else 4
            colour = ";".join([code, *left[:count]])
            del left[:count]
            fg, bg = (colour, bg) if code == "38" else (fg, colour)
        elif code in ("", "0"):
            fg, bg, attributes = _PLAIN
        elif len(code) > 1 and code[:-1] in ("3", "9"):
            fg = "" if code == "39" else code
        elif len(code) > 1 and code[:-1] in ("4", "10"):
            bg = "" if code == "49" else code
        else:
            attributes |= {code}
    return Style(fg, bg, attributes)


@lru_cache(4096)
def _difference(before: Style, after: Style) -> str:
    """The sequence that leads from one style to another."""
    codes: list[str] = []
    if before.attributes != after.attributes:
        codes = ["0", *sorted(after.attributes)] if before.attributes - after.attributes else []
        codes = codes or sorted(after.attributes - before.attributes)
        if codes[0] == "0":
            before = _PLAIN
    if before.fg != after.fg:
        codes.append(after.fg or "39")
    if before.bg != after.bg:
        codes.append(after.bg or "49")
    return f"\x1b[{';'.join(codes)}m"
