"""The simulator as a process of its own: what the demo starts. Options as one line on stdin."""

from __future__ import annotations

import json
import os
import sys

from tui.simulator.options import SimulatorOptions
from tui.simulator.runner import run


def _line() -> bytes:
    """One line, unbuffered: what follows on stdin is only its end."""
    line = b""
    while not line.endswith(b"\n"):
        char = os.read(0, 1)
        if not char:
            break
        line += char
    return line


if __name__ == "__main__":
    options = SimulatorOptions(**json.loads(_line()), as_json=True, end_with_stdin=True)
    sys.exit(run(options))
