"""What the terminal sends is keys only where it is keys: the rest is dropped, however it comes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events, messages
from textual.message import Message

from tests.helpers.terminal_noise import ANSWERS, ODD_KEYS, cut, noise, sequences, strings
from tui.terminal.control_sequences import PASTE_LIMIT, STRING_LIMIT
from tui.terminal.input_reader import InputReader, Shown

PRESSES = {
    b"j": "j",
    b"\x03": "ctrl+c",
    b"\r": "enter",
    b"\t": "tab",
    b"\x7f": "backspace",
    "é".encode(): "é",
    "漢".encode(): "漢",
    b"\x1b[A": "up",
    b"\x1b[1;1B": "down",
    b"\x1b[1;1:1B": "down",
    b"\x1b[1;1:2B": "down",
    b"\x1bOA": "up",
    b"\x1bOP": "f1",
    b"\x1b[[A": "f1",
    b"\x1b[15~": "f5",
    b"\x1b[5~": "pageup",
    b"\x1b[3$": "shift+delete",
    b"\x1b[Z": "shift+tab",
    b"\x1b[1;5C": "ctrl+right",
    b"\x1b[106;1:1u": "j",
    b"\x1b[106;1:2;106u": "j",
    b"\x1b[106:74;2;74u": "J",
    b"\x1b[99;5u": "ctrl+c",
    b"\x1b[13u": "enter",
    b"\x1b[13;1:1u": "enter",
    b"\x1b[27u": "escape",
    b"\x1b[27;1:1u": "escape",
    b"\x1b[9;2u": "shift+tab",
    b"\x1b[57419u": "up",
    b"\x1b[0;;229u": "å",
    b"\x1b[27;5;99~": "ctrl+c",
    b"\x1bj": "alt+j",
    b"\x1b\x7f": "ctrl+w",
}
TYPED = st.sampled_from([press for press in PRESSES if not press.startswith(b"\x1b")])


def read(*reads: bytes) -> list[Message]:
    """What comes of bytes, each piece read at once, and then nothing more."""
    reader = InputReader(lambda: 0.0)
    found = [message for data in reads for message in reader.feed(data)]
    return found + reader.timeout()


def keys(found: list[Message]) -> list[str]:
    return [message.key for message in found if isinstance(message, events.Key)]


@pytest.mark.parametrize("press", PRESSES)
def test_a_press_is_a_key(press: bytes) -> None:
    for cuts in ([press], [press[:1], press[1:]], [bytes([byte]) for byte in press]):
        assert keys(read(*filter(None, cuts))) == [PRESSES[press]]


def test_enter_keeps_its_character_in_every_form() -> None:
    for press in (b"\r", b"\x1b[13u", b"\x1b[13;1:1u"):
        (key,) = read(press)
        assert isinstance(key, events.Key)
        assert key.character == "\r"


def test_escape_alone_is_a_key_after_a_moment() -> None:
    reader = InputReader()
    assert reader.feed(b"\x1b") == []
    assert reader.patience == pytest.approx(0.1)
    assert keys(reader.timeout()) == ["escape"]
    assert reader.patience is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x1b\r", ["escape", "enter"]),
        (b"\x1b\x03", ["escape", "ctrl+c"]),
        (b"\x1b\x1b[B", ["escape", "down"]),
        (b"\x1bj\x1b[B", ["alt+j", "down"]),
        (b"\x1bjk", ["alt+j", "k"]),
        (b"\x1b\x1b", ["escape", "escape"]),
    ],
)
def test_escape_and_what_is_typed_right_after_it(data: bytes, expected: list[str]) -> None:
    assert keys(read(data)) == expected


@pytest.mark.parametrize("sent", [*ANSWERS, *ODD_KEYS])
def test_what_is_no_press_is_nothing(sent: bytes) -> None:
    for split in range(1, len(sent)):
        found = read(sent[:split], sent[split:] + b"k")
        assert keys(found) == ["k"], split
        assert len(found) == 1


@pytest.mark.parametrize("sent", ANSWERS)
def test_an_answer_whose_escape_comes_alone_is_an_escape_at_most(sent: bytes) -> None:
    reader = InputReader(lambda: 0.0)
    found = [*reader.feed(sent[:1]), *reader.timeout(), *reader.feed(sent[1:] + b"k")]
    assert keys(found + reader.timeout()) == ["escape", "k"]


@given(cut(st.lists(st.one_of(TYPED, noise), max_size=12)))
def test_between_all_that_is_sent_the_keys_are_found(
    drawn: tuple[list[bytes], list[bytes]],
) -> None:
    pieces, reads = drawn
    assert keys(read(*reads)) == [PRESSES[piece] for piece in pieces if piece in PRESSES]


@given(cut(st.lists(strings, min_size=1, max_size=4)))
def test_strings_are_swallowed_whole(drawn: tuple[list[bytes], list[bytes]]) -> None:
    assert read(*drawn[1]) == []


@given(cut(st.lists(sequences, max_size=6)))
def test_no_sequence_ends_it_or_is_taken_for_letters(
    drawn: tuple[list[bytes], list[bytes]],
) -> None:
    found = read(*drawn[1])
    reports = [piece for piece in drawn[0] if piece[-1:] in b"u~"]
    letters = [each for each in found if isinstance(each, events.Key) and each.is_printable]
    assert len(letters) <= 3 * len(reports)


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=40), max_size=8))
def test_no_bytes_end_it(reads: list[bytes]) -> None:
    read(*reads)


@pytest.mark.parametrize("start", [b"\x1bP", b"\x1b]", b"\x9f", b"\x1b[", b"\x1bO", b"\x1b[M"])
def test_what_has_no_end_swallows_nothing_after_a_second_of_silence(start: bytes) -> None:
    reader = InputReader()
    assert reader.feed(start) == []
    assert reader.patience == pytest.approx(1.0)
    assert reader.timeout() == []
    assert keys(reader.feed(b"j")) == ["j"]


def test_a_string_without_an_end_is_over_in_time_though_keys_are_typed() -> None:
    now = 0.0
    reader = InputReader(lambda: now)
    reader.feed(b"\x1bPx")
    heard: list[Message] = []
    while not heard and now < 60:
        now += 0.5
        heard = reader.feed(b"j")
    assert now <= STRING_LIMIT + 0.5


def test_a_key_with_an_escape_ends_a_string_without_an_end() -> None:
    assert keys(read(b"\x1bPabc", b"\x1b[B", b"j")) == ["down", "j"]


@pytest.mark.parametrize("split", range(1, 22))
def test_a_paste_is_one_however_it_is_cut(split: int) -> None:
    data = b"\x1b[200~one\r\ntwo\x1b[201~k"
    paste, key = read(data[:split], data[split:])
    assert isinstance(paste, events.Paste)
    assert paste.text == "one\r\ntwo"
    assert keys([key]) == ["k"]


def test_what_is_pasted_is_text_alone() -> None:
    (paste,) = read(b"\x1b[200~a\x1b[Bx\x1b]52;c;x\x07\x00\x9by\x03\x1b[201~")
    assert isinstance(paste, events.Paste)
    assert paste.text == "a[Bx]52;c;xy"


def test_a_paste_without_an_end_is_taken_as_it_came() -> None:
    reader = InputReader()
    assert reader.feed(b"\x1b[200~abc") == []
    (paste,) = reader.timeout()
    assert isinstance(paste, events.Paste)
    assert paste.text == "abc"


def test_a_huge_paste_is_cut() -> None:
    (paste,) = read(b"\x1b[200~" + b"x" * 300_000 + b"\x1b[201~")
    assert isinstance(paste, events.Paste)
    assert len(paste.text) == PASTE_LIMIT


def test_the_mouse_the_focus_and_asked_answers_come_through() -> None:
    found = read(
        b"\x1b[<0;5;6M\x1b[<0;5;6m\x1b[<65;5;6M\x1b[<35;7;8M"
        b"\x1b[I\x1b[O\x1b[0n\x1b[?2026;2$y\x1b[48;40;120;0;0t\x1b[<0;5;6M"
    )
    assert [type(message) for message in found] == [
        events.MouseDown,
        events.MouseUp,
        events.MouseScrollDown,
        events.MouseMove,
        events.AppFocus,
        events.AppBlur,
        Shown,
        messages.TerminalSupportsSynchronizedOutput,
        events.Resize,
        events.MouseDown,
    ]
