"""The API token, kept out of sight: nothing that prints, logs or compares shows it."""

from __future__ import annotations

import re
from typing import Any, Final, final

import msgspec

_ODD: Final = re.compile(r"[^!-~]")
_ESCAPES: Final = re.compile(r"[%\\&]")
"""What every other spelling of a character begins with."""
_QUOTES: Final = "\"'`"
_NAMES: Final = {" ": "a space", "\t": "a tab", "\n": "a line end", "\r": "a line end"}
_LOOKS: Final = re.compile(r"vps_[^\s'\",:;()]+")


def masked(text: str) -> str:
    """Return `text` without what looks like a token, for quoting what somebody typed."""
    return _LOOKS.sub("***", text)


class BadToken(ValueError):
    """A token that is none; the message says which sign is wrong, and never quotes the rest."""


class Unshown(msgspec.Struct, frozen=True):
    """A record that may hold a token: it shows its kind, and nothing of what is in it."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


@final
class Token:
    """A bearer token. ``str``, ``repr`` and formatting give ``***``; only `reveal` gives the text.

    Surrounding white space is stripped; anything but printable ASCII inside is refused, because
    a line end in a header value ends up in an exception's message. Quotes around it are not part
    of it: whoever wrote them meant them for a shell. Raises BadToken.
    """

    __slots__ = ("__spelt", "__text")

    def __init__(self, text: str) -> None:
        stripped = text.strip()
        if not stripped:
            raise BadToken("the token is empty")
        if odd := _ODD.search(stripped):
            sign = _NAMES.get(odd[0], f"U+{ord(odd[0]):04X}")
            raise BadToken(f"the token has characters that a token cannot have: {sign}")
        for sign in (stripped[0], stripped[-1]):
            if sign in _QUOTES:
                raise BadToken(f"the token has {sign} around it, which is not part of it")
        self.__text = stripped
        self.__spelt: re.Pattern[str] | None = None

    def reveal(self) -> str:
        """Return the token itself, for the Authorization header alone."""
        return self.__text

    def fingerprint(self, key: bytes) -> str:
        """What tells this token from others for whoever has the key (32 to 64 bytes); hex."""
        import hashlib

        return hashlib.blake2b(self.__text.encode(), key=key, digest_size=16).hexdigest()

    def hide_in(self, text: str) -> str:
        """Return `text` with this token replaced by ``***``, however its characters are spelt.

        They may be percent-encoded, escaped as in JSON or a string literal, or HTML references,
        each of them or only some, and more than once.
        """
        text = text.replace(self.__text, "***")
        if not _ESCAPES.search(text):
            return text
        if self.__spelt is None:
            self.__spelt = re.compile("".join(_spellings(char) for char in self.__text))
        return self.__spelt.sub("***", text)

    def __len__(self) -> int:
        return len(self.__text)

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


def _spellings(char: str) -> str:
    """A pattern for every way in which a service could write one character."""
    code, plain = ord(char), re.escape(char)
    ampersand = "&(?:amp;)*"
    ways = [
        rf"\\*{plain}",
        rf"%(?:25)*(?i:{code:02x})",
        rf"\\+(?:u00|x)(?i:{code:02x})",
        rf"\\+u\{{0*(?i:{code:x})\}}",
        rf"{ampersand}#0*{code};?",
        rf"{ampersand}#[xX]0*(?i:{code:x});?",
    ]
    import html  # has all names of HTML in it: later than the first paint

    named = html.escape(char)
    if named != char:
        ways.append(ampersand + re.escape(named[1:]))
    return f"(?:{'|'.join(ways)})"
