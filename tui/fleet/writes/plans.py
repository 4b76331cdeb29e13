"""Plans at work: each step is sent once and re-checked before; what a crash leaves can go on.

A plan is on disk before its first step. A step becomes an operation in the transaction that
records the intent, so that no crash can come between: a step without an operation was not sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from tui.fleet.journal.journal import JournalUnavailable
from tui.fleet.journal.plans import PlanBook
from tui.fleet.operation import Operation
from tui.fleet.plan import ENDED_BY, Plan, Standing, Step
from tui.fleet.writes.consistent import Consistent
from tui.fleet.writes.operations import Operations
from tui.fleet.writes.plan_run import PlanRun, Told
from tui.fleet.writes.preflight import Refused
from tui.fleet.writes.stopping import Ask, give_up

LOST: Final = "the record of this plan is lost"


class Plans:
    """The plans of one account. `now` gives seconds since 1970; `on_change` hears of each change.

    `power` stops and starts servers; `switched` hears when it has done with one.

    All methods that write raise JournalUnavailable where nothing can be recorded.
    """

    def __init__(
        self,
        operations: Operations,
        *,
        now: Callable[[], float],
        on_change: Callable[[Plan], None] = lambda plan: None,
        power: Consistent | None = None,
        switched: Callable[[], None] = lambda: None,
    ) -> None:
        self._power = power
        self._switched = switched
        self._operations = operations
        self._books = operations.books
        self._now = now
        self._changed = on_change
        self._open: dict[int, Plan] = {}
        self._at: set[int] = set()  # those that are carried out here
        self._runs: set[PlanRun] = set()
        self._leaving = asyncio.Event()

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

    async def history(self, limit: int = 500, since: float = 0.0) -> Sequence[Plan]:
        """Open and past plans, newest first; none that ended before `since`."""
        found: list[Plan] = []
        for book in self._all_books():
            read = await book.history(self._books.account, limit, since)
            found += [self._with_power(plan) for plan in read]
        return sorted(found, key=lambda plan: (plan.asked_at, abs(plan.id)), reverse=True)[:limit]

    def note(self, operation: Operation) -> None:
        """Take over what has become of an operation, or that a step has become one."""
        for run in tuple(self._runs):
            number, sending = run.sending.get(operation.server_id), self._open.get(run.plan.id)
            if number is None or sending is None:
                continue
            step = sending.steps[number - 1]
            if (step.kind, step.name) == (operation.kind, operation.snapshot_name):
                self._take(sending.with_step(number, operation))
        for plan in tuple(self._open.values()):
            if operation.id in plan.operations:
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
            raise Refused("another session works on this plan, or it has ended")
        self._at.add(plan_id)
        await self._operations.refresh()  # what a dead session left on the wire is unknown then
        return await self._reread(plan_id)

    async def end(self, plan_id: int) -> Plan:
        """Send nothing more of a plan, whoever is at it; what was sent goes on."""
        plan = await self._reread(plan_id)
        words = f"{ENDED_BY} {self._operations.who}"
        steps = [step.number for step in plan.steps]  # what was sent keeps its operation
        await self._book(plan_id).end(plan_id, self._now(), words, steps)
        return await self._reread(plan_id)

    async def run(
        self, plan: Plan, told: Told = lambda plan, step: None, ask: Ask = give_up
    ) -> Plan:
        """Send what is left of a plan that `start` or `go_on` gave.

        What fails stops only the steps that need it. `ask` is asked about a server that does not
        stop for its snapshot.

        Returns once nothing can be sent any more: the operations may still run, and where
        something stopped it, the plan's `words` say what, and it can be gone on with. Raises what
        its first write raised if nothing came of any step; the plan is ended then.
        """

        def hear(now: Plan, step: Step) -> None:
            known = self._open.get(now.id)  # also has what became of its operations meanwhile
            latest = now if known is None else self._take(known)
            told(latest, latest.steps[step.number - 1])

        run = PlanRun(
            plan,
            self._book(plan.id),
            self._operations,
            now=self._now,
            reread=self._reread,
            told=hear,
            leaving=self._leaving,
            power=self._power,
            ask=ask,
            switched=self._switched,
        )
        self._runs.add(run)
        try:
            done = await run.carry_out()
        finally:
            self._runs.discard(run)
            self._at.discard(plan.id)
        return self._take(done)

    def leave(self) -> None:
        """Begin no further step: this session ends."""
        self._leaving.set()

    # -- books ------------------------------------------------------------------------------

    def _all_books(self) -> Sequence[PlanBook]:
        books = {self._books.book(unjournaled=alone) for alone in (False, True)}
        return [PlanBook(book) for book in books]

    def _book(self, plan_id: int) -> PlanBook:
        return PlanBook(self._books.of(plan_id))

    async def _reread(self, plan_id: int) -> Plan:
        """A plan as the journal has it; one at work here is known without it.

        Raises Refused or JournalUnavailable.
        """
        at_work = next((run.plan for run in self._runs if run.plan.id == plan_id), None)
        known = self._open.get(plan_id, at_work) if at_work is not None else None
        try:
            plan = await self._book(plan_id).get(plan_id)
        except JournalUnavailable as error:
            if known is None:
                raise
            return self._take(replace(known, words=str(error)))
        if plan is None:
            if known is None:
                raise Refused(LOST)
            plan = await self._lost(known)
        return self._take(plan)

    async def _lost(self, plan: Plan) -> Plan:
        """A plan whose record is lost: what was sent goes on, and nothing more is sent of it."""
        steps = []
        for step in plan.steps:
            became = step.became
            if became is not None:
                became = await self._operations.books.get(became.id) or became
            words = LOST if step.standing is Standing.UNSENT else step.words
            steps.append(replace(step, became=became, words=words))
        ended_at = self._now() if plan.ended_at is None else plan.ended_at
        return replace(plan, steps=tuple(steps), ended_at=ended_at, words=LOST)

    def _with_power(self, plan: Plan) -> Plan:
        """The same with what is done to its servers, where it is carried out here."""
        return next((r.with_power(plan) for r in self._runs if r.plan.id == plan.id), plan)

    def _take(self, plan: Plan) -> Plan:
        """Have everybody know where a plan stands now."""
        if plan.ours and plan.id not in self._at:
            plan = replace(plan, owned=False)  # it stopped here without having let go of it
        plan = self._with_power(plan)
        if self._open.get(plan.id) != plan:
            known = plan.id in self._open
            if plan.open:
                self._open[plan.id] = plan
            else:
                self._open.pop(plan.id, None)
            if plan.open or known:
                self._changed(plan)
        return plan
