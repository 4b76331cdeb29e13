"""Terminals with 16 colours: what two near colours become there must still be told apart."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color as TextualColor
from textual.filter import LineFilter

_BLACK: Final = Color.from_ansi(0)
_WHITE: Final = Color.from_ansi(7)
_LIGHT: Final = (7, 10, 11, 14, 15)
"""Colours that black can be read on."""


@lru_cache(1024)
def readable(style: Style) -> Style:
    """The same style, with another colour of the text where that of its background is as good."""
    if style.color is None or style.bgcolor is None or style.color == style.bgcolor:
        return style  # what is the same from the start is meant so
    colour = style.color.downgrade(ColorSystem.STANDARD)
    ground = style.bgcolor.downgrade(ColorSystem.STANDARD)
    if colour.number != ground.number:
        return style
    return style + Style(color=_BLACK if ground.number in _LIGHT else _WHITE)


class Readable(LineFilter):
    """Keeps text from having the colour of its background once both are one of sixteen."""

    def apply(self, segments: list[Segment], background: TextualColor) -> list[Segment]:
        """Change the colours that would be the same."""
        return [
            Segment(text, readable(style), None) if style is not None else Segment(text)
            for text, style, _ in segments
        ]
