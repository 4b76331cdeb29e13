"""The same on many with a stop: a plan on disk, and each server that ran runs again."""

from __future__ import annotations

import asyncio

import pytest

from tests.helpers.clocks import eventually
from tests.helpers.desk import Desk
from tui.fleet.operation import State
from tui.fleet.plan import Plan, Standing
from tui.fleet.power import Stage
from tui.fleet.writes import plan_run
from tui.fleet.writes.drafts import create_plan


def statuses(desk: Desk) -> list[str]:
    return [desk.provider.server_model(key).status for key in desk.provider.ids]


def draft(desk: Desk) -> Plan:
    servers = [desk.provider.server_model(key) for key in desk.provider.ids]
    return create_plan([(server, None) for server in servers], "quiet", stop=True)


def verbs(desk: Desk, number: int) -> list[str]:
    """What was carried out on a server, in order."""
    key = desk.provider.ids[number]
    return [verb for verb, about in desk.provider.carried_out if key in (about, first(about))]


def first(about: object) -> object:
    return about[0] if isinstance(about, tuple) else about


@pytest.fixture(autouse=True)
def slow(desk: Desk) -> None:
    desk.provider.world.power_seconds = {"stop": 90, "start": 60}


async def test_each_server_is_stopped_snapshotted_and_started(desk: Desk) -> None:
    told: list[str] = []
    plan = await desk.plans.start(draft(desk))
    run = desk.plans.run(plan, lambda _, step: told.append(f"{step.server_name}: {step.power}"))
    ended = await desk.in_time(run, step=20)
    assert (ended.open, ended.tally) == (False, {Standing.DONE: 2})
    assert verbs(desk, 0) == verbs(desk, 1) == ["stop", "create", "start"]
    assert statuses(desk) == ["active", "active"]
    assert [line for line in told if line.startswith("web-1")][:2] == [
        "web-1: stopping web-1",
        "web-1: web-1 is stopped",
    ]
    assert "web-1: web-1 runs again" in told
    assert all(step.power == "" for step in ended.steps)


async def test_where_nothing_outlives_the_program_each_is_stopped_all_the_same(desk: Desk) -> None:
    plans = desk.plans_of[desk.open(in_memory=True)]
    ended = await desk.in_time(plans.run(await plans.start(draft(desk))), step=20)
    assert ended.id < 0
    assert (ended.open, ended.tally) == (False, {Standing.DONE: 2})
    assert verbs(desk, 0) == verbs(desk, 1) == ["stop", "create", "start"]
    assert statuses(desk) == ["active", "active"]


async def test_what_is_to_be_unrecorded_stops_no_server(desk: Desk) -> None:
    plan = await desk.plans.start(draft(desk), unjournaled=True)
    ended = await desk.in_time(desk.plans.run(plan), step=20)
    assert {step.reason for step in ended.steps} == {
        "not sent: no server is stopped without a record"
    }
    assert desk.provider.carried_out == []


async def test_one_that_is_being_stopped_is_no_longer_to_be_sent(desk: Desk) -> None:
    plan = await desk.plans.start(draft(desk))
    run = asyncio.create_task(desk.plans.run(plan))
    await eventually(lambda: desk.sent() == ["stop", "stop"])
    (now,) = desk.plans.running()
    assert (now.tally, now.unsent) == ({Standing.RUNNING: 2}, ())
    await desk.in_time(run, step=20)


async def test_room_is_made_on_a_server_only_when_its_turn_comes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_run, "AT_ONCE", 1)
    world = desk.provider.world
    for key in desk.provider.ids:
        for n in range(2):
            world.add_snapshot(desk.provider.machine(key), f"old-{n}", hours=10 - n)
    listed = (await desk.provider.snapshots()).items
    oldest = {s.server_id: s for s in listed if s.name == "old-0"}
    pairs = [(desk.provider.server_model(key), oldest[key]) for key in desk.provider.ids]
    plan = await desk.plans.start(create_plan(pairs, "quiet", stop=True))
    await desk.in_time(desk.plans.run(plan), step=20)
    assert desk.sent() == ["delete", "stop", "create", "start"] * 2


