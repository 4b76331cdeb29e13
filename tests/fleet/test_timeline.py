"""What a row of days says, and that it says no more than is known."""

from __future__ import annotations

from datetime import UTC, datetime

from tui.config.ages import DAY
from tui.fleet.health import BY_DEFAULT, Judge, Rules
from tui.fleet.state import ServerView
from tui.fleet.timeline import Mark, days, joined
from tui.vps.models import Server, Snapshot

NOW = 1_737_547_200.0
SIGNS = dict(zip(Mark, ".-ok~x", strict=True))


def view(*snapshots: tuple[float, str]) -> ServerView:
    made = [
        Snapshot(
            id=number,
            server_id=1,
            server_name="web",
            name=f"s{number}",
            status=status,
            created_at=datetime.fromtimestamp(NOW - ago * DAY, UTC),
        )
        for number, (ago, status) in enumerate(snapshots)
    ]
    return ServerView(Server(id=1, name="web"), tuple(made))


def line(
    server: ServerView, count: int = 14, gone: tuple[float, ...] = (), rules: Rules = BY_DEFAULT
) -> str:
    health = Judge(rules).of(server, NOW)
    marks = days(server, health, NOW, count, [NOW - ago * DAY for ago in gone])
    return "".join(SIGNS[mark] for mark in marks)


def test_each_snapshot_stands_on_its_day() -> None:
    fleet = view((0.1, "in_progress"), (0.5, "completed"), (2.5, "failed"), (3.5, "completed"))
    assert line(fleet) == "..........kx.~"


def test_the_gap_begins_where_the_newest_became_too_old() -> None:
    assert line(view((10.5, "completed"))) == "...k......----"
    assert line(view((6.9, "completed"))) == ".......k......"
    assert line(view((40.0, "completed"))) == "-" * 14


def test_of_a_server_without_any_only_today_is_known() -> None:
    assert line(view()) == "............." + "-"
    assert line(view((3.5, "failed"))) == "..........x..-"


def test_what_is_gone_is_hollow_and_what_is_kept_stands_before_it() -> None:
    assert line(view((1.5, "completed")), gone=(1.2, 4.5, 30)) == "---------o..k."


def test_several_days_in_one_keep_what_matters_most() -> None:
    marks = (Mark.NOTHING, Mark.KEPT, Mark.FAILED, Mark.KEPT, Mark.GAP)
    assert joined(marks, 2) == (Mark.NOTHING, Mark.FAILED, Mark.KEPT)
    assert joined(marks, 1) == marks


def test_a_date_in_the_future_is_today() -> None:
    assert line(view((-3.0, "completed")))[-1] == "k"


def test_past_gaps_are_shown_between_what_is_kept() -> None:
    server = view((1.5, "completed"), (12.5, "completed"), (20.5, "completed"))
    assert line(server, 24) == "...k......-k......----k."
    assert line(view((1.5, "completed"), (8.4, "completed"))) == ".....k......k."


def test_what_failed_in_a_gap_does_not_end_it_and_what_is_gone_does() -> None:
    server = view((0.5, "completed"), (4.5, "failed"), (13.6, "completed"))
    assert line(server) == "k......--x---k"
    assert line(server, gone=(7.5,)) == "k.....o..x...k"


def test_before_the_first_that_is_known_there_may_have_been_others() -> None:
    assert line(view((1.5, "completed")), 30) == "." * 28 + "k."


def test_where_no_age_is_too_old_there_are_no_gaps() -> None:
    server = view((20.5, "completed"), (40.5, "completed"))
    assert line(server, 45, rules=Rules(max_age=0.0)).count("-") == 0
    assert line(server, 45, rules=Rules(ignore=frozenset({"stale"}))).count("-") == 0
    assert line(server, 45).count("-") == 13 + 14
