"""Plans of more than one write: on disk before the first, each step once, and gone on with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from tests.helpers.clocks import eventually
from tests.helpers.desk import Desk
from tests.helpers.journals import operation
from tui.fleet.journal.journal import JournalUnavailable
from tui.fleet.journal.plans import PlanTaken
from tui.fleet.operation import Kind, State
from tui.fleet.plan import Plan, PlanKind, Standing
from tui.fleet.state import ServerView, newest_first
from tui.fleet.writes.drafts import (
    Safety,
    create_plan,
    delete_plan,
    dispensable,
    made_by,
    room_plan,
    safety,
    safety_plan,
    shortfall,
)
from tui.fleet.writes.operations import Operations, Refused
from tui.fleet.writes.plans import Plans
from tui.vps.errors import Rejected, Unreachable
from tui.vps.models import Key, Server, Snapshot

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


def servers(desk: Desk) -> Sequence[Server]:
    return [desk.provider.server_model(key) for key in desk.provider.ids]


async def in_time(work: Awaitable[T]) -> T:
    async with asyncio.timeout(30):
        return await work


async def begun(desk: Desk, draft: Plan) -> asyncio.Task[Plan]:
    """A plan on its way: the task ends once nothing is left to send."""
    plan = await desk.plans.start(draft)
    task = asyncio.create_task(desk.plans.run(plan))
    await eventually(lambda: task.done() or any(map(waits, desk.plans.running())))
    return task


def waits(plan: Plan) -> bool:
    """Whether what was sent is answered, and the next step waits for it."""
    answered = [s.became for s in plan.steps if s.became and s.became.open]
    return bool(answered) and all(o.state in (State.ACCEPTED, State.UNKNOWN) for o in answered)


async def killed(desk: Desk, task: asyncio.Task[Plan]) -> Plans:
    """The session dies at this moment; the next one is started."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    desk.die(desk.operations)
    other = desk.open()
    await other.start()
    await desk.plans_of[other].refresh()
    return desk.plans_of[other]


def standings(plan: Plan) -> list[Standing]:
    return [step.standing for step in plan.steps]


async def states(operations: Operations) -> dict[str, State]:
    return {o.kind.value: o.state for o in await operations.history()}


# -- what becomes a plan ------------------------------------------------------------------


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
    with pytest.raises(Refused, match="none of its other snapshots"):
        safety(full, s[0], "x", {x.id for x in s[1:]})


# -- from start to end ------------------------------------------------------------------------


async def test_a_plan_is_on_disk_with_all_its_steps_before_anything_is_sent(desk: Desk) -> None:
    s = await fill(desk, *["completed"] * 5)
    await desk.plans.start(safety_plan(s[0], desk.server(), Safety("first", s[1])))
    assert desk.sent() == []
    (found,) = await desk.plans_of[desk.open()].refresh()
    assert (found.kind, found.name, found.user) == (PlanKind.SAFETY_RESTORE, "s0", "admin")
    assert [(x.kind, x.name, x.needs) for x in found.steps] == [
        (Kind.DELETE, "s1", None),
        (Kind.CREATE, "first", 1),
        (Kind.RESTORE, "s0", 2),
    ]
    assert found.steps[2].target == s[0], "frozen as the admin saw it"
    assert found.owned
    assert not found.ours


async def test_a_safety_restore_waits_until_its_snapshot_is_completed(desk: Desk) -> None:
    target = await desk.target()
    task = await begun(desk, safety_plan(target, desk.server(), FIRST))
    made = desk.provider.world.snapshots[max(desk.provider.world.snapshots)]
    while made.status(desk.provider.world.clock.now()) != "completed":
        await desk.look()
        assert desk.sent() == ["create"], "the restore waits"
        await desk.provider.pass_time(30)
    await desk.look()
    plan = await in_time(task)
    assert desk.sent() == ["create", "restore"]
    assert standings(plan) == [Standing.DONE, Standing.RUNNING]
    assert plan.open
    await desk.look()
    await desk.provider.pass_time(901)
    await desk.look()
    await desk.provider.pass_time(60)
    await desk.look()
    assert not desk.plans.running()
    (past,) = await desk.plans.history()
    assert standings(past) == [Standing.DONE, Standing.DONE]


