"""What a terminal sends, cut into keys, sequences, pastes and strings (ECMA-48; xterm's ctlseqs).

Every byte of an answer that comes late, in pieces or garbled would be a key to a parser that gives
up on it, and keys create, mark and protect. So a sequence that has begun is read to its end, or is
dropped whole once nothing more of it comes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto
from time import monotonic
from typing import Final, NamedTuple

ESCAPE_WAIT: Final = 0.1
"""Seconds after which an escape that nothing has followed is the key."""
SEQUENCE_WAIT: Final = 1.0
"""Seconds of silence after which an unfinished sequence or string is dropped."""
STRING_LIMIT: Final = 10.0
"""Seconds after which a string without an end swallows nothing more."""
PASTE_WAIT: Final = 5.0
"""Seconds of silence after which a paste without an end is taken as it came."""
PASTE_LIMIT: Final = 100_000
"""Characters kept of a paste: no field takes more."""
_LONGEST: Final = 64

_ESC, _CSI, _SS3 = "\x1b", "\x1b[", "\x1bO"
_STRINGS: Final = frozenset("PX]^_")  # DCS, SOS, OSC, PM, APC
_C1: Final = {"\x8f": "O", "\x90": "P", "\x98": "X", "\x9b": "[", "\x9d": "]"} | {
    "\x9e": "^",
    "\x9f": "_",
}
"""Introducers of eight bits, by what follows an escape in those of seven."""
_STRING_ENDS: Final = frozenset("\x07\x18\x1a\x9c")  # BEL, CAN, SUB, ST
_PASTE_START, _PASTE_END = "\x1b[200~", "\x1b[201~"
_SHIFTED_RXVT: Final = frozenset(f"\x1b[{number}$" for number in (3, 7, 8, 23, 24))
_LATE: Final = re.compile(r"\[[<?>\d]|P[!>\d]|\][\dlL]|_G")
"""How an answer goes on whose escape came alone; no one types that within a moment."""


class Kind(Enum):
    """What a token is."""

    TEXT = auto()
    """Characters and control characters, each a key."""
    ESCAPE = auto()
    ALT = auto()
    """A character typed with Alt."""
    SEQUENCE = auto()
    """A whole CSI or SS3 sequence, with introducers of seven bits."""
    PASTE = auto()


class Token(NamedTuple):
    """A piece of input."""

    kind: Kind
    text: str = ""


class Lexer:
    """Cuts text into tokens, however it is split."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._state: Callable[[str], None] = self._ground
        self._out: list[Token] = []
        self._typed: list[str] = []
        self._sequence = ""
        self._more = 0
        self._since = 0.0
        self._escaped_at = -SEQUENCE_WAIT
        self._pasted: list[str] = []
        self._tail = ""

    @property
    def patience(self) -> float | None:
        """Seconds of silence after which `timeout` is to be called; None for never."""
        if self._state == self._ground:
            return None
        if self._state == self._escape or self._is_rxvts:
            return ESCAPE_WAIT
        return PASTE_WAIT if self._state == self._paste else SEQUENCE_WAIT

    def feed(self, text: str) -> list[Token]:
        """Take text; returns what is complete."""
        now = self._clock()
        if self._state in (self._string, self._string_escape):
            if now - self._since > STRING_LIMIT:
                self._state = self._ground
        elif now - self._escaped_at < SEQUENCE_WAIT and _LATE.match(text):
            self._state = self._escape
        self._escaped_at = -SEQUENCE_WAIT
        for char in text:
            self._state(char)
        return self._taken()

    def timeout(self) -> list[Token]:
        """Nothing more has come for as long as `patience` says."""
        if self._state == self._escape:
            self._escaped_at = self._clock()
            self._emit(Kind.ESCAPE)
        elif self._state == self._paste:
            self._end_paste()
        elif self._is_rxvts:
            self._emit(Kind.SEQUENCE, self._sequence)
        self._state = self._ground
        return self._taken()

    @property
    def _is_rxvts(self) -> bool:
        """Whether it is a key of rxvt, if nothing follows: those end with an intermediate byte."""
        return self._state == self._csi and self._sequence in _SHIFTED_RXVT

    def _taken(self) -> list[Token]:
        self._flush()
        out, self._out = self._out, []
        return out

    def _flush(self) -> None:
        if self._typed:
            self._out.append(Token(Kind.TEXT, "".join(self._typed)))
            self._typed.clear()

    def _emit(self, kind: Kind, text: str = "") -> None:
        self._flush()
        self._out.append(Token(kind, text))
        self._state = self._ground

    # -- states -----------------------------------------------------------------------------

    def _ground(self, char: str) -> None:
        if char == _ESC:
            self._state = self._escape
        elif char in _C1:
            self._escape(_C1[char])
        elif not "\x80" <= char <= "\x9f":
            self._typed.append(char)

    def _escape(self, char: str) -> None:
        if char == _ESC:
            self._emit(Kind.ESCAPE)
            self._state = self._escape
        elif char in "[O":
            self._sequence = _ESC + char
            self._state = self._csi if char == "[" else self._ss3
        elif char in _STRINGS:
            self._since = self._clock()
            self._state = self._string
        elif char == "\\":  # the end of a string that has been dropped
            self._state = self._ground
        elif char in "\t\x7f" or char.isprintable():
            self._emit(Kind.ALT, char)
        else:  # escape and then enter, typed ahead: enter alone would press what escape leaves
            self._emit(Kind.ESCAPE)
            self._ground(char)

    def _csi(self, char: str) -> None:
        if not " " <= char <= "~":
            self._broken(char)
            return
        if len(self._sequence) < _LONGEST:  # what is longer is nothing that is known
            self._sequence += char
        if char >= "@":
            self._end_csi()

    def _end_csi(self) -> None:
        if self._sequence == _PASTE_START:
            self._state = self._paste
        elif self._sequence == _CSI + "M":  # a mouse report of X10: three characters follow
            self._more, self._state = 3, self._x10
        elif self._sequence == _CSI + "[":  # a function key of the Linux console
            self._state = self._ss3
        else:
            self._emit(Kind.SEQUENCE, self._sequence)

    def _ss3(self, char: str) -> None:
        if not " " < char <= "~":
            self._broken(char)
            return
        if len(self._sequence) < _LONGEST:
            self._sequence += char
        if char not in "0123456789;":
            self._emit(Kind.SEQUENCE, self._sequence)

    def _broken(self, char: str) -> None:
        """Drop a sequence that cannot go on like this, with what has broken it."""
        self._state = self._escape if char == _ESC else self._ground

    def _x10(self, char: str) -> None:
        self._more -= 1
        if char < " ":
            self._broken(char)
        elif not self._more:
            self._state = self._ground

    def _string(self, char: str) -> None:
        if char == _ESC:
            self._state = self._string_escape
        elif char in _STRING_ENDS:
            self._state = self._ground

    def _string_escape(self, char: str) -> None:
        if char != _ESC:  # "\\" ends the string; anything else begins a new sequence
            self._escape(char)

    def _paste(self, char: str) -> None:
        self._tail = (self._tail + char)[-len(_PASTE_END) :]
        if len(self._pasted) < PASTE_LIMIT:
            self._pasted.append(char)
        if self._tail == _PASTE_END:
            self._end_paste()

    def _end_paste(self) -> None:
        text = "".join(self._pasted).removesuffix(_PASTE_END)
        self._pasted.clear()
        self._tail = ""
        self._emit(Kind.PASTE, text)
