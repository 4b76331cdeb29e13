"""Writes of several sessions on one journal, of dead ones, and without a record."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.helpers.clocks import eventually
from tests.helpers.desk import Desk
from tui.fleet.operation import Kind, Operation, State
from tui.fleet.state import Sighting
from tui.fleet.writes.operations import JournalUnavailable, Refused


async def create(desk: Desk, name: str = "fresh") -> Operation:
    return await desk.operations.create(desk.provider.server_model(desk.provider.ids[0]), name)


async def test_two_sessions_cannot_write_to_one_server_at_once(desk: Desk) -> None:
    other = desk.open()
    await other.start()
    await create(desk)
    with pytest.raises(Refused, match="create of fresh is open on web-0"):
        await other.create(desk.provider.server_model(desk.provider.ids[0]), "mine")
    await other.create(desk.provider.server_model(desk.provider.ids[1]), "mine")
    await desk.provider.pass_time(601)
    await desk.look(other)
    await desk.look()
    assert not desk.operations.running()
    ends = [o.state for o in await other.history()]
    assert ends == [State.COMPLETED, State.COMPLETED]
    assert len(desk.provider.sent) == 2


async def test_what_one_session_declares_over_is_over_for_the_one_that_sent_it(
    desk: Desk,
) -> None:
    desk.provider.shows_servers = False
    operation = await desk.operations.restore(await desk.target())
    other = desk.open()
    await other.start()
    await other.declare_over(operation.id)
    desk.told.clear()
    await desk.look()
    assert not desk.operations.running()
    assert desk.told == [("restore", State.UNSEEN, False)], "and it is told here, once"
    await desk.look()
    assert len(desk.told) == 1


async def test_a_poll_that_reads_the_journal_just_now_does_not_lose_a_new_operation(
    desk: Desk,
) -> None:
    entries = desk.operations.journal.open_entries
    read, go_on = asyncio.Event(), asyncio.Event()

    async def slow(account: str) -> object:
        found = await entries(account)
        read.set()
        await go_on.wait()
        return found

    desk.operations.journal.open_entries = slow  # type: ignore[method-assign, assignment]
    gate = asyncio.Event()
    listed = desk.provider.snapshots

    async def waiting(server_id: object = None) -> object:
        await gate.wait()
        return await listed()

    polling = asyncio.create_task(desk.operations.observe(Sighting((), True, 0.0)))
    await read.wait()
    desk.provider.snapshots = waiting  # type: ignore[method-assign, assignment]
    creating = asyncio.create_task(create(desk))
    await eventually(desk.operations.running)
    go_on.set()
    await polling
    assert desk.operations.running(), "it began after the journal was read"
    gate.set()
    assert (await creating).state is State.ACCEPTED


async def test_what_a_dead_session_left_behind_is_taken_up(desk: Desk) -> None:
    journal = desk.operations.journal
    begun = await journal.begin(desk.operations._intent(Kind.CREATE, 1, "web-1", None, "x"))
    sent = await journal.begin(desk.operations._intent(Kind.CREATE, 2, "web-2", None, "y"))
    await journal.step(sent, replace(sent, state=State.SENT), 1.0)
    await desk.operations.close()  # lets go of its lock, as the end of a process does
    later = desk.open()
    taken = {o.id: o.state for o in await later.start()}
    assert taken == {sent.id: State.UNKNOWN}
    assert ("create", State.NEVER_SENT, False) in desk.told, "told, not only noted"
    assert (await later.journal.get(begun.id)).state is State.NEVER_SENT  # type: ignore[union-attr]


async def test_nothing_is_sent_without_a_record_unless_told_to(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    desk.folder = tmp_path / "a-file"
    operations = desk.operations = desk.open()
    await operations.start()
    assert "No record can be kept" in operations.trouble
    with pytest.raises(JournalUnavailable):
        await create(desk)
    assert desk.provider.sent == []
    operation = await operations.create(desk.server(), "x", unjournaled=True)
    assert operation.id < 0
    assert [o.id for o in await operations.history()] == [operation.id]
    await desk.provider.pass_time(601)
    await desk.look()
    assert desk.state() is State.COMPLETED
