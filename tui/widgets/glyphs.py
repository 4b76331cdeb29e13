"""The signs of the screen, for terminals that show Unicode and for those that don't.

Each sign is one cell wide everywhere, and tells its meaning by shape: colour only adds to it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

import msgspec


class Glyphs(msgspec.Struct, frozen=True):
    """One sign for each meaning."""

    cursor: str
    cursor_idle: str
    mark: str
    used: str
    busy_slot: str
    failed_slot: str
    free: str
    full: str
    completed: str
    busy: str
    failed: str
    unknown: str
    up: str
    down: str
    ellipsis: str
    protected: str
    dash: str
    day_nothing: str
    day_kept: str
    day_gone: str
    day_gap: str


UNICODE: Final = Glyphs(
    cursor="▶",
    cursor_idle="▷",
    mark="●",
    used="▰",
    busy_slot="◇",
    failed_slot="✗",
    free="▱",
    full="■",
    completed="✓",
    busy="⟳",
    failed="✗",
    unknown="?",
    up="▴",
    down="▾",
    ellipsis="…",
    protected="◆",
    dash="─",
    day_nothing="·",
    day_kept="▮",
    day_gone="▯",
    day_gap="╌",
)

ASCII: Final = Glyphs(
    cursor=">",
    cursor_idle=":",
    mark="*",
    used="#",
    busy_slot="~",
    failed_slot="x",
    free=".",
    full="@",
    completed="+",
    busy="~",
    failed="x",
    unknown="?",
    up="^",
    down="v",
    ellipsis="~",
    protected="!",
    dash="-",
    day_nothing=".",
    day_kept="#",
    day_gone="o",
    day_gap="-",
)


def choose(environ: Mapping[str, str]) -> Glyphs:
    """Unicode where the locale's encoding is UTF-8; ``CIPLUN_ASCII``, 1 or 0, overrules it.

    The console of Linux has fonts of 256 or 512 signs: most of ours would look alike there.
    """
    wanted = environ.get("CIPLUN_ASCII")
    if wanted:
        return UNICODE if wanted == "0" else ASCII
    if environ.get("TERM") == "linux":
        return ASCII
    character_type, language = environ.get("LC_CTYPE", ""), environ.get("LANG", "")
    if sys.flags.utf8_mode and character_type == "C.UTF-8" and language:
        character_type = language  # Python has put UTF-8 there in place of the C locale
    locale = environ.get("LC_ALL") or character_type or language
    return UNICODE if "utf8" in locale.lower().replace("-", "") else ASCII
