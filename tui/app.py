"""The Textual app: themes, styles, palette, and the life of the session."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import replace
from textual import on
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.events import Resize
from textual.filter import LineFilter
from textual.geometry import Offset, Size
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from tui.commands import Keys, whole_key
from tui.config import paths
from tui.config.settings import Options, Settings, load
from tui.exit_codes import ExitCode
from tui.notices import farewell
from tui.screens.dashboard.screen import Dashboard
from tui.session.session import Session
from tui.telling import Severity, Telling
from tui.terminal import logs
from tui.terminal.crash import CalmCrash
from tui.terminal.driver import CalmDriver
from tui.terminal.input_reader import Shown
from tui.terminal.textual_private import driver_of
from tui.themes import THEMES, wear
from tui.widgets.glyphs import ASCII, choose

if TYPE_CHECKING:
    from tui.screens.dialogs.base import Dialog

CLOSING: float = 0.5
"""Seconds that leaving may take at most; what is on the wire then is taken up at the next start."""
RESTART: float = 10.0
"""Seconds after which a session that failed is started again."""
log = logging.getLogger(__name__)
MakeSession = Callable[[Settings], Session]


class CiplunApp(CalmCrash):
    """Shows one profile at a time: the dashboard, with dialogs over it."""

    TITLE = "ciplun"
    CSS_PATH: ClassVar[list[str | PurePath]] = [
        paths.STYLES / f"{name}.tcss" for name in ("frame", "dashboard", "widgets")
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", show=False, priority=True, system=True),
        Binding("ctrl+z", "suspend_process", show=False, priority=True, system=True),
    ]

    def __init__(
        self,
        options: Options,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        make_session: MakeSession | None = None,
    ) -> None:
        self.accessible = settings.accessible or environ.get("CIPLUN_CURSOR") == "1"
        super().__init__(driver_class=CalmDriver)
        self.log_path = paths.tidy(paths.log_file(environ), environ)
        self.animation_level = "none"
        self.session: Session | None = None
        self.farewell = ""
        self._options = options
        self._settings = settings
        self._environ = environ
        self._telling = Telling(self, environ, lambda: self.dashboard, lambda: self.keys)
        self._glyphs = choose(environ)
        self.ascii_only = self._glyphs is ASCII
        self._make_session = make_session or (lambda settings: Session(settings, environ))
        self._few_colours: list[LineFilter] = []
        if self.console.color_system == "standard":
            from tui.terminal.sixteen_colours import Readable

            self._few_colours = [Readable()]
        for theme in THEMES:
            self.register_theme(theme)
        self._dress(settings, first=True)

    @property
    def cursor_position(self) -> Offset:
        """Where the terminal's own cursor is left: at a field's, or at what is chosen."""
        if not (self.accessible and self.screen_stack):
            return self._field_cursor
        from tui.widgets.chosen import chosen_at

        return chosen_at(self.screen)

    @cursor_position.setter
    def cursor_position(self, position: Offset) -> None:
        self._field_cursor = position

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, and one for terminals that show 16 colours."""
        more = () if self.is_headless else self._few_colours
        return [*super().get_line_filters(), *more]

    def get_default_screen(self) -> Screen[Any]:
        """The dashboard: it stays for the app's life, whatever account it shows."""
        return Dashboard(self._open_session(self._settings), self._glyphs, self._options.view)

    def on_mount(self) -> None:
        """Connect, or say how to give a token where there is none."""
        if self._options.debug:
            from tui.terminal.lag import Lag

            self.run_worker(Lag(self._show_lag).measure(), group="lag")
        self.app_resume_signal.subscribe(self, lambda _: self._resumed())
        self._telling.announcer.name_window(f"ciplun · {self._settings.profile}")
        for number, command in enumerate(self._settings.commands):
            key = whole_key(command.key)
            self.bind(key, f"user_command({number})", description=command.run[0], show=False)
        if self._wants_token:
            self._first_run()
        else:
            self.call_after_refresh(self._connect)

    @property
    def dashboard(self) -> Dashboard | None:
        """The dashboard, whatever lies over it; None while the app comes or goes."""
        return next((s for s in self.screen_stack if isinstance(s, Dashboard)), None)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: Severity = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a few words for a while; over a dialog they stand in the dialog."""
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)
        say = getattr(self.screen, "say", None)
        if say is not None:
            say(message, bad=severity != "information")

    def _show_lag(self, words: str) -> None:
        """Show it in the dashboard's bottom line."""
        if self.dashboard is not None:
            self.dashboard.key_bar.show_note(words)

    def _dress(self, settings: Settings, *, first: bool = False) -> None:
        """Put on the theme and the keys of a profile; `first`: before any style sheet is parsed."""
        wear(self, settings.theme, settings.accent, first=first)
        self.keys = Keys(settings.keys)
        self.set_keymap(self.keys.changed)

    # -- the session ------------------------------------------------------------------------

    def _open_session(self, settings: Settings) -> Session:
        self._settings = settings
        self.session = session = self._make_session(settings)
        session.token_read = logs.hide
        self._telling.follow(session, settings)
        session.remembering.glance()
        return session

    def _begin(self, settings: Settings) -> None:
        """Show another account."""
        self._dress(settings)
        gc.unfreeze()  # else the session that is left would stay for good
        if self.dashboard is not None:
            self.dashboard.use(self._open_session(settings))
        self._telling.announcer.name_window(f"ciplun · {self._settings.profile}")
        if self._wants_token:
            self._first_run()
        else:
            self._connect()

    def on_key(self) -> None:
        """Take it that who presses a key has seen the news."""
        self._telling.announcer.seen()

    @property
    def _wants_token(self) -> bool:
        return self._settings.token is None and not self._settings.demo

    def _connect(self) -> None:
        """Start the session once the dashboard is on the screen: its imports take their time."""
        if not gc.isenabled():  # the first time
            gc.freeze()
            gc.enable()
        if self.session is not None:
            self.run_worker(self.session.run(), group="session", exit_on_error=False)

    def on_resize(self, event: Resize) -> None:
        """Paint everything: what a terminal shows after a change of its size is its own affair."""
        self._repaint(event.size)

    def _repaint(self, size: Size) -> None:
        driver = driver_of(self)
        if isinstance(driver, CalmDriver):
            driver.repaint(*size)

    def action_redraw(self) -> None:
        """Paint everything, though nothing has changed."""
        self._repaint(self.size)
        self.screen.refresh(layout=True)

    @on(Shown)
    def _shown(self) -> None:
        if self.dashboard is not None:
            self.dashboard.pacer.shown()

    def _resumed(self) -> None:
        """Ask at once after having been stopped."""
        if self.session is not None:
            self.session.refresh(anew=True)

    def on_dialog_worker_failed(self, event: Dialog.WorkerFailed) -> None:
        """Note the error of a dialog's worker, and say so."""
        self._worker_failed(event.worker)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Keep the dashboard up where a worker fails: note the error, and say so."""
        if event.state is WorkerState.ERROR:
            self._worker_failed(event.worker)

    def _worker_failed(self, worker: Worker[Any]) -> None:
        log.error("a worker failed", exc_info=worker.error)
        name = type(worker.error).__name__
        words = f"sorry, an unexpected error ({name}); the details are in {self.log_path}"
        self.notify(words, severity="error", markup=False, timeout=15)
        if worker.group == "session":
            self.set_timer(RESTART, self._connect)

    async def _end_session(self) -> None:
        session, self.session = self.session, None
        self.workers.cancel_group(self, "session")
        if session is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(session.close(), CLOSING)

    async def on_unmount(self) -> None:
        """Close what is open, within reason."""
        live = self.session.live if self.session is not None else None
        if live is not None:
            down = live.restarts.power.down
            self.farewell = farewell(live.operations.running(), live.plans.running(), down)
        await self._end_session()

    # -- the first run ------------------------------------------------------------------------

    @on(Dashboard.TokenWanted)
    def _first_run(self) -> None:
        from tui.screens.dialogs.welcome import DEMO, FirstRun

        def go_on(answer: str | None) -> None:
            if answer is None:
                self._connect()  # it says that there is no token, and what to do
            else:
                options = replace(self._options, demo=answer == DEMO)
                again = self._begin_again(load(options, self._environ))
                self.run_worker(again, group="profile", exit_on_error=False)

        self.push_screen(FirstRun(self._settings, self._environ), go_on)

    async def _begin_again(self, settings: Settings) -> None:
        await self._end_session()
        self._begin(settings)

    # -- profiles -------------------------------------------------------------------------------

    def action_profile(self) -> None:
        """Ask for another profile, and change to it with nothing of the present one left."""
        from tui.screens.profiles import Profiles

        Profiles(self, self._options, self._environ).ask(
            self._settings, lambda name: self._profile_wanted(Dashboard.ProfileWanted(name))
        )

    @on(Dashboard.ProfileWanted)
    def _profile_wanted(self, event: Dashboard.ProfileWanted) -> None:
        changing = self._change_profile(event.profile)
        self.run_worker(changing, group="profile", exit_on_error=False)

    async def _change_profile(self, name: str) -> None:
        from tui.screens.profiles import Profiles

        found = await Profiles(self, self._options, self._environ).read(name)
        if found is not None:
            self._options, settings = found
            await self._begin_again(settings)

    def action_user_command(self, number: int) -> None:
        """Run a command of the user's own about the chosen row of the dashboard."""
        from tui.screens.user_commands import UserCommands

        if isinstance(self.screen, Dashboard):
            command = self._settings.commands[number]
            UserCommands(self, self._environ).press(command, self.screen)

    # -- palette and leaving ----------------------------------------------------------------------

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """All commands of the dashboard, and the choice of a theme."""
        if isinstance(screen, Dashboard):
            from tui.screens.dashboard.palette import commands_of

            yield from commands_of(screen, self._settings.commands, self.action_user_command)
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)

    @on(CommandPalette.Opened)
    def _calm_palette(self) -> None:
        """Keep its cursor from blinking over a slow line."""
        self.screen.query_one(Input).cursor_blink = False

    def action_interrupt(self) -> None:
        """Leave as any program does on ctrl-c."""
        self.exit(return_code=ExitCode.INTERRUPTED)
