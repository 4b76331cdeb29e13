"""A short campaign of kills, faults and rivals: nothing twice, forgotten or untrue."""

from __future__ import annotations

import pytest

from tests.bench.fates import Fate
from tests.bench.tally import Asking, Tally
from tests.bench.trust import campaign
from tui.fleet.operation import Certainty, Kind, Operation, State
from tui.simulator.clock import VirtualClock
from tui.simulator.world import World


@pytest.mark.parametrize("shows_restoring", [True, False], ids=["restoring", "silent"])
def test_killed_at_any_moment_nothing_is_sent_twice_forgotten_or_untrue(
    shows_restoring: bool,
) -> None:
    tally = campaign(20250122, 24, shows_restoring=shows_restoring)
    assert tally.good, f"\n{tally}"
    assert tally.kills >= 24
    assert tally.carried_out >= 5, f"\n{tally}"
    assert tally.struck["sent"], f"\n{tally}"


AIM = ("create", 12_345)


# -- and that it would be seen ---------------------------------------------------------


@pytest.fixture
def world() -> World:
    made = World(VirtualClock(0.0))
    made.add_snapshot(made.add_server("web"), "old")
    return made


def asking(number: int = 1, kind: str = "create") -> Asking:
    return Asking(number, "core", kind, "web", "made", Fate("answered"))


def operation(
    state: State, certainty: Certainty | None = Certainty.PROVED, kind: Kind = Kind.CREATE
) -> Operation:
    return Operation(
        id=1,
        kind=kind,
        state=state,
        account="",
        server_id=12_345,
        server_name="web",
        snapshot_id=800,
        snapshot_name="made",
        origin=asking().origin,
        asked_at=0.0,
        certainty=certainty,
    )


def test_one_intent_sent_twice_is_a_double(world: World) -> None:
    tally, one = Tally(), asking()
    one.fate.sent[AIM] = 2
    tally.settle([one], [operation(State.REFUSED)], world)
    assert len(tally.doubles) == 1


def test_the_same_carried_out_for_two_who_were_told_nothing_is_a_double(world: World) -> None:
    tally, pair = Tally(), [asking(1), asking(2)]
    for one in pair:
        one.fate.done[AIM] = 1
    tally.settle(pair, [], world)
    assert len(tally.doubles) == 1


def test_what_was_sent_and_is_not_in_the_journal_is_forgotten(world: World) -> None:
    tally, one = Tally(), asking()
    one.fate.sent[AIM] = 1
    tally.settle([one], [], world)
    assert len(tally.forgotten) == 1


@pytest.mark.parametrize(
    "state", [State.NEVER_SENT, State.REFUSED, State.NOT_CARRIED_OUT, State.UNSEEN, State.VANISHED]
)
def test_a_denial_of_what_was_done_is_false_only_where_it_is_called_proved(
    world: World, state: State
) -> None:
    one = asking()
    one.fate.sent[AIM] = one.fate.done[AIM] = 1
    one.fate.made.add(800)
    tally = Tally()
    tally.settle([one], [operation(state)], world)
    assert len(tally.false) == 1
    tally = Tally()
    tally.settle([one], [operation(state, Certainty.UNTOLD)], world)
    assert tally.good


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("state", [State.ACCEPTED, State.COMPLETED, State.FAILED])
def test_a_claim_of_what_was_not_done_is_false(world: World, state: State, kind: Kind) -> None:
    if kind is Kind.DELETE and state is not State.COMPLETED:
        return
    tally, one = Tally(), asking(kind=kind.value)
    one.fate.sent[kind.value, 12_345] = 1
    tally.settle([one], [operation(state, kind=kind)], world)
    assert len(tally.false) == 1


def test_what_is_called_likely_and_is_not_so_is_counted_apart(world: World) -> None:
    tally, one = Tally(), asking()
    tally.settle([one], [operation(State.COMPLETED, Certainty.LIKELY)], world)
    assert not tally.false
    assert len(tally.likely_and_wrong) == 1


def test_what_has_no_end_is_named(world: World) -> None:
    tally = Tally()
    tally.settle([asking()], [operation(State.UNKNOWN, None)], world)
    assert not tally.good
