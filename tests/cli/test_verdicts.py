"""What commands say became of a write whose answer is lost: on the terminal, on record, as a code.

The service is of the test's own making; each command is a session of its own.
"""

from __future__ import annotations

import os
import subprocess
import threading

import pytest

from tests.helpers.faulty import http
from tests.helpers.program import CIPLUN
from tests.helpers.raw import CREATE, DELETE, RESTORE, Door

BEGUN = http('{"status": "success", "snapshot": {"id": 801}, "server": {"id": 10}}')
MADE = http(
    '{"id": 827, "server": {"id": 10, "name": "web"}, "name": "nightly", "status": "pending"}',
    "201 Created",
)
GONE_ON = ("accepted", "proved")
UNKNOWN = ("unknown", None)
UNTOLD = ("cannot be seen", "cannot be told")
DENIED = ("not carried out", "likely")


def lost(door: Door, words: tuple[str, ...]) -> None:
    """A write of which nothing is seen: neither an answer nor a sign in the lists."""
    code, out, _ = door.run(*words)
    assert (code, "No answer to the " in out) == (3, True)
    assert "`ciplun settle --wait` keeps looking" in out
    assert door.look(0).code == 3  # the command itself looked for a moment only: perhaps in vain
    assert door.stands() == UNKNOWN


# -- restores ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["active", "stopped", "quarantined", None])
def test_no_status_denies_a_restore_and_none_is_sent_twice(door: Door, status: str | None) -> None:
    door.raw.status = status
    lost(door, RESTORE)
    for seconds in (250, 300, 300):
        door.raw.later += seconds
        code, out, err = door.run(*RESTORE)
        assert (code, out, "restore of old is open on web (no answer" in err) == (1, "", True)
        assert door.stands() == UNKNOWN
    code, out, err = door.look(60)
    assert (code, err) == (3, "")
    now = f"the server is {status} now" if status else "the server's status cannot be seen"
    assert f"The restore of old on web: no answer came; {now}; its end cannot be seen" in out
    assert "carried out" not in out
    assert (door.stands(), door.said.count("POST")) == (UNTOLD, 1)


@pytest.mark.parametrize(
    "looks",
    [
        # seconds since the last one, what is shown, and how it stands after that
        [(5, "restoring", ""), (25, "active", ""), (25, "active", ""), (15, "active", "")],
        [(5, "restoring", ""), (60, "active", ""), (10, "restoring", ""), (20, "active", "")],
        [(5, "restoring", ""), (60, "active", ""), (21, "active", "over")],
        [(5, "restoring", ""), (60, "stopped", ""), (200, "stopped", ""), (45, "stopped", "")],
        [(5, "restoring", ""), (300, "stopped", ""), (30, "stopped", "over")],
        [(600, "restoring", ""), (20, "active", ""), (25, "active", ""), (30, "active", "")],
        [(5, "restoring", ""), (250, "stopped", ""), (60, "active", ""), (21, "active", "over")],
        [(5, "restoring", ""), (70, "quarantined", ""), (30, "quarantined", "")],
        [(5, "active", ""), (300, "active", ""), (30, "stopped", "")],
    ],
)
def test_a_restore_is_over_on_two_readings_none_of_them_too_soon(
    door: Door, looks: list[tuple[float, str, str]]
) -> None:
    door.raw.written = lambda method, path: BEGUN
    assert door.run(*RESTORE)[0] == 0
    for seconds, door.raw.status, over in looks:
        code, out, _ = door.look(seconds)
        stands = 3 if over and door.raw.status == "stopped" else 0  # it ran before
        assert (code, "web is restored from old" in out) == (stands, bool(over)), looks
        assert door.stands() == (("completed", "likely") if over else GONE_ON), looks
    if looks[-1][2]:
        code, _, err = door.run(*CREATE)
        assert (code, "may still go on (completed: likely)" in err) == (1, True)
    else:
        assert "restore of old is open" in door.run(*DELETE).err
    assert (door.said.count("POST"), door.said.count("DELETE")) == (1, 0)


