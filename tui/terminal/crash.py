"""What happens to an error nobody foresaw: into the log, one line on the terminal, exit code 1."""

from __future__ import annotations

import logging
import sys

from textual.worker import WorkerFailed

from tui.terminal.textual_private import EndingApp

log = logging.getLogger(__name__)


class CalmCrash(EndingApp):
    """Mix it in before the app's own class. `log_path` is named in the one line."""

    log_path = ""
    _crashed = ""

    def failed(self, error: BaseException | None) -> None:
        """Note the error in the log."""
        log.critical("an unexpected error ended ciplun", exc_info=error)
        if isinstance(error, WorkerFailed):
            error = error.error
        self._crashed = self._crashed or type(error).__name__

    def failed_leaving(self, error: BaseException) -> None:
        """Note the error in the log, and leave with the code that was meant."""
        log.warning("an error while leaving", exc_info=error)

    def last_words(self) -> None:
        """Apologise, and say where more is to be read."""
        if self._crashed:
            where = f"; the details are in {self.log_path}" if self.log_path else ""
            words = f"ciplun: sorry, an unexpected error ended the program ({self._crashed}){where}"
            print(words, file=sys.__stderr__)
