"""Ensuring against a simulated provider: once is enough, two at once make one, nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from tests.helpers.desk import Desk
from tui.config.ages import HOUR
from tui.config.tables import Policy
from tui.fleet.ensure import Course, Wanted
from tui.fleet.retention import by_glob, retain
from tui.fleet.state import ServerView, newest_first
from tui.fleet.templates import Template
from tui.fleet.writes.drafts import retention_plan
from tui.fleet.writes.ensuring import Ensured, Ensurer
from tui.fleet.writes.operations import Operations
from tui.vps.models import Server

POLICY = Policy(name="nightly-{date}", keep_last=1, keep_daily=1, reserve=1)
WANTED = Wanted(20 * HOUR, Template("nightly-{date}"), policy=POLICY)


def ensurer(desk: Desk, operations: Operations | None = None, wanted: Wanted = WANTED) -> Ensurer:
    found = operations or desk.operations
    return Ensurer(found, wanted, now=desk.provider.world.clock.now, protected=lambda: frozenset())


def servers(desk: Desk) -> Sequence[Server]:
    return [desk.provider.server_model(key) for key in desk.provider.ids]


async def run(desk: Desk, operations: Operations | None = None) -> Sequence[Ensured]:
    told: list[Ensured] = []
    found = await ensurer(desk, operations).all(servers(desk), told.append)
    assert sorted(told, key=lambda e: str(e.server.id)) == list(found)
    return found


async def rest(desk: Desk) -> None:
    """Let what runs end, as polls see it."""
    for _ in range(3):
        await desk.provider.pass_time(400)
        await desk.look()


async def test_ensuring_twice_is_ensuring_once(desk: Desk) -> None:
    assert [e.course for e in await run(desk)] == [Course.CREATE] * 2
    assert [e.course for e in await run(desk)] == [Course.ON_ITS_WAY] * 2
    await rest(desk)
    assert [e.course for e in await run(desk)] == [Course.FRESH] * 2
    assert desk.sent() == ["create"] * 2


async def test_two_sessions_at_once_make_one_each(desk: Desk) -> None:
    other = desk.open()
    await other.start()
    both = await asyncio.gather(run(desk), run(desk, other))
    assert desk.sent() == ["create"] * 2
    assert all(ensured.good for found in both for ensured in found)
    assert {e.course for found in both for e in found} == {Course.CREATE, Course.ON_ITS_WAY}


async def test_a_create_that_somebody_else_began_is_as_good(desk: Desk) -> None:
    world = desk.provider.world
    world.create(world.account, {"server_id": desk.provider.ids[0], "name": "theirs"}, uuids=False)
    found = await run(desk)
    assert [e.course for e in found] == [Course.ON_ITS_WAY, Course.CREATE]
    assert found[0].words == "theirs is in progress"


async def test_a_lost_answer_is_told_and_makes_no_second_one(desk: Desk) -> None:
    desk.provider.fate = "lost"
    found = await run(desk)
    assert [(e.good, e.told) for e in found] == [(False, False)] * 2
    desk.provider.fate = "answered"
    assert [e.course for e in await run(desk)] == [Course.ON_ITS_WAY] * 2
    await rest(desk)
    assert [e.course for e in await run(desk)] == [Course.FRESH] * 2
    assert desk.sent() == ["create"] * 2


async def test_a_list_that_may_lack_something_creates_nothing(desk: Desk) -> None:
    desk.provider.settled = False
    found = await run(desk)
    assert [(e.course, e.good) for e in found] == [(Course.BLOCKED, False)] * 2
    assert found[0].words == "its snapshots cannot all be seen"
    assert desk.sent() == []


async def test_what_the_policy_does_not_keep_goes_after_completion_one_by_one(desk: Desk) -> None:
    world, key = desk.provider.world, desk.provider.ids[0]
    for n in range(4):
        world.add_snapshot(desk.provider.machine(key), f"nightly-2025-01-0{n + 1}", hours=90 - n)
    world.add_snapshot(desk.provider.machine(key), "mine", hours=900)
    server = servers(desk)[0]
    found = await ensurer(desk).one(server)
    assert found.deleted == ("nightly-2025-01-01", "nightly-2025-01-02", "nightly-2025-01-03")
    await rest(desk)
    pruned = await ensurer(desk).prune(server)
    assert (pruned.good, pruned.words) == (True, "nothing to delete")
    left = sorted(s.name for s in (await desk.provider.snapshots(key)).items)
    assert left[:2] == ["mine", "nightly-2025-01-04"]
    assert len(left) == 3


async def test_a_protected_one_stays(desk: Desk) -> None:
    world, key = desk.provider.world, desk.provider.ids[0]
    for n in range(5):
        world.add_snapshot(desk.provider.machine(key), f"nightly-2025-01-0{n + 1}", hours=90 - n)
    oldest = newest_first((await desk.provider.snapshots(key)).items)[-1]
    await desk.operations.protect(oldest, on=True)
    found = await ensurer(desk).one(servers(desk)[0])  # even where nothing is known of it here
    assert not found.good
    assert "protected" in found.words
    assert desk.sent() == []


@pytest.mark.parametrize("rival", [False, True])
async def test_a_retention_plan_never_deletes_the_last_good_one(desk: Desk, rival: bool) -> None:
    world, key = desk.provider.world, desk.provider.ids[0]
    made = [
        world.add_snapshot(desk.provider.machine(key), f"n-{n}", hours=90 - n) for n in range(3)
    ]
    now = datetime.fromtimestamp(world.clock.now(), UTC)
    view = ServerView(servers(desk)[0], newest_first((await desk.provider.snapshots(key)).items))
    policy = Policy(name="n", keep_last=1)
    found = retain(view, policy, by_glob("n-*"), now)
    plan = await desk.plans.start(retention_plan([found], "by hand"))
    assert [step.description for step in plan.steps] == ["policy by hand: no rule keeps it"] * 2
    if rival:  # somebody deletes the two newer ones in the meantime
        world.delete(world.account, made[1].id)
        world.delete(world.account, made[2].id)
    ended = await desk.plans.run(plan)
    left = [s.name for s in (await desk.provider.snapshots(key)).items]
    assert left == (["n-0"] if rival else ["n-2"])
    if rival:
        assert "n-0 is the newest completed one now" in ended.steps[0].reason


async def test_a_retention_plan_deletes_those_of_the_same_second(desk: Desk) -> None:
    world, key = desk.provider.world, desk.provider.ids[0]
    for n in range(3):
        world.add_snapshot(desk.provider.machine(key), f"n-{n}", hours=90)
    now = datetime.fromtimestamp(world.clock.now(), UTC)
    view = ServerView(servers(desk)[0], newest_first((await desk.provider.snapshots(key)).items))
    found = retain(view, Policy(name="n", keep_last=1), by_glob("n-*"), now)
    await desk.plans.run(await desk.plans.start(retention_plan([found], "by hand")))
    assert [s.name for s in (await desk.provider.snapshots(key)).items] == ["n-2"]
