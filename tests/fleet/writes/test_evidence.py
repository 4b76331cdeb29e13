"""The rules of evidence, each on its own: what is proved, likely, or cannot be told, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from tests.helpers.journals import operation
from tui.fleet.clock import Moment
from tui.fleet.operation import HELD, Certainty, Gathered, Kind, Operation, State
from tui.fleet.state import Sighting
from tui.fleet.writes.evidence import Case, Verdict
from tui.fleet.writes.reconsider import reconsider
from tui.vps.models import Snapshot

ASKED = 1_737_547_200.0
PROVED, LIKELY, UNTOLD = Certainty.PROVED, Certainty.LIKELY, Certainty.UNTOLD


def case(kind: Kind, state: State = State.UNKNOWN, **changes: object) -> Case:
    target = None if kind is Kind.CREATE else 801
    made = operation(kind=kind, state=state, asked_at=ASKED, snapshot_id=target)
    begun = Moment("boot", 0.0, ASKED)
    return Case(replace(made, **changes), Gathered(seen=frozenset({801}), begun=begun))


def snapshot(key: int = 900, **changes: Any) -> Snapshot:
    facts: dict[str, object] = {
        "id": key,
        "server_id": 1,
        "server_name": "web",
        "name": "fresh",
        "status": "in_progress",
        "created_at": datetime.fromtimestamp(ASKED, UTC),
    }
    return Snapshot(**{**facts, **changes})


def look(
    one: Case, at: float, *snapshots: Snapshot, status: str = "", **more: Any
) -> Verdict | None:
    """What a whole list of the server means that was asked for `at` seconds after the write."""
    facts: dict[str, object] = {"settled": True, "server_id": 1, **more}
    statuses = {1: status} if status else {}
    sighting = Sighting(snapshots, asked_at=at, server_status=statuses, **facts)  # type: ignore[arg-type]
    verdict = one.judge(sighting, Moment("boot", at, ASKED + at))
    if verdict is not None:
        one.operation = verdict.applied(one.operation, ASKED + at)
    return verdict


def again(one: Case, *snapshots: Snapshot, status: str = "", **more: object) -> Verdict | None:
    facts: dict[str, object] = {"settled": True, "server_id": 1, **more}
    statuses = {1: status} if status else {}
    sighting = Sighting(snapshots, asked_at=9e9, server_status=statuses, **facts)  # type: ignore[arg-type]
    return reconsider(one, sighting)


# -- create ----------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [-8, -1 / 6, 0, 1 / 6, 8, None])
def test_a_clock_that_is_off_hides_no_create(hours: float | None) -> None:
    one = case(Kind.CREATE)
    at = None if hours is None else datetime.fromtimestamp(ASKED + hours * 3600, UTC)
    look(one, 5, snapshot(created_at=at))
    assert (one.operation.state, one.operation.certainty) == (State.ACCEPTED, LIKELY)
    assert one.operation.snapshot_id == 900


def test_of_two_alike_the_clock_chooses_and_where_it_cannot_nothing_is_told() -> None:
    early = datetime.fromtimestamp(ASKED - 7200, UTC)
    one = case(Kind.CREATE)
    look(one, 5, snapshot(900), snapshot(901, created_at=early))
    assert one.operation.snapshot_id == 900
    one = case(Kind.CREATE)
    for at in range(0, 610, 30):
        look(one, at, snapshot(900), snapshot(901))
    assert (one.operation.state, one.operation.certainty) == (State.UNSEEN, UNTOLD)
    assert "#900 fresh, #901 fresh appeared" in one.operation.words


@pytest.mark.parametrize(
    "odd",
    [
        {"name": "FRESH"},
        {"name": "fresh_1"},
        {"name": "something else"},
        {"description": "a colleague's"},
    ],
)
def test_something_new_that_may_be_ours_is_never_a_denial(odd: dict[str, Any]) -> None:
    one = case(Kind.CREATE)
    for at in (0, 70, 300, 599):
        assert look(one, at, snapshot(**odd)) is None
    look(one, 601, snapshot(**odd))
    assert (one.operation.state, one.operation.certainty) == (State.UNSEEN, UNTOLD)
    assert "#900" in one.operation.words


def test_a_description_tells_a_colleague_s_from_ours() -> None:
    one = case(Kind.CREATE, description="ours")
    look(one, 5, snapshot(900, description="theirs"), snapshot(901, description="ours"))
    assert one.operation.snapshot_id == 901


def test_what_another_create_is_known_to_have_made_is_not_ours() -> None:
    one = case(Kind.CREATE)
    sighting = Sighting((snapshot(900),), settled=True, asked_at=5.0, server_id=1)
    assert one.judge(sighting, Moment("boot", 5.0, 0.0), frozenset({900})) is None


def test_a_create_is_denied_on_two_settled_lists_a_minute_apart_and_that_is_only_likely() -> None:
    one = case(Kind.CREATE)
    assert look(one, 10) is None
    assert look(one, 80, settled=False) is None
    assert look(one, 69) is None
    look(one, 71)
    assert (one.operation.state, one.operation.certainty) == (State.NOT_CARRIED_OUT, LIKELY)
    assert one.operation.keeps(71) == HELD[Kind.CREATE] - 71, "and its server is not free"
    assert one.operation.keeps(601) == 0


def test_a_list_with_it_in_between_begins_anew() -> None:
    one = case(Kind.CREATE, State.ACCEPTED, snapshot_id=900, certainty=PROVED)
    look(one, 10)
    look(one, 60, snapshot())
    look(one, 80)
    assert one.operation.state is State.ACCEPTED
    look(one, 140)
    assert (one.operation.state, one.operation.certainty) == (State.VANISHED, LIKELY)


@pytest.mark.parametrize(("wall", "boot"), [(-86_400, "boot"), (0, "boot"), (86_400, "boot")])
def test_a_clock_that_is_set_brings_no_evidence_nearer(wall: float, boot: str) -> None:
    one = case(Kind.CREATE)
    look(one, 10)
    sighting = Sighting((), settled=True, asked_at=37.0, server_id=1)
    assert one.judge(sighting, Moment(boot, 37.0, ASKED + wall)) is None


def test_after_the_machine_was_started_anew_the_wall_clock_counts() -> None:
    one = case(Kind.CREATE)
    look(one, 10)
    sighting = Sighting((), settled=True, asked_at=1.0, server_id=1)
    assert one.judge(sighting, Moment("another", 1.0, ASKED + 60)) is None
    verdict = one.judge(sighting, Moment("another", 1.0, ASKED + 75))
    assert verdict is not None
    assert verdict.state is State.NOT_CARRIED_OUT


@pytest.mark.parametrize("proved", [True, False])
def test_a_status_that_nobody_published_ends_after_its_time_with_the_word(proved: bool) -> None:
    one = case(Kind.CREATE, State.ACCEPTED, snapshot_id=900, certainty=PROVED if proved else LIKELY)
    for at in (10, 300, 599):
        assert look(one, at, snapshot(status="quarantined")) is None
    look(one, 601, snapshot(status="quarantined"))
    assert (one.operation.state, one.operation.certainty) == (State.UNSEEN, UNTOLD)
    assert "quarantined" in one.operation.words
    assert one.operation.keeps(601) == 0


@pytest.mark.parametrize("certainty", [PROVED, LIKELY])
def test_the_end_of_a_create_is_as_sure_as_its_snapshot(certainty: Certainty) -> None:
    one = case(Kind.CREATE, State.ACCEPTED, snapshot_id=900, certainty=certainty)
    look(one, 200, snapshot(status="completed"))
    assert (one.operation.state, one.operation.certainty) == (State.COMPLETED, certainty)
    assert (one.operation.keeps(200) > 0) is (certainty is LIKELY)


# -- delete ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "certainty"),
    [
        ({}, PROVED),
        ({"server_id": None}, LIKELY),
        ({"one_page": False}, None),
        ({"settled": False}, None),
        ({"server_id": None, "one_page": False}, None),
    ],
)
def test_only_a_whole_page_of_one_server_proves_a_delete(
    more: dict[str, Any], certainty: Certainty | None
) -> None:
    one = case(Kind.DELETE)
    look(one, 5, **more)
    found = (one.operation.state, one.operation.certainty)
    assert found == ((State.COMPLETED, certainty) if certainty else (State.UNKNOWN, None))


def test_what_is_still_there_was_likely_not_deleted() -> None:
    one = case(Kind.DELETE)
    there = snapshot(801, status="completed")
    look(one, 5, there)
    look(one, 70, there)
    assert (one.operation.state, one.operation.certainty) == (State.NOT_CARRIED_OUT, LIKELY)


def test_a_delete_that_was_begun_and_is_no_longer_ends_after_its_time() -> None:
    one = case(Kind.DELETE)
    look(one, 5, snapshot(801, status="deleting"))
    assert (one.operation.state, one.operation.certainty) == (State.ACCEPTED, LIKELY)
    for at in (30, 100, 590):
        assert look(one, at, snapshot(801, status="completed")) is None
    look(one, 610, snapshot(801, status="completed"))
    assert (one.operation.state, one.operation.certainty) == (State.UNSEEN, UNTOLD)


# -- restore ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["active", "stopped", "provisioning", ""])
@pytest.mark.parametrize("state", [State.UNKNOWN, State.ACCEPTED])
def test_no_status_denies_a_restore_or_ends_it_before_its_time(status: str, state: State) -> None:
    one = case(Kind.RESTORE, state)
    for at in range(5, 895, 30):
        assert look(one, at, status=status) is None
    look(one, 901, status=status)
    assert (one.operation.state, one.operation.certainty) == (State.UNSEEN, UNTOLD)


def test_a_restore_that_was_seen_ends_likely_and_keeps_its_server_for_its_time() -> None:
    one = case(Kind.RESTORE, State.ACCEPTED, certainty=PROVED)
    look(one, 10, status="restoring")
    assert (one.operation.state, one.operation.certainty) == (State.ACCEPTED, PROVED)
    assert look(one, 320, status="active") is None, "one reading may be stale"
    look(one, 345, status="active")
    assert (one.operation.state, one.operation.certainty) == (State.COMPLETED, LIKELY)
    assert one.operation.keeps(345) == 555


def test_a_word_for_a_server_that_nobody_published_ends_a_restore_after_its_time() -> None:
    one = case(Kind.RESTORE)
    look(one, 10, status="restoring")
    assert look(one, 890, status="quarantined") is None
    look(one, 910, status="quarantined")
    assert (one.operation.state, "quarantined" in one.operation.words) == (State.UNSEEN, True)


# -- corrections -----------------------------------------------------------------------


def ended(kind: Kind, state: State, **changes: object) -> Case:
    return case(kind, state, **{"certainty": LIKELY, **changes})


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("completed", State.COMPLETED),
        ("failed", State.FAILED),
        ("in_progress", State.ACCEPTED),
        ("quarantined", State.ACCEPTED),
    ],
)
@pytest.mark.parametrize("wrong", [State.NOT_CARRIED_OUT, State.UNSEEN])
def test_a_create_that_comes_late_is_carried_out_after_all(
    status: str, state: State, wrong: State
) -> None:
    verdict = again(ended(Kind.CREATE, wrong), snapshot(status=status))
    assert verdict is not None
    assert (verdict.state, verdict.certainty) == (state, LIKELY)
    assert verdict.words == "carried out after all"


@pytest.mark.parametrize(
    ("state", "status", "becomes"),
    [
        (State.COMPLETED, "in_progress", State.ACCEPTED),
        (State.COMPLETED, "failed", State.FAILED),
        (State.COMPLETED, "completed", None),
        (State.FAILED, "completed", State.COMPLETED),
        (State.VANISHED, "completed", State.COMPLETED),
        (State.UNSEEN, "completed", State.COMPLETED),
    ],
)
def test_a_likely_end_of_a_create_that_proves_wrong_is_corrected(
    state: State, status: str, becomes: State | None
) -> None:
    verdict = again(ended(Kind.CREATE, state, snapshot_id=900), snapshot(status=status))
    assert (verdict.state if verdict else None) is becomes


def test_a_second_one_alike_takes_back_that_the_first_was_ours() -> None:
    one = ended(Kind.CREATE, State.COMPLETED, snapshot_id=900)
    pair = (snapshot(900, status="completed"), snapshot(901, status="completed"))
    verdict = again(one, *pair)
    assert verdict is not None
    assert (verdict.state, verdict.certainty) == (State.UNSEEN, UNTOLD)


def test_a_name_that_the_service_changed_takes_back_a_denial() -> None:
    verdict = again(ended(Kind.CREATE, State.NOT_CARRIED_OUT), snapshot(name="Fresh"))
    assert verdict is not None
    assert (verdict.state, verdict.certainty) == (State.UNSEEN, UNTOLD)
    assert again(ended(Kind.CREATE, State.NOT_CARRIED_OUT), snapshot(name="nightly")) is None


def test_a_delete_is_corrected_both_ways_and_proved_afterwards() -> None:
    there = snapshot(801, status="completed")
    verdict = again(ended(Kind.DELETE, State.COMPLETED), there)
    assert verdict is not None
    assert verdict.state is State.NOT_CARRIED_OUT
    verdict = again(ended(Kind.DELETE, State.NOT_CARRIED_OUT))
    assert verdict is not None
    assert (verdict.state, verdict.certainty) == (State.COMPLETED, PROVED)
    assert verdict.words == "carried out after all"
    verdict = again(ended(Kind.DELETE, State.COMPLETED))
    assert verdict is not None
    assert (verdict.state, verdict.certainty) == (State.COMPLETED, PROVED)
    assert again(ended(Kind.DELETE, State.COMPLETED), server_id=None) is None


def test_a_restore_that_goes_on_after_its_likely_end_is_not_over() -> None:
    one = ended(Kind.RESTORE, State.COMPLETED, seen_busy=True)
    assert again(one, status="active") is None
    verdict = again(one, status="restoring")
    assert verdict is not None
    assert (verdict.state, verdict.words) == (State.ACCEPTED, "not over yet")


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_proved_frees_its_server_at_once(kind: Kind) -> None:
    done: Operation = ended(kind, State.COMPLETED, certainty=PROVED).operation
    assert done.keeps(0.0) == 0.0
    assert replace(done, certainty=LIKELY, freed=True).keeps(0.0) == 0.0
