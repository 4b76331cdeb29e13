"""What a row of days says, and that it says no more than is known."""

from __future__ import annotations

from datetime import UTC, datetime

from tui.config.ages import DAY
from tui.fleet.health import Judge
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


def line(server: ServerView, count: int = 14, gone: tuple[float, ...] = ()) -> str:
    health = Judge().of(server, NOW)
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
    assert line(view((1.5, "completed")), gone=(1.2, 4.5, 30)) == ".........o..k."


def test_several_days_in_one_keep_what_matters_most() -> None:
    marks = (Mark.NOTHING, Mark.KEPT, Mark.FAILED, Mark.KEPT, Mark.GAP)
    assert joined(marks, 2) == (Mark.NOTHING, Mark.FAILED, Mark.KEPT)
    assert joined(marks, 1) == marks


def test_a_date_in_the_future_is_today() -> None:
    assert line(view((-3.0, "completed")))[-1] == "k"
