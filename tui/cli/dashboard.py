"""Opening the dashboard: the checks before it, and the code it leaves with."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

from tui.cli.output import complain, out
from tui.config.file import SettingsError
from tui.config.paths import narrow
from tui.config.settings import Options, load
from tui.exit_codes import ExitCode
from tui.terminal import preflight


def open_dashboard(options: Options, environ: Mapping[str, str]) -> int:
    """Run the dashboard until it is left; returns the exit code. Raises SettingsError."""
    refusal = preflight.refusal(environ)
    if refusal:
        complain(refusal)
        return ExitCode.USAGE
    settings = load(options, environ)
    # Nothing is taken over yet: until the driver listens, an interrupt ends all at once.
    signal.signal(signal.SIGINT, lambda *_: os._exit(ExitCode.INTERRUPTED))
    from tui import keymap
    from tui.app import CiplunApp
    from tui.config.paths import log_file
    from tui.fleet.views import unknown as unknown_view
    from tui.terminal import logs

    keymap.check(settings)
    if problem := unknown_view(settings.views, options.view):
        raise SettingsError(f"--view: {problem}")
    app = CiplunApp(options, settings, environ)
    logs.configure(log_file(environ))
    app.run()
    if app.farewell:
        out(app.farewell)
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