async def test_one_that_cannot_be_stopped_is_refused_and_the_others_go_on(desk: Desk) -> None:
    desk.provider.machine(desk.provider.ids[0]).power = "suspended"
    ended = await desk.in_time(desk.plans.run(await desk.plans.start(draft(desk))), step=20)
    words = "web-0 is neither running nor stopped: it is suspended"
    assert [(s.standing, s.words) for s in ended.steps] == [
        (Standing.SKIPPED, words),
        (Standing.DONE, ""),
    ]
    assert (verbs(desk, 0), verbs(desk, 1)) == ([], ["stop", "create", "start"])


@pytest.mark.parametrize("stage", [Stage.STOPPING, Stage.TAKING, Stage.STARTING])
async def test_a_crash_is_gone_on_with_by_the_start_and_then_the_rest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    monkeypatch.setattr(plan_run, "AT_ONCE", 1)
    plan = await desk.plans.start(draft(desk))
    run = asyncio.create_task(desk.plans.run(plan))
    verb = {Stage.STOPPING: "stop", Stage.TAKING: "create", Stage.STARTING: "start"}[stage]
    await desk.pass_until(lambda: verb in desk.sent(), step=20)
    desk.power_of[desk.operations].leave()
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    desk.die(desk.operations)
    desk.desks.remove(desk.operations)
    other = desk.open()
    await other.start()
    (found,) = await desk.plans_of[other].refresh()
    assert found.interrupted
    assert len(found.unsent) == (2 if stage is Stage.STOPPING else 1)
    (note,) = await desk.power_of[other].left()
    taken = await desk.plans_of[other].go_on(found.id)
    both = asyncio.gather(desk.power_of[other].resume(note), desk.plans_of[other].run(taken))
    done = await desk.in_time(both, step=20)
    assert done[1].tally == {Standing.DONE: 2}
    assert statuses(desk) == ["active", "active"]
    assert [verbs(desk, n).count("create") for n in (0, 1)] == [1, 1]
    for number in (0, 1):
        before = verbs(desk, number)[: verbs(desk, number).index("create")]
        assert before[-1] == "stop", "it stood still for its snapshot"
    assert await desk.power_of[other].left() == []


async def test_whoever_ends_it_meanwhile_gets_the_server_back_and_no_snapshot(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_run, "AT_ONCE", 1)
    plan = await desk.plans.start(draft(desk))
    run = asyncio.create_task(desk.plans.run(plan))
    await eventually(lambda: desk.sent() == ["stop"])
    await desk.plans.end(plan.id)
    ended = await desk.in_time(run, step=20)
    assert statuses(desk) == ["active", "active"]
    assert desk.sent() == ["stop", "start"], "the other one is not even stopped"
    assert desk.plans.running() == []
    assert {step.standing for step in ended.steps} == {Standing.SKIPPED}
    assert await desk.power_of[desk.operations].left() == []


async def test_what_a_dead_session_left_of_a_server_that_runs_blocks_no_other_stop(
    desk: Desk,
) -> None:
    power = desk.power_of[desk.operations]
    await power.stopping.begin(desk.server())
    desk.die(desk.operations)
    desk.desks.remove(desk.operations)
    desk.provider.machine(desk.provider.ids[0]).power_next = ""
    other = desk.open()
    await other.start()
    made = await desk.in_time(desk.power_of[other].snapshot(desk.server(), "quiet"), step=20)
    assert made.state is State.COMPLETED
    assert await desk.power_of[other].left() == []


async def test_one_that_has_no_free_slot_any_more_is_not_stopped(desk: Desk) -> None:
    world = desk.provider.world
    for n in range(5):
        world.add_snapshot(world.servers[int(desk.provider.ids[0])], f"s{n}", hours=n + 1)
    plan = await desk.plans.start(draft(desk))
    ended = await desk.in_time(desk.plans.run(plan), step=20)
    assert ended.steps[0].reason == "not sent: web-0 has no free slot (5 of 5 used)"
    assert (verbs(desk, 0), verbs(desk, 1)) == ([], ["stop", "create", "start"])


async def test_one_on_which_a_snapshot_is_being_made_is_not_stopped(desk: Desk) -> None:
    world = desk.provider.world
    world.create(world.account, {"server_id": desk.provider.ids[0], "name": "of-a-colleague"})
    plan = await desk.plans.start(draft(desk))
    ended = await desk.in_time(desk.plans.run(plan), step=20)
    assert ended.steps[0].reason == "not sent: of-a-colleague is in progress on web-0"
    assert (verbs(desk, 0), verbs(desk, 1)) == ([], ["stop", "create", "start"])
