"""The program: options to settings, settings to the dashboard or a command, an exit code."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run ``ciplun`` and exit with its code."""
    gc.disable()  # until the first paint: what is imported before it all stays
    from tui.cli.main import run

    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # the terminal is gone, and the interpreter would end with a code of its own
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
