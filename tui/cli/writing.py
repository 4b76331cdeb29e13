"""What a command does about its write: ask whether it may, have it confirmed, send it once."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec.structs import replace

from tui.cli.output import complain, tell
from tui.cli.reading import PatientApi, Reading, read, tell_incomplete
from tui.cli.running import Stop
from tui.exit_codes import ExitCode
from tui.fleet.operation import Kind, Operation
from tui.fleet.plan import Plan
from tui.fleet.power import PowerNote, Stage
from tui.fleet.state import ServerView
from tui.fleet.writes.rules import Reason, refusal, unwritable
from tui.notices import Listener, News
from tui.vps.models import Snapshot

if TYPE_CHECKING:
    from tui.session.connection import Connection
    from tui.session.session import Session

T = TypeVar("T")
Write = Callable[[bool], Coroutine[Any, Any, T]]
"""Makes a write, or begins a plan of some; True: even where no record of it can be kept."""
_TYPED: Final = 1_000
"""Characters of an answer that are read."""
_MAY_RUN: Final = (Stage.STOPPING, Stage.WATCHED)
"""How far it has got where it is not known whether a server stopped."""


async def prepare(session: Session, live: Connection) -> Reading:
    """Read the fleet before a write; what is open from before is settled by it, and told."""
    from tui.fleet.writes.operations import JournalUnavailable

    end_telling = session.listen(ends_to(complain))
    try:
        reading = await read(session, live)
    finally:
        end_telling()
    live.operations.api = PatientApi(session, live)
    tell_incomplete(reading)
    for plan in live.plans.running():
        if plan.interrupted:  # the session has said where it stands
            complain(ways_on(plan))
    with suppress(JournalUnavailable):  # whoever writes is told of that
        for note in await live.restarts.power.left():
            if note.stage is not Stage.RESTORING:
                complain(owed(note))
    return reading


def ways_on(plan: Plan) -> str:
    """What can be done about a plan that stopped half way."""
    return f"`ciplun settle --go-on` sends the rest, `ciplun over plan:{plan.id}` ends it"


def owed(note: PowerNote) -> str:
    """A server that a command which did not get to its end has to start again."""
    what = "asked to stop" if note.stage in _MAY_RUN else "stopped"
    return f"{note.server_name} was {what} for a snapshot; `ciplun settle --go-on` starts it"


async def settle_first(
    session: Session, live: Connection, reading: Reading, views: Sequence[ServerView]
) -> Reading:
    """Look closer at servers on which something is open: it may have ended; returns what is known.

    Raises VpsError.
    """
    end_telling = session.listen(ends_to(complain))
    try:
        for view in views:
            if view.server.id in session.store.fleet.operations:
                await live.operations.settle(view.server.id)
    finally:
        end_telling()
    return replace(reading, fleet=session.store.fleet)


def ends_to(say: Callable[[str], None]) -> Listener:
    """A listener that passes on the ends of what earlier commands began."""

    def listen(operation: Operation | None, told: News) -> None:
        if operation is not None and told.ended:
            say(told.text)

    return listen


def check_open(session: Session, live: Connection, reading: Reading) -> None:
    """Ask the rules whether anything at all may be written. Raises Stop with the reason."""
    why = unwritable(session.lock, reading.fleet.account, live.client.forbidden)
    if why is not None:
        code = ExitCode.FAILED if session.lock.locked else ExitCode.NOT_AUTHORISED
        raise Stop(f"nothing was sent: {in_words(why)}", code)


def check_allowed(
    session: Session,
    live: Connection,
    reading: Reading,
    kind: Kind,
    view: ServerView,
    snapshot: Snapshot | None = None,
) -> None:
    """Ask the rules whether this may be sent. Raises Stop with the reason."""
    check_open(session, live, reading)
    why = refusal(kind, reading.fleet, view, snapshot)
    if why is not None:
        is_open = view.server.id in reading.fleet.operations
        hint = "; `ciplun settle --wait` waits for it" if is_open else ""
        raise Stop(f"nothing was sent: {in_words(why)}{hint}")


def in_words(why: Reason) -> str:
    """A reason, and what somebody at the command line can do about it."""
    if why.remedy == "lock":
        return f"{why.text}; CIPLUN_LOCKED=0 unlocks it for one command"
    if why.remedy == "operations":
        return f"{why.text}; `ciplun settle` looks again, `ciplun over` frees its server"
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
        raise Stop("not a terminal, so nobody can be asked: use --yes to go ahead", ExitCode.USAGE)
    if not ask(question, expected):
        raise Stop("that does not match; nothing was sent")


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


async def send(session: Session, write: Write[T]) -> T:
    """Send a write once; without a record only if somebody at the terminal says so.

    Raises what the write raises. Where this is interrupted, the answer is recorded all the same
    if it comes soon, and otherwise looked for at the next start.
    """
    from tui.fleet.writes.operations import JournalUnavailable

    try:
        return await sent(session, write(False))
    except JournalUnavailable as error:
        if not can_ask() or not ask(f"{error} Nothing was sent.", "without a record"):
            raise
    return await sent(session, write(True))


async def sent(session: Session, write: Coroutine[Any, Any, T]) -> T:
    """Send something that goes on to its end, whoever waits for it."""
    import asyncio

    try:
        return await asyncio.shield(session.perform(write))
    except asyncio.CancelledError:
        complain("interrupted; the next start looks for what became of it")
        raise
