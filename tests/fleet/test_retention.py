"""What a policy keeps and what goes: within five slots, and never what must not go."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.fleets import NOW, snapshot, view
from tui.config.tables import Policy
from tui.fleet.retention import Retention, by_glob, by_template, retain
from tui.vps.models import SLOTS, Phase, Snapshot

TEMPLATE = "nightly-{date}"
MADE = by_template(TEMPLATE)
POLICY = Policy(name=TEMPLATE, keep_last=2, keep_daily=1, keep_weekly=1, reserve=1)


def nightly(days: float, status: str = "completed", **facts: Any) -> Snapshot:
    """The nightly one of some days ago."""
    name = f"nightly-{NOW - timedelta(days=days):%Y-%m-%d}"
    return snapshot(days * 24, status, **{"name": name, **facts})


def told(found: Retention) -> list[str]:
    return [f"{v.snapshot.name} {v.words}" for v in found.verdicts]


def test_each_snapshot_has_its_reason() -> None:
    found = retain(view("web", *(nightly(n) for n in range(12))), POLICY, MADE, NOW)
    assert told(found) == [
        "nightly-2025-01-23 keep: last 1",
        "nightly-2025-01-22 keep: last 2",
        "nightly-2025-01-21 keep: daily 2025-01-21",
        "nightly-2025-01-20 delete: no rule keeps it",
        "nightly-2025-01-19 keep: weekly 2025-W03",
        *(f"nightly-2025-01-{n} delete: no rule keeps it" for n in range(18, 11, -1)),
    ]
    assert [s.name for s in found.goes][:2] == ["nightly-2025-01-12", "nightly-2025-01-13"]


def test_months_and_years_are_those_of_the_calendar_in_utc() -> None:
    east = timezone(timedelta(hours=14))
    created = [
        datetime(2025, 1, 1, 3, tzinfo=east),  # still in 2024
        datetime(2024, 12, 30, 12, tzinfo=UTC),  # of the first week of 2025
        datetime(2024, 12, 29, 12, tzinfo=UTC),
        datetime(2024, 11, 30, 12, tzinfo=UTC),
    ]
    found = retain(
        view("a", *(nightly(0, created_at=moment) for moment in created)),
        Policy(name=TEMPLATE, keep_last=1, keep_weekly=1, keep_monthly=1),
        MADE,
        NOW,
    )
    assert [v.words for v in found.verdicts] == [
        "keep: last 1",
        "delete: no rule keeps it",
        "keep: weekly 2024-W52",
        "keep: monthly 2024-11",
    ]


@pytest.mark.parametrize(
    ("left", "why"),
    [
        (nightly(90, name="before-upgrade"), "not the policy's"),
        (nightly(90, name="nightly-2024-13-7"), "not the policy's"),
        (nightly(90, name="my-nightly-2024-10-25"), "not the policy's"),
        (nightly(90, name="Nightly-2024-10-25"), "not the policy's"),
        (nightly(90, id=7), "protected here"),
        (nightly(90, "deleting"), "it is deleting"),
        (nightly(90, "quarantined"), "it is quarantined"),
        (nightly(90, "failed"), "failed ones are not deleted"),
        (nightly(90, created_at=None), "it has no date"),
        (nightly(90, created_at=NOW + timedelta(days=1)), "its date is in the future"),
    ],
)
def test_what_is_not_the_policy_s_is_left_alone(left: Snapshot, why: str) -> None:
    seen = view("a", nightly(0), nightly(1), nightly(2), left)
    found = retain(seen, Policy(name=TEMPLATE, keep_last=1), MADE, NOW, protected={7})
    assert {v.snapshot.id: v.words for v in found.verdicts}[left.id] == f"keep: {why}"
    assert len(found.goes) == 2


def test_failed_ones_go_if_asked_for() -> None:
    seen = view("a", nightly(0), nightly(1, "failed"), nightly(2, "failed", name="mine"))
    found = retain(seen, POLICY, MADE, NOW, failed=True)
    assert [s.status for s in found.goes] == ["failed"]
    assert [v.why for v in found.verdicts] == ["last 1", "failed", "not the policy's"]


def test_one_dated_in_the_future_takes_nobody_s_place() -> None:
    seen = view("a", nightly(-30), nightly(0), nightly(1))
    found = retain(seen, Policy(name=TEMPLATE, keep_last=1), MADE, NOW)
    assert [v.why for v in found.verdicts] == [
        "its date is in the future",
        "last 1",
        "no rule keeps it",
    ]


def test_of_one_second_the_last_that_was_made_is_the_newest() -> None:
    ids: list[list[int | str]] = [[9, 10, 99, 100], [100, 99, 10, 9], ["a9", "b1", "c0", "d7"]]
    for same in ids:
        seen = view("a", *(nightly(1, id=key) for key in same))
        found = retain(seen, Policy(name=TEMPLATE, keep_last=1), MADE, NOW)
        assert [s.id for s in found.goes] == ([9, 10, 99] if 9 in same else ["a9", "b1", "c0"])


def test_a_server_that_may_not_be_written_to_loses_nothing() -> None:
    seen = view("a", *(nightly(n) for n in range(5)))
    found = retain(seen, Policy(name=TEMPLATE, keep_last=1), MADE, NOW, blocked="it is restoring")
    assert found.goes == []
    assert found.verdicts[-1].words == "keep: it is restoring"


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({}, "keeps nothing: give keep_last"),
        ({"reserve": 3}, "keeps nothing"),
        ({"keep_last": 5, "reserve": 1}, "needs 6 slots (keep_last 5 + reserve 1): a server has 5"),
        ({"keep_daily": 3, "keep_weekly": 3}, "needs 6 slots (keep_daily 3 + keep_weekly 3)"),
    ],
)
def test_a_policy_that_nobody_can_follow_is_refused(numbers: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        retain(view("a", nightly(1)), Policy(name=TEMPLATE, **numbers), MADE, NOW)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(("others", "kept"), [(0, 4), (1, 3), (2, 2), (3, 1), (4, 1)])
def test_the_reserve_comes_first_where_others_take_slots(others: int, kept: int) -> None:
    mine = [nightly(300 + n, name=f"mine-{n}") for n in range(others)]
    found = retain(view("a", *(nightly(n) for n in range(9)), *mine), POLICY, MADE, NOW)
    own = [v for v in found.verdicts if MADE(v.snapshot.name)]
    assert sum(not v.goes for v in own) == kept
    assert found.short == (1 if others == 4 else 0)
    if others == 1:
        assert own[4].words == "delete: 1 to stay free (weekly 2025-W03)"


def test_without_a_reserve_nothing_is_given_up() -> None:
    mine = [nightly(300 + n, name=f"mine-{n}") for n in range(3)]
    found = retain(
        view("a", nightly(0), nightly(1), *mine), Policy(name=TEMPLATE, keep_last=5), MADE, NOW
    )
    assert found.goes == []


def test_a_glob_is_taken_letter_by_letter() -> None:
    made = by_glob("before-*")
    assert made("before-x")
    assert not made("Before-x")
    assert not made("a-before-x")


# -- properties ------------------------------------------------------------------------------

_NAMES = st.sampled_from(["nightly-2025-01-01", "nightly-2025-01-01-2", "mine", "nightly"])
_STATUS = st.sampled_from(["completed"] * 5 + ["failed", "in_progress", "deleting", "odd"])
_HISTORIES = st.lists(
    st.builds(
        lambda hours, status, name: snapshot(hours, status, name=name),
        st.none() | st.floats(0, 24 * 400) | st.floats(-24 * 400, 1) | st.floats(-0.1, 0.1),
        _STATUS,
        _NAMES,
    ),
    max_size=12,
    unique_by=lambda s: s.id,
)
_KEEPS = ("keep_last", "keep_daily", "keep_weekly", "keep_monthly")


def _policy(first: str, slots: list[str]) -> Policy:
    numbers: dict[str, Any] = dict(Counter([first, *slots]))
    return Policy(name=TEMPLATE, **numbers)


_POLICIES = st.builds(
    _policy,
    st.sampled_from(_KEEPS),
    st.lists(st.sampled_from([*_KEEPS, "reserve"]), max_size=SLOTS - 1),
)
"""All that can be followed: each slot is for one of the rules, free, or nobody's."""


