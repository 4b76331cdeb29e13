"""A terminal driver that ends when its terminal does, and sleeps while nothing happens.

Textual's own driver is killed by SIGHUP and SIGTERM without putting the terminal back, spins when
the terminal is gone, and wakes up ten times a second to look for keys.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import selectors
import signal
import termios
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Final

from textual.events import MouseMove
from textual.message import Message

from tui.terminal.ascii import to_ascii
from tui.terminal.frame_diff import Painter
from tui.terminal.input_reader import InputReader, Shown
from tui.terminal.last_resort import put_back
from tui.terminal.textual_private import TerminalDriver

if TYPE_CHECKING:
    from tui.terminal.key_bursts import KeyTurn

LAST_RESORT: Final = 1.8
"""Seconds after which the process ends even if the event loop or the writer is stuck."""
_TURN: Final = 3.0
"""Seconds that a key may take before the next one is handled all the same: a busy machine is slow,
and a key that overtakes the one before it may do something else."""
_GLANCE: Final = 0.1
"""Seconds between two looks whether the app leaves while a key has to wait."""
_LAST_ANSWER: Final = 0.5
"""Seconds at most to wait on leaving for an answer: it would be typed into the shell."""
_SAVE_TITLE, _RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"
_SHOW_CURSOR: Final = "\x1b[?25h"
_ASK: Final = "\x1b[5n"
Asked = Callable[[float], None]
"""Told of a question when it is sent, with the terminal's round trip in seconds."""


class CalmDriver(TerminalDriver):
    """Leaves on SIGHUP, SIGTERM, SIGINT and a closed terminal, with 128 + the signal."""

    round_trip = 0.0
    """Seconds from a question to the terminal's answer, before anything is shown; 0: none yet."""
    unasked = 0
    """Characters that were written since the last question."""
    _asked_at = 0.0
    _to_ask: Asked | None = None
    _ending = False
    _gone = False
    _turn: KeyTurn | None = None
    _taken = False

    def start_application_mode(self) -> None:
        """Take the terminal over, and listen for its end."""
        accessible = getattr(self.app, "accessible", False)
        self._painter = Painter(cursor_shown=accessible)
        self._answers = threading.Event()
        self._open_questions = 0
        self._putting_back = threading.Lock()
        self._wake_read, self._wake_write = os.pipe()
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        self._taken = True
        super().start_application_mode()  # type: ignore[no-untyped-call]
        super().write(_SAVE_TITLE)
        if accessible:
            super().write(_SHOW_CURSOR)
        self._asked_at = monotonic()
        self._question()

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        self.write(_RESTORE_TITLE)
        super().stop_application_mode()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:  # sent by somebody, perhaps, with the terminal still there
            self._gone = self._gone or _is_closed(self.fileno)
        self._end(128 + number)

    def _end(self, code: int) -> None:
        """Have the app leave, and see to it that the process ends in any case."""
        if self._ending:
            return
        self._ending = True
        timer = threading.Timer(LAST_RESORT, self._end_now, (code,))
        timer.daemon = True
        timer.start()
        leave = functools.partial(self.app.exit, return_code=code)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nothing is left to end
            self.loop.call_soon_threadsafe(leave)

    def _end_now(self, code: int) -> None:
        """End the process, with the terminal put back even if nobody reads it."""
        self._putting_back.acquire()  # for good: whoever was stuck goes on now, and may be quicker
        try:
            if self._taken and not self._gone:
                self._gone = True  # what others wrote from now on would come behind it
                put_back(self.output, self.writer)
        finally:
            if self.attrs_before is not None:
                with contextlib.suppress(termios.error):
                    termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
            os._exit(code)

    def write(self, data: str) -> None:
        """Write, unless there is nobody left to read: that would fill a queue and block."""
        if self._gone:
            return
        lean = self._painter.lean(
            to_ascii(data) if getattr(self.app, "ascii_only", False) else data
        )
        if not lean:
            return
        asked = None if self._painter.within_frame else self._to_ask
        if asked is None:
            self.unasked += len(lean)
            super().write(lean)
        else:
            self._question(lean)
            self._to_ask = None
            asked(self.round_trip)

    def ask_with_frame(self, asked: Asked) -> None:
        """Ask for a `Shown` at the end of what is written next, and tell `asked` then.

        One write for both costs less than two. A terminal that never answers is not asked.
        """
        if self.round_trip and not self._ending:
            self._to_ask = asked

    def ask(self, asked: Asked) -> None:
        """Ask for a `Shown` at once, where the terminal answers."""
        if self.round_trip:
            self._question()
            asked(self.round_trip)

    def _question(self, after: str = "") -> None:
        self._open_questions += 1
        self.unasked = 0
        self._answers.clear()
        super().write(after + _ASK)

    def _answered(self) -> None:
        self._open_questions -= 1
        if self._open_questions <= 0:
            self._answers.set()
        self.round_trip = self.round_trip or monotonic() - self._asked_at
        self.send_message(Shown())

    def repaint(self, columns: int, lines: int) -> None:
        """Send the next frame whole: the size may be another, or what was sent be gone."""
        self._painter.resize(columns, lines)

    def close(self) -> None:
        """Stop writing; a writer whose terminal is gone is left behind."""
        if not self._gone:
            super().close()
        with self._putting_back:
            self._taken = False

    def disable_input(self) -> None:
        """Stop reading keys, with what the terminal was asked answered."""
        self._to_ask = None
        if self.round_trip and not self._gone:
            self._answers.wait(min(_LAST_ANSWER, 3 * self.round_trip + 0.05))
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"x")
        super().disable_input()

    def run_input_thread(self) -> None:
        """Read keys until told to stop or until the terminal is gone; asleep in between."""
        reader = InputReader()
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                ready = {key.fd for key, _ in selector.select(reader.patience)}
                if self._wake_read in ready:
                    break
                if self.fileno not in ready:
                    self._hand_on(reader.timeout())
                elif data := self._read():
                    self._hand_on(reader.feed(data))
                else:
                    self._gone = True
                    self._end(128 + signal.SIGHUP)
                    break

    def _hand_on(self, messages: Sequence[Message]) -> None:
        """Pass what was typed on, each key when the one before it has been dealt with."""
        for message in messages:
            if isinstance(message, Shown):
                self._answered()
                continue
            self._wait_for_turn()
            if self.exit_event.is_set():  # the app waits for this thread, and takes no more keys
                return
            if not isinstance(message, MouseMove):
                from tui.terminal.key_bursts import KeyTurn

                self._turn = KeyTurn(self.app, self.loop, message)
            self.process_message(message)

    def arrived(self, message: Message) -> None:
        """Take a message in the loop; with a key its turn begins."""
        super().arrived(message)
        turn = self._turn
        if turn is not None and turn.message is message:
            turn.begin()

    def _wait_for_turn(self) -> None:
        turn = self._turn
        if turn is None:
            return
        ends = monotonic() + _TURN
        while not (self._ending or self.exit_event.is_set()) and monotonic() < ends:
            if turn.over.wait(_GLANCE):
                return
        self._turn = None  # nobody waits for it a second time

    def _read(self) -> bytes:
        """What was typed; nothing where the terminal is closed."""
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""


def _is_closed(descriptor: int) -> bool:
    """Whether a terminal has been hung up or closed."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return bool(poll.poll(0))  # without being asked, only POLLHUP, POLLERR and POLLNVAL
