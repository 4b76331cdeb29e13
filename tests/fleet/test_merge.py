"""How answers are laid over what is known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.helpers.clocks import FakeClock
from tests.helpers.fakes import server, snapshot
from tests.helpers.journals import operation
from tui.fleet.merge import changed, merge, merge_servers, merge_snapshots
from tui.fleet.operation import Kind, State
from tui.fleet.state import Fleet, ServerView, count
from tui.fleet.store import Change, Store
from tui.vps.models import SLOTS, Key, Listing, Snapshot

SNAPSHOTS = st.lists(
    st.builds(
        snapshot,
        st.integers(1, 30),
        st.integers(1, 5),
        st.sampled_from(["completed", "in_progress", "failed", "odd"]),
        hours=st.floats(0, 1000),
    ),
    unique_by=lambda s: s.id,
    max_size=15,
)


def listing(*items: Snapshot, settled: bool = True) -> Listing[Snapshot]:
    return Listing(items=items, settled=settled)


def test_a_server_goes_together_with_the_last_of_its_snapshots() -> None:
    before: dict[Key, ServerView] = {
        n: ServerView(server(n), (snapshot(n * 10 + 1, n),)) for n in (1, 2, 4, 5)
    }
    before[3] = ServerView(server(3), (snapshot(31, 3),), listed=False)
    servers = Listing(items=(server(9),), unread=frozenset({4}))
    left = Listing(items=(snapshot(21, 2),))
    after = merge(before, left, servers, None, frozenset({5}))
    assert set(after) == {2, 3, 4, 5, 9}, "has one; was never listed; unread; written to since"
    unsettled = Listing(items=(server(9),), settled=False)
    assert set(merge(before, left, unsettled, None, frozenset())) == {1, 2, 3, 4, 5, 9}
    lacking = merge(before, left, servers, None, frozenset(), lacking=True)
    assert set(lacking) == {1, 2, 3, 4, 5, 9}


@given(SNAPSHOTS, SNAPSHOTS)
def test_a_settled_list_of_all_is_what_is_shown(
    first: list[Snapshot], second: list[Snapshot]
) -> None:
    views = merge_snapshots({}, listing(*first))
    views = merge_snapshots(views, listing(*second))
    shown = {s.id for view in views.values() for s in view.snapshots}
    assert shown == {s.id for s in second}
    for view in views.values():
        dates = [s.created_at for s in view.snapshots if s.created_at]
        assert dates == sorted(dates, reverse=True)


@given(SNAPSHOTS, SNAPSHOTS)
def test_an_unsettled_list_never_removes(first: list[Snapshot], second: list[Snapshot]) -> None:
    views = merge_snapshots({}, listing(*first))
    views = merge_snapshots(views, listing(*second, settled=False))
    shown = {(s.server_id, s.id) for view in views.values() for s in view.snapshots}
    assert {(s.server_id, s.id) for s in first} <= shown


def test_what_is_listed_and_cannot_be_read_stays_and_all_else_may_go() -> None:
    views = merge_snapshots({}, listing(snapshot(1), snapshot(2), snapshot(3)))
    views = merge_servers(views, Listing(items=(server(1), server(2), server(3))))
    partly = Listing(items=(snapshot(1),), problems=("snapshot 2: no date",), unread=frozenset({2}))
    assert {s.id for s in merge_snapshots(views, partly)[1].snapshots} == {1, 2}
    servers = Listing(items=(server(1),), problems=("server 2: odd",), unread=frozenset({2}))
    assert set(merge_servers(views, servers)) == {1, 2}


def test_a_server_with_snapshots_that_cannot_be_read_is_marked_until_all_can_be() -> None:
    views = merge_servers({}, Listing(items=(server(1), server(2))))
    partly: Listing[Snapshot] = Listing(items=(), unread=frozenset({9}), unread_on=frozenset({1}))
    marked = merge_snapshots(views, partly)
    assert {key for key, view in marked.items() if view.unread} == {1}
    assert not changed(marked, merge_snapshots(marked, partly))
    assert merge_snapshots(marked, listing(settled=False))[1].unread
    assert not merge_snapshots(marked, listing())[1].unread
    assert not merge_snapshots(marked, listing(), scope=1)[1].unread
    assert 1 not in merge_snapshots({}, partly), "its own list says that it is gone"


def test_a_list_that_may_lack_any_leaves_all_in_doubt_until_one_comes_whole() -> None:
    views = merge_servers({}, Listing(items=(server(1), server(2))))
    views = merge_snapshots(views, listing(snapshot(11)))
    shifted = listing(snapshot(11), settled=False)
    doubted = merge_snapshots(views, shifted, lacking=True)
    assert {key for key, view in doubted.items() if view.doubt} == {1, 2}
    assert not changed(doubted, merge_snapshots(doubted, shifted, lacking=True))
    assert not changed(doubted, merge_snapshots(doubted, shifted)), "no less than before"
    alone = merge_snapshots(doubted, listing(), scope=2)
    assert {key for key, view in alone.items() if view.doubt} == {1}
    assert not any(view.doubt for view in merge_snapshots(doubted, listing(snapshot(11))).values())


@given(SNAPSHOTS)
def test_the_same_list_again_changes_nothing(items: list[Snapshot]) -> None:
    views = merge_snapshots({}, listing(*items))
    again = merge_snapshots(views, listing(*reversed(items)))
    assert not changed(views, again)


@given(SNAPSHOTS, st.integers(1, 5))
def test_a_list_of_one_server_touches_no_other(items: list[Snapshot], key: int) -> None:
    views = merge_snapshots({}, listing(*items))
    scoped = merge_snapshots(views, listing(), scope=key)
    assert changed(views, scoped) <= {key}
    assert not scoped[key].snapshots


def test_a_server_written_to_keeps_what_is_known() -> None:
    views = merge_snapshots({}, listing(snapshot(1, 1), snapshot(2, 2)))
    merged = merge_snapshots(views, listing(), keep=frozenset({1}))
    assert [s.id for s in merged[1].snapshots] == [1]
    assert not merged[2].snapshots


def test_a_server_that_is_no_longer_listed_goes_unless_it_has_snapshots() -> None:
    views = merge_servers({}, Listing(items=(server(1), server(2), server(3))))
    views = merge_snapshots(views, listing(snapshot(9, 3)))
    left = merge_servers(views, Listing(items=(server(1),)))
    assert set(left) == {1, 3}
    assert set(merge_servers(views, Listing(items=(server(1),), settled=False))) == {1, 2, 3}


@given(st.lists(SNAPSHOTS, max_size=6))
def test_the_header_counts_what_the_rows_show(lists: list[list[Snapshot]]) -> None:
    views: dict[Key, ServerView] = {}
    for items in lists:
        views = merge_snapshots(views, listing(*items))
    totals = count(views.values())
    assert totals.used == sum(len(v.snapshots) for v in views.values())
    assert totals.full == sum(len(v.snapshots) >= SLOTS for v in views.values())


def test_the_store_tells_what_changed_and_nothing_else() -> None:
    store = Store(FakeClock())
    heard: list[Change] = []
    end = store.listen(lambda fleet, change: heard.append(change))
    views = merge_snapshots({}, listing(snapshot(1, 1), snapshot(2, 2)))
    store.apply_views(views)
    store.apply_views(views)
    store.apply_views(merge_snapshots(views, listing(snapshot(1, 1), snapshot(3, 2))))
    assert [change.servers for change in heard] == [{1, 2}, {2}]
    end()
    store.apply_views({})
    assert len(heard) == 2
    assert store.fleet == Fleet(servers=store.fleet.servers)


def test_an_open_operation_is_shown_until_it_ends() -> None:
    store = Store(FakeClock())

    restore = operation(7, id=1, kind=Kind.RESTORE, state=State.SENT, snapshot_id=1)
    store.apply_operation(restore)
    assert store.fleet.restoring(7)
    store.apply_operation(replace(restore, state=State.COMPLETED))
    assert not store.fleet.operations


def test_the_counts_of_a_server_follow_its_snapshots() -> None:
    done, busy, failed = snapshot(1), snapshot(2, status="creating"), snapshot(3, status="error")
    view = ServerView(server(1), (busy, failed, done))
    assert (view.busy, view.failed, view.newest_completed) == (1, 1, done)
    emptied = merge_snapshots({1: view}, Listing(items=()), 1)[1]
    assert (emptied.busy, emptied.failed, emptied.newest_completed) == (0, 0, None)
