"""One run through a plan: each step is sent once, and what fails stops only what needs it."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec.structs import replace

from tui.fleet.journal.journal import Also, JournalUnavailable
from tui.fleet.journal.plans import PlanBook, PlanTaken
from tui.fleet.operation import Kind, Operation
from tui.fleet.plan import Plan, PlanKind, Standing, Step
from tui.fleet.writes.consistent import Consistent
from tui.fleet.writes.operations import Operations
from tui.fleet.writes.preflight import Refused, check_spare
from tui.fleet.writes.stopping import Ask
from tui.vps.errors import (
    BadResponse,
    Forbidden,
    RateLimited,
    Unauthorised,
    Unreachable,
    VpsError,
    WriteRefused,
)
from tui.vps.models import Key, Server

log = logging.getLogger(__name__)
Told = Callable[[Plan, Step], None]
"""Hears of each step that was begun, answered, or will not be sent."""

AT_ONCE: Final = 3
"""Writes of one plan that are on their way at the same time."""
_STOPS: Final = (
    *(Unreachable, Unauthorised, Forbidden, RateLimited, BadResponse, WriteRefused),
    *(JournalUnavailable, PlanTaken),
)
"""What concerns every step alike: the plan stops, and can be gone on with."""
_SENT: Final = frozenset({Standing.RUNNING, Standing.DONE, Standing.UNTOLD})


class PlanRun:
    """Sends what is left of a plan. `now` gives seconds since 1970.

    `reread` gives a plan as it stands in the journal; `leaving` is set once no further step is to
    begin, here or in another run. `power` and `ask` are for plans that stop servers; `switched`
    hears when a server was started again, or is left to be looked after.
    """

    def __init__(
        self,
        plan: Plan,
        book: PlanBook,
        operations: Operations,
        *,
        now: Callable[[], float],
        reread: Callable[[int], Awaitable[Plan]],
        told: Told,
        leaving: asyncio.Event,
        power: Consistent | None,
        ask: Ask,
        switched: Callable[[], None],
    ) -> None:
        self.plan = plan
        self.sending: dict[Key, int] = {}
        """By server: the number of the step that is on its way."""
        self._book = book
        self._operations = operations
        self._now = now
        self._reread = reread
        self._told = told
        self._leaving = leaving
        self._power = power
        self._ask = ask
        self._switched = switched
        self._switching: dict[int, str] = {}  # by step: what is done to its server
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._whole = asyncio.Semaphore(AT_ONCE)
        self._errors: dict[int, Exception] = {}  # of its steps
        self._stop: Exception | None = None  # what concerns them all

    async def carry_out(self) -> Plan:
        """Send all that can be sent. As `Plans.run`."""
        await self._lanes()
        return await self._close()

    def with_power(self, plan: Plan) -> Plan:
        """The same plan with what is done to its servers here and now."""
        if not plan.stops:
            return plan
        steps = tuple(replace(s, power=self._switching.get(s.number, "")) for s in plan.steps)
        return replace(plan, steps=steps)

    def _step(self, number: int) -> Step:
        """A step as it stands now."""
        return self.plan.steps[number - 1]

    async def _lanes(self) -> None:
        """Send for a few servers at a time; each of them takes one write after the other."""
        lanes: dict[Key, list[int]] = defaultdict(list)
        for step in self.plan.steps:
            lanes[step.server_id].append(step.number)
        run = self._whole_lane if self.plan.stops else self._lane
        done = await asyncio.gather(*map(run, lanes.values()), return_exceptions=True)
        for error in done:
            if isinstance(error, asyncio.CancelledError):
                self._leaving.set()
            elif isinstance(error, JournalUnavailable):
                self._stop = self._stop or error
            elif error is not None:
                log.error("a plan failed", exc_info=error)
                self._stop = self._stop or Refused(f"unexpected error: {type(error).__name__}")

    async def _whole_lane(self, numbers: Sequence[int]) -> None:
        """A lane in its turn: no server loses a snapshot long before the next one is taken."""
        async with self._whole:
            await self._lane(numbers)

    async def _lane(self, numbers: Sequence[int]) -> None:
        before: int | None = None
        for number in numbers:
            for earlier in {before, self._step(number).needs} - {None}:
                await self._settled(self._step(earlier or 0))
            before = number
            if self._halted():
                return
            if self._step(number).standing is not Standing.UNSENT:
                continue
            if words := self._unmet(self._step(number)):
                await self._skip(number, words)
                continue
            async with self._turn:
                if self._halted():
                    return
                await self._begin(number)

    def _halted(self) -> bool:
        """Whether nothing more is sent."""
        return self._stop is not None or self._leaving.is_set()

    async def _settled(self, step: Step) -> None:
        """Wait until it is known what became of a step that was sent; not while this ends."""
        if step.standing is not Standing.RUNNING or step.became is None or self._leaving.is_set():
            return
        ended = await self._operations.outcome(step.became)
        if not ended.ended and self._stop is None:
            self._stop = Refused(f"what became of the {step.title} is not known yet")
        await self._renew(step.number)

    async def _begin(self, number: int) -> None:
        server_id = self._step(number).server_id
        self.sending[server_id] = number
        try:
            await self._send(self._step(number))
        except _STOPS as error:
            self._stop = self._stop or error
            if not isinstance(error, JournalUnavailable | PlanTaken):
                await self._book.settle_step(self.plan.id, number, "", release=True)
        except (VpsError, Refused) as error:
            self._errors[number] = error
            await self._skip(number, str(error))
            return
        finally:
            self.sending.pop(server_id, None)
        await self._renew(number)

    async def _send(self, step: Step) -> Operation:
        """Begin the operation of a step and send it. Raises what the operation raises."""
        operations, alone = self._operations, self.plan.id < 0
        also = self._book.link(self.plan.id, step.number)
        if step.kind is Kind.CREATE:
            server = Server(id=step.server_id, name=step.server_name)
            if self.plan.stops:
                return await self._send_stopped(server, step, also)
            return await operations.create(
                server, step.name, step.description, unjournaled=alone, also=also
            )
        if step.target is None:
            raise Refused("not sent: its target is not known")
        if self.plan.kind is PlanKind.RETENTION:
            await check_spare(operations.api, step.target)
        if step.kind is Kind.RESTORE:
            return await operations.restore(step.target, unjournaled=alone, also=also)
        return await operations.delete(
            step.target, reason=step.description, unjournaled=alone, also=also
        )

    async def _send_stopped(self, server: Server, step: Step, also: Also) -> Operation:
        """Snapshot a server that is stopped for it; returns once it was started again."""
        in_the_journal = self.plan.id > 0 or self._operations.journal.in_memory
        if self._power is None or not in_the_journal:
            raise Refused("not sent: no server is stopped without a record")
        number = step.number
        try:
            await self._power.free(server.id)
            now = await self._reread(self.plan.id)
            if not now.ours or not now.open:
                raise PlanTaken
            return await self._power.snapshot(
                server,
                step.name,
                step.description,
                told=lambda words: self._tell_power(number, words),
                ask=self._ask,
                also=also,
            )
        finally:
            self._switching.pop(number, None)
            if not self._leaving.is_set():
                self._switched()

    def _tell_power(self, number: int, words: str) -> None:
        """Tell what is done to a server."""
        self._switching[number] = words
        self.plan = self.with_power(self.plan)
        self._told(self.plan, self._step(number))

    async def _skip(self, number: int, words: str) -> None:
        await self._book.settle_step(self.plan.id, number, words)
        await self._renew(number)

    async def _renew(self, number: int) -> None:
        """Read how the plan stands now, and tell of a step."""
        self.plan = await self._reread(self.plan.id)
        self._told(self.plan, self._step(number))

    async def _close(self) -> Plan:
        """End a plan of which nothing is left, or let go of it."""
        plan_id = self.plan.id
        self.plan = plan = await self._reread(plan_id)
        if isinstance(self._stop, PlanTaken):
            return plan
        error = self._stop or next(iter(self._errors.values()), None)
        nothing = not any(step.standing in _SENT for step in plan.steps)
        if nothing and error is not None and (self._stop is not None or not plan.many):
            unsent = [step.number for step in plan.unsent]
            await _quietly(self._book.end(plan_id, self._now(), str(error), unsent))
            await _quietly(self._reread(plan_id))
            raise error
        if plan.open and plan.over:
            await _quietly(self._book.end(plan_id, self._now(), ""))
        elif plan.open:
            words = "" if self._stop is None else str(self._stop)
            await _quietly(self._book.leave(plan_id, words))
        return await self._reread(plan_id)

    def _unmet(self, step: Step) -> str:
        """Why a step cannot be sent though its turn has come; empty where it can."""
        needed = self.plan.needed(step)
        if needed is None or needed.standing is Standing.DONE:
            return ""
        why = f": {needed.reason}" if needed.reason else ""
        return f"not sent: the {needed.title} is not completed ({needed.stands}{why})"


async def _quietly(work: Awaitable[object]) -> None:
    """Do what only makes the record better."""
    try:
        await work
    except JournalUnavailable as error:
        log.warning("%s", error)
