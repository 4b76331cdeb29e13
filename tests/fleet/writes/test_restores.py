"""Restores: what is recorded, what is believed of a status, and when one is over."""

from __future__ import annotations

import pytest

from tests.helpers.desk import Desk
from tui.fleet.operation import Certainty, Operation, State
from tui.fleet.writes.operations import Refused
from tui.vps.models import Key, Restoring


async def create(desk: Desk, name: str = "fresh") -> Operation:
    return await desk.operations.create(desk.provider.server_model(desk.provider.ids[0]), name)


async def test_a_restore_is_seen_through_the_server_s_status(desk: Desk) -> None:
    target = await desk.target()
    await desk.operations.restore(target)
    await desk.look()
    assert desk.state() is State.ACCEPTED
    await desk.provider.pass_time(901)
    await desk.look()
    assert desk.state() is State.ACCEPTED, "one reading may be stale"
    await desk.provider.pass_time(21)
    await desk.look()
    assert desk.state() is State.COMPLETED


@pytest.mark.parametrize(("status", "ends_by"), [("active", 90), ("stopped", 320)])
async def test_no_restore_is_believed_over_too_soon_or_on_one_reading(
    desk: Desk, status: str, ends_by: int
) -> None:
    target = await desk.target()
    await desk.operations.restore(target)
    machine = desk.provider.machine(desk.provider.ids[0])
    await desk.look()  # restoring
    over, machine.restoring_until = machine.restoring_until, 0.0
    machine.power = status
    for _ in range(4):  # a stale reading, between two true ones, again and again
        await desk.provider.pass_time(10)
        await desk.look()
        machine.restoring_until = over
        await desk.look()
        machine.restoring_until = 0.0
    assert desk.state() is State.ACCEPTED
    passed = 40
    while desk.state() is State.ACCEPTED:
        assert passed < ends_by
        await desk.provider.pass_time(10)
        await desk.look()
        passed += 10
    assert (desk.state(), passed >= ends_by - 40) == (State.COMPLETED, True)


async def test_a_lost_restore_that_was_carried_out(desk: Desk) -> None:
    target = await desk.target()
    desk.provider.fate = "lost"
    await desk.operations.restore(target)
    assert desk.state() is State.UNKNOWN
    await desk.look()
    assert desk.state() is State.ACCEPTED
    await desk.provider.pass_time(901)
    await desk.look()
    await desk.provider.pass_time(21)
    await desk.look()
    assert desk.state() is State.COMPLETED
    assert len(desk.provider.sent) == 1


@pytest.mark.parametrize("status", ["active", "stopped"])
async def test_a_restore_without_an_answer_is_never_denied_by_a_status(
    desk: Desk, status: str
) -> None:
    target = await desk.target()
    desk.provider.machine(desk.provider.ids[0]).power = status
    desk.provider.fate = "dropped"
    asked = await desk.operations.restore(target)
    for _ in range(14):
        await desk.provider.pass_time(61)
        await desk.look()
        assert desk.state() is State.UNKNOWN
        with pytest.raises(Refused, match="is open on"):
            await desk.operations.restore(target)
    await desk.provider.pass_time(61)
    await desk.look()
    (kept,) = await desk.operations.history()
    assert (kept.id, kept.state, kept.certainty) == (asked.id, State.UNSEEN, Certainty.UNTOLD)
    assert kept.evidence == (f"no answer came; the server is {status} now; its end cannot be seen")
    assert desk.sent() == ["restore"]


@pytest.mark.parametrize("fate", ["lost", "dropped", "answered"])
async def test_where_servers_cannot_be_seen_a_restore_stays_honestly_unknown(
    desk: Desk, fate: str
) -> None:
    desk.provider.shows_servers = False
    target = await desk.target()
    desk.provider.fate = fate
    await desk.operations.restore(target)
    await desk.provider.pass_time(890)
    await desk.look()
    assert desk.state() in (State.UNKNOWN, State.ACCEPTED)
    with pytest.raises(Refused, match="restore of old"):
        await create(desk)
    await desk.provider.pass_time(20)
    await desk.look()
    assert desk.state() is State.UNSEEN
    assert len(desk.provider.sent) == 1


async def test_a_restore_is_not_called_over_before_it_was_seen_to_begin(desk: Desk) -> None:
    """The service says "restoring" in its answer, while its list lags behind."""
    target = await desk.target()
    restore = desk.provider.restore_snapshot

    async def lagging(key: Key, server_id: Key | None = None) -> Restoring:
        answer = await restore(key)
        desk.provider.world.servers[int(desk.server().id)].restoring_until = 0.0
        return answer

    desk.provider.restore_snapshot = lagging  # type: ignore[method-assign, assignment]
    await desk.operations.restore(target)
    for _ in range(3):
        await desk.provider.pass_time(100)
        await desk.look()
        assert desk.state() is State.ACCEPTED
    await desk.provider.pass_time(700)
    await desk.look()
    assert desk.state() is State.UNSEEN