def is_believed(one: Snapshot) -> bool:
    """Whether its date can be: two clocks differ by five minutes at most."""
    return one.created_at is not None and one.created_at <= NOW + timedelta(minutes=5)


def completed(found: Retention) -> tuple[list[Snapshot], list[Snapshot]]:
    """All completed ones, newest first, and those of them that stay."""
    judged = [v for v in found.verdicts if v.snapshot.phase is Phase.COMPLETED]
    return [v.snapshot for v in judged], [v.snapshot for v in judged if not v.goes]


@given(_HISTORIES, _POLICIES, st.booleans(), st.sets(st.integers(0, 11)))
def test_nothing_that_must_stay_goes(
    history: list[Snapshot], policy: Policy, failed: bool, places: set[int]
) -> None:
    protected = {s.id for n, s in enumerate(history) if n in places}
    found = retain(view("a", *history), policy, MADE, NOW, protected=protected, failed=failed)
    assert sorted(v.snapshot.id for v in found.verdicts) == sorted(s.id for s in history)
    for gone in found.goes:
        assert MADE(gone.name)
        assert gone.id not in protected
        assert gone.phase is Phase.COMPLETED or (failed and gone.phase is Phase.FAILED)
        assert gone.phase is Phase.FAILED or is_believed(gone)
    before, after = completed(found)
    assert bool(before) == bool(after)
    believed = [s for s in before if MADE(s.name) and is_believed(s)]
    if believed:  # the newest good one that it made is the last to go
        newest = max(believed, key=lambda s: s.created_at or NOW)
        assert any(s.created_at == newest.created_at for s in after)
    rules = ("last ", "daily ", "weekly ", "monthly ")
    assert sum(v.why.startswith(rules) for v in found.verdicts) <= policy.keeps
    assert policy.keeps + policy.reserve <= SLOTS


