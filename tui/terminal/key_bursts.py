"""Keys typed ahead, one after the other: each finds the screen as the one before has left it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from textual.app import App
from textual.message_pump import MessagePump

from tui.terminal.textual_private import has_callbacks

_STILL: Final = 10
"""Turns of the event loop in a row without a message after which a key has been dealt with."""
_TURNS: Final = 500
"""Turns that are waited for at most: something else may keep the app busy."""


async def dealt_with(app: App[Any]) -> None:
    """Wait until all messages so far, and those that came of them, have been handled."""
    still = 0
    for _ in range(_TURNS):
        await asyncio.sleep(0)
        screen = app.screen
        still = 0 if _busy(app) or _busy(screen) else still + 1
        if still >= _STILL:  # only now all others: to look at them in each turn takes its time
            if not any(map(_busy, screen.walk_children())):
                return
            still = 0


def _busy(pump: MessagePump) -> bool:
    return pump.message_queue_size > 0 or has_callbacks(pump)