def test_a_list_that_was_asked_for_before_the_write_of_another_process_says_nothing_of_it(
    door: Door,
) -> None:
    """The status is of an earlier restore, and the answer on its way while this one is sent."""
    seen = threading.Event()
    codes: list[int] = []
    plain = door.raw.answer

    def answer(method: str, path: str) -> bytes:
        if "/servers/" in path and not seen.is_set():
            door.raw.status = "restoring"
            said = plain(method, path)
            door.raw.status = "active"
            seen.set()
            return said
        if "/snapshots/" in path and not codes:
            assert seen.wait(20)
            codes.append(0)
            program = [*CIPLUN, *RESTORE]
            codes[0] = subprocess.run(
                program, env={**os.environ}, timeout=60, check=False
            ).returncode
        return plain(method, path)

    door.raw.written = lambda method, path: BEGUN
    door.said.answer = answer
    door.run("list")
    assert (codes, door.stands()) == ([0], GONE_ON)
    assert door.operations()[0]["seen_busy"] is False
    for seconds in (100, 30, 200):
        assert door.look(seconds).code == 0
        assert door.stands() == GONE_ON, "it was never seen to begin"
    code, _, err = door.run(*DELETE)
    assert (code, "restore of old is open on web" in err) == (1, True)
    assert door.said.count("DELETE") == 0


# -- creates -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "skew"),
    [(-8.0, None), (-1 / 6, 0.0), (1 / 6, -7_200.0), (8.0, 0.0), (None, 7_200.0)],
)
def test_a_create_is_found_whatever_the_clocks_say(
    door: Door, monkeypatch: pytest.MonkeyPatch, hours: float | None, skew: float | None
) -> None:
    def carried_out(method: str, path: str) -> bytes:
        door.raw.make(827, "nightly", hours)
        return b""

    door.raw.written, door.raw.skew = carried_out, skew
    monkeypatch.setattr("tui.cli.finishing.SETTLING", 20.0)
    code, out, err = door.run(*CREATE)
    assert (code, err, "nightly on web was likely carried out" in out) == (0, "", True)
    assert door.stands() == ("accepted", "likely")
    assert door.run(*CREATE).code == 1
    door.raw.snapshots[-1]["status"] = "completed"
    code, out, _ = door.look(300)
    assert (code, "nightly of web is completed" in out, " · likely: " in out) == (0, True, True)
    assert (door.stands(), door.operations()[0]["snapshot_id"]) == (("completed", "likely"), 827)
    assert door.said.count("POST") == 1


@pytest.mark.parametrize("name", ["NIGHTLY", "nightly_1", "auto-827"])
def test_something_new_that_may_be_ours_is_never_a_denial(door: Door, name: str) -> None:
    lost(door, CREATE)
    door.raw.make(827, name)
    for seconds in (61, 300, 200):
        code, out, _ = door.look(seconds)
        assert (code, "carried out" in out, door.stands()) == (3, False, UNKNOWN)
        assert door.run(*CREATE).code == 1
    code, out, _ = door.look(60)
    assert (code, f"cannot be told: #827 {name} appeared, which may be it" in out) == (3, True)
    assert (door.stands(), door.said.count("POST")) == (UNTOLD, 1)


def test_a_colleague_s_of_the_same_name_is_told_apart_by_its_description(door: Door) -> None:
    lost(door, (*CREATE, "--description", "ours"))
    door.raw.make(827, "nightly", description="theirs")
    assert door.look(61).code == 3
    assert door.stands() == UNKNOWN
    door.raw.make(828, "nightly", description="ours")
    code, out, _ = door.look(10)
    assert (code, door.stands(), "likely" in out) == (0, ("accepted", "likely"), True)
    assert door.operations()[0]["snapshot_id"] == 828


def test_twins_of_one_moment_cannot_be_told_apart(door: Door) -> None:
    lost(door, CREATE)
    for key in (827, 828):
        door.raw.make(key, "nightly", status="completed")
    for seconds in (61, 300, 200):
        assert door.look(seconds).code == 3
    assert "cannot be told: #827 nightly, #828 nightly appeared" in door.look(60).out
    assert door.stands() == UNTOLD


@pytest.mark.parametrize("words", [CREATE, RESTORE])
@pytest.mark.parametrize("clock", ["skew", "wall"])
@pytest.mark.parametrize("jump", [120.0, 86_400.0, -86_400.0])
def test_no_clock_that_jumps_brings_a_verdict_nearer(
    door: Door, words: tuple[str, ...], clock: str, jump: float
) -> None:
    lost(door, words)
    for seconds in (1, 24):
        setattr(door.raw, clock, jump)
        assert door.look(seconds).code == 3
        setattr(door.raw, clock, 0.0)
        assert door.look(1).code == 3
    assert door.stands() == UNKNOWN
    setattr(door.raw, clock, jump)
    restores = words is RESTORE
    door.look(61)
    assert door.stands() == (UNKNOWN if restores else DENIED)
    door.look(750)
    assert door.run(*words).code == (1 if restores else 3), "and none keeps a server longer"
    assert door.said.count("POST") == (1 if restores else 2)


