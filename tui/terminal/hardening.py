"""What a process that holds a token does first."""

from __future__ import annotations

import contextlib
import os
import resource

given_umask = -1
"""The mask for new files before `harden`, for commands of the user's own; -1 is the present one."""


def harden() -> None:
    """Leave no core dump, no file that others can read, and none in the place of a standard one."""
    global given_umask
    given_umask = os.umask(0o077)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _fill_descriptors()


def _fill_descriptors() -> None:
    """Let nothing that is opened later become stdin, stdout or stderr where one was closed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
