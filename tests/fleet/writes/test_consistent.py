"""Stop, snapshot, start: whatever happens in between, a server that ran runs again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tests.helpers.clocks import eventually
from tests.helpers.desk import Desk
from tui.fleet.journal.power import PowerBook
from tui.fleet.operation import Operation, State
from tui.fleet.power import Answer, PowerNote, Stage
from tui.fleet.writes.consistent import After, Consistent
from tui.fleet.writes.operations import Operations, Refused
from tui.fleet.writes.power_status import PowerStatus
from tui.fleet.writes.stopping import NotStopped
from tui.vps.errors import Forbidden, NotFound, Rejected, Unreachable, VpsError
from tui.vps.models import Key, Server, Snapshot


def consistent(desk: Desk, operations: Operations | None = None) -> Consistent:
    used = operations or desk.operations
    return Consistent(
        used,
        PowerBook(used.journal, lambda: "test"),
        lambda: desk.provider,
        clock=desk.clock,
        now=desk.provider.world.clock.now,
    )


def status(desk: Desk) -> str:
    return desk.provider.server_model(desk.provider.ids[0]).status


async def left(desk: Desk, operations: Operations | None = None) -> Sequence[PowerNote]:
    return await consistent(desk, operations).left()


@pytest.fixture(autouse=True)
def slow(desk: Desk) -> None:
    """A stop and a start take a while."""
    desk.provider.world.power_seconds = {"stop": 90, "start": 60}


async def test_a_server_that_runs_stands_still_for_its_snapshot(desk: Desk) -> None:
    told: list[str] = []
    made = await desk.in_time(consistent(desk).snapshot(desk.server(), "quiet", told=told.append))
    assert made.state is State.COMPLETED
    assert desk.sent() == ["stop", "create", "start"]
    assert status(desk) == "active"
    assert told == [
        "stopping web-0",
        "web-0 is stopped",
        "create of quiet on web-0: accepted",
        "starting web-0",
        "web-0 runs again",
    ]
    assert await left(desk) == []


async def test_one_that_was_stopped_stays_stopped(desk: Desk) -> None:
    desk.provider.machine(desk.provider.ids[0]).power = "stopped"
    made = await desk.in_time(consistent(desk).snapshot(desk.server(), "quiet"))
    assert made.state is State.COMPLETED
    assert desk.sent() == ["create"]
    assert status(desk) == "stopped"


@pytest.mark.parametrize(
    ("power", "said"), [("suspended", "it is suspended"), ("", "its state is not known")]
)
async def test_other_states_are_refused(desk: Desk, power: str, said: str) -> None:
    desk.provider.machine(desk.provider.ids[0]).power = power
    with pytest.raises(Refused, match=f"web-0 is neither running nor stopped: {said}"):
        await consistent(desk).snapshot(desk.server(), "quiet")
    assert desk.sent() == []


async def test_where_power_cannot_be_seen_that_is_said_before(desk: Desk) -> None:
    assert consistent(desk).problem(desk.server()) == ""
    assert consistent(desk).problem(Server(id=1, name="w", status="")) == "its state is not known"
    desk.provider.shows_servers = False
    with pytest.raises(Refused, match="cannot be seen: Not found"):
        await consistent(desk).snapshot(desk.server(), "quiet")
    assert desk.sent() == []


@pytest.mark.parametrize("error", [Forbidden("no"), NotFound("no"), Rejected("no", {})])
async def test_a_stop_that_is_refused_changes_nothing(
    desk: Desk, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def power(server_id: Key, action: str) -> None:
        raise error

    monkeypatch.setattr(desk.provider, "power", power)
    tried = consistent(desk)
    with pytest.raises(type(error)):
        await tried.snapshot(desk.server(), "quiet")
    said = "" if isinstance(error, Rejected) else "refused: no"
    assert tried.problem(desk.server()) == said, "what the service does not do is not offered"
    assert desk.sent() == []
    assert await left(desk) == []


async def test_a_lost_answer_to_the_stop_is_told_by_the_status(desk: Desk) -> None:
    desk.provider.fate = "lost"
    work = asyncio.ensure_future(consistent(desk).snapshot(desk.server(), "quiet"))
    await eventually(desk.sent)
    desk.provider.fate = "answered"
    assert (await desk.in_time(work)).state is State.COMPLETED
    assert desk.sent() == ["stop", "create", "start"]


async def test_one_reading_of_stopped_is_not_believed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(["active", "stopped", "active", "stopped", "stopped"])
    seen: list[str] = []
    show = desk.provider.server

    async def server(server_id: Key) -> Server:
        found = await show(server_id)
        word = next(said, found.status)
        seen.append(word)
        return Server(id=found.id, name=found.name, status=word)

    monkeypatch.setattr(desk.provider, "server", server)
    desk.provider.world.power_seconds = {}
    work = asyncio.ensure_future(consistent(desk).snapshot(desk.server(), "quiet"))
    await desk.pass_until(lambda: "create" in desk.sent(), step=10)
    assert seen[:5] == ["active", "stopped", "active", "stopped", "stopped"]
    await desk.in_time(work)


async def test_two_readings_are_waited_for_however_slow_they_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = desk.provider.server

    async def server(server_id: Key) -> Server:
        await desk.provider.pass_time(20)
        return await show(server_id)

    monkeypatch.setattr(desk.provider, "server", server)
    reading = PowerStatus(desk.operations, desk.clock).steady(desk.server().id, within=10)
    assert await desk.in_time(reading) == "active"


async def test_a_server_that_does_not_stop_is_asked_about_and_started(desk: Desk) -> None:
    desk.provider.world.power_seconds = {"stop": 3_000, "start": 60}
    asked: list[str] = []

    async def ask(question: str) -> Answer:
        asked.append(question)
        return Answer.WAIT if len(asked) == 1 else Answer.GIVE_UP

    with pytest.raises(NotStopped):
        await desk.in_time(consistent(desk).snapshot(desk.server(), "quiet", ask=ask))
    assert asked == ["web-0 was not seen stopped for 10 min"] * 2
    assert desk.sent() == ["stop", "start"]
    assert status(desk) == "active"


async def test_a_late_stop_is_watched_for_also_after_a_crash(desk: Desk) -> None:
    desk.provider.world.power_seconds = {"stop": 30_000, "start": 0}
    with pytest.raises(NotStopped):
        await desk.in_time(consistent(desk).snapshot(desk.server(), "quiet"))
    (note,) = await left(desk)
    assert (note.stage, status(desk)) == (Stage.WATCHED, "active")
    desk.die(desk.operations)
    other = desk.open()
    await other.start()
    work = asyncio.ensure_future(consistent(desk, other).resume(note))
    await asyncio.sleep(0.02)
    machine = desk.provider.machine(desk.provider.ids[0])
    machine.power, machine.power_next = "stopped", ""  # late, it takes effect
    assert await desk.in_time(work)
    assert (desk.sent(), status(desk)) == (["stop", "start", "start"], "active")
    assert await left(desk, other) == []


async def test_one_that_goes_on_running_is_watched_for_an_hour_and_no_longer(desk: Desk) -> None:
    desk.provider.world.power_seconds = {"stop": 30_000, "start": 0}
    with pytest.raises(NotStopped):
        await desk.in_time(consistent(desk).snapshot(desk.server(), "quiet"))
    (note,) = await left(desk)
    assert await desk.in_time(consistent(desk).resume(note), hours=1.1)
    assert (desk.sent(), await left(desk)) == (["stop", "start"], [])


async def test_or_it_is_taken_as_it_is(desk: Desk) -> None:
    desk.provider.world.power_seconds = {"stop": 30_000, "start": 60}

    async def ask(question: str) -> Answer:
        return Answer.AS_IT_IS

    made = await desk.in_time(consistent(desk).snapshot(desk.server(), "quiet", ask=ask))
    assert made.state is State.COMPLETED
    assert status(desk) == "active"


@pytest.mark.parametrize(
    ("fate", "words"), [("unreachable", "could not reach"), ("refused", "limit")]
)
async def test_a_create_that_does_not_come_about_starts_it_all_the_same(
    desk: Desk, fate: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, machine = desk.provider.create_snapshot, desk.provider.machine(desk.provider.ids[0])

    async def tried(server_id: Key, name: str, description: str = "") -> Snapshot:
        for n in range(5 if fate == "refused" else 0):  # somebody else was quicker
            desk.provider.world.add_snapshot(machine, f"s{n}")
        desk.provider.fate = fate
        try:
            return await create(server_id, name, description)
        finally:
            desk.provider.fate = "answered"

    monkeypatch.setattr(desk.provider, "create_snapshot", tried)
    with pytest.raises(VpsError, match=words):
        await desk.in_time(consistent(desk).snapshot(desk.server(), "quiet"))
    assert desk.provider.carried_out[0][0] == "stop"
    assert (status(desk), await left(desk)) == ("active", [])


@pytest.mark.parametrize("stage", [Stage.STOPPING, Stage.STOPPED, Stage.TAKING])
async def test_a_crash_is_gone_on_with_by_the_start(
    desk: Desk, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stood_still = asyncio.Event()

    async def hang(*_: object, **__: object) -> None:
        stood_still.set()
        await asyncio.Event().wait()

    if stage is Stage.STOPPED:
        monkeypatch.setattr(desk.operations, "create", hang)
    work = asyncio.ensure_future(consistent(desk).snapshot(desk.server(), "quiet"))
    await eventually(desk.sent)  # nothing is believed to be stopped before time passes
    taking = stage is Stage.TAKING
    async with asyncio.timeout(30):
        while stage is not Stage.STOPPING and not (
            "create" in desk.sent() if taking else stood_still.is_set()
        ):
            await desk.provider.pass_time(5)
    book = PowerBook(desk.operations.journal, lambda: "test")
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    await book.open()  # what waited for the disk is on it: the dead claim nothing any more
    desk.die(desk.operations)
    other = desk.open()
    await other.start()
    (note,) = await left(desk, other)
    assert note.stage is stage
    assert await desk.in_time(consistent(desk, other).resume(note))
    assert status(desk) == "active"
    assert desk.sent().count("create") == taking
    assert desk.sent().count("stop") <= 1
    assert await left(desk, other) == []


async def test_no_server_is_stopped_that_another_session_writes_to(desk: Desk) -> None:
    other = desk.open()
    await other.start()
    await desk.operations.create(desk.server(), "theirs")
    with pytest.raises(Refused, match="theirs is open on web-0"):
        await consistent(desk, other).snapshot(desk.server(), "quiet")
    assert (desk.sent(), await left(desk, other)) == (["create"], [])


async def test_two_sessions_do_not_switch_one_server(desk: Desk) -> None:
    other = desk.open()
    await other.start()
    work = asyncio.ensure_future(consistent(desk).snapshot(desk.server(), "quiet"))
    await eventually(desk.sent)
    for power in ("active", "stopped"):
        desk.provider.machine(desk.provider.ids[0]).power = power
        with pytest.raises(Refused, match="web-0 is being stopped or started already"):
            await consistent(desk, other).snapshot(desk.server(), "other")
    assert await left(desk, other) == []  # a living session is at it
    await desk.in_time(work)
    assert desk.sent() == ["stop", "create", "start"]


# -- after a restore -----------------------------------------------------------------------------


async def restored(desk: Desk, power_after: str, before: str = "active") -> Operation:
    target = await desk.target()
    machine = desk.provider.machine(desk.provider.ids[0])
    machine.power = before
    operation = await desk.operations.restore(target)
    machine.power_after = power_after
    return await desk.in_time(desk.operations.outcome(operation))


async def test_a_server_that_ran_before_its_restore_and_is_stopped_is_offered_and_started(
    desk: Desk,
) -> None:
    await restored(desk, "stopped")
    (note,) = await left(desk)
    power = consistent(desk)
    assert await desk.in_time(power.after_restore(note, start=False)) is After.STOPPED
    (note,) = await left(desk)
    assert note.words == "it is stopped"
    assert await desk.in_time(power.after_restore(note, start=True)) is After.RUNS
    assert status(desk) == "active"
    assert desk.sent() == ["restore", "start"]
    assert await left(desk) == []


async def test_one_that_runs_again_needs_nothing(desk: Desk) -> None:
    await restored(desk, "active")
    (note,) = await left(desk)
    assert await desk.in_time(consistent(desk).after_restore(note, start=True)) is After.RUNS
    assert desk.sent() == ["restore"]
    assert await left(desk) == []


async def test_one_that_was_stopped_before_is_none_of_it(desk: Desk) -> None:
    await restored(desk, "stopped", before="stopped")
    assert await left(desk) == []


async def test_a_restore_that_runs_is_not_over_yet(desk: Desk) -> None:
    operation = await desk.operations.restore(await desk.target())
    assert operation.state is State.ACCEPTED
    assert await left(desk) == []
    assert [
        n.operation for n in await PowerBook(desk.operations.journal, lambda: "test").open()
    ] == [operation.id]


async def test_what_is_left_as_it_is_is_forgotten(desk: Desk) -> None:
    await restored(desk, "stopped")
    (note,) = await left(desk)
    await consistent(desk).forget(note, "left stopped by admin")
    assert await left(desk) == []


async def test_a_restore_that_did_not_come_about_is_no_reason_to_start_anything(
    desk: Desk,
) -> None:
    target = await desk.target()
    desk.provider.fate = "unreachable"
    with pytest.raises(Unreachable):
        await desk.operations.restore(target)
    desk.provider.machine(desk.provider.ids[0]).power = "stopped"  # by the admin, later
    assert await left(desk) == []
    assert await PowerBook(desk.operations.journal, lambda: "test").open() == []
