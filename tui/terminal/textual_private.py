"""Every private part of Textual, and of asyncio, that ciplun rests on, each with its reason.

Textual's minor version is pinned. `USED` is read by a test that looks each name up in the installed
version, and that finds private names used anywhere else in the code.
"""

from __future__ import annotations

import contextlib
import os
import sys
from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Sequence
from functools import lru_cache, partial
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from rich.console import RenderableType
from textual import work
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS as FUNCTIONAL_KEYS
from textual._styles_cache import StylesCache
from textual._xterm_parser import XTermParser as XTermParser
from textual.app import App
from textual.command import CommandList, CommandPalette
from textual.content import Content
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.message import Message
from textual.message_pump import MessagePump
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.widgets import OptionList

USED: Final = (
    # What the terminal sends becomes keys in here; what it would choke on is kept from it.
    "textual._ansi_sequences:ANSI_SEQUENCES_KEYS",
    "textual._keyboard_protocol:FUNCTIONAL_KEYS",
    "textual._parser:Parser._timeout_time",
    "textual._xterm_parser:XTermParser",
    # The frame's text is changed without painting the whole pane.
    "textual.widget:Widget._border_title",
    # An option may take several lines of a list.
    "textual.widgets._option_list:OptionList._index_to_line",
    # A palette that is left as its search begins would end the app.
    "textual.command:CommandPalette._GATHER_COMMANDS_GROUP",
    "textual.command:CommandPalette._gather_commands",
    # A screen that is closed takes its lines with it.
    "textual._styles_cache:StylesCache.get_inner_outer",
    "asyncio.events:TimerHandle._context",
    # What is not dirty keeps its lines.
    "textual.widget:Widget._set_dirty",
    # Whether a key has been dealt with.
    "textual.message_pump:MessagePump._next_callbacks",
    # Controls that paint nothing, and questions to the terminal, go through the driver.
    "textual.app:App._driver",
    # Textual's own crash page shows local variables; these end the app without it.
    "textual.app:App._close_messages_no_wait",
    "textual.app:App._exception",
    "textual.app:App._exception_event",
    "textual.app:App._exit",
    "textual.app:App._exit_renderables",
    "textual.app:App._handle_exception",
    "textual.app:App._print_error_renderables",
    "textual.app:App._return_code",
    # Drivers are not documented at all, with or without an underscore.
    "textual.driver:Driver._app",
    "textual.driver:Driver._loop",
    "textual.driver:Driver._mouse",
    "textual.driver:Driver._size",
    "textual.driver:Driver.process_message",
    "textual.driver:Driver.send_message",
    "textual.drivers.linux_driver:LinuxDriver._disable_mouse_support",
    "textual.drivers.linux_driver:LinuxDriver._get_terminal_size",
    "textual.drivers.linux_driver:LinuxDriver._file",
    "textual.drivers.linux_driver:LinuxDriver._run_input_thread",
    "textual.drivers.linux_driver:LinuxDriver._writer_thread",
    "textual.drivers.linux_driver:LinuxDriver.attrs_before",
    "textual.drivers.linux_driver:LinuxDriver.close",
    "textual.drivers.linux_driver:LinuxDriver.disable_input",
    "textual.drivers.linux_driver:LinuxDriver.exit_event",
    "textual.drivers.linux_driver:LinuxDriver.fileno",
    "textual.drivers.linux_driver:LinuxDriver.run_input_thread",
    "textual.drivers.linux_driver:LinuxDriver.start_application_mode",
    "textual.drivers.linux_driver:LinuxDriver.stop_application_mode",
    "textual.drivers.linux_driver:LinuxDriver.write",
)
"""`module:name`, or `module:class.attribute`."""
SEQUENCES: Final = frozenset(ANSI_SEQUENCES_KEYS)
"""Sequences that Textual knows as keys of some terminal."""


# Textual caches these two styles by two colours and by `self`, which holds all lines of a widget: a
# thousand widgets that were closed long ago, 65 MB after days of dialogs. The colours are enough.
_styles_of = StylesCache.get_inner_outer.__wrapped__
StylesCache.get_inner_outer = staticmethod(lru_cache(1024)(partial(_styles_of, StylesCache)))  # type: ignore[method-assign, assignment]


# A timer that was cancelled waits in the loop for its time, and keeps the context of who set it: a
# monitor was there for a minute after it was left, with 120 KB of lines each time.
_cancel = TimerHandle.cancel


def _cancel_and_forget(timer: TimerHandle) -> None:
    _cancel(timer)
    timer._context = None  # type: ignore[attr-defined]


TimerHandle.cancel = _cancel_and_forget  # type: ignore[method-assign, assignment]


_gather = CommandPalette._gather_commands.__wrapped__  # type: ignore[attr-defined]


@work(exclusive=True, group=CommandPalette._GATHER_COMMANDS_GROUP)
async def _gather_while_shown(palette: CommandPalette, search_value: str) -> None:
    """Search as Textual does. Where the palette is left meanwhile its list is gone; that is all."""
    try:
        await _gather(palette, search_value)
    except NoMatches:
        if palette.query(CommandList):
            raise


