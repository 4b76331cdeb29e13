"""Names that a policy gives, and which names it gave: ``nightly-{date}``."""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import UTC, datetime
from typing import Final

from tui.config.fitting import meant
from tui.vps.sanitize import clean

_FIELDS: Final = {
    "date": ("%Y-%m-%d", r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "time": ("%H%M", r"[0-9]{4}"),
}
"""How each field is written, always in UTC, and read again."""
_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]*")
_LONGEST: Final = 60
_MOST: Final = 99
"""Names of one template that can be made at the same date and time."""


class BadTemplate(ValueError):
    """A template that gives no names: one sentence, with what would be right."""


class Template:
    """A template of names. Raises BadTemplate.

    A name that is taken gets ``-2``, ``-3`` and so on at its end; those are its names too.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > _LONGEST:
            raise BadTemplate(f"a template has at most {_LONGEST} characters")
        fields = _FIELD.findall(text)
        for field in fields:
            if field not in _FIELDS:
                hint = meant(field, _FIELDS, "it can have {date} and {time}", shown="{{{}}}")
                raise BadTemplate(f"{{{clean(field, 20)}}} is not a field of a name: {hint}")
        wrong = _PLAIN.sub("", _FIELD.sub("", text))
        if wrong:
            why = "letters, digits, hyphens, underscores, {date} and {time} only"
            raise BadTemplate(f"“{clean(wrong[0])}” is not allowed in a name: {why}")
        if "date" not in fields:
            raise BadTemplate("it must have {date} in it, like nightly-{date}")
        parts = _FIELD.split(text)
        read = [_FIELDS[part][1] if n % 2 else re.escape(part) for n, part in enumerate(parts)]
        self._made = re.compile("".join(read) + r"(-[0-9]{1,2})?")

    def name(self, now: datetime, taken: Container[str] = ()) -> str:
        """A name that is not taken. Raises BadTemplate where all are."""
        utc = now.astimezone(UTC)
        name = _FIELD.sub(lambda field: utc.strftime(_FIELDS[field[1]][0]), self.text)
        for turn in range(1, _MOST + 1):
            found = name if turn == 1 else f"{name}-{turn}"
            if found not in taken:
                return found
        raise BadTemplate(f"all names from {name} to {name}-{_MOST} are taken")

    def made(self, name: str) -> bool:
        """Whether a name is one of its names."""
        return self._made.fullmatch(name) is not None
