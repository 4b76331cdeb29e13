"""What a command does about its write: send it once, wait for its end, say what became of it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

from tui.exit_codes import ExitCode
from tui.fleet.journal.journal import JournalUnavailable
from tui.fleet.operation import Operation, State
from tui.fleet.state import Fleet
from tui.fleet.store import Change
from tui.notices import News, news
from tui.session import Connection, Session
from tui.vps.errors import Unauthorised

SETTLING: float = 180.0
"""Seconds for which a command waits to learn what became of a write without an answer."""
LONGEST: float = 3_600.0
"""Seconds for which `--wait` waits: what takes an hour may never end."""
Write = Callable[[bool], Coroutine[Any, Any, Operation]]
"""Makes the write; True: even where no record of it can be kept."""
_GOOD: Final = (State.COMPLETED, State.ACCEPTED)


def complain(text: str) -> None:
    """Print a line to stderr."""
    print(f"ciplun: {text}", file=sys.stderr)  # noqa: T201


def tell_trouble(operation: Operation | None, told: News) -> None:
    """Pass on trouble with the journal; what becomes of this write is said at the end."""
    if operation is None and told.bad:
        complain(told.text)


def can_ask() -> bool:
    """Whether somebody sits at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, expected: str) -> bool:
    """Have something typed to go ahead. Ctrl-c ends the program at once."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # the loop stands still
    try:
        words = f"{question}\nType {expected} to go ahead: "
        print(words, end="", file=sys.stderr, flush=True)  # noqa: T201
        return sys.stdin.readline().rstrip("\n") == expected
    finally:
        signal.signal(signal.SIGINT, before)


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


async def report(
    session: Session,
    live: Connection,
    operation: Operation,
    say: Callable[[str], None],
    *,
    wait: bool,
) -> int:
    """Say what became of it; with `wait` once it has ended. Returns the exit code.

    An unknown outcome is waited for in any case, but not for ever.
    """
    if operation.state is State.UNKNOWN:
        operation = await _until(session, live, operation, lambda o: o.state is not State.UNKNOWN)
    if wait and operation.state is State.ACCEPTED:
        operation = await _until(session, live, operation, lambda o: o.ended, LONGEST)
    told = news(operation, State.SENT)
    words = told.text if told else operation.state.value
    if operation.state is State.UNKNOWN:
        words += "; not settled yet, `ciplun` and `ciplun history` tell it later"
    elif wait and not operation.ended:
        words += "; it has not ended yet, and is no longer waited for"
    say(f"#{operation.snapshot_id or '?'}  {words}")
    if operation.state in _GOOD and (operation.ended or not wait):
        return ExitCode.DONE
    return (
        ExitCode.UNKNOWN if operation.open or operation.state is State.UNSEEN else ExitCode.FAILED
    )


async def _until(
    session: Session,
    live: Connection,
    operation: Operation,
    reached: Callable[[Operation], bool],
    seconds: float | None = None,
) -> Operation:
    """Poll until the operation has got somewhere, or time is up. Raises Unauthorised."""
    found: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    latest = operation

    def changed(now: Operation | None, _: object) -> None:
        nonlocal latest
        if now is not None and now.id == operation.id:
            latest = now
            if reached(now) and not found.done():
                found.set_result(None)

    def refused(fleet: Fleet, _: Change) -> None:
        error = fleet.freshness.error
        if isinstance(error, Unauthorised) and not found.done():
            found.set_exception(Unauthorised(f"{error}; the {operation.title} may go on"))

    end_telling = session.listen(changed)
    end_listening = session.store.listen(refused)
    polling = asyncio.create_task(live.poller.run())
    try:
        async with asyncio.timeout(SETTLING if seconds is None else seconds):
            await found
    except TimeoutError:
        pass
    except asyncio.CancelledError:
        what = f"the {latest.title} on {latest.server_name}"
        complain(f"interrupted; {what} goes on at the provider ({latest.state.value})")
        raise
    finally:
        end_telling()
        end_listening()
        polling.cancel()
    return latest