@given(st.lists(st.floats(0, 24 * 400), min_size=1, max_size=5), _POLICIES)
def test_the_newest_completed_one_stays_even_if_the_rules_keep_none(
    ages: list[float], policy: Policy
) -> None:
    seen = view("a", *(snapshot(hours, name="nightly-2025-01-01") for hours in ages))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tui.fleet.retention._kept", lambda ordered, policy: {})
        before, after = completed(retain(seen, policy, MADE, NOW))
    assert after == before[:1]


@given(_HISTORIES, _POLICIES, st.lists(st.floats(0.09, 24 * 400), min_size=1, max_size=3))
def test_dates_far_ahead_change_nothing_for_the_others(
    history: list[Snapshot], policy: Policy, ahead: list[float]
) -> None:
    """Those that are not believed only take slots, as those of somebody else do."""
    believed = [s for s in history if is_believed(s)]
    names = ("nightly-2025-01-01", "mine")
    future, strangers = ([snapshot(-hours, name=name) for hours in ahead] for name in names)
    found = retain(view("a", *believed, *future), policy, MADE, NOW)
    other = retain(view("a", *believed, *strangers), policy, MADE, NOW)
    told = {v.snapshot.id: v.words for v in found.verdicts}
    assert {told[s.id] for s in future} == {"keep: its date is in the future"}
    expected = {v.snapshot.id: v.words for v in other.verdicts}
    assert {s.id: told[s.id] for s in believed} == {s.id: expected[s.id] for s in believed}


@given(_HISTORIES, _POLICIES, st.randoms(use_true_random=False), st.integers(-12, 14))
def test_neither_order_nor_time_zone_changes_anything(
    history: list[Snapshot], policy: Policy, dice: random.Random, hours: int
) -> None:
    seen = view("a", *history)
    zone = timezone(timedelta(hours=hours))
    moved = [
        msgspec.structs.replace(s, created_at=s.created_at and s.created_at.astimezone(zone))
        for s in seen.snapshots
    ]
    dice.shuffle(moved)
    other = msgspec.structs.replace(seen, snapshots=tuple(moved))
    assert told(retain(seen, policy, MADE, NOW)) == told(
        retain(other, policy, MADE, NOW.astimezone(zone))
    )


@given(_HISTORIES, _POLICIES)
def test_once_carried_out_it_has_nothing_more_to_do(
    history: list[Snapshot], policy: Policy
) -> None:
    found = retain(view("a", *history), policy, MADE, NOW)
    gone = {s.id for s in found.goes}
    left = [s for s in history if s.id not in gone]
    again = retain(view("a", *left), policy, MADE, NOW)
    assert again.goes == []


@given(st.integers(1, 4), st.integers(0, 2), st.integers(0, 1), st.integers(1, 120))
def test_day_by_day_it_never_needs_more_slots_than_its_numbers(
    last: int, weekly: int, daily: int, days: int
) -> None:
    policy = Policy(name=TEMPLATE, keep_last=last, keep_daily=daily, keep_weekly=weekly)
    if policy.problem():
        return
    kept: list[Snapshot] = []
    for day in range(days):
        now = NOW + timedelta(days=day)
        kept.append(nightly(-day))
        found = retain(view("a", *kept), policy, MADE, now)
        gone = {s.id for s in found.goes}
        kept = [s for s in kept if s.id not in gone]
        assert len(kept) <= policy.keeps
    if days > 7 * (weekly + 2):
        assert len(kept) == policy.keeps
