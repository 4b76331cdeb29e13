"""Writes: what is recorded, what is sent, and how each one ends. No request is ever repeated."""

from __future__ import annotations

import pytest

from tests.helpers.desk import Desk
from tui.fleet.operation import Certainty, Operation, State
from tui.fleet.state import Sighting
from tui.fleet.writes.operations import Refused
from tui.vps.errors import Rejected, Unreachable
from tui.vps.models import Key


async def create(desk: Desk, name: str = "fresh") -> Operation:
    return await desk.operations.create(desk.provider.server_model(desk.provider.ids[0]), name)


def carry_out(desk: Desk) -> Key:
    """Make, at the provider, what a request asked for that seemed lost."""
    world, server = desk.provider.world, desk.provider.ids[0]
    fields: dict[str, object] = {"server_id": server, "name": "fresh"}
    return desk.provider.key(world.create(world.account, fields, uuids=desk.provider._uuids))


async def test_a_create_from_intent_to_completed(desk: Desk) -> None:
    operation = await create(desk)
    assert operation.state is State.ACCEPTED
    (made,) = desk.provider.world.snapshots.values()
    assert operation.snapshot_id == desk.provider.key(made)
    for _ in range(11):
        await desk.look()
        await desk.provider.pass_time(60)
    await desk.look()
    assert desk.state() is State.COMPLETED
    steps = [step.state for step in await desk.operations.timeline(operation.id)]
    assert steps == [State.INTENT, State.SENT, State.ACCEPTED, State.COMPLETED]
    kept = (await desk.operations.history())[0]
    assert (kept.user, kept.origin, kept.server_name) == ("admin", "192.0.2.7", "web-0")
    (took,) = await desk.operations.journal.durations("test", kept.kind)
    assert took == pytest.approx(kept.ended_at - kept.accepted_at)  # type: ignore[operator]


async def test_an_end_that_nobody_watched_says_nothing_of_how_long_it_took(desk: Desk) -> None:
    await create(desk)
    await desk.look()
    await desk.provider.pass_time(40_000)  # a night with ciplun closed
    await desk.look()
    (kept,) = await desk.operations.history()
    assert (kept.state, kept.took) == (State.COMPLETED, None)
    assert await desk.operations.journal.durations("test", kept.kind) == []


async def test_a_lost_answer_to_a_create_that_was_carried_out(desk: Desk) -> None:
    desk.provider.fate = "lost"
    operation = await create(desk)
    assert operation.state is State.UNKNOWN
    await desk.look()
    assert desk.state() is State.ACCEPTED
    await desk.provider.pass_time(601)
    await desk.look()
    assert desk.state() is State.COMPLETED
    assert len(desk.provider.sent) == 1


async def test_a_create_of_which_nothing_arrived(desk: Desk) -> None:
    desk.provider.fate = "dropped"
    await create(desk)
    await desk.look()
    await desk.look()
    assert desk.state() is State.UNKNOWN, "too early: it may be late"
    await desk.provider.pass_time(61)
    desk.provider.settled = False
    await desk.look()
    assert desk.state() is State.UNKNOWN, "an unsettled listing proves nothing"
    desk.provider.settled = True
    await desk.look()
    assert desk.state() is State.NOT_CARRIED_OUT
    assert len(desk.provider.sent) == 1
    desk.provider.fate = "answered"
    with pytest.raises(Refused, match=r"not carried out \(likely\); other writes wait 9 min more"):
        await create(desk)
    await desk.provider.pass_time(540)
    await create(desk)
    assert len(desk.provider.sent) == 2, "trying again is the admin's own decision"


