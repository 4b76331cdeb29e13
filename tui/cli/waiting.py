"""Waiting for what the provider does: never silent, never for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tui.cli.output import complain
from tui.cli.progress import Progress, speaking
from tui.cli.under_way import operation_line
from tui.fleet.operation import Operation
from tui.fleet.state import Fleet
from tui.fleet.store import Change
from tui.notices import News
from tui.vps.errors import Unauthorised

if TYPE_CHECKING:
    import asyncio

    from tui.session.connection import Connection
    from tui.session.session import Session

Reached = Callable[[Operation], bool]


@asynccontextmanager
async def polling(live: Connection) -> AsyncIterator[None]:
    """Keep asking what the provider does, so that operations end."""
    import asyncio

    task = asyncio.create_task(live.poller.run())
    try:
        yield
    finally:
        task.cancel()


class Wait:
    """Waits until each of several operations has got somewhere; `tell` hears of each then."""

    def __init__(
        self,
        session: Session,
        live: Connection,
        operations: Sequence[Operation],
        reached: Reached,
        tell: Callable[[Operation], None] = lambda operation: None,
    ) -> None:
        import asyncio

        self._session = session
        self._live = live
        self._latest = {operation.id: operation for operation in operations}
        self._left = {o.id for o in operations if not reached(o)}
        self._reached = reached
        self._tell = tell
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._progress: Progress | None = None

    async def during(self, seconds: float) -> Sequence[Operation]:
        """Poll for so long at most; returns where they stand then. Raises Unauthorised."""
        import asyncio

        if not self._left:
            return list(self._latest.values())
        ends = [
            self._session.listen(self._changed),
            self._session.store.listen(self._refused),
        ]
        try:
            async with (
                speaking(self._session.clock, self._standing) as self._progress,
                polling(self._live),
                asyncio.timeout(seconds),
            ):
                await self._catch_up()
                await self._over
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            self._interrupted()
            raise
        finally:
            for end in ends:
                end()
        return list(self._latest.values())

    async def _catch_up(self) -> None:
        """Take over what ended before anybody listened."""
        for operation in self._waiting():
            now = await self._live.operations.latest(operation)
            if now is not operation:
                self._changed(now)

    def _waiting(self) -> Sequence[Operation]:
        return [operation for key, operation in self._latest.items() if key in self._left]

    def _changed(self, now: Operation | None, _: News | None = None) -> None:
        if now is None or now.id not in self._latest:
            return
        self._latest[now.id] = now
        if self._reached(now) and now.id in self._left:
            self._left.discard(now.id)
            if self._progress is not None:
                self._progress.clear()
            self._tell(now)
        if not self._left and not self._over.done():
            self._over.set_result(None)

    def _refused(self, fleet: Fleet, _: Change) -> None:
        error = fleet.freshness.error
        if isinstance(error, Unauthorised) and not self._over.done():
            waiting = self._waiting()
            what = f"the {waiting[0].title}" if len(waiting) == 1 else f"{len(waiting)} operations"
            self._over.set_exception(Unauthorised(f"{error}; {what} may go on"))

    def _standing(self) -> str:
        """One line on what is waited for."""
        return standing(self._session, self._waiting())

    def _interrupted(self) -> None:
        for one in self._waiting():
            what = f"the {one.title} on {one.server_name}"
            complain(f"interrupted; {what} goes on at the provider ({one.stands})")


def standing(session: Session, waiting: Sequence[Operation]) -> str:
    """One line on operations: how long the first takes, and how long it usually does."""
    if not waiting:
        return ""
    first, *others = waiting
    more = f", and {len(others)} more" if others else ""
    return f"{operation_line(first, session.service_now(), session.expected_time)}{more}"
