"""The program: options to settings, settings to the dashboard or a command, an exit code."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run ``ciplun`` and exit with its code."""
    gc.disable()  # until the first paint: what is imported before it all stays
    from tui.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