@pytest.mark.parametrize("restarted", [False, True], ids=["same session", "next session"])
@pytest.mark.parametrize("late", [100, 600, 3_300])
async def test_what_was_carried_out_late_corrects_the_verdict_for_an_hour(
    desk: Desk, late: int, restarted: bool
) -> None:
    desk.provider.fate = "dropped"
    asked = await create(desk)
    for _ in range(2):
        await desk.provider.pass_time(61)
        await desk.look()
    assert desk.state() is State.NOT_CARRIED_OUT
    operations = desk.open() if restarted else desk.operations
    if restarted:
        await operations.start()
    await desk.provider.pass_time(late - 61)
    made = carry_out(desk)
    await desk.provider.pass_time(1)
    await desk.look(operations)
    assert desk.state() is State.ACCEPTED
    await desk.provider.pass_time(700)
    await desk.look(operations)
    (kept,) = await operations.history()
    assert (kept.id, kept.state, kept.certainty) == (asked.id, State.COMPLETED, Certainty.LIKELY)
    assert kept.snapshot_id == made
    words = [step.words for step in await operations.timeline(asked.id)]
    assert "carried out after all" in words
    assert len(desk.provider.sent) == 1


async def test_what_a_second_try_made_is_not_taken_for_the_first_one_s(desk: Desk) -> None:
    desk.provider.fate = "dropped"
    first = await create(desk)
    for _ in range(2):
        await desk.provider.pass_time(61)
        await desk.look()
    assert (await desk.operations.declare_over(first.id)) is not None
    desk.provider.fate = "answered"
    second = await create(desk)
    for _ in range(3):
        await desk.look()
        await desk.provider.pass_time(400)
    ends = {o.id: o.state for o in await desk.operations.history()}
    assert ends == {first.id: State.NOT_CARRIED_OUT, second.id: State.COMPLETED}


async def test_after_the_hour_a_verdict_stands(desk: Desk) -> None:
    desk.provider.fate = "dropped"
    await create(desk)
    for _ in range(2):
        await desk.provider.pass_time(61)
        await desk.look()
    await desk.provider.pass_time(3_700)
    carry_out(desk)
    await desk.look()
    assert desk.state() is State.NOT_CARRIED_OUT


async def test_unsettled_listings_alone_prove_nothing(desk: Desk) -> None:
    desk.provider.fate = "dropped"
    await create(desk)
    desk.provider.settled = False
    for _ in range(20):
        await desk.provider.pass_time(60)
        await desk.look()
    assert desk.state() is State.UNKNOWN


async def test_an_older_snapshot_of_the_same_name_is_not_taken_for_ours(desk: Desk) -> None:
    await desk.target("fresh")
    desk.provider.fate = "dropped"
    await create(desk, "fresh")
    for _ in range(3):
        await desk.provider.pass_time(61)
        await desk.look()
    assert desk.state() is State.NOT_CARRIED_OUT


async def test_a_listing_asked_for_before_the_answer_is_no_evidence(desk: Desk) -> None:
    desk.provider.fate = "dropped"
    asked_at = desk.clock.monotonic()
    await create(desk)
    await desk.provider.pass_time(60)
    for _ in range(3):
        await desk.operations.observe(Sighting((), True, asked_at))
    assert desk.state() is State.UNKNOWN


async def test_no_connection_means_never_sent(desk: Desk) -> None:
    desk.provider.fate = "unreachable"
    with pytest.raises(Unreachable):
        await create(desk)
    assert desk.state() is State.NEVER_SENT
    assert not desk.operations.running()


async def test_the_provider_s_no_is_an_end(desk: Desk) -> None:
    for n in range(5):
        await desk.target(f"s{n}")
    with pytest.raises(Rejected, match="limit"):
        await create(desk)
    assert desk.state() is State.REFUSED


