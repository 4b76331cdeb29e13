"""What is told of the account at work: on the screen, aloud, and to commands of the user's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from textual.app import App

from tui.commands import Keys
from tui.config.settings import Settings
from tui.fleet.operation import Operation
from tui.fleet.state import Fleet
from tui.notices import News, facts, plan_title, tally_line
from tui.screens.dashboard.screen import Dashboard
from tui.terminal.notify import Announcer

if TYPE_CHECKING:
    from tui.fleet.activity import Summary
    from tui.fleet.changes import FleetChange
    from tui.fleet.plan import Plan
    from tui.session.session import Session

Severity = Literal["information", "warning", "error"]


class Telling:
    """Takes a session's news, for as long as that session is the app's."""

    def __init__(
        self,
        app: App[Any],
        environ: Mapping[str, str],
        dashboard: Callable[[], Dashboard | None],
        keys: Callable[[], Keys],
    ) -> None:
        self.announcer = Announcer(app, environ)
        self._app = app
        self._environ = environ
        self._dashboard = dashboard
        self._keys = keys
        self._settings: Settings | None = None

    def follow(self, session: Session, settings: Settings) -> None:
        """Tell of this session from now on."""
        self._settings = settings
        session.listen(self.tell)
        session.greet, session.changed = self._greet, self._fleet_changed
        session.plan_ended = self._plan_ended

    def tell(self, operation: Operation | None, news: News) -> None:
        """Show news: the end of an operation until it is seen, other words for a while."""
        board = self._dashboard()
        if operation is None:
            if not news.standing:
                severity: Severity = "warning" if news.bad else "information"
                self._app.notify(news.text, severity=severity, markup=False, timeout=10)
            if board is not None:
                board.bars.show_running()
            return
        if news.ended and self._settings is not None:
            ring = news.bad or board is None or not _one_of_many(operation, board.fleet)
            command = self._settings.on_finished
            self.announcer.announce(news.text, facts(operation), command, ring=ring)
        if board is not None and operation.ended:
            board.tray.end_of(operation, news, board.fleet)
            board.bars.show_running()

    def _plan_ended(self, plan: Plan) -> None:
        if plan.many:
            self.announcer.announce(f"{plan_title(plan)}: {tally_line(plan)}", {}, ())
        board = self._dashboard()
        if board is not None:
            board.tray.end_of_plan(plan)
            board.bars.show_running()

    def _greet(self, summary: Summary) -> None:
        """Say once what happened since somebody looked last."""
        from tui.screens.dialogs.activity import summary_words

        words = f"{summary_words(summary)} · {self._keys().shown('operations')} shows it"
        self._app.notify(words, markup=False, timeout=15)

    def _fleet_changed(self, found: Sequence[FleetChange]) -> None:
        """Run the user's command for each event."""
        if self._settings is not None and self._settings.on_event:
            from tui.terminal.hooks import run_each

            events = [(change.text, change.facts()) for change in found]
            work = run_each(self._settings.on_event, events, self._environ)
            self._app.run_worker(work, group="events", exit_on_error=False)


def _one_of_many(operation: Operation, fleet: Fleet) -> bool:
    """Whether it belongs to a set, which rings once as a whole."""
    return any(plan.many and operation.id in plan.operations for plan in fleet.plans.values())
