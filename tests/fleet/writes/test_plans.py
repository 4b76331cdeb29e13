"""Plans of more than one write: each step only once the one before is certain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.helpers.desk import Desk
from tui.fleet.operation import Operation, State
from tui.fleet.state import ServerView, newest_first
from tui.fleet.writes.operations import Operations, Refused
from tui.fleet.writes.plans import (
    OneShort,
    Safety,
    begin_safety_restore,
    dispensable,
    finish_safety_restore,
    make_room,
    safety,
)
from tui.notices import farewell
from tui.vps.errors import Rejected
from tui.vps.models import Key, Snapshot

T = TypeVar("T")
FIRST = Safety("before-restore")


async def view(desk: Desk) -> ServerView:
    listed = (await desk.provider.snapshots(desk.server().id)).items
    return ServerView(desk.server(), newest_first(listed))


async def fill(desk: Desk, *outcomes: str) -> list[Snapshot]:
    """Snapshots of the first server, the oldest first."""
    server = desk.provider.world.servers[int(desk.provider.ids[0])]
    for n, outcome in enumerate(outcomes):
        desk.provider.world.add_snapshot(server, f"s{n}", hours=100 - n, outcome=outcome)
    return sorted((await view(desk)).snapshots, key=lambda s: s.name)


async def begun(desk: Desk, target: Snapshot, first: Safety = FIRST) -> asyncio.Task[Operation]:
    """A safety restore whose snapshot is asked for; the rest goes on in the background."""
    operations = desk.operations
    made, waiting = await begin_safety_restore(operations, target, desk.server(), first)
    return asyncio.create_task(finish_safety_restore(operations, target, made, waiting))


async def in_time(work: Awaitable[T]) -> T:
    async with asyncio.timeout(30):
        return await work


async def states(operations: Operations) -> dict[str, State]:
    return {o.kind.value: o.state for o in await operations.history()}


async def test_what_could_go_is_ranked_and_never_the_only_completed_or_a_protected_one(
    desk: Desk,
) -> None:
    s = await fill(desk, "completed", "completed", "failed", "completed", "completed")
    found = dispensable(await view(desk))
    assert [x.name for x in found] == ["s2", "s0", "s1", "s3", "s4"]
    found = dispensable(await view(desk), {s[2].id, s[0].id})
    assert [x.name for x in found] == ["s1", "s3", "s4"]


async def test_the_only_completed_one_is_never_offered(desk: Desk) -> None:
    await fill(desk, "completed", "failed", "failed", "failed", "failed")
    assert "s0" not in [x.name for x in dispensable(await view(desk))]


async def test_what_goes_for_a_safety_restore_is_never_its_target(desk: Desk) -> None:
    s = await fill(desk, *["completed"] * 5)
    full = await view(desk)
    assert safety(full, s[0], "x", ()) == Safety("x", s[1])
    assert safety(full, s[1], "x", ()) == Safety("x", s[0])
    with pytest.raises(Refused, match="none of the other"):
        safety(full, s[0], "x", {x.id for x in s[1:]})


async def test_a_safety_restore_waits_until_its_snapshot_is_completed(desk: Desk) -> None:
    target = await desk.target()
    plan = await begun(desk, target)
    assert await states(desk.operations) == {"create": State.ACCEPTED, "restore": State.WAITING}
    made = desk.provider.world.snapshots[max(desk.provider.world.snapshots)]
    while made.status(desk.provider.world.clock.now()) != "completed":
        await desk.look()
        assert desk.sent() == ["create"], "the restore waits"
        await desk.provider.pass_time(30)
    await desk.look()
    restored = await in_time(plan)
    assert desk.sent() == ["create", "restore"]
    steps = [step.state for step in await desk.operations.timeline(restored.id)]
    assert steps == [State.WAITING, State.INTENT, State.SENT, State.ACCEPTED]


@pytest.mark.parametrize("end", ["failed", "vanished", "over", "dropped"])
async def test_where_the_snapshot_is_not_completed_the_restore_is_never_sent(
    desk: Desk, end: str
) -> None:
    target = await desk.target()
    if end == "failed":
        desk.provider.world.next_outcome = "failed"
    if end == "dropped":
        desk.provider.fate = "dropped"
    plan = await begun(desk, target)
    desk.provider.fate = "answered"
    created = next(o for o in desk.operations.running() if o.kind.value == "create")
    if end == "vanished":
        desk.provider.world.delete(desk.provider.world.account, created.snapshot_id)
    if end == "over":
        await desk.operations.declare_over(created.id)
    for _ in range(11):
        await desk.look()
        await desk.provider.pass_time(60)
    given_up = await in_time(plan)
    assert given_up.state is State.NEVER_SENT
    assert "before-restore is not completed" in given_up.words
    assert desk.sent() == ["create"]
    assert not desk.operations.running()


async def test_a_safety_restore_at_five_of_five(desk: Desk) -> None:
    s = await fill(desk, *["completed"] * 5)
    first = safety(await view(desk), s[0], "before-restore", ())
    plan = await begun(desk, s[0], first)
    assert desk.sent() == ["delete", "create"]
    assert s[1].id not in desk.provider.world.snapshots
    await desk.provider.pass_time(601)
    await desk.look()
    await in_time(plan)
    assert desk.sent() == ["delete", "create", "restore"]


async def test_the_target_is_read_again_before_anything_and_again_before_the_restore(
    desk: Desk,
) -> None:
    s = await fill(desk, *["completed"] * 5)
    target = desk.provider.world.snapshots[int(s[0].id)]
    first = safety(await view(desk), s[0], "before-restore", ())
    target.name = "renamed"
    with pytest.raises(Refused, match="renamed"):
        await begun(desk, s[0], first)
    assert desk.sent() == [], "nothing is deleted for a restore that cannot be"
    target.name = "s0"
    plan = await begun(desk, s[0], first)
    target.name = "renamed"
    await desk.provider.pass_time(601)
    await desk.look()
    with pytest.raises(Refused, match="renamed"):
        await in_time(plan)
    assert desk.sent() == ["delete", "create"]
    assert (await states(desk.operations))["restore"] is State.NEVER_SENT


async def test_a_refused_snapshot_ends_the_plan(desk: Desk) -> None:
    s = await fill(desk, *["completed"] * 5)
    with pytest.raises(Rejected):
        await begun(desk, s[0], FIRST)  # somebody took the last slot
    restore = next(o for o in await desk.operations.history() if o.kind.value == "restore")
    assert (restore.state, "was not made" in restore.words) == (State.NEVER_SENT, True)


async def test_a_plan_that_is_left_is_said_to_be_not_sent(desk: Desk) -> None:
    plan = await begun(desk, await desk.target())
    assert "restore of old" in farewell(desk.operations.running())
    assert "is not sent" in farewell(desk.operations.running())
    await desk.operations.leave()
    with pytest.raises(asyncio.CancelledError):
        await in_time(plan)
    assert await states(desk.operations) == {"create": State.ACCEPTED, "restore": State.NEVER_SENT}


async def test_a_plan_whose_session_was_killed_is_not_gone_on_with_and_said_so(
    desk: Desk,
) -> None:
    plan = await begun(desk, await desk.target())
    other = desk.open()
    await other.start()
    assert (await states(other))["restore"] is State.WAITING, "its session lives"
    plan.cancel()
    desk.die(desk.operations)
    desk.told.clear()
    await desk.look(other)
    assert ("restore", State.NEVER_SENT, False) in desk.told
    await desk.provider.pass_time(601)
    await desk.look(other)
    assert await states(other) == {"create": State.COMPLETED, "restore": State.NEVER_SENT}
    assert desk.sent() == ["create"]


async def test_a_waiting_restore_can_be_given_up_by_any_session(desk: Desk) -> None:
    plan = await begun(desk, await desk.target())
    other = desk.open()
    await other.start()
    waiting = next(o for o in other.running() if o.state is State.WAITING)
    await other.declare_over(waiting.id)
    await desk.provider.pass_time(601)
    await desk.look()
    with pytest.raises(Refused, match="declared over"):
        await in_time(plan)
    assert desk.sent() == ["create"]


async def test_another_session_that_is_quicker_stops_the_plan(desk: Desk) -> None:
    plan = await begun(desk, await desk.target())
    other = desk.open()
    await other.start()
    await desk.provider.pass_time(601)
    await desk.look(other)
    await other.create(desk.server(), "in-between")
    await desk.look()
    with pytest.raises(Refused, match="in-between is open"):
        await in_time(plan)
    assert desk.sent() == ["create", "create"]
    assert (await states(desk.operations))["restore"] is State.NEVER_SENT


async def test_room_is_not_made_with_a_delete_that_is_not_certain(desk: Desk) -> None:
    s = await fill(desk, *["completed"] * 5)
    desk.provider.fate = "lost"
    with pytest.raises(Refused, match="not certain"):
        await make_room(desk.operations, s[0], desk.server(), "new")
    assert desk.sent() == ["delete"]


async def test_room_made_and_not_used_is_said(desk: Desk) -> None:
    s = await fill(desk, *["completed"] * 5)
    delete = desk.provider.delete_snapshot

    async def delete_and_fill(key: Key) -> bool:
        done = await delete(key)
        await fill(desk, "completed")  # somebody else is quicker
        return done

    desk.provider.delete_snapshot = delete_and_fill  # type: ignore[method-assign, assignment]
    with pytest.raises(OneShort, match="s0 is deleted, new was not created"):
        await make_room(desk.operations, s[0], desk.server(), "new")


async def test_protection_is_shared_lasts_and_refuses_deletes(desk: Desk, tmp_path: Path) -> None:
    target = await desk.target()
    other = desk.open()
    await other.start()
    await desk.operations.protect(target, on=True)
    with pytest.raises(Refused, match="protected here"):
        await other.delete(target)
    with pytest.raises(Refused, match="protected here"):
        await make_room(desk.operations, target, desk.server(), "new")
    assert desk.sent() == []
    later = desk.open()
    await later.start()
    assert later._protected == {target.id}
    await later.protect(target, on=False)
    await desk.operations.delete(target)
    assert desk.sent() == ["delete"]
    (tmp_path / "journal.sqlite3").unlink()


async def test_protection_belongs_to_one_account(desk: Desk) -> None:
    target = await desk.target()
    await desk.operations.protect(target, on=True)
    assert await desk.operations.journal.protected("another") == frozenset()
