"""Telling an end to who is not looking: a done-signal that crosses SSH, and the user's command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import App

from tui.terminal import hooks
from tui.terminal.textual_private import driver_of
from tui.vps.sanitize import clean


class Announcer:
    """Rings, notifies and names the window through the app's terminal, and runs the command."""

    def __init__(self, app: App[Any], environ: Mapping[str, str]) -> None:
        self._app = app
        self._environ = environ
        self._name = ""
        self._title_tells = False

    def name_window(self, name: str) -> None:
        """Give the window its own name."""
        self._name, self._title_tells = name, False
        self._write(title(name))

    def announce(
        self, text: str, facts: Mapping[str, str], command: Sequence[str], *, ring: bool = True
    ) -> None:
        """Tell an end; `command`, if there is one, gets the text and in its environment `facts`.

        Without `ring` the terminal is told nothing: one of many that ring once together.
        """
        if ring:
            self._write(done_signal(text, self._environ) + title(text))
            self._title_tells = True
        if command:
            hook = hooks.run_told(command, text, facts, self._environ)
            self._app.run_worker(hook, group="hooks", exit_on_error=False)

    def seen(self) -> None:
        """Give the window its own name back: somebody has looked."""
        if self._title_tells:
            self.name_window(self._name)

    def _write(self, controls: str) -> None:
        """Send something that is not painted to the terminal."""
        driver = driver_of(self._app)
        if driver is not None and not self._app.is_headless:
            driver.write(controls)


def done_signal(text: str, environ: Mapping[str, str]) -> str:
    """What to write to the terminal: a bell, and OSC 9, wrapped for tmux and screen."""
    # The name before it keeps a text like 4;3 from being one of OSC 9's other commands.
    message = f"\x1b]9;ciplun: {clean(text)}\x07"
    if environ.get("TMUX"):
        message = "\x1bPtmux;" + message.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    elif environ.get("TERM", "").startswith("screen"):
        message = f"\x1bP{message}\x1b\\"
    return "\x07" + message


def title(text: str) -> str:
    """What to write to the terminal to name its window."""
    return f"\x1b]2;{clean(text, 80)}\x07"
