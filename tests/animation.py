"""A run of the dashboard as one animated SVG: a line that stays as it is stands in it once."""

from __future__ import annotations

from itertools import groupby
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from textual.pilot import Pilot

CELL: Final = (8.4, 18.0)
"""Width and height of a cell, in user units."""
_FONT: Final = "'Fira Code','DejaVu Sans Mono',Menlo,Consolas,monospace"
_INK, _PAPER = "#d5dbe3", "#10141a"


class Run(NamedTuple):
    """A piece of a line: its first cell, text, colours, and whether it is bold or underlined."""

    x: int
    text: str
    ink: str
    paper: str
    bold: bool
    underlined: bool


Line = tuple[Run, ...]


class Film:
    """Frames of one size, each shown for some seconds, over and over."""

    def __init__(self, columns: int, lines: int) -> None:
        self._size = columns, lines
        self._frames: list[list[Line]] = []
        self._seconds: list[float] = []

    async def take(self, pilot: Pilot[None], seconds: float) -> None:
        """Add what stands on the screen now."""
        await pilot.pause()
        strips = pilot.app.screen._compositor.render_strips()
        self._frames.append(
            [_line([(s.text, s.style) for s in strip if not s.control]) for strip in strips]
        )
        self._seconds.append(seconds)

    def svg(self) -> str:
        """The whole film."""
        width, height = self._size[0] * CELL[0], self._size[1] * CELL[1]
        rows = "\n".join(self._row(number) for number in range(self._size[1]))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'font-family="{_FONT}" font-size="14" fill="{_INK}">\n'
            "<style>text{white-space:pre}</style>\n"
            f'<rect width="100%" height="100%" fill="{_PAPER}" rx="6"/>\n{rows}\n</svg>\n'
        )

    def _row(self, number: int) -> str:
        """Each line that ever stands in a row, and when it does."""
        shown = [frame[number] for frame in self._frames]
        return "".join(
            f"<g>{self._when([line == other for other in shown])}{_drawn(line, number)}</g>"
            for line in dict.fromkeys(shown)
            if line
        )

    def _when(self, seen: list[bool]) -> str:
        if all(seen):
            return ""
        total, passed, values, times = sum(self._seconds), 0.0, [], []
        for is_seen, frames in groupby(zip(seen, self._seconds, strict=True), lambda f: f[0]):
            values.append("visible" if is_seen else "hidden")
            times.append(f"{passed / total:.4f}".rstrip("0").rstrip("."))
            passed += sum(seconds for _, seconds in frames)
        return (
            f'<animate attributeName="visibility" calcMode="discrete" dur="{total:g}s" '
            f'repeatCount="indefinite" values="{";".join(values)}" keyTimes="{";".join(times)}"/>'
        )


def _line(segments: list[tuple[str, Style | None]]) -> Line:
    runs: list[Run] = []
    x = 0
    for text, style in segments:
        look = style or Style()
        ink, paper = _colours(look)
        if text.strip() or paper != _PAPER:
            runs.append(Run(x, text, ink, paper, bool(look.bold), bool(look.underline)))
        x += cell_len(text)
    return tuple(runs)


def _colours(style: Style) -> tuple[str, str]:
    ink, paper = _hex(style.color, _INK), _hex(style.bgcolor, _PAPER)
    return (paper, ink) if style.reverse else (ink, paper)


def _hex(color: Color | None, default: str) -> str:
    return default if color is None or color.is_default else color.get_truecolor().hex


def _drawn(line: Line, row: int) -> str:
    """The runs as SVG; where a viewer's font is of another width, they are made to fit."""
    parts = []
    for run in line:
        x, width = run.x * CELL[0], cell_len(run.text) * CELL[0]
        if run.paper != _PAPER:
            y = row * CELL[1]
            parts.append(
                f'<rect x="{x:.1f}" y="{y:g}" width="{width + 0.4:.1f}" height="{CELL[1] + 0.4:g}" '
                f'fill="{run.paper}"/>'
            )
        text = run.text.strip()
        if text:
            x += cell_len(run.text[: len(run.text) - len(run.text.lstrip())]) * CELL[0]
            fill = "" if run.ink == _INK else f' fill="{run.ink}"'
            weight = ' font-weight="bold"' if run.bold else ""
            weight += ' text-decoration="underline"' if run.underlined else ""
            parts.append(
                f'<text x="{x:.1f}" y="{row * CELL[1] + 13.5:g}"{fill}{weight} '
                f'textLength="{cell_len(text) * CELL[0]:.1f}" '
                f'lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
            )
    return "".join(parts)
