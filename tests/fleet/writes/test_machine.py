"""Random writes, faults, crashes and lists in a world at its worst: what is called proved is so."""

from __future__ import annotations

import asyncio
import contextlib
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

from tests.helpers.clocks import FakeClock
from tests.helpers.model import LATEST, ModelWorld
from tui.fleet.actor import Who
from tui.fleet.clock import Moments
from tui.fleet.identity import Identity
from tui.fleet.journal.journal import Journal
from tui.fleet.operation import (
    HELD,
    OPEN,
    PENDING,
    TRANSITIONS,
    Certainty,
    Gathered,
    Kind,
    Operation,
    State,
)
from tui.fleet.state import Sighting
from tui.fleet.writes.operations import Operations, Refused
from tui.simulator.objects import Refusal
from tui.vps.errors import VpsError
from tui.vps.models import Snapshot

FATES = st.sampled_from(
    (
        *("answered", "answered", "lost", "dropped", "dropped", "late", "late", "renamed"),
        *("twice", "confused", "confused"),
    )
)
SESSIONS = st.integers(0, 1)
LACKING = ("shifted", "forgetful", "unsettled")
MODES = st.sampled_from(("whole", "whole", "whole", "lagging", *LACKING))
UNSENT = (State.WAITING, State.INTENT, State.NEVER_SENT)
NEVER_PROVED = (State.NOT_CARRIED_OUT, State.VANISHED, State.UNSEEN)
SHM = Path("/dev/shm")


class Crash(BaseException):
    """The process dies at this point."""


