"""From the bytes that the terminal sends to the app's messages: what is not understood is none."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Callable
from time import monotonic
from typing import Final

from textual.events import Paste
from textual.message import Message

from tui.terminal.control_sequences import Kind, Lexer, Token
from tui.terminal.key_reports import readable
from tui.terminal.textual_private import XTermParser, finish

_SHOWN: Final = "\x1b[0n"
_RAW: Final = {0xDC00 + byte: chr(byte) if byte < 0xA0 else "�" for byte in range(0x80, 0x100)}
"""Bytes that are no UTF-8: control characters of eight bits, or nothing."""
_UNPASTED: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160)))


class Shown(Message):
    """The terminal has shown what was written before it was asked."""


class InputReader:
    """Reads keys, the mouse, pastes, changes of focus, and answers that were asked for."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._decode = getincrementaldecoder("utf-8")("surrogateescape").decode
        self._lexer = Lexer(clock)
        self._parser = XTermParser()

    @property
    def patience(self) -> float | None:
        """Seconds of silence after which `timeout` is to be called; None for never."""
        return self._lexer.patience

    def feed(self, data: bytes) -> list[Message]:
        """Take what was read, however it is cut."""
        text = self._decode(data).translate(_RAW)
        return self._messages(self._lexer.feed(text))

    def timeout(self) -> list[Message]:
        """Nothing more has come for as long as `patience` says."""
        return self._messages(self._lexer.timeout())

    def _messages(self, tokens: list[Token]) -> list[Message]:
        return [message for token in tokens for message in self._read(token)]

    def _read(self, token: Token) -> list[Message]:
        match token.kind:
            case Kind.TEXT:
                return self._parse(token.text)
            case Kind.ESCAPE:
                return self._parse("\x1b")
            case Kind.ALT:
                return self._parse("\x1b" + token.text)
            case Kind.PASTE:
                return [Paste(token.text.translate(_UNPASTED))]
        if token.text == _SHOWN:
            return [Shown()]
        sequence = readable(token.text)
        return self._parse(sequence) if sequence else []

    def _parse(self, text: str) -> list[Message]:
        try:
            return [*self._parser.feed(text), *finish(self._parser)]
        except (ArithmeticError, LookupError, TypeError, ValueError):
            self._parser = XTermParser()  # the old one has ended
            return []
