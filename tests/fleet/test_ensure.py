"""Which servers need a snapshot now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.fleets import NOW, snapshot, view
from tests.helpers.journals import operation
from tui.config.ages import HOUR
from tui.config.tables import Policy
from tui.fleet.ensure import Course, Wanted, decide, surplus
from tui.fleet.health import AHEAD, OVERDUE
from tui.fleet.operation import Kind, State
from tui.fleet.state import ServerView
from tui.fleet.templates import Template
from tui.fleet.writes.drafts import dispensable
from tui.vps.models import SLOTS, Phase, Snapshot

NIGHTLY = Template("nightly-{date}")
WANTED = Wanted(24 * HOUR, NIGHTLY)
POLICY = Policy(name="nightly-{date}", keep_last=2, reserve=1)


@pytest.mark.parametrize(
    ("seen", "course", "words"),
    [
        (view("a"), Course.CREATE, "creates nightly-2025-01-23"),
        (view("a", snapshot(30)), Course.CREATE, "creates nightly-2025-01-23"),
        (view("a", snapshot(30), snapshot(1)), Course.FRESH, "has a snapshot younger than 1d"),
        (view("a", snapshot(1, "failed")), Course.CREATE, "creates"),
        (view("a", snapshot(0.1, "in_progress", name="x")), Course.ON_ITS_WAY, "x is in progress"),
        (view("a", snapshot(3, "in_progress", name="x")), Course.BLOCKED, "x is overdue"),
        (view("a", snapshot(0.1, "deleting", name="x")), Course.BLOCKED, "x is deleting"),
        (view("a", snapshot(99, "deleting", name="x")), Course.BLOCKED, "x is deleting"),
        (view("a", snapshot(99, "restoring", name="x")), Course.BLOCKED, "x is restoring"),
        (
            view("a", snapshot(None, "in_progress", name="x")),
            Course.BLOCKED,
            "x is in progress, and since when cannot be told",
        ),
        (view("a", snapshot(-9, "pending", name="x")), Course.BLOCKED, "x is pending, and since"),
        (view("a", snapshot(None)), Course.BLOCKED, "the date of a snapshot is missing"),
        (view("a", snapshot(-9), snapshot(99)), Course.BLOCKED, "the date of a snapshot"),
        (view("a", snapshot(-9), snapshot(1)), Course.FRESH, "has a"),
        (view("a", snapshot(99), status="restoring"), Course.BLOCKED, "it is being restored"),
        (
            view("a", *(snapshot(99) for _ in range(5))),
            Course.NO_ROOM,
            "all 5 slots are used, and making room was not asked for",
        ),
        (
            view("a", snapshot(30, name="nightly-2025-01-23"), snapshot(40)),
            Course.CREATE,
            "creates nightly-2025-01-23-2",
        ),
    ],
)
def test_what_a_server_needs(seen: ServerView, course: Course, words: str) -> None:
    found = decide(seen, WANTED, NOW)
    assert found.course is course
    assert found.words.startswith(words)


@pytest.mark.parametrize(
    ("kind", "course"),
    [
        (Kind.CREATE, Course.ON_ITS_WAY),
        (Kind.RESTORE, Course.BLOCKED),
        (Kind.DELETE, Course.BLOCKED),
    ],
)
def test_an_open_operation_is_not_overtaken(kind: Kind, course: Course) -> None:
    assert (
        decide(
            view("a"), WANTED, NOW, operation=operation(id=1, kind=kind, state=State.UNKNOWN)
        ).course
        is course
    )


def test_what_is_on_its_way_by_us_needs_no_date() -> None:
    ours = operation(id=1, kind=Kind.CREATE, state=State.ACCEPTED)
    seen = view("a", snapshot(None, "in_progress"))
    assert decide(seen, WANTED, NOW, operation=ours).course is Course.ON_ITS_WAY


def test_room_is_made_of_the_most_dispensable_one_and_it_is_named_first() -> None:
    wanted = Wanted(24 * HOUR, NIGHTLY, make_room=True)
    full = view("a", *(snapshot(99 + n, name=f"s{n}") for n in range(5)))
    assert decide(full, wanted, NOW).words == "deletes s4 and creates nightly-2025-01-23"
    found = decide(full, wanted, NOW, protected={s.id for s in full.snapshots})
    assert found.course is Course.NO_ROOM
    assert found.words == "all 5 slots are used, and none of its snapshots should be deleted"
    failed = view("a", *(snapshot(99 + n, name=f"s{n}") for n in range(4)), snapshot(1, "failed"))
    assert [s.status for s in decide(failed, wanted, NOW).goes] == ["failed"]
    undated = view("a", snapshot(None, name="x"), snapshot(99, name="s"), snapshot(98, name="r"))
    assert [s.name for s in dispensable(undated)] == ["s", "r", "x"]


def test_no_room_is_made_where_what_goes_would_free_no_slot() -> None:
    wanted = Wanted(24 * HOUR, NIGHTLY, make_room=True)
    six = view("a", *(snapshot(99 + n, name=f"s{n}") for n in range(6)))
    found = decide(six, wanted, NOW)
    assert (found.course, found.goes, dispensable(six)) == (Course.NO_ROOM, (), ())
    assert found.words == "all 5 slots are used, and one delete is not enough: it has 6 snapshots"
    own = [snapshot(30 + 24 * n, name=f"nightly-2025-01-{21 - n}") for n in range(3)]
    mine = [snapshot(900 + n, name=f"mine-{n}") for n in range(4)]
    policy = Wanted(24 * HOUR, NIGHTLY, make_room=True, policy=POLICY)
    found = decide(view("a", *own, *mine), policy, NOW)
    assert (found.course, found.goes) == (Course.NO_ROOM, ())
    found = decide(view("a", *own, *mine[:3]), policy, NOW)
    assert (found.course, len(found.goes)) == (Course.CREATE, 2)


def test_a_policy_gives_up_what_it_does_not_keep_and_its_failed_ones_but_no_other() -> None:
    wanted = Wanted(24 * HOUR, NIGHTLY, policy=POLICY)
    own = [snapshot(30 + 24 * n, name=f"nightly-2025-01-{21 - n}") for n in range(4)]
    found = decide(view("a", *own, snapshot(900, name="mine")), wanted, NOW)
    assert [s.name for s in found.goes] == ["nightly-2025-01-18", "nightly-2025-01-19"]
    failed = [snapshot(n + 1, "failed", name=f"nightly-2025-01-22-{n}") for n in range(2, 5)]
    found = decide(view("a", own[0], *failed, snapshot(900, name="mine")), wanted, NOW)
    assert {s.status for s in found.goes} == {"failed"}
    mine = [snapshot(900 + n, name=f"mine-{n}") for n in range(5)]
    assert decide(view("a", *mine), wanted, NOW).course is Course.NO_ROOM


def test_a_failed_one_is_left_to_be_seen_until_a_newer_one_is_completed() -> None:
    wanted = Wanted(24 * HOUR, NIGHTLY, policy=POLICY)
    failed = snapshot(5, "failed", name="nightly-2025-01-23")
    before = snapshot(30, name="nightly-2025-01-22")
    assert surplus(view("a", failed, before), wanted, NOW, ()) == []
    after = snapshot(1, name="nightly-2025-01-23-2")
    goes = surplus(view("a", failed, before, after), wanted, NOW, ())
    assert [s.name for s in goes] == ["nightly-2025-01-23"]
    assert surplus(view("a", failed), Wanted(1), NOW, ()) == ()


_NAMES = [
    "nightly-2025-01-23",
    "nightly-2025-01-23-2",
    *(f"nightly-2025-01-0{n}" for n in range(5)),
]
_NAMES += [f"mine-{n}" for n in range(3)]
_STATUS = ["completed"] * 20 + ["failed"] * 5 + ["in_progress", "deleting", "odd"]
_HOURS = [None, -30, 0.01, 0.7, *[13, 23, 25, 40, 99] * 3]
_HISTORIES = st.lists(
    st.builds(
        lambda hours, status, name: snapshot(hours, status, name=name),
        st.sampled_from(_HOURS),
        st.sampled_from(_STATUS),
        st.sampled_from(_NAMES),
    ),
    min_size=3,
    max_size=SLOTS,
    unique_by=lambda s: s.name,
)
_WANTED = st.builds(
    Wanted,
    st.sampled_from([HOUR, 24 * HOUR]),
    st.just(NIGHTLY),
    st.booleans(),
    st.none() | st.just(POLICY),
)


@given(_HISTORIES, _WANTED, st.sets(st.sampled_from(_NAMES)), st.floats(0, OVERDUE - 1))
def test_ensuring_twice_is_ensuring_once_on_any_history(
    history: list[Snapshot], wanted: Wanted, kept: set[str], later: float
) -> None:
    protected = {s.id for s in history if s.name in kept}
    seen = view("a", *history)
    found = decide(seen, wanted, NOW, protected=protected)
    goes = {gone.id for gone in found.goes}
    left = [s for s in seen.snapshots if s.id not in goes]
    assert not goes & protected
    good = [s for s in seen.snapshots if s.phase is Phase.COMPLETED]
    assert not good or any(s.phase is Phase.COMPLETED for s in left)
    ages = [(NOW - s.created_at).total_seconds() for s in good if s.created_at is not None]
    assert (found.course is Course.FRESH) == any(-AHEAD <= age < wanted.max_age for age in ages)
    assert found.course is not Course.CREATE or all(s.phase is not Phase.BUSY for s in history)
    if found.course is not Course.CREATE:
        assert not goes
        again = decide(seen, wanted, NOW, protected=protected)
        assert (again.course, again.words) == (found.course, found.words)
        return
    assert len(left) < SLOTS
    assert found.name not in {s.name for s in left}
    then = NOW + timedelta(seconds=later)
    made = snapshot(0, "in_progress", name=found.name)
    again = decide(view("a", *left, made), wanted, then, protected=protected)
    assert (again.course, again.goes) == (Course.ON_ITS_WAY, ())
    done = snapshot(0, name=found.name)
    again = decide(view("a", *left, done), wanted, then, protected=protected)
    assert (again.course, again.goes) == (Course.FRESH, ())
    gone = surplus(view("a", *left, done), wanted, then, protected)
    assert found.name not in {s.name for s in gone}
