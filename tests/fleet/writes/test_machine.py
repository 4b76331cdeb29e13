"""Random writes, faults, crashes and listings: no second send, nothing forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.helpers.clocks import FakeClock, settle
from tests.helpers.provider import Provider
from tui.fleet.actor import Who
from tui.fleet.clock import Moments
from tui.fleet.identity import Identity
from tui.fleet.journal.journal import Journal
from tui.fleet.operation import OPEN, PENDING, TRANSITIONS, Kind, Operation, State
from tui.fleet.plan import Plan, Standing
from tui.fleet.state import Sighting
from tui.fleet.writes.drafts import Safety, safety_plan
from tui.fleet.writes.operations import Operations, Refused
from tui.fleet.writes.plans import Plans, PlanTaken
from tui.vps.errors import VpsError
from tui.vps.models import Key, Snapshot

FATES = st.sampled_from(("answered", "answered", "lost", "dropped", "unreachable"))
SESSIONS = st.integers(0, 1)
EXAMPLES = int(os.environ.get("EXAMPLES", "105"))
UNSENT = (State.WAITING, State.INTENT, State.NEVER_SENT)


class Crash(BaseException):
    """The process dies at this point."""


class Writes(RuleBasedStateMachine):
    """Two sessions on one journal and one provider; either may die between any two steps."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = FakeClock()
        self.provider = Provider(self.clock)
        self.names = 0
        self.begun: set[int] = set()
        self.running: list[list[asyncio.Task[Plan]]] = [[], []]
        self.planned: dict[Operations, Plans] = {}
        self.sessions = [self.open(), self.open()]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def open(self) -> Operations:
        made = Operations(
            api=self.provider,
            journal=Journal(self.folder / "journal.sqlite3", moments=Moments(self.clock)),
            clock=self.clock,
            now=self.provider.world.clock.now,
            account=Identity("test"),
            who=Who("admin"),
            on_change=lambda operation: self.note(made, operation),
        )
        self.planned[made] = Plans(made, now=self.provider.world.clock.now)
        self.run(made.start())
        return made

    def note(self, session: Operations, operation: Operation) -> None:
        self.begun.add(operation.id)
        self.planned[session].note(operation)

    def attempt(self, work: Coroutine[Any, Any, Any]) -> None:
        with contextlib.suppress(Refused, VpsError):
            self.run(work)

    # -- what can happen -----------------------------------------------------------------

    @rule(session=SESSIONS, server=st.integers(0, 1), fate=FATES)
    def create(self, session: int, server: int, fate: str) -> None:
        self.names += 1
        self.provider.fate = fate
        server_model = self.provider.server_model(self.provider.ids[server])
        self.attempt(self.sessions[session].create(server_model, f"s{self.names}"))

    @rule(session=SESSIONS, pick=st.integers(0, 9), fate=FATES)
    def restore(self, session: int, pick: int, fate: str) -> None:
        self.write("restore", session, pick, fate)

    @rule(session=SESSIONS, pick=st.integers(0, 9), fate=FATES)
    def delete(self, session: int, pick: int, fate: str) -> None:
        self.write("delete", session, pick, fate)

    def write(self, verb: str, session: int, pick: int, fate: str) -> None:
        listed = self.run(self.provider.snapshots()).items
        if listed:
            self.provider.fate = fate
            self.attempt(getattr(self.sessions[session], verb)(listed[pick % len(listed)]))

    @rule(session=SESSIONS, pick=st.integers(0, 9), fate=FATES)
    def restore_safely(self, session: int, pick: int, fate: str) -> None:
        listed = self.run(self.provider.snapshots()).items
        if listed:
            self.names += 1
            self.provider.fate = fate
            self.attempt(self.plan(session, listed[pick % len(listed)]))

    async def plan(self, session: int, target: Snapshot) -> None:
        plans = self.planned[self.sessions[session]]
        server = self.provider.server_model(target.server_id)
        plan = await plans.start(safety_plan(target, server, Safety(f"s{self.names}")))
        await self.carry_out(session, plan)

    async def carry_out(self, session: int, plan: Plan) -> None:
        """Until nothing more can be sent, or the rest waits for the provider."""
        waits = asyncio.Event()
        if plan.waiting:
            waits.set()
        running = asyncio.create_task(
            self.planned[self.sessions[session]].run(
                plan, lambda now, _: waits.set() if now.waiting else None
            )
        )
        self.running[session].append(running)
        waiting = asyncio.create_task(waits.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    @rule(session=SESSIONS, fate=FATES)
    def go_on(self, session: int, fate: str) -> None:
        self.provider.fate = fate
        self.attempt(self.resume(session))

    async def resume(self, session: int) -> None:
        plans = self.planned[self.sessions[session]]
        for left in await plans.refresh():
            if left.interrupted:
                await self.carry_out(session, await plans.go_on(left.id))

    @rule(session=SESSIONS)
    def end_plans(self, session: int) -> None:
        self.run(self.end(session))

    async def end(self, session: int) -> None:
        plans = self.planned[self.sessions[session]]
        for plan in await plans.refresh():
            await plans.end(plan.id)

    async def stop_plans(self, session: int) -> None:
        """What a plan raised has been seen; what still waits goes down with its session."""
        plans, self.running[session] = self.running[session], []
        for plan in plans:
            plan.cancel()
        for result in await asyncio.gather(*plans, return_exceptions=True):
            if isinstance(result, BaseException):
                foreseen = asyncio.CancelledError | Refused | VpsError | PlanTaken
                assert isinstance(result, foreseen), result

    @rule(
        session=SESSIONS, seconds=st.sampled_from((1.0, 15.0, 70.0, 700.0)), settled=st.booleans()
    )
    def look(self, session: int, seconds: float, settled: bool) -> None:
        self.run(self.provider.pass_time(seconds))
        self.provider.settled = settled
        self.run(self.observe(self.sessions[session]))
        self.provider.settled = True

    async def observe(self, operations: Operations) -> None:
        asked_at = self.clock.monotonic()
        listing = await self.provider.snapshots()
        status: dict[Key, str] = {
            key: self.provider.server_model(key).status for key in self.provider.ids
        }
        await operations.observe(Sighting(listing.items, listing.settled, asked_at, None, status))
        await self.planned[operations].refresh()

    @rule(session=SESSIONS)
    def restart(self, session: int) -> None:
        self.run(self.sessions[session].leave())
        self.run(self.stop_plans(session))
        self.run(self.sessions[session].close())
        self.sessions[session] = self.open()

    def die(self, session: int) -> None:
        """The process is gone, and the system lets go of its lock."""
        self.run(self.stop_plans(session))
        self.sessions[session].journal._sessions.leave()
        self.sessions[session] = self.open()

    @rule(session=SESSIONS)
    def crash(self, session: int) -> None:
        self.die(session)

    @rule(session=SESSIONS, server=st.integers(0, 1))
    def crash_with_the_intent_written(self, session: int, server: int) -> None:
        listed = self.provider.snapshots

        async def die(*arguments: Any) -> Any:
            raise Crash

        self.names += 1
        self.provider.snapshots = die  # type: ignore[method-assign, assignment]
        try:
            server_model = self.provider.server_model(self.provider.ids[server])
            with contextlib.suppress(Crash):
                self.attempt(self.sessions[session].create(server_model, f"s{self.names}"))
        finally:
            self.provider.snapshots = listed  # type: ignore[method-assign]
        self.die(session)

    @rule(session=SESSIONS, pick=st.integers(0, 9))
    def declare_over(self, session: int, pick: int) -> None:
        running = self.sessions[session].running()
        if running:
            self.run(self.sessions[session].declare_over(running[pick % len(running)].id))

    @rule(session=SESSIONS, server=st.integers(0, 1), carried_out=st.booleans())
    def crash_with_the_request_on_the_wire(
        self, session: int, server: int, carried_out: bool
    ) -> None:
        send = self.provider.create_snapshot

        async def die(*arguments: Any, **more: Any) -> Any:
            self.provider.fate = "lost" if carried_out else "dropped"
            with contextlib.suppress(VpsError):
                await send(*arguments, **more)
            raise Crash

        self.names += 1
        self.provider.create_snapshot = die  # type: ignore[method-assign]
        server_model = self.provider.server_model(self.provider.ids[server])
        try:
            self.attempt(self.sessions[session].create(server_model, f"s{self.names}"))
        except Crash:
            pass
        finally:
            self.provider.create_snapshot = send  # type: ignore[method-assign]
        self.die(session)

    # -- what must always hold -------------------------------------------------------------

    async def at_rest(self) -> list[Operation]:
        """What is on record once no plan goes on with its own steps meanwhile."""
        seen: list[tuple[int, list[Operation]]] = []
        while len(seen) < 3 or seen[-1] != seen[-3]:  # a step may be one that leaves no trace
            history = await self.sessions[0].history(10_000)
            seen.append((len(self.provider.sent), list(history)))
            await settle()
        return seen[-1][1]

    @invariant()
    def all_of_it_holds(self) -> None:
        type(self).steps += 1
        history = self.run(self.at_rest())
        self.nothing_is_forgotten(history)
        self.nothing_is_sent_twice()
        self.every_write_that_left_is_in_the_journal(history)
        self.no_restore_before_its_snapshot()
        self.one_open_operation_for_each_server(history)
        self.nothing_is_said_that_is_not_so(history)

    def nothing_is_forgotten(self, history: list[Operation]) -> None:
        assert self.begun <= {o.id for o in history}

    def nothing_is_sent_twice(self) -> None:
        sent = Counter(what for verb, what in self.provider.sent if verb == "create")
        assert all(count == 1 for count in sent.values()), sent

    def every_write_that_left_is_in_the_journal(self, history: list[Operation]) -> None:
        left = [o for o in history if o.state not in UNSENT]
        assert len(left) == len(self.provider.sent), (left, self.provider.sent)

    def no_restore_before_its_snapshot(self) -> None:
        for plan in self.run(self.planned[self.sessions[0]].history(10_000)):
            first, restore = plan.steps
            if restore.became is not None and restore.became.state not in UNSENT:
                assert first.standing is Standing.DONE, plan

    def one_open_operation_for_each_server(self, history: list[Operation]) -> None:
        held = Counter(o.server_id for o in history if o.state in OPEN)
        assert all(count == 1 for count in held.values()), held

    def nothing_is_said_that_is_not_so(self, history: list[Operation]) -> None:
        names = {s.name for s in self.provider.world.snapshots.values()}
        claimed = 0
        for operation in history:
            if operation.kind is Kind.RESTORE:
                claimed += operation.state in (State.ACCEPTED, State.COMPLETED)
            elif operation.kind is Kind.CREATE:
                made = ("create", (operation.server_id, operation.snapshot_name))
                if operation.state in (State.NOT_CARRIED_OUT, State.NEVER_SENT, State.REFUSED):
                    assert operation.snapshot_name not in names, operation
                if operation.state in (State.ACCEPTED, State.COMPLETED):
                    assert made in self.provider.carried_out, operation
            elif operation.state is State.COMPLETED:
                assert operation.snapshot_id not in self.provider.world.snapshots, operation
        assert claimed <= sum(verb == "restore" for verb, _ in self.provider.carried_out)

    def teardown(self) -> None:
        for operation in self.run(self.sessions[0].history(10_000)):
            steps = [s.state for s in self.run(self.sessions[0].timeline(operation.id))]
            assert steps.count(State.SENT) <= 1, "no operation leaves twice"
            for before, after in pairwise(steps):
                assert before is after or after in TRANSITIONS[before]
        for number, session in enumerate(self.sessions):
            self.run(session.leave())
            self.run(self.stop_plans(number))
            self.run(session.close())
        self.runner.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def test_random_writes_faults_crashes_and_listings() -> None:
    run_state_machine_as_test(
        Writes,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Writes.steps >= 5_000


def test_the_table_of_transitions_has_no_way_back() -> None:
    for end in set(TRANSITIONS) - PENDING:
        assert not TRANSITIONS[end] & {State.INTENT, State.SENT, State.UNKNOWN}, "only corrected"
    for never in (State.REFUSED, State.NEVER_SENT):
        assert never not in TRANSITIONS, "that was proved"
    for state, following in TRANSITIONS.items():
        assert state not in following
        assert State.WAITING not in following
        assert State.INTENT not in following or state is State.WAITING
        assert State.SENT not in following or state is State.INTENT, "nothing is sent again"
