"""The program: options to settings, settings to the dashboard or a command, an exit code."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from pathlib import Path


def leave_current_folder() -> None:
    """Import nothing from the current folder, where `python -m` looks first, but this program."""
    ours = str(Path(__file__).resolve().parent.parent)
    with contextlib.suppress(OSError):  # the folder may have been removed
        if sys.path[0] == str(Path.cwd()) != ours:
            del sys.path[0]
    sys.path[:] = filter(None, sys.path)


def _run() -> int:
    leave_current_folder()
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:  # an exception out of a signal while types are made may crash an extension
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    from tui.terminal.hardening import harden

    harden()
    # Most starts: what reads the command line takes 15 ms to load. A shell that completes needs it.
    if not sys.argv[1:] and "_CIPLUN_COMPLETE" not in os.environ:
        from tui.cli.dashboard import run_plainly

        return run_plainly(os.environ)
    from tui.cli.main import run

    if interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return run(sys.argv[1:])


def main() -> None:
    """Run ``ciplun`` and exit with its code."""
    gc.disable()  # until the first paint: what is imported before it all stays
    try:
        code = _run()
    except KeyboardInterrupt:  # while something was imported
        code = 130
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):  # nobody reads, and the interpreter would end with its own code
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
