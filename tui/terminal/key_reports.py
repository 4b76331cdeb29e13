"""Which sequences of the terminal mean something, in the form that Textual's parser reads."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from tui.terminal.textual_private import FUNCTIONAL_KEYS, SEQUENCES

_KEY: Final = re.compile(
    r"\x1b\[(?P<code>[\d:]{0,20})(;(?P<modifiers>[\d:]{0,9}))?(;(?P<text>[\d:]{0,32}))?"
    r"(?P<final>[u~ABCDEFHPQS])",
    re.ASCII,
)
_MOUSE: Final = re.compile(r"\x1b\[<(\d{1,3});[1-9]\d{0,4};[1-9]\d{0,4}([Mm])", re.ASCII)
_MODE: Final = re.compile(r"\x1b\[\?20(26|48);[0-4]\$y", re.ASCII)
_SIZE: Final = re.compile(
    r"\x1b\[48;(\d{1,4})(?::\d*)*;(\d{1,4})(?::\d*)*;(\d{1,5})(?::\d*)*;(\d{1,5})(?::\d*)*t",
    re.ASCII,
)
_FOCUS: Final = ("\x1b[I", "\x1b[O")
_POSITION: Final = re.compile(r"\x1b\[\d+;\d+R", re.ASCII)
_LARGEST: Final = (1000, 500)
"""Columns and lines beyond which a size is nonsense: the app would draw them all."""
_LONGEST: Final = 32
"""Characters after which Textual's parser takes a sequence for keys."""


def readable(sequence: str) -> str | None:
    """The sequence for Textual's parser; None for what is no press, or not to be understood."""
    if sequence in _FOCUS or _MODE.fullmatch(sequence):
        return sequence
    if _POSITION.fullmatch(sequence):  # looks like f3 with a modifier; nobody has asked for either
        return None
    if sequence in SEQUENCES:
        return sequence
    if found := _MOUSE.fullmatch(sequence):
        return sequence if _is_button(int(found[1]), found[2]) else None
    if found := _SIZE.fullmatch(sequence):
        return _size(*map(int, found.groups()))
    if found := _KEY.fullmatch(sequence):
        press = _press(found["code"], found["modifiers"] or "", found["text"] or "", found["final"])
        return press if press and len(press) <= _LONGEST else None
    return None


def _is_button(code: int, state: str) -> bool:
    """Whether it is one of three buttons or the wheel: the parser takes others for these."""
    return code < 128 and not (code & 64 and state == "m")


def _size(lines: int, columns: int, height: int, width: int) -> str | None:
    if not (0 < columns <= _LARGEST[0] and 0 < lines <= _LARGEST[1]):
        return None
    # The parser divides by these, and there are terminals that send 0.
    return f"\x1b[48;{lines};{columns};{max(height, lines)};{max(width, columns)}t"


def _press(code: str, modifiers: str, text: str, final: str) -> str | None:
    """A press without what only newer parsers read: alternate keys and kinds of event."""
    code = code.partition(":")[0]
    modifiers, _, event = modifiers.partition(":")
    if event not in ("", "1", "2") or not _is_number(modifiers, 256):
        return None
    if final == "~" and code == "27" and text:  # xterm's modifyOtherKeys
        code, text, final = text, "", "u"
    known = f"{code or '1'}{final}" in FUNCTIONAL_KEYS
    if not known and not (final == "u" and (_is_printable(code) or (code == "0" and text))):
        return None
    if text and not (final == "u" and all(map(_is_printable, text.split(":")))):
        return None
    modifiers = "" if modifiers in ("0", "1") else modifiers
    fields = f"{code};{modifiers};{text}".rstrip(";")
    return f"\x1b[{fields}{final}"


def _is_number(digits: str, most: int) -> bool:
    return not digits or (digits.isdecimal() and len(digits) < 8 and int(digits) <= most)


def _is_printable(code: str) -> bool:
    """Whether it is the number of a character that can be typed."""
    if not code or not _is_number(code, 0x10FFFF):
        return False
    return unicodedata.category(chr(int(code))) not in ("Cc", "Cs", "Co", "Cn")