@pytest.mark.parametrize(
    ("late", "skew"),
    [(110.0, 0.0), (500.0, -7_200.0), (500.0, 7_200.0), (3_000.0, 0.0), (3_000.0, -86_400.0)],
)
def test_a_create_that_comes_after_its_denial_is_told_and_recorded(
    door: Door, late: float, skew: float
) -> None:
    lost(door, CREATE)
    door.raw.skew = skew
    code, out, _ = door.look(61)
    assert (code, "was likely not carried out" in out, door.stands()) == (0, True, DENIED)
    door.raw.skew = 0.0
    code, _, err = door.run(*CREATE)
    assert (code, "may still come (not carried out: likely)" in err) == (1, True)
    door.raw.make(827, "nightly", status="completed")
    code, out, err = door.look(late)
    assert (code, "was likely carried out after all: it is listed now as #827" in out) == (0, True)
    assert (door.stands(), door.said.count("POST")) == (("completed", "likely"), 1)


def test_a_delete_and_a_restore_that_come_late_are_corrected_as_well(door: Door) -> None:
    lost(door, DELETE)
    assert "was likely not carried out" in door.look(61).out
    gone = door.raw.snapshots.pop()
    assert "delete of old on web was carried out after all" in door.look(200).out
    assert door.stands() == ("completed", "proved")
    door.raw.snapshots.append(gone)
    lost(door, RESTORE)
    assert "its end cannot be seen" in door.look(901).out
    door.raw.status = "restoring"
    assert "restore of old on web was likely carried out after all" in door.look(300).out
    assert door.stands() == ("accepted", "likely")


@pytest.mark.parametrize("wall", [0.0, 86_400.0, -86_400.0])
def test_the_admin_s_word_frees_a_server_whatever_this_machine_s_clock_says(
    door: Door, wall: float
) -> None:
    lost(door, CREATE)
    door.look(61)
    assert (door.stands(), door.run(*CREATE).code) == (DENIED, 1)
    door.raw.wall = wall
    code, out, err = door.run("over", str(door.operations()[0]["id"]))
    assert (code, err, "tracking stopped by " in out) == (0, "", True)
    assert door.stands() == DENIED, "nothing is proved by it"
    door.raw.written = lambda method, path: MADE
    assert (door.run(*CREATE).code, door.said.count("POST")) == (0, 2)


def test_creates_alone_settle_one_that_was_killed(door: Door) -> None:
    door.killed_at("POST", CREATE, carried_out=False)
    ends = []
    door.raw.written = lambda method, path: MADE
    for _ in range(12):
        code, out, _ = door.run(*CREATE)
        if code == 0:
            break
        assert (code, out) == (1, "")
        ends.append(door.stands()[0])
        door.raw.later += 100
    assert ends == ["unknown", *["not carried out"] * 5] or ends == [
        "unknown",
        *["not carried out"] * 6,
    ]
    assert door.said.count("POST") == 2
    assert [o["state"] for o in door.operations()] == ["accepted", "not carried out"]


# -- words that nobody published -----------------------------------------------------------------


@pytest.mark.parametrize("word", ["quarantined", "Completed", "success", "in progress"])
def test_a_create_ends_on_a_word_that_nobody_published_after_its_time(
    door: Door, word: str
) -> None:
    door.raw.written = lambda method, path: MADE
    assert door.run(*CREATE).code == 0
    door.raw.make(827, "nightly", status=word)
    code, out, _ = door.look(300)
    assert (code, "running" in out, door.stands()) == (0, True, GONE_ON)
    assert f"the provider says: {word}" in door.look(301).out
    assert door.stands() == UNTOLD
    door.raw.written = lambda method, path: MADE.replace(b"827", b"828")
    assert door.run(*CREATE).code == 0, "its server is free"


@pytest.mark.parametrize("before", ["", "deleting"])
@pytest.mark.parametrize("word", ["deleted", "archived", "Deleting"])
def test_a_delete_is_not_denied_by_a_word_that_nobody_published(
    door: Door, word: str, before: str
) -> None:
    lost(door, DELETE)
    if before:
        door.raw.snapshots[0]["status"] = before
        assert door.look(10).code == 0
    door.raw.snapshots[0]["status"] = word
    for seconds in (61, 300, 200):
        _, out, _ = door.look(seconds)
        assert "carried out" not in out
    assert door.stands() == (("accepted", "likely") if before else UNKNOWN)
    _, out, _ = door.look(60)
    assert f"The delete of old on web: the provider says: {word}" in out
    assert (door.stands(), door.said.count("DELETE")) == (UNTOLD, 1)
