"""Values of one item: texts, ids and moments, as they may be shown and sent back."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from typing import Final, TypeGuard

from tui.vps.models import Key
from tui.vps.sanitize import DESCRIPTION_LENGTH, MAX_LENGTH, clean
from tui.vps.token import Token
from tui.vps.wire import Scalar

_ID: Final = re.compile(r"[!-~]{1,100}")
_INTEGER: Final = re.compile(r"[1-9][0-9]{0,17}")
_SIMPLE: Final = re.compile(r"[ -$'-\[\]-~]*")
"""Text that needs no cleaning and in which no character can be spelt in another way."""
_LONGEST_TEXT: Final = 20 * DESCRIPTION_LENGTH
LARGEST: Final = 2**63
"""Numbers of this size and more are none: no field has such ones."""
_DAY: Final = timedelta(days=1)
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC) + _DAY
_LATEST: Final = datetime.max.replace(tzinfo=UTC) - _DAY
"""What is beyond is taken for these: it has no local time in some place of the world."""


class BadItem(ValueError):
    """One item of a list cannot be read; the message says why, cleaned."""


class Fields:
    """Reads values of what one service says to those who have `token`.

    Every text is cleaned, and loses the token, should it be echoed, after all escapes have been
    undone.
    """

    def __init__(self, token: Token | None) -> None:
        self._mask = str if token is None else token.hide_in
        self._shortest = 0 if token is None else len(token)

    def line(self, text: str, limit: int = MAX_LENGTH) -> str:
        """A text from outside as one clean line without the token."""
        if len(text) <= limit and _SIMPLE.fullmatch(text):
            return text if len(text) < self._shortest else self._mask(text)
        # Masked twice: what is cut must not be the token, and what is left out may have split it.
        return self._mask(clean(self._mask(text[:_LONGEST_TEXT]), limit))

    def name(self, text: str) -> str:
        """A name as one clean line; long ones that begin alike stay unlike."""
        line = self.line(text)
        if len(text) <= MAX_LENGTH or not line.endswith("…"):
            return line
        from hashlib import blake2s

        mark = blake2s(self._mask(text).encode("utf-8", "replace"), digest_size=4).hexdigest()
        return f"{line[: MAX_LENGTH - len(mark) - 1]}…{mark}"

    def key(self, *candidates: Scalar) -> Key:
        """The first id there is. It is shown and sent back, so no control may be in it."""
        for key in candidates:
            if key is None or key == "":
                continue
            found = self.key_or_none(key)
            if found is None:
                raise BadItem("its id cannot be used: too long, or with characters that no id has")
            return found
        raise BadItem("it has no id")

    def key_or_none(self, value: object) -> Key | None:
        """An id, or None where it is none; digits are a number."""
        if not _is_key(value):
            return None
        if isinstance(value, str):
            if _INTEGER.fullmatch(value):
                return int(value)
            return value if self._mask(value) == value else None
        return value

    def moment(self, text: str | None) -> datetime | None:
        """A moment in UTC; without a zone it is taken as UTC."""
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise BadItem(f"created_at is not a date: {self.line(text, 40)}") from None
        zoned = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return min(max(zoned, _EARLIEST), _LATEST).astimezone(UTC)

    def text(self, value: object, *names: str, limit: int = MAX_LENGTH) -> str:
        """A scalar as clean text, or of an object the first of `names` that it has."""
        if isinstance(value, dict):
            found = next((value[name] for name in names if value.get(name)), None)
            return self.text(found, limit=limit)
        if isinstance(value, str):
            return sys.intern(self.line(value, limit))
        if isinstance(value, int | float):
            return sys.intern(str(value)) if abs(value) < LARGEST else ""
        return ""


def _is_key(value: object) -> TypeGuard[Key]:
    if isinstance(value, str):
        return _ID.fullmatch(value) is not None
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST
