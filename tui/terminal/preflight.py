"""Whether the dashboard can be drawn here. Imports nothing heavy: it runs before all else."""

from __future__ import annotations

import os
from collections.abc import Mapping


def refusal(environ: Mapping[str, str]) -> str | None:
    """Why the dashboard cannot be drawn, in one sentence; None where it can."""
    if not os.isatty(0):
        return "the keyboard is not a terminal: with ssh, add -t; `ciplun list` needs none"
    if not os.isatty(2):
        return "the screen is not a terminal: do not redirect stderr; `ciplun list` needs none"
    if environ.get("TERM", "") in ("", "dumb", "unknown"):
        return "TERM names no usable terminal: set it, for example TERM=xterm-256color"
    return None
