"""Telling the ends of operations: on the screen, to the terminal, to the user's own command."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import App

from tui.config.settings import Settings
from tui.fleet.operation import Operation
from tui.notices import News
from tui.screens.dashboard.screen import Dashboard
from tui.terminal import hooks, notify
from tui.terminal.textual_private import driver_of


class Announcing(App[None]):
    """The part of the app that tells news, to who is looking and to who is not."""

    _settings: Settings
    _environ: Mapping[str, str]
    _title_tells = False

    @property
    def dashboard(self) -> Dashboard | None:
        """The dashboard, whatever lies over it; None while the app comes or goes."""
        return next((s for s in self.screen_stack if isinstance(s, Dashboard)), None)

    def tell(self, operation: Operation | None, news: News) -> None:
        """Show news of an operation; the text is content, never markup."""
        if operation is not None and news.ended:
            self._announce(operation, news)
        if news.bad:
            self.notify(news.text, severity="warning", markup=False, timeout=10)
        else:
            self.notify(news.text, markup=False, timeout=6)

    def on_key(self) -> None:
        """Give the window its own title back: who presses a key has seen the news."""
        if self._title_tells:
            self.name_window()

    def name_window(self) -> None:
        """Name the window after the profile."""
        self._title_tells = False
        self._write(notify.title(f"ciplun · {self._settings.profile}"))

    def _write(self, controls: str) -> None:
        """Send something that is not painted to the terminal."""
        driver = driver_of(self)
        if driver is not None and not self.is_headless:
            driver.write(controls)

    def _announce(self, operation: Operation, news: News) -> None:
        """Tell an end to who is not looking: the screen, bell, notification, the user's command."""
        if self.dashboard is not None:
            self.dashboard.tell(news.text, bad=news.bad)
        self._write(notify.done_signal(news.text, self._environ) + notify.title(news.text))
        self._title_tells = True
        command = self._settings.on_finished
        if command:
            facts = {
                "kind": operation.kind.value,
                "state": operation.state.value,
                "server": operation.server_name,
                "snapshot": operation.snapshot_name,
            }
            hook = hooks.run_hook((*command, news.text), facts, self._environ)
            self.run_worker(hook, group="hooks", exit_on_error=False)
