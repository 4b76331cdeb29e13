"""What happens to an error nobody foresaw: into the log, one line on the terminal, exit code 1.

Textual's own crash page shows local variables, headers and all. It is never shown.
"""

from __future__ import annotations

import logging
import sys

from rich.console import RenderableType
from textual.app import App

log = logging.getLogger(__name__)


class CalmCrash(App[None]):
    """Mix it in before the app's own class. `log_path` is named in the one line."""

    log_path = ""
    _crashed = ""

    def _fatal_error(self) -> None:
        error = sys.exc_info()[1] or self._exception
        self._note_crash(error)
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:
        """End because of an error, without showing what Textual would."""
        self._note_crash(sys.exc_info()[1])
        self._return_code = 1
        self._close_messages_no_wait()

    def _note_crash(self, error: BaseException | None) -> None:
        log.critical("an unforeseen error ended ciplun", exc_info=error)
        self._crashed = self._crashed or type(error).__name__

    def _print_error_renderables(self) -> None:
        self._exit_renderables.clear()
        if self._crashed:
            where = f"; the details are in {self.log_path}" if self.log_path else ""
            words = f"ciplun: sorry, an unforeseen error ended it ({self._crashed}){where}"
            print(words, file=sys.__stderr__)
