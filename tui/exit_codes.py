"""The codes that the program ends with."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """What a command's exit code says; `check` has those of monitoring plug-ins instead."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNKNOWN = 3  # a write left, and what became of it cannot be told yet
    NOT_AUTHORISED = 4
    INTERRUPTED = 130
    TERMINATED = 143  # by SIGTERM, having said where things stand
