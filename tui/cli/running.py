"""A command at work: its session, the ways in which it can end, and what it says then."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from tui.cli.output import complain, fail, output
from tui.cli.reading import pauses_told
from tui.config import paths
from tui.config.credentials import TokenError
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.operation import Operation
from tui.notices import Listener, News
from tui.vps.errors import Forbidden, Unauthorised, VpsError

if TYPE_CHECKING:
    import asyncio

    from tui.session.connection import Connection
    from tui.session.session import Session

CLOSING: Final = 2.0
"""Seconds that leaving may take at most, with a request on the wire."""


def foreseen() -> tuple[type[Exception], ...]:
    """What a command says in one line, without a look into the log."""
    from tui.fleet.journal.protection import ProtectionUnknown
    from tui.fleet.plan_file import PlanFileError
    from tui.fleet.writes.operations import JournalUnavailable, Refused
    from tui.simulator.child import SimulatorFailed

    return (
        *(VpsError, Refused, JournalUnavailable, SimulatorFailed, TokenError),
        *(ProtectionUnknown, PlanFileError),
    )


class Stop(Exception):
    """A command ends here: a sentence for stderr and an exit code."""

    def __init__(self, text: str, code: int = ExitCode.FAILED) -> None:
        super().__init__(text)
        self.code = code


class Sigterm:
    """The signal that ends a command at work, but leaves it time to say where it stands."""

    def __init__(self) -> None:
        self._task: asyncio.Task[Any] | None = None
        self.came = False

    def begin(self, task: asyncio.Task[Any] | None) -> None:
        """From now on it ends this task."""
        self._task, self.came = task, False
        self.heed()

    def heed(self) -> None:
        """Listen to it, again where something else has listened meanwhile."""
        import asyncio

        with suppress(ValueError, RuntimeError):  # not in the main thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._take)

    def _take(self) -> None:
        self.came = True
        if self._task is not None:
            self._task.cancel()


sigterm: Final = Sigterm()


def run(work: Coroutine[Any, Any, int], *, as_json: bool = False) -> int:
    """Run a command to its end; returns its exit code. With `as_json` errors are printed so too."""
    import asyncio

    from tui.terminal import logs

    logs.configure(paths.log_file(os.environ))
    try:
        return asyncio.run(_until_told(work, as_json=as_json))
    except KeyboardInterrupt:
        if not as_json:
            raise
        return fail("interrupted", ExitCode.INTERRUPTED, as_json=True)


def run_gathering(work: Coroutine[Any, Any, int], *, as_json: bool) -> int:
    """Run a command; with `as_json` all that it prints is one document at its end."""
    if not as_json:
        return run(work)
    output.gather()
    code = run(work, as_json=True)
    if not output.documented:  # else it ended with what went wrong
        output.end(complete=code != ExitCode.UNKNOWN, exit_code=code)
    return code


async def _until_told(work: Coroutine[Any, Any, int], *, as_json: bool) -> int:
    """Do the work until it is done or SIGTERM comes, which leaves time to say where it stands."""
    import asyncio

    task = asyncio.current_task()
    sigterm.begin(task)
    try:
        return await _guarded(work, as_json=as_json)
    except asyncio.CancelledError:
        if not sigterm.came or task is None:
            raise
        task.uncancel()
        return fail("ended by SIGTERM", ExitCode.TERMINATED, as_json=as_json)


async def _guarded(work: Coroutine[Any, Any, int], *, as_json: bool) -> int:
    """Turn every failure into one line and its exit code."""
    expected = foreseen()  # an error may leave nothing to load modules with
    try:
        return await work
    except (TokenError, Unauthorised, Forbidden) as error:
        text, code = str(error), int(ExitCode.NOT_AUTHORISED)
    except Stop as stop:
        text, code = str(stop), stop.code
    except expected as error:
        text, code = str(error), ExitCode.FAILED
    return fail(text, code, as_json=as_json)


def tell_of_journal() -> Callable[[], None]:
    """What says on stderr that the journal is waited for, the first time it is called."""
    untold = ["waiting for the journal, which another process may keep"]

    def tell() -> None:
        if untold:
            complain(untold.pop())

    return tell


@asynccontextmanager
async def opened(
    settings: Settings, tell: Listener | None = None, *, plans: bool = True
) -> AsyncIterator[tuple[Session, Connection]]:
    """A session that is connected; `tell` hears all news. Raises what connecting raises.

    Unless `plans` is False, plans that stopped are said on stderr.
    """
    import asyncio

    from tui.session.session import Session
    from tui.terminal import logs

    session = Session(settings, os.environ)
    session.token_read = logs.hide
    session.journal_slow = tell_of_journal()
    session.listen(_tell_trouble if plans else _tell_other_trouble)
    if tell is not None:
        session.listen(tell)
    try:
        live = await session.open()
        live.client.pace.heard = pauses_told(session.clock)
        yield session, live
    except Unauthorised as error:
        raise Unauthorised(f"{error}; the token is from {settings.origins['token']}") from None
    finally:
        with suppress(TimeoutError):
            await asyncio.wait_for(session.close(), CLOSING)


def _tell_other_trouble(operation: Operation | None, told: News) -> None:
    """Pass on trouble, but for the plans that stopped."""
    if not told.standing:
        _tell_trouble(operation, told)


def _tell_trouble(operation: Operation | None, told: News) -> None:
    """Pass on trouble with the journal; what becomes of a write is said by its command."""
    if operation is None and told.bad:
        complain(told.text)
