"""Ensuring at work: every server is read again, judged, and written to at most once for it.

No plan is kept: whoever asks again after a crash is told the same as far as it still holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import msgspec

from tui.fleet.ensure import WELL, Course, Decision, Wanted, decide, pruned_by, steps_of, surplus
from tui.fleet.journal.journal import JournalUnavailable
from tui.fleet.operation import Operation, State, open_on
from tui.fleet.plan import Step
from tui.fleet.state import ServerView, newest_first
from tui.fleet.writes.drafts import to_make_room
from tui.fleet.writes.operations import Operations, Refused
from tui.fleet.writes.plan_run import AT_ONCE
from tui.vps.errors import VpsError
from tui.vps.models import Key, Server, Snapshot

Told = Callable[["Ensured"], None]
_FORESEEN: Final = (VpsError, Refused, JournalUnavailable)
_GOOD: Final = frozenset({State.ACCEPTED, State.COMPLETED})


class Ensured(msgspec.Struct, frozen=True):
    """How it went on one server: in words, with the create that was asked for, if one was.

    `deleted` are the names of snapshots that are gone for it, `steps` what would be sent where
    nothing was to be. `good`: the server is, or is about
    to be, as it should be; `told` is False where nobody can say yet what became of a write.
    """

    server: Server
    course: Course
    words: str
    good: bool
    operation: Operation | None = None
    deleted: tuple[str, ...] = ()
    told: bool = True
    steps: Sequence[Step] = ()


class Ensurer:
    """Ensures for one account. `now` is seconds since 1970, `protected` the protected ids."""

    def __init__(
        self,
        operations: Operations,
        wanted: Wanted,
        *,
        now: Callable[[], float],
        protected: Callable[[], frozenset[Key]],
    ) -> None:
        self._operations = operations
        self._wanted = wanted
        self._now = now
        self._protected = protected

    async def all(self, servers: Sequence[Server], told: Told) -> Sequence[Ensured]:
        """Ensure for each server, a few at a time; one that fails stops no other."""
        return await _each(servers, self.one, told)

    async def foresee(
        self, servers: Sequence[Server], told: Told, *, ends: bool
    ) -> Sequence[Ensured]:
        """What `all` would do, and `prune` for what is fresh then, but nothing is sent.

        With `ends` as if what is created were completed at once.
        """

        async def one(server: Server) -> Ensured:
            try:
                decision = await self._decide(server)
            except _FORESEEN as error:
                return await self._failed(server, error, ())
            wanted, now = self._wanted, self._time()
            steps = steps_of(decision, wanted, now, self._protected(), ends=ends)
            good = decision.course in WELL
            return Ensured(server, decision.course, decision.words, good, steps=steps)

        return await _each(servers, one, told)

    async def one(self, server: Server) -> Ensured:
        """Ensure for one server: returns once its create was answered, if one was needed."""
        deleted: list[str] = []
        try:
            decision = await self._decide(server)
            if decision.course is not Course.CREATE:
                good = decision.course in WELL
                return Ensured(server, decision.course, decision.words, good)
            for snapshot in decision.goes:
                await self._operations.delete_for_certain(snapshot, to_make_room(decision.name))
                deleted.append(snapshot.name)
            operation = await self._operations.create(server, decision.name, "ensured")
        except _FORESEEN as error:
            return await self._failed(server, error, deleted)
        good = operation.state in _GOOD
        words = f"{operation.title}: {operation.stands}"
        return Ensured(server, Course.CREATE, words, good, operation, tuple(deleted), told=good)

    async def completed(self, found: Ensured) -> Ensured:
        """Wait until the create that was asked for has ended. Cancelled when this is left."""
        if found.operation is None:
            return found
        ended = await self._operations.outcome(found.operation)
        return Ensured(
            found.server,
            found.course,
            f"{ended.title}: {ended.stands}",
            ended.state is State.COMPLETED,
            ended,
            found.deleted,
            told=ended.ended and ended.state is not State.UNSEEN,
        )

    async def prune(self, server: Server) -> Ensured:
        """Delete what the policy does not keep, each judged anew on what is listed just before."""
        deleted: list[str] = []
        try:
            while goes := await self._surplus(server):
                await self._operations.delete_for_certain(goes[0], pruned_by(self._wanted))
                deleted.append(goes[0].name)
        except _FORESEEN as error:
            return await self._failed(server, error, deleted)
        words = f"deleted {', '.join(deleted)}" if deleted else "nothing to delete"
        return Ensured(server, Course.FRESH, words, good=True, deleted=tuple(deleted))

    # -- one look, one write ----------------------------------------------------------------

    async def _view(self, server: Server) -> ServerView:
        """The server as it is listed now. Raises Refused where the list may lack something."""
        listing = await self._operations.api.snapshots(server.id)
        if not listing.complete:
            raise Refused("its snapshots cannot all be seen")
        own = (s for s in listing.items if s.server_id == server.id)
        return ServerView(server, newest_first(own))

    async def _decide(self, server: Server) -> Decision:
        view = await self._view(server)
        return decide(
            view,
            self._wanted,
            self._time(),
            protected=self._protected(),
            operation=open_on(self._operations.running(), server.id),
        )

    async def _surplus(self, server: Server) -> Sequence[Snapshot]:
        view = await self._view(server)
        return surplus(view, self._wanted, self._time(), self._protected())

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)

    async def _failed(self, server: Server, error: Exception, deleted: Sequence[str]) -> Ensured:
        """What stopped it; another one's create that came first is as good as ours."""
        if isinstance(error, Refused):
            with suppress(*_FORESEEN):
                await self._operations.refresh()
                decision = await self._decide(server)
                if decision.course in (Course.FRESH, Course.ON_ITS_WAY):
                    gone = tuple(deleted)
                    return Ensured(server, decision.course, decision.words, True, deleted=gone)
        words = f"deleted {', '.join(deleted)}, then: {error}" if deleted else str(error)
        return Ensured(server, Course.BLOCKED, words, good=False, deleted=tuple(deleted))


async def _each(
    servers: Sequence[Server], ensure: Callable[[Server], Awaitable[Ensured]], told: Told
) -> Sequence[Ensured]:
    """Do it for each server, a few at a time."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(server: Server) -> Ensured:
        async with turn:
            found = await ensure(server)
        told(found)
        return found

    return await asyncio.gather(*(one(server) for server in servers))
