"""Commands of the user's own on keys: asked for if so set, and run without a shell."""

from __future__ import annotations

import contextlib
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textual.app import App, SuspendNotSupported

from tui.config.tables import UserCommand
from tui.fleet.operation import State
from tui.fleet.user_commands import Unfilled, fill

if TYPE_CHECKING:
    from tui.screens.dashboard.screen import Dashboard

_WIRED = (State.INTENT, State.SENT)


class UserCommands:
    """Runs them for an app. Tokens are not in their environment."""

    def __init__(self, app: App[Any], environ: Mapping[str, str]) -> None:
        self._app = app
        self._environ = environ

    def press(self, command: UserCommand, board: Dashboard) -> None:
        """Run a command about the chosen row, or say why not."""
        words = self._words(command, board)
        if isinstance(words, str):
            self._say(words)
        elif command.confirm:
            from tui.screens.dialogs.prompt import ChooseDialog

            self._app.push_screen(
                ChooseDialog(f"Run {shlex.join(words)}?", ("no", "yes"), "no"),
                lambda answer: self._run(command, words, board) if answer == "yes" else None,
            )
        else:
            self._run(command, words, board)

    def _words(self, command: UserCommand, board: Dashboard) -> list[str] | str:
        """The argument list, or why it is not run."""
        reason = board.session.lock.reason()
        if reason is not None and not command.safe:
            return f"{command.run[0]} is not run: {reason}"
        view, snapshot = board.panes.view, board.panes.snapshot
        if view is None:
            return "no server is chosen"
        if view.remembered and not command.safe:
            return f"{command.run[0]} is not run: this is older, remembered data"
        try:
            return fill(command, view.server, snapshot)
        except Unfilled as error:
            return f"{command.run[0]} is not run: {error}"

    def _run(self, command: UserCommand, words: Sequence[str], board: Dashboard) -> None:
        live = board.session.live
        wired = live is not None and any(o.state in _WIRED for o in live.operations.running())
        if command.background:
            self._app.run_worker(self._behind(words), group="user", exit_on_error=False)
        elif wired:
            self._say("a request is being sent: try again in a moment")
        else:
            self._before(words)

    async def _behind(self, words: Sequence[str]) -> None:
        """Run it behind the screen."""
        from tui.terminal.hooks import run_hook

        code = await run_hook(words, {}, self._environ)
        if code:
            self._say(f"{words[0]} ended with code {code}")
        elif code is None:
            self._say(f"{words[0]} could not be run, or took too long")

    def _before(self, words: Sequence[str]) -> None:
        """Leave the terminal to it, and come back; nothing is asked or painted meanwhile."""
        from tui.terminal import hardening
        from tui.terminal.hooks import surroundings

        try:
            with self._app.suspend(), _deaf():
                env, umask = surroundings(self._environ), hardening.given_umask
                done = subprocess.run(words, env=env, umask=umask)  # noqa: S603
        except SuspendNotSupported:
            self._say("this terminal cannot be handed to a command")
        except (OSError, ValueError) as error:
            self._say(f"{words[0]} could not be run: {error}")
        else:
            if done.returncode:
                self._say(f"{words[0]} ended with code {done.returncode}")

    def _say(self, text: str) -> None:
        self._app.notify(text, severity="warning", markup=False)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Leave interrupts to the command that has the terminal; they are no wish to leave ciplun."""
    woken = signal.set_wakeup_fd(-1)
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        signal.set_wakeup_fd(woken)