@pytest.mark.parametrize("end", ["failed", "vanished", "over", "dropped"])
async def test_where_the_snapshot_is_not_completed_the_restore_is_never_sent(
    desk: Desk, end: str
) -> None:
    target = await desk.target()
    if end == "failed":
        desk.provider.world.next_outcome = "failed"
    if end == "dropped":
        desk.provider.fate = "dropped"
    task = await begun(desk, safety_plan(target, desk.server(), FIRST))
    desk.provider.fate = "answered"
    created = next(o for o in desk.operations.running() if o.kind is Kind.CREATE)
    if end == "vanished":
        desk.provider.world.delete(desk.provider.world.account, created.snapshot_id)
    if end == "over":
        await desk.operations.declare_over(created.id)
    for _ in range(11):
        await desk.look()
        await desk.provider.pass_time(60)
    plan = await in_time(task)
    assert plan.steps[1].standing is Standing.SKIPPED
    assert "before-restore is not completed" in plan.steps[1].words
    assert desk.sent() == ["create"]
    assert not desk.plans.running()


async def test_a_safety_restore_at_five_of_five(desk: Desk) -> None:
    s = await fill(desk, *["completed"] * 5)
    first = safety(await view(desk), s[0], "before-restore", ())
    task = await begun(desk, safety_plan(s[0], desk.server(), first))
    assert desk.sent() == ["delete", "create"]
    assert s[1].id not in desk.provider.world.snapshots
    await desk.provider.pass_time(601)
    await desk.look()
    await in_time(task)
    assert desk.sent() == ["delete", "create", "restore"]


async def test_the_target_is_read_again_before_the_restore(desk: Desk) -> None:
    target = await desk.target()
    task = await begun(desk, safety_plan(target, desk.server(), FIRST))
    desk.provider.held(target.id).name = "renamed"
    await desk.provider.pass_time(601)
    await desk.look()
    plan = await in_time(task)
    assert desk.sent() == ["create"]
    assert "renamed" in plan.steps[1].words
    assert "was not restored" in shortfall(plan)


async def test_a_first_step_that_is_refused_ends_the_plan_and_raises_its_error(
    desk: Desk,
) -> None:
    s = await fill(desk, *["completed"] * 5)
    plan = await desk.plans.start(safety_plan(s[0], desk.server(), FIRST))
    with pytest.raises(Rejected):
        await desk.plans.run(plan)  # somebody took the last slot
    assert not desk.plans.running()
    (past,) = await desk.plans.history()
    assert not past.open
    assert standings(past) == [Standing.NOT_DONE, Standing.SKIPPED]


async def test_what_never_left_ends_a_plan_of_one_server(desk: Desk) -> None:
    s = await fill(desk, *["completed"] * 5)
    desk.provider.fate = "unreachable"
    plan = await desk.plans.start(room_plan(s[0], desk.server(), "new"))
    with pytest.raises(Unreachable):
        await desk.plans.run(plan)
    assert not desk.plans.running()


async def test_a_delete_without_an_answer_is_settled_before_the_create(desk: Desk) -> None:
    s = await fill(desk, *["completed"] * 5)
    desk.provider.fate = "lost"
    task = await begun(desk, room_plan(s[0], desk.server(), "new"))
    assert desk.sent() == ["delete"]
    desk.provider.fate = "answered"
    await desk.look()
    plan = await in_time(task)
    assert desk.sent() == ["delete", "create"]
    assert standings(plan) == [Standing.DONE, Standing.RUNNING]


async def test_room_made_and_not_used_is_said(desk: Desk) -> None:
    s = await fill(desk, *["completed"] * 5)
    delete = desk.provider.delete_snapshot

    async def delete_and_fill(key: Key) -> bool:
        done = await delete(key)
        await fill(desk, "completed")  # somebody else is quicker
        return done

    desk.provider.delete_snapshot = delete_and_fill  # type: ignore[method-assign, assignment]
    plan = await desk.plans.run(await desk.plans.start(room_plan(s[0], desk.server(), "new")))
    assert "s0 is deleted, new was not created" in shortfall(plan)
    assert "one snapshot short" in shortfall(plan)