async def test_a_created_snapshot_that_fails_or_vanishes_or_hangs(desk: Desk) -> None:
    desk.provider.world.next_outcome = "failed"
    await create(desk)
    await desk.provider.pass_time(601)
    await desk.look()
    assert desk.state() is State.FAILED
    desk.provider.world.next_outcome = "completed"
    operation = await create(desk, "second")
    assert operation.snapshot_id is not None
    desk.provider.world.delete(desk.provider.world.account, operation.snapshot_id)
    await desk.look()
    await desk.provider.pass_time(31)  # it may only be listed late
    await desk.look()
    assert desk.state() is State.ACCEPTED
    await desk.provider.pass_time(31)
    await desk.look()
    assert desk.state() is State.VANISHED
    await desk.provider.pass_time(540)
    operation = await create(desk, "third")
    desk.provider.held(operation.snapshot_id).ready_at = float("inf")
    await desk.provider.pass_time(599)
    await desk.look()
    assert not desk.told[-1][2]
    await desk.provider.pass_time(3000)
    await desk.look()
    await desk.look()
    assert [told for told in desk.told if told[2]] == [("create", State.ACCEPTED, True)]


async def test_the_admin_can_declare_it_over(desk: Desk) -> None:
    desk.provider.shows_servers = False
    operation = await desk.operations.restore(await desk.target())
    over = await desk.operations.declare_over(operation.id)
    assert over is not None
    assert (over.state, "admin" in over.words) == (State.UNSEEN, True)
    assert await desk.operations.declare_over(operation.id) is None


@pytest.mark.parametrize(
    ("fate", "end"), [("lost", State.COMPLETED), ("dropped", State.NOT_CARRIED_OUT)]
)
async def test_a_lost_delete_is_settled_by_listing(desk: Desk, fate: str, end: State) -> None:
    target = await desk.target()
    desk.provider.fate = fate
    await desk.operations.delete(target)
    assert desk.state() is State.UNKNOWN
    for _ in range(2):
        await desk.provider.pass_time(61)
        await desk.look()
    assert desk.state() is end
    assert len(desk.provider.sent) == 1


async def test_a_delete_of_what_is_gone_already_is_a_success_and_says_so(desk: Desk) -> None:
    target = await desk.target()
    listed = desk.provider.snapshots

    async def stale(server_id: object = None) -> object:
        found = await listed()
        desk.provider.world.delete(desk.provider.world.account, target.id)
        return found

    desk.provider.snapshots = stale  # type: ignore[method-assign, assignment]
    operation = await desk.operations.delete(target)
    assert (operation.state, operation.words) == (State.COMPLETED, "it was gone already")


async def test_a_changed_target_is_refused_before_anything_leaves(desk: Desk) -> None:
    target = await desk.target()
    there = desk.provider.held(target.id)
    there.name = "renamed"
    with pytest.raises(Refused, match="renamed"):
        await desk.operations.restore(target)
    there.name, there.outcome = "old", "failed"
    with pytest.raises(Refused, match="failed"):
        await desk.operations.restore(target)
    there.outcome = "completed"
    there.created_at += 1
    with pytest.raises(Refused, match="another snapshot"):
        await desk.operations.restore(target)
    desk.provider.world.delete(desk.provider.world.account, target.id)
    with pytest.raises(Refused, match="no longer listed"):
        await desk.operations.restore(target)
    assert desk.provider.sent == []
    assert not desk.operations.running()


async def test_nothing_is_written_to_a_server_that_somebody_restores(desk: Desk) -> None:
    target = await desk.target()
    server = desk.provider.world.servers[int(desk.provider.ids[0])]
    server.restoring_until = desk.provider.world.clock.now() + 600
    with pytest.raises(Refused, match="being restored"):
        await desk.operations.delete(target)
    with pytest.raises(Refused, match="being restored"):
        await create(desk)
    assert desk.sent() == []


async def test_something_else_at_work_on_the_server_is_named_and_refused(desk: Desk) -> None:
    target = await desk.target()
    server = desk.provider.machine(desk.provider.ids[0])
    desk.provider.world.add_snapshot(server, "by-the-panel", hours=0, ready_in=300)
    for attempt in (desk.operations.restore, desk.operations.delete):
        with pytest.raises(Refused, match="by-the-panel"):
            await attempt(target)
    desk.provider.world.snapshots.popitem()
    server.restoring_until = desk.provider.world.clock.now() + 600
    with pytest.raises(Refused, match="being restored"):
        await desk.operations.restore(target)
    assert desk.provider.sent == []
