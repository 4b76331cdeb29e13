"""Why something may not be written: one place answers, for the dashboard and for the commands."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.helpers.clocks import FakeClock
from tests.helpers.fakes import server, snapshot
from tests.helpers.journals import operation
from tui.fleet.operation import Certainty, Kind, State
from tui.fleet.state import Fleet, Freshness, ServerView
from tui.fleet.write_lock import WriteLock
from tui.fleet.writes.rules import (
    NAME_LENGTH,
    STALE,
    Reason,
    description_problem,
    name_problem,
    refusal,
    unwritable,
)
from tui.vps.errors import Forbidden
from tui.vps.models import Account
from tui.vps.sanitize import DESCRIPTION_LENGTH

READER = Account(permissions=("servers:read",))
OWNER = Account(permissions=("servers:*",))


def lock(*, read_only: bool = False, locked: bool = False) -> WriteLock:
    return WriteLock(FakeClock(0.0), read_only=read_only, locked=locked, minutes=10)


def known(status: str = "completed", *, live: bool = True) -> tuple[Fleet, ServerView]:
    view = ServerView(server(1), (snapshot(11, status=status, name="snap"),))
    return Fleet(servers={1: view}, freshness=Freshness(as_of=0.0 if live else None)), view


def test_what_stops_all_writes_is_said_with_the_command_that_may_lift_it() -> None:
    assert unwritable(lock(), OWNER, None) is None
    assert unwritable(lock(), None, None) is None, "unknown permissions: the provider decides"
    assert unwritable(lock(), OWNER, None, connected=False) == Reason("not connected yet")
    assert unwritable(lock(locked=True), OWNER, None) == Reason("writing is locked", "lock")
    forever = unwritable(lock(read_only=True, locked=True), OWNER, None)
    assert forever is not None
    assert (forever.remedy, "read-only" in forever.text) == ("", True)
    assert "may only read" in str(unwritable(lock(), READER, None))
    refused = unwritable(lock(), OWNER, Forbidden("Not for you."))
    assert refused is not None
    assert (refused.remedy, "Not for you." in refused.text) == ("refresh", True)


@pytest.mark.parametrize("status", ["in_progress", "deleting", "restoring", "quarantined", ""])
@pytest.mark.parametrize("kind", [Kind.RESTORE, Kind.DELETE])
def test_what_is_not_ready_is_neither_restored_nor_deleted(kind: Kind, status: str) -> None:
    fleet, view = known(status)
    assert "snap is" in str(refusal(kind, fleet, view, view.snapshots[0]))


def test_a_failed_one_can_be_deleted_and_not_restored() -> None:
    fleet, view = known("failed")
    assert refusal(Kind.DELETE, fleet, view, view.snapshots[0]) is None
    assert refusal(Kind.RESTORE, fleet, view, view.snapshots[0]) is not None


def test_what_has_ended_without_proof_keeps_its_server() -> None:
    ended = operation(
        1, state=State.NOT_CARRIED_OUT, certainty=Certainty.LIKELY, snapshot_name="nightly"
    )
    whole, view = known()
    fleet = replace(whole, kept={1: ended})
    why = refusal(Kind.CREATE, fleet, view, None)
    assert why is not None
    assert why.text == "the create of nightly may still come (not carried out: likely)"
    assert why.remedy == "operations"
    made = replace(ended, state=State.COMPLETED)
    fleet = replace(whole, kept={1: made})
    assert "may still go on" in str(refusal(Kind.DELETE, fleet, view, view.snapshots[0]))
    assert refusal(Kind.RESTORE, fleet, view, view.snapshots[0]) is None
    gone = replace(ended, kind=Kind.DELETE, snapshot_id=view.snapshots[0].id)
    fleet = replace(whole, kept={1: gone})
    assert refusal(Kind.DELETE, fleet, view, view.snapshots[0]) is None, "that is harmless"


def test_nothing_is_destroyed_on_old_knowledge_nor_what_is_protected() -> None:
    fleet, view = known(live=False)
    assert refusal(Kind.CREATE, fleet, view, None) is None
    assert refusal(Kind.DELETE, fleet, view, view.snapshots[0]) == STALE
    fleet, view = known()
    kept = replace(fleet, protected=frozenset({11}))
    assert "protected" in str(refusal(Kind.DELETE, kept, view, view.snapshots[0]))
    assert refusal(Kind.RESTORE, kept, view, view.snapshots[0]) is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("before-update_2", ""),
        ("a" * NAME_LENGTH, ""),
        ("a" * (NAME_LENGTH + 1), "at most"),
        ("", "required"),
        ("nightly ", "a space"),
        ("nightly\r", "U+000D"),
        ("nightly\n", "U+000A"),
        ("b\udcff", "U+DCFF"),
        ("x\x1b]0;t\a", "U+001B"),
        ("ñandu", "“ñ”"),
        ("taken", "already"),
    ],
)
def test_a_name_follows_the_published_rule(name: str, problem: str) -> None:
    found = name_problem(name, {"taken"})
    assert problem in found if problem else found == ""
    assert found.isprintable()


@pytest.mark.parametrize(
    ("description", "good"),
    [
        ("before the new disk – “really”", True),
        ("", True),
        ("a" * DESCRIPTION_LENGTH, True),
        ("a" * (DESCRIPTION_LENGTH + 1), False),
        ("two\nlines", False),
        ("\x1b[31m", False),
        ("\x9b31m", False),
        ("b\udcff", False),
    ],
)
def test_a_description_is_one_line_of_text(description: str, good: bool) -> None:
    assert (description_problem(description) == "") is good
    assert description_problem(description).isprintable()
