"""One rule says which server needs somebody."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.fleets import NOW, fleet, snapshot, view
from tests.helpers.journals import operation
from tui.config.ages import HOUR, Age
from tui.config.tables import Group
from tui.fleet.groups import Groups
from tui.fleet.health import OVERDUE, Judge, Rules, Severity, counts, findings, worst
from tui.fleet.operation import Kind, State
from tui.fleet.state import ServerView

AT = NOW.timestamp()
RULES = Rules(max_age=24 * HOUR)


def found(seen: ServerView, rules: Rules = RULES, at: float = AT) -> dict[str, Severity]:
    return {f.name: f.severity for f in Judge(rules).of(seen, at).findings}


def test_a_fresh_snapshot_is_well() -> None:
    assert found(view("web", snapshot(2), snapshot(200))) == {}


@pytest.mark.parametrize(
    ("seen", "name", "severity"),
    [
        (view("a"), "none", Severity.CRITICAL),
        (view("a", snapshot(1, "quarantined")), "none", Severity.CRITICAL),
        (view("a", snapshot(25)), "stale", Severity.CRITICAL),
        (view("a", snapshot(1), snapshot(1, "in_progress")), "overdue", Severity.CRITICAL),
        (view("a", snapshot(1), snapshot(2, "failed")), "failed", Severity.WARNING),
        (view("a", *(snapshot(n) for n in range(5))), "full", Severity.WARNING),
        (view("a", snapshot(None)), "unseen", Severity.UNKNOWN),
        (view("a", snapshot(-2)), "unseen", Severity.UNKNOWN),
        (view("a", snapshot(90), snapshot(-2)), "unseen", Severity.UNKNOWN),
    ],
)
def test_each_finding_has_its_name_and_severity(
    seen: ServerView, name: str, severity: Severity
) -> None:
    assert found(seen) == {name: severity}


def test_of_snapshots_that_could_not_be_read_nothing_is_claimed() -> None:
    for seen in (view("a"), view("a", snapshot(25)), view("a", snapshot(1, "failed"))):
        for why in ("unread", "lacking"):
            judged = found(msgspec.structs.replace(seen, **{why: True}))
            assert judged.pop("unseen") is Severity.UNKNOWN
            assert not judged.keys() & {"none", "stale"}
    assert found(msgspec.structs.replace(view("a", snapshot(1)), unread=True)) == {}
    assert found(msgspec.structs.replace(view("a", snapshot(1)), lacking=True)) == {}


def test_a_date_in_the_future_is_not_fresh_but_hides_no_fresh_one() -> None:
    assert found(view("a", snapshot(-2), snapshot(1))) == {}
    assert found(view("a", snapshot(-0.05))) == {}  # two clocks are never the same


def test_a_busy_one_is_overdue_after_its_time_and_not_before() -> None:
    busy = view("a", snapshot(1), snapshot(0, "creating"))
    assert found(busy, at=AT + OVERDUE - 1) == {}
    assert found(busy, at=AT + OVERDUE) == {"overdue": Severity.CRITICAL}
    assert found(view("a", snapshot(1), snapshot(99, "deleting"))) == {}


def test_an_operation_that_is_overdue_is_found() -> None:
    late = operation(
        id=1, kind=Kind.RESTORE, state=State.ACCEPTED, snapshot_id=2, asked_at=AT, overdue=True
    )
    seen = view("a", snapshot(1))
    judge = Judge(RULES)
    assert not judge.of(seen, AT).problem
    assert judge.of(seen, AT, late).has("overdue")
    assert not judge.of(seen, AT).problem


def test_ages_and_ignored_findings_are_those_of_the_first_group_that_has_any() -> None:
    groups = Groups(
        {
            "quiet": Group(match=("*",), exclude=("web-*",), ignore=("full", "none")),
            "web": Group(match=("web-*",), max_age=Age(HOUR)),
            "all": Group(match=("*",), max_age=Age(0), ignore=()),
        }
    )
    rules = Rules(max_age=1, groups=groups)
    assert found(view("WEB-1", snapshot(2)), rules) == {"stale": Severity.CRITICAL}
    assert found(view("db", snapshot(2_000)), rules) == {}
    assert found(view("db"), rules) == {}
    assert found(view("web-1"), rules) == {"none": Severity.CRITICAL}


def test_an_age_of_0_is_never_too_old() -> None:
    assert found(view("a", snapshot(9_999)), Rules(max_age=0)) == {}
    assert found(view("a", snapshot(None)), Rules(max_age=0)) == {}


def test_a_warning_comes_before_the_critical_age() -> None:
    rules = Rules(max_age=24 * HOUR, warn_age=12 * HOUR)
    assert found(view("a", snapshot(11)), rules) == {}
    assert found(view("a", snapshot(13)), rules) == {"stale": Severity.WARNING}
    assert found(view("a", snapshot(25)), rules) == {"stale": Severity.CRITICAL}


def test_findings_are_told_worst_first() -> None:
    views = fleet(
        [
            view("b", snapshot(None), snapshot(1, "failed")),
            view("c", *(snapshot(n, "failed") for n in range(5))),
            view("a", snapshot(99)),
        ]
    ).servers
    healths = Judge(RULES).all(views, AT)
    told = [(f.server, f.name) for f in findings(healths.values())]
    assert told == [
        ("c", "none"),
        ("a", "stale"),
        ("b", "unseen"),
        ("b", "failed"),
        ("c", "failed"),
        ("c", "full"),
    ]
    assert counts(healths.values()) == {
        "problem": 3,
        "none": 1,
        "stale": 1,
        "unseen": 1,
        "failed": 2,
        "full": 1,
    }
    assert worst([Severity.UNKNOWN, Severity.CRITICAL, Severity.OK]) is Severity.CRITICAL
    assert worst([Severity.UNKNOWN, Severity.WARNING]) is Severity.UNKNOWN
    assert worst([]) is Severity.OK


_SNAPSHOTS = st.builds(
    snapshot,
    st.none() | st.floats(-3, 60),
    st.sampled_from(["completed", "in_progress", "failed", "odd"]),
)


@given(
    st.lists(st.lists(_SNAPSHOTS, max_size=5), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.floats(-2 * 86_400, 4 * 86_400)), max_size=12),
    st.sampled_from([0.0, 3_600.0, 86_400.0]),
    st.sampled_from([0.0, 1_800.0]),
)
def test_a_kept_judgement_is_the_one_made_anew(
    histories: list[list[object]],
    asked: list[tuple[int, float]],
    max_age: float,
    warn_age: float,
) -> None:
    views = [view(f"s{n}", *found) for n, found in enumerate(histories)]  # type: ignore[arg-type]
    rules = Rules(max_age=max_age, warn_age=warn_age)
    judge = Judge(rules)
    for n, later in asked:
        seen = views[n % len(views)]
        assert judge.of(seen, AT + later) == Judge(rules).of(seen, AT + later)
        turn = judge._judged[seen.server.id].until
        for at in (turn - 1e-6, turn, turn + 1e-6):
            assert judge.of(seen, at) == Judge(rules).of(seen, at)


def test_a_judgement_goes_with_its_server() -> None:
    judge = Judge(RULES)
    one = view("a", snapshot(1))
    assert not judge.all(fleet([one]).servers, AT)[one.server.id].problem
    without = msgspec.structs.replace(one, snapshots=())
    assert judge.all(fleet([without]).servers, AT)[one.server.id].has("none")
    assert judge.all({}, AT) == {}
    assert judge._judged == {}


def test_ages_that_are_asked_for_count_in_every_group() -> None:
    groups = Groups({"all": Group(match=("*",), max_age=Age(0), ignore=("full",))})
    rules = Rules(groups=groups)
    seen = view("a", *(snapshot(30 + n) for n in range(5)))
    assert found(seen, rules) == {}
    assert found(seen, rules.with_ages(None, 24 * HOUR)) == {"stale": Severity.CRITICAL}
    assert found(seen, rules.with_ages(24 * HOUR, None)) == {"stale": Severity.WARNING}
    assert rules.with_ages(None, None) is rules
