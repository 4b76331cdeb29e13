"""A terminal put back by force, where the process ends whoever reads what it has written."""

from __future__ import annotations

import contextlib
import os
import signal
import termios
import time
from threading import Thread
from typing import Final

_RESET: Final = (
    b"\x18\x1b\\"  # a sequence or a string that was cut off is over
    b"\x1b[0m\x1b[?2026l\x1b[?2004l\x1b[?2048l"
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l\x1b[?1004l"
    b"\x1b[<u\x1b[23;2t\x1b[?7h\x1b[?1049l\x1b[?25h"
)
"""Ends all that `CalmDriver` and its bases begin; the keyboard before the alternate screen."""
_TRIES: Final = 20
_PAUSE: Final = 0.01
"""Seconds between two tries."""


def put_back(output: int, writer: Thread | None) -> None:
    """Drop what waits for the terminal, and put its screen, mouse, keyboard and cursor back.

    `output` is the descriptor that `writer` writes to, and it may be in the middle of that: a write
    into a full queue keeps all others out, and looks again only when a signal wakes it. From now on
    what it writes goes nowhere. Takes 0.2 s at most. Raises OSError and `termios.error`.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), output)
    # By a descriptor of our own: the shell shares the others, and would be left not to wait.
    terminal = os.open("/dev/tty", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    left = _RESET
    for _ in range(_TRIES):
        if writer is not None and writer.is_alive() and writer.ident is not None:
            signal.pthread_kill(writer.ident, signal.SIGTERM)  # which is handled already
        if left is _RESET:
            termios.tcflush(terminal, termios.TCOFLUSH)
        with contextlib.suppress(BlockingIOError):
            left = left[os.write(terminal, left) :]
        if not left:
            return
        time.sleep(_PAUSE)
