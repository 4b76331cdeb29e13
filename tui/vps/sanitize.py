"""The border for server text: after `clean`, a text can do nothing to a terminal.

Terminals act on C0 and C1 controls, and readers are deceived by bidi overrides and zero-width
characters; all of them become visible signs here, once, before any other part sees the text.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_LENGTH: Final = 200
"""Characters of a text that are kept for display."""
DESCRIPTION_LENGTH: Final = 1_000
"""The same of a description."""
_MAX_MARKS: Final = 4
"""Combining marks in a row: more of them climb out of their line."""
_PLAIN: Final = re.compile(r"[ -~]*")
_UNSTEADY: Final = re.compile("[\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
"""Flag letters and skin tones: terminals disagree on how wide they are, and columns would shift."""
_SELECTOR: Final = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Variation selectors, which make the sign before them wider in some terminals: left out."""
_HIDDEN: Final = frozenset(("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"))


def clean(text: str, limit: int = MAX_LENGTH) -> str:
    """Return `text` as one harmless line of at most `limit` characters.

    C0 controls and DEL become their control pictures (``␛``), other controls, format characters,
    surrogates, unassigned code points and what has no certain width their number (``<202E>``).
    """
    if len(text) <= limit and _PLAIN.fullmatch(text):
        return text
    shown: list[str] = []
    marks = length = 0
    for char in text[: limit + 1]:
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > _MAX_MARKS:
            continue
        if _SELECTOR.match(char):
            continue
        hidden = category in _HIDDEN or _UNSTEADY.match(char)
        sign = _visible(char) if hidden else " " if category == "Zs" else char
        length += len(sign)
        if length > limit:
            shown.append("…")
            break
        shown.append(sign)
    return "".join(shown)


def _visible(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"<{code:04X}>"
