"""What is left out of a frame makes no difference on the screen."""

from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st

from tui.terminal.frame_diff import Painter

COLUMNS, LINES = 24, 6
STYLES = ("", "1", "38;5;246;48;5;16", "1;38;5;75;48;5;16", "31;44", "4;97", "7", "38;2;1;2;3")
pieces = st.tuples(
    st.integers(1, LINES),
    st.integers(1, COLUMNS - 12),
    st.text(alphabet="ab ─▰é", min_size=1, max_size=12),
    st.sampled_from(STYLES),
)
wide = st.tuples(
    st.just(1), st.just(1), st.sampled_from(("漢字", "e\u0301x", "👍🏽")), st.just("31")
)


def frame(parts: list[tuple[int, int, str, str]]) -> str:
    """As Textual writes one: each piece with its place, all its colours and a reset."""
    painted = (f"\x1b[{y};{x}H\x1b[{style}m{text}\x1b[0m" for y, x, text, style in parts)
    return "\x1b[?2026h" + "".join(painted) + "\x1b[1;1H\x1b[?2026l"


class Screen:
    def __init__(self) -> None:
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.Stream(self._screen)

    def feed(self, data: str) -> None:
        self._stream.feed(data)

    def cells(self) -> list[list[pyte.screens.Char]]:
        """Every cell, without what a space does not show."""
        rows = [[self._screen.buffer[y][x] for x in range(COLUMNS)] for y in range(LINES)]
        return [[_seen(char) for char in row] for row in rows]


def _seen(char: pyte.screens.Char) -> pyte.screens.Char:
    if char.data != " ":
        return char
    fg = char.fg if char.reverse else "default"
    return char._replace(fg=fg, bold=False, italics=False)


@given(st.lists(st.lists(pieces, max_size=6), max_size=6))
def test_the_screen_is_the_same_as_with_whole_frames(
    frames: list[list[tuple[int, int, str, str]]],
) -> None:
    whole, lean, painter = Screen(), Screen(), Painter()
    for parts in frames:
        whole.feed(frame(parts))
        lean.feed(painter.lean(frame(parts)))
        assert lean.cells() == whole.cells()


@given(st.lists(pieces, max_size=6))
def test_the_same_frame_again_is_not_sent(parts: list[tuple[int, int, str, str]]) -> None:
    painter = Painter()
    for part in parts:
        painter.lean(frame([part]))
        assert painter.lean(frame([part])) == ""


@given(wide)
def test_text_of_doubtful_width_is_always_sent(part: tuple[int, int, str, str]) -> None:
    painter = Painter()
    assert part[2] in painter.lean(frame([part]))
    assert part[2] in painter.lean(frame([part]))


def test_a_changed_letter_is_sent_alone() -> None:
    painter = Painter()
    painter.lean(frame([(3, 1, "server-0001  3/5", "38;5;75;48;5;16")]))
    again = painter.lean(frame([(3, 1, "server-0002  3/5", "38;5;75;48;5;16")]))
    assert again == ("\x1b[?2026h\x1b[3;11H\x1b[38;5;75;48;5;16m2\x1b[1;1H\x1b[m\x1b[?2026l")


def test_what_is_no_text_goes_through_as_it_is() -> None:
    controls = "\x1b[?1000h\x1b]0;a title [1mJ\x07\x07\x1bPtmux;\x1b\x1b]9;done\x07\x1b\\\x1b[?25l"
    assert Painter().lean(controls) == controls


def test_a_string_for_the_terminal_is_sent_in_one_piece() -> None:
    painter = Painter()
    painter.lean(frame([(3, 1, "text", "1")]))
    for whole in (
        "\x1b]52;c;aGFsbG8=\x07",
        "\x1b]2;title\x1b\\",
        "\x1bPtmux;\x1b\x1b]9;done\x07\x1b\\",
    ):
        assert whole in painter.lean(whole)


def test_after_a_resize_everything_is_sent() -> None:
    painter, whole = Painter(), frame([(1, 1, "text", "")])
    first = painter.lean(whole)
    painter.forget()
    assert painter.lean(whole) == first


@given(st.lists(st.lists(pieces, max_size=6), max_size=4), st.integers(1, 24), st.integers(1, 6))
def test_what_is_laid_out_for_a_larger_screen_stays_inside(
    frames: list[list[tuple[int, int, str, str]]], columns: int, lines: int
) -> None:
    painter, small = Painter(), pyte.Screen(columns, lines)
    stream, whole = pyte.Stream(small), Screen()
    stream.feed("\x1b[?7l")
    painter.resize(columns, lines)
    for parts in frames:
        whole.feed(frame(parts))
        stream.feed(painter.lean(frame(parts)))
    for row, expected in zip(range(lines), whole.cells(), strict=False):
        cells = [_seen(small.buffer[row][x]) for x in range(columns)]
        assert cells == expected[:columns]


def test_a_line_feed_alone_begins_a_new_line() -> None:
    painter, screen = Painter(), Screen()
    lean = painter.lean("\x1b[6;5Hold\x1b[1;1Hone\n\x1b[1mtwo\x1b[0m\r\nthree")
    assert "\n" not in lean
    screen.feed(lean)
    rows = ["".join(char.data for char in row).rstrip() for row in screen.cells()]
    assert rows == ["one", "two", "three", "", "", "    old"]


def test_the_cursor_of_the_shell_is_left_where_it_was() -> None:
    painter = Painter()
    painter.lean(frame([(3, 1, "text", "1")]) + "\x1b[2;5H")
    assert painter.lean("\x1b[?1049l") == "\x1b[?1049l"
    assert painter.lean("\x1b[?25h") == "\x1b[?25h"


def test_a_cursor_that_is_seen_moves_over_what_stays_the_same() -> None:
    painter, blind = Painter(cursor_shown=True), Painter()
    same = "\x1b[?2026h\x1b[3;1Hname\x1b[{};1H\x1b[?2026l"
    for each in (painter, blind):
        each.lean(same.format(3))
    assert "\x1b[4;1H" in painter.lean(same.format(4))
    assert painter.lean(same.format(4)) == ""
    assert blind.lean(same.format(4)) == ""