class Writes(RuleBasedStateMachine):
    """Two sessions on one journal and one provider; either may die between any two steps."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(dir=SHM if SHM.is_dir() else None))
        self.clock = FakeClock()
        self.world = ModelWorld(self.clock)
        self.held: list[Sighting] = []
        self.names = 0
        self.begun: set[int] = set()
        self.sent_at: dict[int, float] = {}
        self.latest: dict[int, Operation] = {}
        self.first_seen: list[dict[int, tuple[State, float]]] = [{}, {}]
        self.opened = [0.0, 0.0]
        self.sessions = [self.open(0), self.open(1)]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def open(self, session: int) -> Operations:
        self.first_seen[session].clear()
        self.opened[session] = self.clock.monotonic()
        made = Operations(
            api=self.world,
            journal=Journal(self.folder / "j", moments=Moments(self.clock)),
            clock=self.clock,
            now=self.world.world.clock.now,
            account=Identity("test"),
            who=Who("admin"),
            on_change=lambda operation: self.note(session, operation),
        )
        self.run(made.start())
        return made

    def note(self, session: int, operation: Operation) -> None:
        self.begun.add(operation.id)
        known = self.first_seen[session].get(operation.id)
        if known is None or known[0] is not operation.state:
            self.first_seen[session][operation.id] = operation.state, self.clock.monotonic()
        if operation.state is State.SENT and operation.id not in self.sent_at:
            self.sent_at[operation.id] = self.clock.monotonic()
            self.world.leaving[operation.server_id] = operation.id
            self.no_server_is_written_to_that_another_write_keeps(operation)
        self.latest[operation.id] = operation

    def no_server_is_written_to_that_another_write_keeps(self, operation: Operation) -> None:
        """Two writes for one intent need an admin who was told, and time or a word of theirs."""
        for before in self.latest.values():
            if before.id == operation.id or before.server_id != operation.server_id:
                continue
            if (before.certainty is Certainty.PROVED and before.ended) or before.state in UNSENT:
                continue
            assert before.ended, "one open operation for each server"
            done = before.state is State.COMPLETED
            harmless = before.kind is Kind.DELETE and (
                done or before.snapshot_id == operation.snapshot_id
            )
            harmless |= done and before.kind is Kind.CREATE and operation.kind is Kind.RESTORE
            passed = self.clock.monotonic() - self.sent_at.get(before.id, 0.0)
            assert harmless or before.freed or passed >= HELD[before.kind], (before, operation)

    def attempt(self, work: Coroutine[Any, Any, Any]) -> None:
        with contextlib.suppress(Refused, VpsError):
            self.run(work)

    # -- what can happen -----------------------------------------------------------------

    @rule(
        session=SESSIONS,
        fate=FATES,
        again=st.booleans(),
        colleague=st.booleans(),
        delay=st.sampled_from((10.0, 100.0, LATEST)),
    )
    def create(self, session: int, fate: str, again: bool, colleague: bool, delay: float) -> None:
        self.names += not (again and self.names)  # else the same is asked for once more
        self.world.fate, self.world.delay = fate, delay
        model = self.world.server_model(self.world.ids[0])
        self.attempt(self.sessions[session].create(model, f"s{self.names}"))
        if colleague:
            self.a_colleague_writes("create", 0)

    @rule(
        session=SESSIONS,
        verb=st.sampled_from(("restore", "delete")),
        pick=st.integers(0, 9),
        fate=FATES,
        delay=st.sampled_from((10.0, 100.0, LATEST)),
    )
    def write(self, session: int, verb: str, pick: int, fate: str, delay: float) -> None:
        self.world.fate, self.world.delay = fate, delay
        if target := self.target(pick):
            self.attempt(getattr(self.sessions[session], verb)(target))

    def target(self, pick: int) -> Snapshot | None:
        listed = self.run(self.world.snapshots()).items
        return listed[pick % len(listed)] if listed else None

    @rule(
        session=SESSIONS,
        seconds=st.sampled_from((1.0, 25.0, 70.0, 300.0, 700.0)),
        mode=MODES,
        alone=st.booleans(),
        times=st.integers(1, 3),
    )
    def look(self, session: int, seconds: float, mode: str, alone: bool, times: int) -> None:
        for _ in range(times):
            self.run(self.world.pass_time(seconds))
            self.weigh(session, self.run(self.sighting(mode, alone)))

    @rule(session=SESSIONS, pick=st.integers(0, 9))
    def lists_that_lack_it_follow_a_lost_delete(self, session: int, pick: int) -> None:
        self.write(session, "delete", pick, "dropped", 10.0)
        for mode in LACKING:
            for alone in (True, False):
                self.look(session, 1.0, mode, alone, 1)

    @rule(mode=MODES, alone=st.booleans())
    def ask(self, mode: str, alone: bool) -> None:
        """A list is asked for, and its answer is a long time on its way."""
        self.held.append(self.run(self.sighting(mode, alone)))

    @rule(session=SESSIONS)
    def answers_come(self, session: int) -> None:
        for sighting in self.held:
            self.weigh(session, sighting)
        self.held.clear()

    @rule(session=SESSIONS, mode=MODES)
    def one_answer_overtakes_another_after_a_lost_create(self, session: int, mode: str) -> None:
        self.create(session, "lost", again=False, colleague=False, delay=10.0)
        early = self.run(self.sighting(mode, alone=True))
        self.look(session, 25.0, "whole", alone=True, times=1)
        self.weigh(session, early)

    def weigh(self, session: int, sighting: Sighting) -> None:
        """It says nothing of what this session first saw as it is after it was asked for."""
        weighing = self.sessions[session]
        self.run(weighing.refresh())
        before, seen = self.run(self.on_record(weighing)), dict(self.first_seen[session])
        self.run(weighing.observe(sighting))
        after = self.run(self.on_record(weighing))
        for number, known in before.items():
            now = known[0].state
            state, since = seen.get(number, (now, self.opened[session]))
            if state is now and sighting.asked_at < since:
                assert after.get(number) == known, "asked for too early"

    async def on_record(self, session: Operations) -> dict[int, tuple[Operation, Gathered]]:
        """Every operation that a list can tell something of, with what was gathered on it."""
        journal, account = session.journal, session.account
        open_, ended = (
            await journal.open_entries(account),
            await journal.unproved_entries(account, 0),
        )
        return {e.operation.id: (e.operation, e.gathered) for e in (*open_, *ended)}

    async def sighting(self, mode: str, alone: bool) -> Sighting:
        asked_at = self.clock.monotonic()
        key = self.world.ids[0] if alone else None
        listing = await self.world.seen(mode, key)
        return Sighting.of(listing, asked_at, await self.world.statuses())

    @rule(
        hours=st.sampled_from((0.0, -8.0, 0.2)),
        shows=st.booleans(),
        stale=st.sampled_from(("", "", "active", "restoring", "stopped")),
        back=st.sampled_from((0.0, 7200.0, -7200.0)),
    )
    def the_world_turns_odd(self, hours: float, shows: bool, stale: str, back: float) -> None:
        self.world.misdated, self.world.shows_servers, self.world.stale = hours, shows, stale
        self.clock.set_back(back)

    @rule(verb=st.sampled_from(("create", "restore", "delete")), pick=st.integers(0, 9))
    def a_colleague_writes(self, verb: str, pick: int) -> None:
        """By the provider's panel; a create of the name that was asked for last."""
        world, account = self.world.world, self.world.world.account
        with contextlib.suppress(Refusal):
            if verb == "create":
                fields: dict[str, object] = {
                    "server_id": self.world.ids[0],
                    "name": f"s{self.names}",
                }
                world.create(account, fields, uuids=False)
            elif target := self.target(pick):
                getattr(world, verb)(account, target.id)

    @rule(session=SESSIONS)
    def restart(self, session: int) -> None:
        self.run(self.sessions[session].leave())
        self.run(self.sessions[session].close())
        self.sessions[session] = self.open(session)

    @rule(session=SESSIONS)
    def crash(self, session: int) -> None:
        """The process is gone, and the system lets go of its lock."""
        self.sessions[session].journal._sessions.leave()
        self.sessions[session] = self.open(session)

    @rule(session=SESSIONS, sent=st.booleans(), fate=FATES)
    def crash_in_a_create(self, session: int, sent: bool, fate: str) -> None:
        """With the intent written, or with the request on the wire."""
        name = "create_snapshot" if sent else "snapshots"
        call = getattr(self.world, name)

        async def die(*arguments: Any, **more: Any) -> Any:
            if sent:
                with contextlib.suppress(VpsError):
                    await call(*arguments, **more)
            raise Crash

        self.names += 1
        self.world.fate, self.world.delay = fate, 100.0
        setattr(self.world, name, die)
        model = self.world.server_model(self.world.ids[0])
        try:
            with contextlib.suppress(Crash):
                self.attempt(self.sessions[session].create(model, f"s{self.names}"))
        finally:
            setattr(self.world, name, call)
        self.crash(session)

    @rule(session=SESSIONS, pick=st.integers(0, 9))
    def declare_over(self, session: int, pick: int) -> None:
        known = self.run(self.sessions[session].history(10))
        if known:
            self.run(self.sessions[session].declare_over(known[pick % len(known)].id))

    # -- what must always hold -------------------------------------------------------------

    @invariant()
    def all_of_it(self) -> None:
        type(self).steps += 1
        history = self.run(self.sessions[0].history(10_000))
        assert self.begun <= {o.id for o in history}, "nothing is forgotten"
        for operation in history:
            left = operation.id in self.world.writes
            assert left or operation.state in (*UNSENT, *OPEN, *NEVER_PROVED), operation
            assert not left or operation.state not in UNSENT, operation
            if operation.certainty is Certainty.PROVED and left:
                self.it_is_so(operation)
        held = Counter(o.server_id for o in history if o.state in OPEN)
        assert all(count == 1 for count in held.values()), held

    def it_is_so(self, operation: Operation) -> None:
        """What is called proved is so."""
        write, state = self.world.writes[operation.id], operation.state
        there = self.world.world.snapshots.get(int(operation.snapshot_id or 0))
        assert state not in NEVER_PROVED, operation
        if state is State.REFUSED:
            assert not write.done, operation
        elif operation.kind is Kind.DELETE:
            assert state is State.ACCEPTED or there is None, operation
        elif operation.kind is Kind.RESTORE:
            assert write.done, operation
            assert state is State.ACCEPTED, "no list proves the end of a restore"
        else:
            assert operation.snapshot_id in write.made, operation
            if there is not None and state is not State.ACCEPTED:
                assert there.status(self.world.world.clock.now()) == state.value, operation

    def teardown(self) -> None:
        for operation in self.run(self.sessions[0].history(10_000)):
            steps = [s.state for s in self.run(self.sessions[0].timeline(operation.id))]
            assert steps.count(State.SENT) <= 1, "no operation leaves twice"
            for before, after in pairwise(steps):
                assert before is after or after in TRANSITIONS[before]
        for session in self.sessions:
            self.run(session.leave())
            self.run(session.close())
        self.runner.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def test_random_writes_faults_crashes_and_lists() -> None:
    run_state_machine_as_test(
        Writes,
        settings=settings(
            max_examples=64,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Writes.steps >= 1_000


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
