"""The API token, kept out of sight: nothing that prints, logs or compares shows it."""

from __future__ import annotations

import re
from typing import Final, final

_PRINTABLE: Final = re.compile(r"[!-~]+")


class BadToken(ValueError):
    """A token with characters that no HTTP header may carry; the message never quotes it."""


@final
class Token:
    """A bearer token. ``str``, ``repr`` and formatting give ``***``; only `reveal` gives the text.

    Surrounding white space is stripped; anything but printable ASCII inside is refused, because
    a line end in a header value ends up in an exception's message.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        stripped = text.strip()
        if not _PRINTABLE.fullmatch(stripped):
            raise BadToken("the token is empty or has characters that a token cannot have")
        self.__text = stripped

    def reveal(self) -> str:
        """Return the token itself, for the Authorization header alone."""
        return self.__text

    def hide_in(self, text: str) -> str:
        """Return `text` with every occurrence of this token replaced by ``***``."""
        return text.replace(self.__text, "***")

    def hide_in_bytes(self, data: bytes) -> bytes:
        """The same for bytes, which are copied only where the token is in them."""
        secret = self.__text.encode()
        return data.replace(secret, b"***") if secret in data else data

    def __repr__(self) -> str:
        return "Token(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and other.reveal() == self.__text

    def __hash__(self) -> int:
        return hash(self.__text)

    def __reduce__(self) -> str:
        raise TypeError("a token is never pickled")