async def test_a_set_tells_each_step_and_one_that_fails_stops_no_other(desk: Desk) -> None:
    await fill(desk, *["completed"] * 5)
    told: list[tuple[int, Standing]] = []
    plan = await desk.plans.start(
        create_plan([(server, None) for server in servers(desk)], "before-patch")
    )
    plan = await desk.plans.run(plan, lambda _, step: told.append((step.number, step.standing)))
    assert sorted(told) == [(1, Standing.NOT_DONE), (2, Standing.RUNNING)]
    assert "limit" in plan.steps[0].reason
    await desk.provider.pass_time(601)
    await desk.look()
    (past,) = await desk.plans.history()
    assert not past.open
    assert len(made_by(past)) == 1


async def test_deletes_on_one_server_go_one_after_the_other(desk: Desk) -> None:
    s = await fill(desk, *["completed"] * 4)
    plan = await desk.plans.run(await desk.plans.start(delete_plan(s[:3], "old ones")))
    assert standings(plan) == [Standing.DONE] * 3
    assert not plan.open
    assert desk.sent() == ["delete"] * 3


async def test_what_concerns_all_steps_stops_the_plan_and_it_can_be_gone_on_with(
    desk: Desk,
) -> None:
    s = await fill(desk, *["completed"] * 4)
    delete, calls = desk.provider.delete_snapshot, 0

    async def once(key: Key) -> bool:
        nonlocal calls
        calls += 1
        if calls == 2:
            desk.provider.fate = "unreachable"
        return await delete(key)

    desk.provider.delete_snapshot = once  # type: ignore[method-assign, assignment]
    plan = await desk.plans.run(await desk.plans.start(delete_plan(s[:3], "old ones")))
    assert standings(plan) == [Standing.DONE, Standing.UNSENT, Standing.UNSENT]
    assert plan.interrupted
    assert plan.words == "could not reach it"
    desk.provider.fate = "answered"
    plan = await desk.plans.run(await desk.plans.go_on(plan.id))
    assert standings(plan) == [Standing.DONE] * 3
    assert desk.sent() == ["delete"] * 3


# -- killed and gone on with --------------------------------------------------------------


async def test_a_killed_safety_restore_is_gone_on_with_once_and_only_when_asked(
    desk: Desk,
) -> None:
    task = await begun(desk, safety_plan(await desk.target(), desk.server(), FIRST))
    plans = await killed(desk, task)
    operations = desk.desks[-1]
    await desk.provider.pass_time(601)
    await desk.look(operations)
    (left,) = plans.running()
    assert left.interrupted
    assert standings(left) == [Standing.DONE, Standing.UNSENT]
    assert desk.sent() == ["create"], "nothing is sent without being asked"
    plan = await in_time(plans.run(await plans.go_on(left.id)))
    assert desk.sent() == ["create", "restore"]
    assert standings(plan) == [Standing.DONE, Standing.RUNNING]


async def test_a_step_killed_on_the_wire_is_settled_before_the_next_one(desk: Desk) -> None:
    s = await fill(desk, *["completed"] * 5)
    hang = asyncio.Event()
    delete = desk.provider.delete_snapshot

    async def delete_and_hang(key: Key) -> bool:
        await delete(key)
        await hang.wait()
        return True

    desk.provider.delete_snapshot = delete_and_hang  # type: ignore[method-assign, assignment]
    plan = await desk.plans.start(room_plan(s[0], desk.server(), "new"))
    task = asyncio.create_task(desk.plans.run(plan))
    await eventually(lambda: "delete" in desk.sent())
    # The process is gone: nothing of it writes any more.
    desk.operations.journal.file._closed = True
    plans = await killed(desk, task)
    operations = desk.desks[-1]
    (left,) = plans.running()
    assert standings(left) == [Standing.RUNNING, Standing.UNSENT]
    assert left.steps[0].became is not None
    assert left.steps[0].became.state is State.UNKNOWN
    going = asyncio.create_task(plans.run(await plans.go_on(left.id)))
    await asyncio.sleep(0.02)
    assert desk.sent() == ["delete"], "not before it is known what became of the delete"
    await desk.look(operations)
    done = await in_time(going)
    assert desk.sent() == ["delete", "create"]
    assert standings(done) == [Standing.DONE, Standing.RUNNING]


