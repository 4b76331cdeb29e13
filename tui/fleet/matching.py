"""How texts are compared and ordered: in every spelling, by pattern, and numbers by their value."""

from __future__ import annotations

import fnmatch
import functools
import re
import unicodedata
from collections.abc import Callable
from typing import Final

_DOTS: Final = re.compile("[i\u0131]\u0307*")
_STARS: Final = re.compile(r"\*+")
_DIGITS: Final = re.compile(r"[0-9]+")
_LONGEST: Final = 20
"""Digits of a number that is ordered by its value."""


def fold(text: str) -> str:
    """The text as it is compared: in one case and spelling; i with or without its dot."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", _DOTS.sub("i", folded))


@functools.lru_cache(maxsize=1 << 16)
def natural(text: str) -> str:
    """A sort key: web-2 comes before web-10."""
    folded = fold(text)
    return f"{_DIGITS.sub(lambda found: found[0].zfill(_LONGEST), folded)}\n{folded}"


def is_pattern(text: str) -> bool:
    """Whether a text stands for several."""
    return "*" in text or "?" in text


@functools.lru_cache(maxsize=256)
def pattern(text: str) -> Callable[[str], bool]:
    """Whether a folded text is as a whole what ``*`` and ``?`` in the pattern allow."""
    found = re.compile(fnmatch.translate(_STARS.sub("*", fold(text).replace("[", "[[]")))).match
    return lambda candidate: found(candidate) is not None
