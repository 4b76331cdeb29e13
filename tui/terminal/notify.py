"""A done-signal that crosses SSH: bell, OSC 9, and the window's title."""

from __future__ import annotations

from collections.abc import Mapping

from tui.vps.sanitize import clean


def done_signal(text: str, environ: Mapping[str, str]) -> str:
    """What to write to the terminal: a bell, and OSC 9, wrapped for tmux and screen."""
    # The name before it keeps a text like 4;3 from being one of OSC 9's other commands.
    message = f"\x1b]9;ciplun: {clean(text)}\x07"
    if environ.get("TMUX"):
        message = "\x1bPtmux;" + message.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    elif environ.get("TERM", "").startswith("screen"):
        message = f"\x1bP{message}\x1b\\"
    return "\x07" + message


def title(text: str) -> str:
    """What to write to the terminal to name its window."""
    return f"\x1b]2;{clean(text, 80)}\x07"
