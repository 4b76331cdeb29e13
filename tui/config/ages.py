"""Spans of time as people write them in settings, options and selectors: ``36h``, ``7d``."""

from __future__ import annotations

import re
from typing import Final

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
WEEK: Final = 604_800
UNITS: Final = {"m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_SPAN: Final = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)([mhdw])")


class Age(float):
    """A span in seconds that spells itself as it would be written; 0 means never."""

    def __str__(self) -> str:
        for unit, length in reversed(UNITS.items()):
            if self and self % length == 0:
                return f"{self / length:.0f}{unit}"
        return f"{self / MINUTE:g}m" if self else "0"

    @classmethod
    def parse(cls, text: object) -> Age:
        """``36h`` or 0. Raises ValueError with what it must be, without what it is."""
        if text in (0, "0") and not isinstance(text, bool):
            return cls(0)
        found = _SPAN.fullmatch(text.strip()) if isinstance(text, str) else None
        if found is None:
            raise ValueError("must be an age like 36h, 7d or 2w; 0 is never")
        return cls(float(found[1]) * UNITS[found[2]])
