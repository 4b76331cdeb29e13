"""Opening the dashboard: the checks before it, and the code it leaves with."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Mapping

from tui.cli.output import complain
from tui.config.file import SettingsError
from tui.config.paths import narrow
from tui.config.settings import Options, load
from tui.exit_codes import ExitCode
from tui.terminal import preflight


def open_dashboard(options: Options, environ: Mapping[str, str]) -> int:
    """Run the dashboard until it is left; returns the exit code. Raises SettingsError."""
    refusal = preflight.refusal(environ)
    if refusal:
        print(f"ciplun: {refusal}", file=sys.stderr)  # noqa: T201
        return ExitCode.USAGE
    settings = load(options, environ)
    # Nothing is taken over yet: until the driver listens, an interrupt ends all at once.
    signal.signal(signal.SIGINT, lambda *_: os._exit(ExitCode.INTERRUPTED))
    from tui import keymap as looks
    from tui.app import CiplunApp
    from tui.config.paths import log_file
    from tui.fleet.views import unknown as unknown_view
    from tui.terminal import logs

    looks.check(settings)
    if problem := unknown_view(settings.views, options.view):
        raise SettingsError(f"--view: {problem}")
    app = CiplunApp(options, settings, environ)
    logs.configure(log_file(environ))
    app.run()
    if app.farewell:
        with contextlib.suppress(OSError):  # the terminal may be gone
            print(app.farewell, flush=True)  # noqa: T201
    return app.return_code or 0


def run_plainly(environ: Mapping[str, str]) -> int:
    """Open the dashboard as without any option; returns the exit code."""
    try:
        if narrowed := narrow(environ):
            complain(narrowed)
        return open_dashboard(Options(), environ)
    except SettingsError as error:
        complain(str(error))
        return ExitCode.USAGE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:
        from tui.cli.main import apology

        complain(apology(error))
        return ExitCode.FAILED
