"""The log of what nobody foresaw: rotating, private, one clean line at a time, without tokens."""

from __future__ import annotations

import logging
import os
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from tui.config.paths import open_private, private_folder, seen
from tui.vps.sanitize import clean
from tui.vps.token import Token

SIZE: Final = 1_000_000
"""Bytes after which a new file is begun; three old ones are kept."""
_LONGEST: Final = 2_000
_TOKENS: Final = re.compile(r"\bvps_[!-~]+|(?<=Bearer )\S+", re.IGNORECASE)
_hidden: set[Token] = set()


def hide(token: Token) -> None:
    """Never write this token, whatever it looks like."""
    _hidden.add(token)


def holds_token(text: str) -> bool:
    """Whether a token that is known to be one is in the text."""
    return any(token.hide_in(text) != text for token in _hidden)


def masked(text: str) -> str:
    """The text without any token known, or known by its look."""
    for token in _hidden:
        text = token.hide_in(text)
    return _TOKENS.sub("***", text)


class CleanFormatter(logging.Formatter):
    """Formats a record as lines that can do nothing to a terminal that shows the log."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, masked and cleaned line by line."""
        lines = masked(super().format(record)).splitlines()
        return "\n".join(clean(line, _LONGEST) for line in lines)


class PrivateFile(RotatingFileHandler):
    """A rotating file that only its owner can read; one that is removed is begun again."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, to no file that has lost its name."""
        stream = self.stream
        if stream is not None and not self._named(stream.fileno()):
            stream.close()
            self.stream = None
        super().emit(record)

    def _named(self, descriptor: int) -> bool:
        """Whether the file that is written to is the one of this name."""
        try:
            return os.path.samestat(Path(self.baseFilename).stat(), os.fstat(descriptor))
        except OSError:
            return False

    def _open(self) -> object:  # type: ignore[override]
        private_folder(Path(self.baseFilename).parent)
        descriptor = open_private(Path(self.baseFilename), os.O_WRONLY | os.O_APPEND)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")


def configure(path: Path) -> bool:
    """Log warnings and worse to a file; False where none can be written, which ends nothing."""
    root = logging.getLogger()
    if any(isinstance(handler, PrivateFile) for handler in root.handlers):
        return True
    root.setLevel(logging.WARNING)
    logging.raiseExceptions = False
    logging.lastResort = None
    try:
        private_folder(path.parent)
        handler = PrivateFile(path, maxBytes=SIZE, backupCount=3, encoding="utf-8", delay=True)
    except OSError:
        return False
    if not (os.access(path, os.W_OK) if seen(path) else os.access(path.parent, os.W_OK | os.X_OK)):
        return False
    handler.setFormatter(CleanFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    return True