async def test_a_set_killed_half_way_sends_the_rest_and_no_step_again(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    for n in range(2, 6):
        desk.provider.ids.append(desk.provider.key(desk.provider.world.add_server(f"web-{n}")))
    create, calls = desk.provider.create_snapshot, 0

    async def two_and_hang(server_id: Key, name: str, description: str = "") -> Snapshot:
        nonlocal calls
        calls += 1
        if calls > 2:
            await asyncio.Event().wait()
        return await create(server_id, name)

    desk.provider.create_snapshot = two_and_hang  # type: ignore[method-assign]
    plan = await desk.plans.start(create_plan([(s, None) for s in servers(desk)], "patch"))
    task = asyncio.create_task(desk.plans.run(plan))
    await eventually(lambda: calls >= 5)
    desk.operations.journal.file._closed = True
    plans = await killed(desk, task)
    desk.provider.create_snapshot = create  # type: ignore[method-assign]
    (left,) = plans.running()
    assert left.tally == {Standing.RUNNING: 5, Standing.UNSENT: 1}
    assert left.interrupted
    await plans.run(await plans.go_on(left.id))
    assert len(desk.sent()) == 3, "two before, the one that was left, and none again"
    for operations in desk.desks:
        await operations.close()


async def test_an_intent_of_a_dead_session_was_never_sent_and_is_sent_on_going_on(
    desk: Desk,
) -> None:
    s = await fill(desk, *["completed"] * 3)
    plan = await desk.plans.start(delete_plan(s[:2], "old ones"))
    reached, listed = asyncio.Event(), desk.provider.snapshots

    async def hang(server_id: Key | None = None) -> object:
        reached.set()
        return await asyncio.Event().wait()

    desk.provider.snapshots = hang  # type: ignore[method-assign, assignment]
    task = asyncio.create_task(desk.plans.run(plan))
    await in_time(reached.wait())
    desk.operations.journal.file._closed = True
    plans = await killed(desk, task)
    desk.provider.snapshots = listed  # type: ignore[method-assign]
    await desk.look(desk.desks[-1])
    (left,) = plans.running()
    assert standings(left) == [Standing.UNSENT, Standing.UNSENT]
    done = await in_time(plans.run(await plans.go_on(left.id)))
    assert standings(done) == [Standing.DONE] * 2
    assert desk.sent() == ["delete"] * 2


async def test_one_process_at_a_time_is_at_a_plan(desk: Desk) -> None:
    task = await begun(desk, safety_plan(await desk.target(), desk.server(), FIRST))
    other = desk.open()
    await other.start()
    (seen,) = await desk.plans_of[other].refresh()
    assert not seen.interrupted
    with pytest.raises(Refused, match="another session works on this plan"):
        await desk.plans_of[other].go_on(seen.id)
    plans = await killed(desk, task)
    await plans.go_on(seen.id)
    with pytest.raises(Refused, match="another session works on this plan"):
        await desk.plans_of[other].go_on(seen.id)


async def test_any_session_can_end_a_plan_and_its_owner_then_sends_nothing_more(
    desk: Desk,
) -> None:
    task = await begun(desk, safety_plan(await desk.target(), desk.server(), FIRST))
    other = desk.open()
    await other.start()
    (seen,) = await desk.plans_of[other].refresh()
    ended = await desk.plans_of[other].end(seen.id)
    assert standings(ended) == [Standing.RUNNING, Standing.SKIPPED]
    await desk.provider.pass_time(601)
    await desk.look()
    plan = await in_time(task)
    assert desk.sent() == ["create"]
    assert not plan.open
    assert "ended by admin" in plan.words


async def test_leaving_stops_before_the_next_step_and_lets_go_of_the_plan(desk: Desk) -> None:
    task = await begun(desk, safety_plan(await desk.target(), desk.server(), FIRST))
    desk.plans.leave()
    await desk.operations.leave()
    left = await in_time(task)
    assert left.interrupted
    assert standings(left) == [Standing.RUNNING, Standing.UNSENT]


async def test_another_write_in_between_stops_the_restore(desk: Desk) -> None:
    task = await begun(desk, safety_plan(await desk.target(), desk.server(), FIRST))
    other = desk.open()
    await other.start()
    await desk.provider.pass_time(601)
    await desk.look(other)
    await other.create(desk.server(), "in-between")
    await desk.look()
    plan = await in_time(task)
    assert "in-between is open" in plan.steps[1].words
    assert desk.sent() == ["create", "create"]


async def test_a_plan_that_was_taken_over_is_let_alone_by_its_former_owner(desk: Desk) -> None:
    plan = await desk.plans.start(delete_plan([await desk.target()], "old"))
    desk.die(desk.operations)
    other = desk.plans_of[desk.open()]
    await other.go_on(plan.id)
    with_other = await other._reread(plan.id)
    left = await desk.plans.run(plan)
    assert desk.sent() == []
    assert left.open
    assert with_other.ours
    with pytest.raises(PlanTaken):
        await desk.operations.delete(
            await desk.target("more"), also=desk.plans._book(plan.id).link(plan.id, 1)
        )
    assert desk.sent() == []


# -- where records fail --------------------------------------------------------------------


async def test_without_a_journal_no_plan_starts_and_by_word_it_is_kept_in_memory(
    desk: Desk,
) -> None:
    s = await fill(desk, *["completed"] * 5)
    for file in desk.folder.glob("journal.sqlite3*"):
        file.unlink()
    (desk.folder / "journal.sqlite3").mkdir()
    draft = room_plan(s[0], desk.server(), "new")
    with pytest.raises(JournalUnavailable):
        await desk.plans.start(draft)
    assert desk.sent() == []
    plan = await desk.plans.start(draft, unjournaled=True)
    assert plan.id < 0
    plan = await desk.plans.run(plan)
    assert desk.sent() == ["delete", "create"]
    assert standings(plan) == [Standing.DONE, Standing.RUNNING]


async def test_a_row_of_nonsense_hides_no_other_plan(desk: Desk) -> None:
    s = await fill(desk, *["completed"] * 3)
    bad = await desk.plans.start(delete_plan(s[:1], "bad"))
    await desk.plans.start(delete_plan(s[1:2], "good"))

    def spoil(db: object, _: object) -> None:
        db.execute("UPDATE plan_steps SET target = '{' WHERE plan = ?", (bad.id,))  # type: ignore[attr-defined]

    await desk.operations.journal.perform(spoil)
    assert [plan.name for plan in await desk.plans_of[desk.open()].refresh()] == ["good"]


async def test_protection_is_shared_lasts_and_refuses_deletes(desk: Desk) -> None:
    target = await desk.target()
    other = desk.open()
    await other.start()
    await desk.operations.protect(target, on=True)
    with pytest.raises(Refused, match="protected here"):
        await other.delete(target)
    with pytest.raises(Refused, match="protected here"):
        await desk.plans.run(await desk.plans.start(room_plan(target, desk.server(), "new")))
    assert desk.sent() == []
    later = desk.open()
    await later.start()
    assert await later._protecting._read() == {target.id}
    await later.protect(target, on=False)
    await desk.operations.delete(target)
    assert desk.sent() == ["delete"]


async def test_protection_belongs_to_one_account(desk: Desk) -> None:
    target = await desk.target()
    await desk.operations.protect(target, on=True)
    assert await desk.operations.journal.protected("another") == frozenset()


def test_an_operation_of_another_plan_changes_nothing() -> None:
    plan = Plan(kind=PlanKind.CREATE, name="x", steps=())
    made = operation(id=1, state=State.ACCEPTED)
    assert plan.with_operation(made) == plan
