"""Settling by commands alone: evidence outlives the process that gathered it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.helpers.desk import Desk
from tui.fleet.operation import Certainty, Operation, State
from tui.fleet.state import Sighting
from tui.fleet.writes.operations import Operations, Refused


async def command(desk: Desk) -> Operations:
    """A process that has just started, beside a dead one."""
    desk.die(desk.operations)
    desk.operations = desk.open()
    await desk.operations.start()
    return desk.operations


async def lost_create(desk: Desk) -> Operation:
    desk.provider.fate = "dropped"
    made = await desk.operations.create(desk.server(), "nightly")
    desk.provider.fate = "answered"
    return made


async def test_commands_alone_settle_a_lost_create_and_go_on(desk: Desk) -> None:
    lost = await lost_create(desk)
    ends = []
    for _ in range(12):
        await desk.provider.pass_time(100)
        operations = await command(desk)
        await operations.settle()
        found = await operations.journal.get(lost.id)
        assert found is not None
        ends.append(found.state)
        try:
            await operations.create(desk.server(), "nightly")
        except Refused as why:
            assert "create of nightly" in str(why)
        else:
            break
    assert ends[:2] == [State.UNKNOWN, State.NOT_CARRIED_OUT], "the second look had the first one's"
    assert len(ends) == 6, "once its time is over"
    assert desk.sent() == ["create", "create"]


async def test_waiting_settles_within_one_command(desk: Desk) -> None:
    await lost_create(desk)
    operations = await command(desk)
    told: list[Sequence[Operation]] = []
    clock = desk.clock

    async def sleep(seconds: float) -> None:
        await desk.provider.pass_time(seconds)

    clock.sleep = sleep  # type: ignore[method-assign]
    assert await operations.settle(wait=50, told=told.append) != []
    assert await operations.settle(wait=100, told=told.append) == []
    assert [len(left) for left in told][-2:] == [1, 0]
    (kept,) = await operations.history()
    assert (kept.state, kept.certainty) == (State.NOT_CARRIED_OUT, Certainty.LIKELY)


async def test_only_the_server_that_is_asked_for_is_looked_at(desk: Desk) -> None:
    await lost_create(desk)
    operations = await command(desk)
    before = desk.provider.listings
    assert await operations.settle(desk.provider.ids[1]) == []
    assert desk.provider.listings == before
    assert len(await operations.settle(desk.provider.ids[0])) == 1


async def test_a_lost_delete_is_proved_by_settling(desk: Desk) -> None:
    target = await desk.target()
    desk.provider.fate = "lost"
    await desk.operations.delete(target)
    operations = await command(desk)
    assert await operations.settle() == []
    (kept,) = await operations.history()
    assert (kept.state, kept.certainty) == (State.COMPLETED, Certainty.PROVED)


async def test_a_list_that_was_not_asked_of_a_server_says_nothing_of_it(desk: Desk) -> None:
    first, second = (desk.provider.machine(key) for key in desk.provider.ids)
    desk.provider.world.add_snapshot(second, "kept")
    desk.provider.world.add_snapshot(first, "gone")
    kept, gone = sorted((await desk.provider.snapshots()).items, key=lambda s: s.name)[::-1]
    desk.provider.fate = "lost"
    await desk.operations.delete(gone)
    desk.provider.fate = "dropped"
    await desk.operations.delete(kept)
    operations = await command(desk)
    desk.provider.ignores_filter = True
    (left,) = await operations.settle()
    assert (left.snapshot_name, left.state) == ("kept", State.UNKNOWN)
    ended = next(o for o in await operations.history() if o.snapshot_name == "gone")
    assert (ended.state, ended.certainty) == (State.COMPLETED, Certainty.LIKELY)


async def test_a_restore_is_followed_by_commands_alone(desk: Desk) -> None:
    target = await desk.target()
    desk.provider.fate = "lost"
    asked = await desk.operations.restore(target)
    states = []
    for _ in range(40):
        operations = await command(desk)
        await operations.settle()
        found = await operations.journal.get(asked.id)
        assert found is not None
        states.append(found.state)
        await desk.provider.pass_time(25)
    steps = list(dict.fromkeys(states))
    assert steps == [State.ACCEPTED, State.COMPLETED]
    assert desk.sent() == ["restore"]


async def test_the_admin_s_word_frees_a_server_whose_operation_has_ended(desk: Desk) -> None:
    lost = await lost_create(desk)
    for _ in range(2):
        await desk.provider.pass_time(61)
        await desk.operations.settle()
    with pytest.raises(Refused, match="other writes wait"):
        await desk.operations.create(desk.server(), "nightly")
    operations = await command(desk)
    freed = await operations.declare_over(lost.id)
    assert freed is not None
    assert (freed.state, freed.freed) == (State.NOT_CARRIED_OUT, True)
    assert "tracking stopped by admin from 192.0.2.7" in freed.words
    steps = [step.words for step in await operations.timeline(lost.id)]
    assert steps[-1] == freed.words, "and it is on record"
    assert await operations.declare_over(lost.id) is None
    await operations.create(desk.server(), "nightly")


async def test_a_list_that_was_asked_for_before_another_session_s_write_is_no_evidence(
    desk: Desk,
) -> None:
    """The list of one session is on its way while another one sends a restore."""
    target = await desk.target()
    other = desk.open()
    await other.start()
    asked_at = desk.clock.monotonic()
    listing, status = await desk.provider.snapshots(), {desk.provider.ids[0]: "active"}
    await desk.operations.restore(target)
    await desk.look()
    for _ in range(3):
        await desk.provider.pass_time(301)
        await other.observe(Sighting(listing.items, True, asked_at, None, status))
    assert [o.state for o in other.running()] == [State.ACCEPTED]
    with pytest.raises(Refused, match="is open on"):
        await other.delete(target)
