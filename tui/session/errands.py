"""What goes on to its end, whatever becomes of who asked for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any, TypeVar

from tui.config.credentials import TokenError
from tui.vps.errors import VpsError

T = TypeVar("T")
log = logging.getLogger(__name__)


class Errands:
    """Runs and holds the tasks of one session. `tell` hears of an error that nobody foresaw.

    They run in the context of the session: in that of a dialog they would hold it to their end.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._context = copy_context()
        self._tasks: set[asyncio.Task[Any]] = set()

    def perform(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something to its end, whatever becomes of who asked for it."""
        context = self._context.copy()
        task = asyncio.create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._performed, context=context)
        return task

    async def ended(self) -> None:
        """Wait until all that is under way has ended, however it did."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _performed(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not _foreseen(error):
            log.error("unexpected error in a write", exc_info=error)
            self._tell(f"sorry, an unexpected error: {type(error).__name__}")


def _foreseen(error: BaseException) -> bool:
    """Whether whoever asked for a write shows its error."""
    from tui.fleet.writes.drafts import HalfDone
    from tui.fleet.writes.operations import JournalUnavailable, Refused

    return isinstance(error, VpsError | Refused | HalfDone | JournalUnavailable | TokenError)
