"""ASCII for terminals that show nothing else: each sign by one of the same width."""

from __future__ import annotations

import unicodedata
from typing import Final

from rich.cells import get_character_cell_size

_SIGNS: Final = {
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+"),
    **dict.fromkeys("─━═╌", "-"),
    **dict.fromkeys("│┃║▌▐▊▎▏·•", "|"),
    **dict.fromkeys("█■▀▄▂▃▅▆▇", "#"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‘’", "'"),
    "↓": "v",
    "↑": "^",
    "…": "~",
    "▁": "_",
    "▔": "-",
}


class _Table(dict[int, str]):
    """Finds and remembers what stands for a character."""

    def __missing__(self, code: int) -> str:
        found = self[code] = _plain(chr(code))
        return found


def _plain(char: str) -> str:
    width = get_character_cell_size(char)
    if char.isascii() or not width:
        return char if char.isascii() else ""
    letter = unicodedata.normalize("NFKD", char)[0]
    return _SIGNS.get(char) or (letter if letter.isascii() and width == 1 else "?" * width)


_TABLE: Final = _Table()


def to_ascii(text: str) -> str:
    """The text in ASCII, as many cells wide as before: ``é`` is ``e``, ``漢`` is ``??``."""
    return text if text.isascii() else text.translate(_TABLE)
