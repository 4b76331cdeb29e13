"""Telling a page that an unattended run went well, so that somebody misses it when it does not."""

from __future__ import annotations

from tui.cli.output import complain
from tui.config.settings import Settings
from tui.exit_codes import ExitCode


async def after(settings: Settings, code: int) -> int:
    """Ask for the settings' page if all is done; returns the code, which it does not change."""
    is_good = bool(settings.ping_url) and code == ExitCode.DONE and not settings.demo
    if is_good:
        from tui.vps.ping import ping

        if problem := await ping(settings.ping_url):
            complain(f"ping_url was not called: {problem}")
    return code
