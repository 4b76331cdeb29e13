"""Plans at work: each step is sent once and re-checked before; what a crash leaves can go on.

A plan is on disk before its first step. A step becomes an operation in the transaction that
records the intent, so that no crash can come between: a step without an operation was not sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tui.fleet.journal.journal import JournalUnavailable
from tui.fleet.journal.plans import PlanBook, PlanTaken
from tui.fleet.operation import Kind, Operation
from tui.fleet.plan import Plan, PlanKind, Standing, Step
from tui.fleet.writes.operations import Operations
from tui.fleet.writes.preflight import Refused, check_spare
from tui.fleet.writes.rules import target_refusal
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

__all__ = ["Plan", "PlanTaken", "Plans", "Step", "Told"]
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


@dataclass(slots=True)
class _Run:
    """One run through a plan. `errors` are those of its steps, `stop` what concerns them all."""

    plan: Plan
    book: PlanBook
    told: Told
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    errors: dict[int, Exception] = field(default_factory=dict)
    stop: Exception | None = None

    def step(self, number: int) -> Step:
        """A step as it stands now."""
        return self.plan.steps[number - 1]


class Plans:
    """The plans of one account. `now` gives seconds since 1970; `on_change` hears of each change.

    All methods that write raise JournalUnavailable where nothing can be recorded.
    """

    def __init__(
        self,
        operations: Operations,
        *,
        now: Callable[[], float],
        on_change: Callable[[Plan], None] = lambda plan: None,
    ) -> None:
        self._operations = operations
        self._books = operations.books
        self._now = now
        self._changed = on_change
        self._open: dict[int, Plan] = {}
        self._at: set[int] = set()  # those that are carried out here
        self._sending: dict[Key, tuple[int, int]] = {}  # by server: plan and step on their way
        self._leaving = False

    # -- what there is --------------------------------------------------------------------

    def running(self) -> Sequence[Plan]:
        """The plans that have not ended, oldest first, as far as they were read."""
        return sorted(self._open.values(), key=lambda plan: (plan.asked_at, abs(plan.id)))

    async def refresh(self) -> Sequence[Plan]:
        """Read what is open, end what is over, and return the rest.

        Plans that are carried out here are known better: what is read may be older.
        """
        here = set(self._at)
        found: dict[int, Plan] = {}
        for book in self._all_books():
            found |= {plan.id: plan for plan in await book.open(self._books.account)}
        here |= self._at
        for plan in found.values():
            if plan.over and plan.id not in here:
                await self._book(plan.id).end(plan.id, self._now(), "")
                found[plan.id] = replace(plan, ended_at=self._now())
        for key in self._open.keys() - found.keys() - here:
            ended = await self._book(key).get(key)
            if ended is not None or key in self._open:
                self._take(ended or replace(self._open[key], ended_at=self._now()))
        for plan in found.values():
            if plan.id not in here:
                self._take(plan)
        return self.running()

    async def history(self, limit: int = 500) -> Sequence[Plan]:
        """Open and past plans, newest first."""
        found: list[Plan] = []
        for book in self._all_books():
            found += await book.history(self._books.account, limit)
        return sorted(found, key=lambda plan: (plan.asked_at, abs(plan.id)), reverse=True)[:limit]

    def note(self, operation: Operation) -> None:
        """Take over what has become of an operation, or that a step has become one."""
        plan_id, number = self._sending.get(operation.server_id, (0, 0))
        sending = self._open.get(plan_id)
        if sending is not None and sending.steps[number - 1].kind is operation.kind:
            self._take(sending.with_step(number, operation))
        for plan in tuple(self._open.values()):
            if any(step.operation == operation.id for step in plan.steps):
                self._take(plan.with_operation(operation))

    # -- start, go on, end ------------------------------------------------------------------

    async def start(self, draft: Plan, *, unjournaled: bool = False) -> Plan:
        """Have a plan on disk; `run` sends its steps."""
        who = self._operations.who
        plan = replace(
            draft,
            account=self._books.account,
            user=who.user,
            origin=who.origin,
            asked_at=self._now(),
        )
        book = PlanBook(self._books.book(unjournaled=unjournaled))
        begun = await book.begin(plan)
        self._at.add(begun.id)
        return self._take(begun)

    async def go_on(self, plan_id: int) -> Plan:
        """Take over a plan that stopped; `run` sends the rest. Raises Refused."""
        if plan_id in self._at or not await self._book(plan_id).claim(plan_id):
            raise Refused("another session is at this plan, or it has ended")
        self._at.add(plan_id)
        await self._operations.refresh()  # what a dead session left on the wire is unknown then
        return await self._reread(plan_id)

    async def end(self, plan_id: int) -> Plan:
        """Send nothing more of a plan, whoever is at it; what was sent goes on."""
        plan = await self._reread(plan_id)
        words = f"ended by {self._operations.who}"
        unsent = [step.number for step in plan.unsent]
        await self._book(plan_id).end(plan_id, self._now(), words, unsent)
        return await self._reread(plan_id)

    async def run(self, plan: Plan, told: Told = lambda plan, step: None) -> Plan:
        """Send what is left of a plan that `start` or `go_on` gave.

        What fails stops only the steps that need it.

        Returns once nothing can be sent any more: the operations may still run, and where
        something stopped it, the plan's `words` say what, and it can be gone on with. Raises what
        its first write raised if nothing came of any step; the plan is ended then.
        """
        run = _Run(plan, self._book(plan.id), told)
        try:
            await self._lanes(run)
            return await self._close(run)
        finally:
            self._at.discard(plan.id)

    async def outcome(self, plan: Plan) -> Plan:
        """Wait until every operation of a plan has ended. Cancelled when the session is left."""
        for step in plan.steps:
            if step.became is not None and not step.became.ended:
                await self._operations.outcome(step.became)
        await self.refresh()
        return await self._reread(plan.id)

    def leave(self) -> None:
        """Begin no further step: this session ends."""
        self._leaving = True

    # -- one run --------------------------------------------------------------------------------

    async def _lanes(self, run: _Run) -> None:
        """Send for a few servers at a time; each of them takes one write after the other."""
        lanes: dict[Key, list[int]] = defaultdict(list)
        for step in run.plan.steps:
            lanes[step.server_id].append(step.number)
        done = await asyncio.gather(
            *(self._lane(run, lane) for lane in lanes.values()), return_exceptions=True
        )
        for error in done:
            if isinstance(error, asyncio.CancelledError):
                self._leaving = True
            elif error is not None:
                log.error("a plan failed", exc_info=error)
                run.stop = run.stop or Refused(f"unforeseen error: {type(error).__name__}")

    async def _lane(self, run: _Run, numbers: Sequence[int]) -> None:
        before: int | None = None
        for number in numbers:
            for earlier in {before, run.step(number).needs} - {None}:
                await self._settled(run, run.step(earlier or 0))
            before = number
            if self._halted(run):
                return
            if run.step(number).standing is not Standing.UNSENT:
                continue
            if words := _unmet(run, run.step(number)):
                await self._skip(run, number, words)
                continue
            async with run.turn:
                if self._halted(run):
                    return
                await self._begin(run, number)

    def _halted(self, run: _Run) -> bool:
        """Whether nothing more is sent."""
        return run.stop is not None or self._leaving

    async def _settled(self, run: _Run, step: Step) -> None:
        """Wait until it is known what became of a step that was sent; not while this ends."""
        if step.standing is Standing.RUNNING and step.became is not None and not self._leaving:
            ended = await self._operations.outcome(step.became)
            if not ended.ended and run.stop is None:
                run.stop = Refused(f"what became of the {step.title} is not known yet")
            await self._renew(run, step.number)

    async def _begin(self, run: _Run, number: int) -> None:
        server_id = run.step(number).server_id
        self._sending[server_id] = (run.plan.id, number)
        try:
            await self._send(run, run.step(number))
        except _STOPS as error:
            run.stop = run.stop or error
            if not isinstance(error, JournalUnavailable | PlanTaken):
                await run.book.settle_step(run.plan.id, number, "", release=True)
        except (VpsError, Refused) as error:
            run.errors[number] = error
            await self._skip(run, number, str(error))
            return
        finally:
            self._sending.pop(server_id, None)
        await self._renew(run, number)

    async def _send(self, run: _Run, step: Step) -> Operation:
        """Begin the operation of a step and send it. Raises what the operation raises."""
        operations, alone = self._operations, run.plan.id < 0
        also = run.book.link(run.plan.id, step.number)
        if step.kind is Kind.CREATE:
            server = Server(id=step.server_id, name=step.server_name)
            return await operations.create(
                server, step.name, step.description, unjournaled=alone, also=also
            )
        if step.target is None:
            raise Refused("not sent: its target is not known")
        if reason := target_refusal(step.kind, step.target, ()):
            raise Refused(f"not sent: {reason}")
        if run.plan.kind is PlanKind.RETENTION:
            await check_spare(operations.api, step.target)
        if step.kind is Kind.RESTORE:
            return await operations.restore(step.target, unjournaled=alone, also=also)
        return await operations.delete(
            step.target, reason=step.description, unjournaled=alone, also=also
        )

    async def _skip(self, run: _Run, number: int, words: str) -> None:
        await run.book.settle_step(run.plan.id, number, words)
        await self._renew(run, number)

    async def _renew(self, run: _Run, number: int) -> None:
        """Read how the plan stands now, and tell of a step."""
        run.plan = await self._reread(run.plan.id)
        run.told(run.plan, run.step(number))

    async def _close(self, run: _Run) -> Plan:
        """End a plan of which nothing is left, or let go of it."""
        plan_id = run.plan.id
        run.plan = plan = await self._reread(plan_id)
        if isinstance(run.stop, PlanTaken):
            return plan
        error = run.stop or next(iter(run.errors.values()), None)
        nothing = not any(step.standing in _SENT for step in plan.steps)
        if nothing and error is not None and (run.stop is not None or not plan.many):
            unsent = [step.number for step in plan.unsent]
            await self._quietly(run.book.end(plan_id, self._now(), str(error), unsent))
            await self._quietly(self._reread(plan_id))
            raise error
        if plan.open and plan.over:
            await run.book.end(plan_id, self._now(), "")
        elif plan.open:
            await run.book.leave(plan_id, "" if run.stop is None else str(run.stop))
        return await self._reread(plan_id)

    # -- books ------------------------------------------------------------------------------

    def _all_books(self) -> Sequence[PlanBook]:
        books = {self._books.book(unjournaled=alone) for alone in (False, True)}
        return [PlanBook(book) for book in books]

    def _book(self, plan_id: int) -> PlanBook:
        return PlanBook(self._books.of(plan_id))

    async def _reread(self, plan_id: int) -> Plan:
        plan = await self._book(plan_id).get(plan_id)
        if plan is None:
            raise Refused("this plan is no longer in the journal")
        return self._take(plan)

    async def _quietly(self, work: Coroutine[Any, Any, object]) -> None:
        """Do what only makes the record better."""
        try:
            await work
        except JournalUnavailable as error:
            log.warning("%s", error)

    def _take(self, plan: Plan) -> Plan:
        """Have everybody know where a plan stands now."""
        if plan.ours and plan.id not in self._at:
            plan = replace(plan, owned=False)  # it stopped here without having let go of it
        if self._open.get(plan.id) != plan:
            known = plan.id in self._open
            if plan.open:
                self._open[plan.id] = plan
            else:
                self._open.pop(plan.id, None)
            if plan.open or known:
                self._changed(plan)
        return plan


def _unmet(run: _Run, step: Step) -> str:
    """Why a step cannot be sent though its turn has come; empty where it can."""
    if step.needs is None:
        return ""
    needed = run.step(step.needs)
    if needed.standing is Standing.DONE:
        return ""
    stands = needed.became.state.value if needed.became is not None else needed.standing.value
    why = f": {needed.reason}" if needed.reason else ""
    return f"not sent: the {needed.title} is not completed ({stands}{why})"
