"""What a command does about its write: ask, send it once, and say what became of it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, Final

from tui.cli.output import complain, out, tell
from tui.cli.reading import PatientApi, Reading, read, tell_incomplete
from tui.cli.running import Stop
from tui.cli.waiting import until
from tui.exit_codes import ExitCode
from tui.fleet.operation import Kind, Operation, State
from tui.fleet.state import ServerView
from tui.fleet.writes.operations import JournalUnavailable
from tui.fleet.writes.rules import Reason, refusal, unwritable
from tui.notices import News, news
from tui.session import Connection, Session
from tui.vps.models import Snapshot

SETTLING: float = 180.0
"""Seconds for which a command waits to learn what became of a write without an answer."""
LONGEST: float = 3_600.0
"""Seconds for which `--wait` waits if not told: what takes an hour may never end."""
Write = Callable[[bool], Coroutine[Any, Any, Operation]]
"""Makes the write; True: even where no record of it can be kept."""
_TYPED: Final = 1_000
"""Characters of an answer that are read."""


async def prepare(session: Session, live: Connection) -> Reading:
    """Read the fleet before a write; what is open from before is settled by it, and told."""
    end_telling = session.listen(_tell_end)
    try:
        reading = await read(session, live)
    finally:
        end_telling()
    live.operations.api = PatientApi(session, live)
    tell_incomplete(reading)
    return reading


def _tell_end(_: Operation | None, told: News) -> None:
    """Pass on the end of what earlier commands began."""
    if told.ended:
        complain(told.text)


def check_allowed(
    session: Session,
    live: Connection,
    reading: Reading,
    kind: Kind,
    view: ServerView,
    snapshot: Snapshot | None = None,
) -> None:
    """Ask the rules whether this may be sent. Raises Stop with the reason."""
    why = unwritable(session.lock, reading.fleet.account, live.client.forbidden)
    if why is not None:
        code = ExitCode.FAILED if session.lock.locked else ExitCode.NOT_AUTHORISED
        raise Stop(f"nothing was sent: {in_words(why)}", code)
    why = refusal(kind, reading.fleet, view, snapshot)
    if why is not None:
        raise Stop(f"nothing was sent: {in_words(why)}")


def in_words(why: Reason) -> str:
    """A reason, and what somebody at the command line can do about it."""
    if why.remedy == "lock":
        return f"{why.text}; CIPLUN_LOCKED=0 unlocks it for one command"
    return why.text


# -- asking ------------------------------------------------------------------------------------


def can_ask() -> bool:
    """Whether somebody sits at a terminal."""
    streams = (sys.stdin, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams)


def confirm(question: str, expected: str, *, sure: bool) -> None:
    """Have something typed, unless told to be sure. Raises Stop."""
    if sure:
        return
    if not can_ask():
        raise Stop("not a terminal, so nobody can be asked: --yes goes ahead", ExitCode.USAGE)
    if not ask(question, expected):
        raise Stop("it does not match; nothing was sent")


def ask(question: str, expected: str) -> bool:
    """Have something typed to go ahead. Ctrl-c and SIGTERM end the program at once."""
    handlers = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: _terminated,
    }
    woken = signal.set_wakeup_fd(-1)  # the loop stands still meanwhile
    before = {number: signal.signal(number, to) for number, to in handlers.items()}
    try:
        tell(f"{question}\nType {expected} to go ahead: ")
        typed = sys.stdin.buffer.readline(_TYPED)
        return typed.decode("utf-8", "replace").rstrip("\r\n") == expected
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(woken)


def _terminated(number: int, frame: FrameType | None) -> None:
    raise Stop("ended by SIGTERM; nothing was sent", ExitCode.TERMINATED)


# -- sending -----------------------------------------------------------------------------------


async def send(session: Session, write: Write) -> Operation:
    """Send a write once; without a record only if somebody at the terminal says so.

    Raises what the write raises. Where this is interrupted, the answer is recorded all the same
    if it comes soon, and otherwise looked for at the next start.
    """
    try:
        return await _sent(session, write(False))
    except JournalUnavailable as error:
        if not can_ask() or not ask(f"{error} Nothing was sent.", "without a record"):
            raise
    return await _sent(session, write(True))


async def _sent(session: Session, write: Coroutine[Any, Any, Operation]) -> Operation:
    try:
        return await asyncio.shield(session.perform(write))
    except asyncio.CancelledError:
        complain("interrupted; what was on its way is looked for at the next start")
        raise


# -- saying what became of it -------------------------------------------------------------------


async def report(
    session: Session,
    live: Connection,
    operation: Operation,
    *,
    wait: bool,
    timeout: float | None = None,
) -> int:
    """Say what became of it; with `wait` once it has ended. Returns the exit code.

    An unknown outcome is waited for in any case, but not for ever; `timeout` is in seconds.
    """
    before = State.SENT
    if operation.state is State.UNKNOWN:
        out(said(operation))
        before = State.UNKNOWN
        limit = SETTLING if timeout is None or not wait else timeout
        operation = await until(
            session, live, operation, lambda o: o.state is not State.UNKNOWN, limit
        )
    if wait and operation.state is State.ACCEPTED:
        out(said(operation, before))
        limit = LONGEST if timeout is None else timeout
        operation = await until(session, live, operation, lambda o: o.ended, limit)
    words = said(operation, before)
    if operation.state is State.UNKNOWN:
        words += "; not settled yet, `ciplun settle` looks for it again"
    elif wait and not operation.ended:
        words += "; it has not ended yet, and is no longer waited for"
    out(words)
    return code_of(operation, wait=wait)


def said(operation: Operation, before: State = State.SENT) -> str:
    """Where an operation stands, in one line that begins with its snapshot's id."""
    told = news(operation, before)
    words = told.text if told else operation.state.value
    return f"#{operation.snapshot_id or '?'}  {words}"


def code_of(operation: Operation, *, wait: bool) -> int:
    """The exit code for a write that stands so."""
    if operation.state is State.COMPLETED or (operation.state is State.ACCEPTED and not wait):
        return ExitCode.DONE
    if operation.open or operation.state is State.UNSEEN:
        return ExitCode.UNKNOWN
    return ExitCode.FAILED
