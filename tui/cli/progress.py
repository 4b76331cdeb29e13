"""What is said while a command waits: a line that rewrites itself, or one now and each minute."""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from tui.cli.output import LONGEST, rewrite, tell
from tui.fleet.clock import Clock
from tui.vps.sanitize import clean
from tui.vps.token import masked

EVERY: Final = 60.0
"""Seconds between two lines where none can be rewritten."""


class Progress:
    """Says on stderr how a wait goes: nothing of that is in a document."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rewrites = _can_rewrite()
        self._said = -math.inf

    @property
    def pace(self) -> float:
        """Seconds after which there may be something new to say."""
        return 1.0 if self._rewrites else EVERY

    def show(self, text: str) -> None:
        """Say where it stands, if there is anything to say and that is due."""
        if not text:
            return
        if self._rewrites:
            width = shutil.get_terminal_size().columns - 1
            rewrite(clean(text, width - 1)[:width])
        elif self._clock.monotonic() - self._said >= EVERY:
            self._said = self._clock.monotonic()
            tell(f"ciplun: {clean(masked(text), LONGEST)}\n")

    def clear(self) -> None:
        """Leave the line to whatever is printed next."""
        rewrite("")


@asynccontextmanager
async def speaking(clock: Clock, words: Callable[[], str]) -> AsyncIterator[Progress]:
    """Say `words` again and again meanwhile."""
    import asyncio

    progress = Progress(clock)

    async def speak() -> None:
        while True:
            await clock.sleep(progress.pace)
            progress.show(words())

    task = asyncio.create_task(speak())
    try:
        yield progress
    finally:
        task.cancel()
        progress.clear()


def _can_rewrite() -> bool:
    """Whether a carriage return takes back what was written."""
    stream = sys.stderr
    return stream is not None and stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
