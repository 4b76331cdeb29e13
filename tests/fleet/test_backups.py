"""Backups beside snapshots: which is the newest, and who has none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.helpers.fleets import NOW, snapshot, view
from tui.config.ages import HOUR
from tui.fleet.backups import findings, newest, of
from tui.vps.models import Backup


def backup(hours: float | None, status: str = "completed", server: int | str = 1) -> Backup:
    created = None if hours is None else NOW - timedelta(hours=hours)
    return Backup(id=7, server_id=server, kind="automatic", status=status, created_at=created)


@pytest.mark.parametrize(
    "other", [backup(1, "in_progress"), backup(1, "failed"), backup(None), backup(-9)]
)
def test_only_a_completed_one_with_a_date_that_can_be_counts(other: Backup) -> None:
    good = backup(30)
    found = newest([other, good, backup(50)], NOW)
    assert of(found, 1) is good
    assert of(found, "1") is good
    assert of(found, 2) is None


def test_who_has_none_or_no_fresh_one_is_said() -> None:
    views = [view("a", snapshot(1), id=1), view("b", snapshot(1), id=2), view("c", id=3)]
    found = newest([backup(30), backup(60, server=2)], NOW)
    told = [(f.server, f.what) for f in findings(views, found, 48 * HOUR, NOW)]
    assert told == [
        ("b", "no backup in 2d"),
        ("c", "no backup: its only copies lie on its own infrastructure"),
    ]
