"""Keys typed ahead, one after the other: each finds the screen as the one before has left it."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from threading import Event
from typing import Any, Final

from textual.app import App, ScreenStackError
from textual.message import Message
from textual.message_pump import MessagePump

from tui.terminal.textual_private import has_callbacks

_STILL: Final = 10
"""Turns of the event loop in a row without a message after which a key has been dealt with."""
_TURNS: Final = 500
"""Turns that are waited for at most: something else may keep the app busy."""


class KeyTurn:
    """What a key has set off: `over` once all messages that came of it have been handled.

    It looks once in each turn of the loop. A task and a future for each key would cost more.
    """

    def __init__(self, app: App[Any], loop: AbstractEventLoop, message: Message) -> None:
        self.message = message
        self.over = Event()
        self._app = app
        self._loop = loop
        self._left = _TURNS
        self._still = 0

    def begin(self) -> None:
        """Look from now on, since the app has the message."""
        self._loop.call_soon(self._look)

    def _look(self) -> None:
        goes_on = False  # whatever becomes of it, nobody waits for it any longer then
        try:
            goes_on = self._goes_on()
        finally:
            if goes_on:
                self._loop.call_soon(self._look)
            else:
                self.over.set()

    def _goes_on(self) -> bool:
        self._left -= 1
        try:
            screen = self._app.screen
        except ScreenStackError:  # the app leaves
            return False
        self._still = 0 if _busy(self._app) or _busy(screen) else self._still + 1
        if self._still >= _STILL:  # only now all others: to look at them each time takes its time
            if not any(map(_busy, screen.walk_children())):
                return False
            self._still = 0
        return self._left > 0


def _busy(pump: MessagePump) -> bool:
    return pump.message_queue_size > 0 or has_callbacks(pump)
