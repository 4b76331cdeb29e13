"""What is told of an operation: once, with what it rests on, and corrected where it was wrong."""

from __future__ import annotations

import tracemalloc

import pytest
from msgspec.structs import replace

from tests.helpers.journals import operation
from tui.fleet.operation import Certainty, Kind, Operation, State
from tui.fleet.plan import Plan, PlanKind, Step
from tui.notices import News, Teller, assurance, facts, tally_line, tally_words

ASKED = operation(7, id=1, state=State.SENT, snapshot_name="nightly")
DENIED = replace(
    ASKED,
    state=State.NOT_CARRIED_OUT,
    words="it was not in two later lists",
    certainty=Certainty.LIKELY,
    evidence="two listings did not show it",
)


def told(*steps: Operation) -> list[News]:
    """What is told of these steps, one after the other."""
    heard: list[News] = []
    teller = Teller()
    teller.listen(lambda operation, news: heard.append(news))
    for step in steps:
        teller.step(step)
    return heard


def test_what_is_proved_is_told_without_more() -> None:
    done = replace(
        ASKED, state=State.COMPLETED, certainty=Certainty.PROVED, evidence="it is listed"
    )
    assert told(ASKED, done) == [News("nightly of web is completed", ended=True)]
    assert assurance(done) == "proved: it is listed"
    assert facts(done)["certainty"] == "proved"


def test_what_is_likely_says_why_and_no_more_than_that() -> None:
    done = replace(
        ASKED, state=State.COMPLETED, certainty=Certainty.LIKELY, evidence="one of its name came"
    )
    assert [news.text for news in told(ASKED, done)] == [
        "nightly of web is completed · likely: one of its name came"
    ]
    (news,) = told(ASKED, DENIED)
    assert news.text == (
        "The create of nightly on web was likely not carried out: "
        "it was not in two later lists; it may still come"
    )
    assert (news.bad, news.ended, news.again) == (True, True, True)


@pytest.mark.parametrize("wrong", [State.NOT_CARRIED_OUT, State.VANISHED, State.UNSEEN])
@pytest.mark.parametrize("right", [State.ACCEPTED, State.COMPLETED, State.FAILED])
def test_a_wrong_end_is_corrected_aloud_and_once(wrong: State, right: State) -> None:
    denied = replace(DENIED, state=wrong)
    found = replace(denied, state=right, certainty=Certainty.LIKELY, evidence="it is listed now")
    first, correction = told(ASKED, denied, denied, found, found)
    assert first.ended
    assert correction.text == (
        "The create of nightly on web was likely carried out after all: it is listed now"
    )
    assert (correction.bad, correction.ended, correction.again) == (True, True, False)


def test_an_end_that_was_too_soon_is_taken_back_aloud() -> None:
    done = replace(DENIED, state=State.COMPLETED, kind=Kind.RESTORE)
    seen = replace(done, state=State.ACCEPTED, evidence="the server was seen restoring again")
    _, correction = told(ASKED, done, seen)[-2:]
    assert correction.text == (
        "The restore of nightly on web is not over: the server was seen restoring again"
    )
    assert (correction.bad, correction.ended) == (True, False)


def test_a_process_that_was_not_there_tells_a_correction_too() -> None:
    heard: list[News] = []
    teller = Teller()
    teller.listen(lambda operation, news: heard.append(news))
    teller.know(DENIED)
    gone = replace(DENIED, state=State.COMPLETED, certainty=Certainty.PROVED)
    teller.step(replace(gone, evidence="no list shows it"))
    assert [news.text for news in heard] == [
        "The create of nightly on web was carried out after all: no list shows it"
    ]


def test_nothing_is_known_of_the_proof_of_what_an_older_journal_holds() -> None:
    assert assurance(replace(ASKED, state=State.COMPLETED)) == ""
    assert facts(ASKED)["certainty"] == ""


def test_of_many_thousand_ends_the_last_are_known() -> None:
    teller = Teller()

    def end(number: int) -> State | None:
        teller.step(replace(ASKED, id=number))
        return teller.step(replace(DENIED, id=number))

    tracemalloc.start()
    for number in range(10_000):
        assert end(number) is State.SENT
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 300_000
    assert teller.step(replace(DENIED, id=9_999)) is State.NOT_CARRIED_OUT, "it is told once"


def test_who_no_longer_listens_hears_nothing() -> None:
    teller, heard = Teller(), []
    end = teller.listen(lambda operation, news: heard.append(news))
    teller.trouble("no room")
    teller.trouble("no room")
    end()
    teller.trouble("no journal")
    assert [news.text for news in heard] == ["no room"]


def test_a_tally_calls_refused_only_what_somebody_refused() -> None:
    refused = replace(DENIED, state=State.REFUSED, certainty=Certainty.PROVED)
    failed = replace(DENIED, state=State.FAILED)
    ends = (refused, failed, DENIED, replace(DENIED, state=State.VANISHED))
    steps = tuple(
        Step(kind=Kind.CREATE, server_id=n, server_name="web", name="x", operation=n, became=end)
        for n, end in enumerate(ends, 1)
    )
    plan = Plan(kind=PlanKind.CREATE, name="x", steps=steps)
    assert tally_line(plan) == "1 refused · 2 likely not done · 1 failed"
    assert tally_words(plan) == "1 refused, 2 likely not done, 1 failed"
    left = Step(kind=Kind.CREATE, server_id=9, server_name="web", name="x", words="ended by admin")
    ended = Plan(
        kind=PlanKind.CREATE, name="x", steps=(steps[0], left), words=left.words, ended_at=9.0
    )
    assert tally_line(ended) == "1 refused · 1 given up"