CommandPalette._gather_commands = _gather_while_shown  # type: ignore[method-assign]


class EndingApp(App[None]):
    """An app that is told of the error that ends it, and shows nothing of it by itself."""

    def failed(self, error: BaseException | None) -> None:
        """Called once or more before the end."""

    def failed_leaving(self, error: BaseException) -> None:
        """Called for an error after `exit`: what is half built or half gone may raise any."""

    def last_words(self) -> None:
        """Called when the terminal has been given back."""

    def _handle_exception(self, error: Exception) -> None:
        if self._exit:
            self.failed_leaving(error)
            self._close_messages_no_wait()
            return
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self.end_because_of(error)

    def panic(self, *renderables: RenderableType) -> None:
        """End because of an error, without showing what Textual would."""
        error = next((each for each in renderables if isinstance(each, BaseException)), None)
        self.end_because_of(error or sys.exc_info()[1])

    def end_because_of(self, error: BaseException | None) -> None:
        """End with exit code 1. The error is handed over: none is being handled at this time."""
        self._return_code = 1
        self.failed(error)
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        self._exit_renderables.clear()
        self.last_words()


class KeptLines(Widget):
    """A widget that keeps its lines while none of them is dirty.

    Textual asks all widgets on the screen for all their lines in each frame, and each costs it a
    tenth of a millisecond where nothing has changed. Where some lines have, it is asked for those.
    To be named behind the base that brings the style: Textual reads styles of the first one.
    """

    _kept: tuple[tuple[Region, Size, Sequence[LineFilter]], list[Strip]] | None = None
    _to_draw: Region | None = None

    def _set_dirty(self, *regions: Region) -> None:
        if regions and self._kept is not None:
            known = () if self._to_draw is None else (self._to_draw,)
            self._to_draw = Region.from_union([*regions, *known])
        else:
            self._kept = None
        super()._set_dirty(*regions)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines, drawn anew only where something has changed."""
        of = crop, self.outer_size, self.get_line_filters()
        changed, self._to_draw = self._to_draw, None
        if self._kept is None or self._kept[0] != of:
            self._kept = of, super().render_lines(crop)
        elif changed is not None:
            y, end = changed.translate(self.content_offset).line_span
            y, end = max(y, crop.y), min(end, crop.bottom)
            lines = self._kept[1]
            if y < end:
                lines[y - crop.y : end - crop.y] = super().render_lines(
                    Region(crop.x, y, crop.width, end - y)
                )
        return self._kept[1]


class TerminalDriver(LinuxDriver):
    """Textual's driver, its parts by public names."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._size = size or self._get_terminal_size()  # until the first event says it

    @property
    def app(self) -> App[Any]:
        """The app it serves."""
        return self._app

    @property
    def loop(self) -> AbstractEventLoop:
        """The event loop of the app."""
        return self._loop

    def send_message(self, message: Message) -> None:
        """Hand a message to the app, from any thread; the base class makes a task of each."""
        self._loop.call_soon_threadsafe(self.arrived, message)

    def arrived(self, message: Message) -> None:
        """Take a message in the loop."""
        self._app.post_message(message)

    @property
    def output(self) -> int:
        """The descriptor that is written to; -1 for none."""
        return self._file.fileno() if self._file else -1

    @property
    def writer(self) -> Thread | None:
        """The thread that writes, while the app has the terminal."""
        return self._writer_thread

    def _get_terminal_size(self) -> tuple[int, int]:
        """The terminal's own size: the base class believes COLUMNS and LINES."""
        for descriptor in (self.fileno, sys.__stderr__.fileno() if sys.__stderr__ else -1):
            with contextlib.suppress(OSError):
                columns, lines = os.get_terminal_size(descriptor)
                if columns and lines:
                    return columns, lines
        return 80, 24

    def _run_input_thread(self) -> None:
        """End the app because of an error in here; the base class hands over no error."""
        try:
            self.run_input_thread()
        except Exception as error:
            self._loop.call_soon_threadsafe(self._app._handle_exception, error)

    def _disable_mouse_support(self) -> None:
        super()._disable_mouse_support()
        if self._mouse:
            self.write("\x1b[?1016l")  # pixel reports, which the base class leaves on


def driver_of(app: App[Any]) -> Driver | None:
    """What the app writes to; None before it has begun."""
    return app._driver


def has_callbacks(pump: MessagePump) -> bool:
    """Whether something is to be called once its messages have been handled."""
    return len(pump._next_callbacks) > 0


def finish(parser: XTermParser) -> list[Message]:
    """What a key is that began with an escape, when it is known that nothing follows."""
    if parser._timeout_time is None:
        return []
    parser._timeout_time = 0.0
    return list(parser.tick())


def replace_border_title(widget: Widget, title: Content) -> None:
    """Change the text in the frame; setting `border_title` would repaint the whole widget."""
    widget._border_title = title


def line_of_option(options: OptionList, index: int) -> int:
    """The line of its list that an option begins at, from 0."""
    return options._index_to_line.get(index, 0)
