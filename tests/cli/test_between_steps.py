"""What changes between two steps of a plan: each step asks the rules again, at every door."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.faulty import http
from tests.helpers.program import CIPLUN
from tests.helpers.raw import Door
from tests.helpers.service import snapshot

NAMES = {key: f"old-{key}" for key in range(801, 806)}
PRUNE = ("prune", "web", "--name", "old-*", "--keep-last", "3")
ROOM = ("create", "web", "nightly", "--make-room")
ENSURE = ("ensure", "web", "--max-age", "1h", "--make-room")
GUARD = ("guard", "web", "--name", "nightly", "--make-room", "--timeout", "60s", "--", "true")


def fill(door: Door) -> None:
    """Five of five, the oldest first; the service does what it is asked for."""
    door.raw.snapshots = [
        snapshot(key, name=name, created_at=f"2025-01-{key - 790}T18:30:00Z")
        for key, name in NAMES.items()
    ]


def obedient(door: Door, between: Callable[[], object]) -> None:
    """The service does what it is asked for, and `between` happens once one is deleted."""
    happened: list[object] = []

    def written(method: str, path: str) -> bytes:
        if method == "DELETE":
            number = int(path.split("/")[2])
            door.raw.snapshots = [s for s in door.raw.snapshots if s["id"] != number]
            if not happened:
                happened.append(between())
            return http(b"", "204 No Content")
        if len(door.raw.snapshots) >= 5:
            return http('{"detail": "limit reached"}', "400 Bad Request")
        door.raw.make(827, "nightly", status="completed")
        made = door.raw.snapshots[-1] | {"status": "in_progress"}
        return http(json.dumps(made), "201 Created")

    door.raw.written = written


def restoring(door: Door) -> None:
    door.raw.status = "restoring"


def gone(door: Door) -> None:
    door.raw.snapshots = [s for s in door.raw.snapshots if s["id"] != 802]


def change(door: Door, **facts: object) -> None:
    door.raw.snapshots = [s | facts if s["id"] == 802 else s for s in door.raw.snapshots]


def renamed(door: Door) -> None:
    change(door, name="kept")


def another(door: Door) -> None:
    change(door, created_at="2025-01-12T00:00:00Z")


def deleting(door: Door) -> None:
    change(door, status="deleting")


def busy(door: Door) -> None:
    door.raw.make(900, "of-a-colleague")


def protected(door: Door) -> None:
    words = [*CIPLUN, "protect", "802", "--server", "web"]
    assert subprocess.run(words, env=door.environ, check=False).returncode == 0


CHANGES = [
    (restoring, "web is being restored"),
    (gone, "old-802 (#802) is no longer listed"),
    (renamed, "snapshot #802 is called kept now"),
    (another, "#802 is another snapshot now, with another date"),
    (deleting, "old-802 is deleting now"),
    (busy, "of-a-colleague is in progress on web"),
    (protected, "old-802 is protected here, by ciplun only"),
]
each_change = pytest.mark.parametrize(
    ("happens", "why"), CHANGES, ids=[change.__name__ for change, _ in CHANGES]
)


@each_change
def test_the_second_step_of_a_saved_plan(
    door: Door, tmp_path: Path, happens: Callable[[Door], object], why: str
) -> None:
    fill(door)
    obedient(door, lambda: happens(door))
    file = str(tmp_path / "plan.json")
    assert door.run(*PRUNE, "--plan", file).code == 0
    code, out, err = door.run("apply", file, "--yes")
    assert (code, door.said.count("DELETE")) == (1, 1)
    assert "old-801 of web is deleted" in out
    assert err == f"ciplun: web: the delete of old-802 was not done: not sent: {why}\n"
    assert door.run("settle").out == "nothing is open\n"


@each_change
def test_the_second_step_of_a_plan_that_is_gone_on_with(
    door: Door, happens: Callable[[Door], object], why: str
) -> None:
    fill(door)
    obedient(door, lambda: None)
    door.killed_at("DELETE", [*PRUNE, "--yes"], carried_out=True)
    door.look(61)
    door.look(61)
    happens(door)
    if happens is restoring:
        door.raw.alone = False  # only the list says so
    code, _, err = door.run("settle", "--go-on")
    assert (code, door.said.count("DELETE")) == (1, 1)
    assert err == f"ciplun: web: the delete of old-802 was not done: not sent: {why}\n"
    assert door.run("settle").out == "nothing is open\n"


@pytest.mark.parametrize("words", [ROOM, ENSURE, GUARD], ids=lambda words: words[0])
def test_the_create_for_which_room_was_made_is_not_sent_to_a_server_that_is_being_restored(
    door: Door, words: tuple[str, ...]
) -> None:
    fill(door)
    obedient(door, lambda: restoring(door))
    code, out, err = door.run(*words)
    assert (code, door.said.count("DELETE"), door.said.count("POST")) == (1, 1, 0), (out, err)
    assert "web is being restored" in err
    assert door.run("settle").out == "nothing is open\n"


@pytest.mark.parametrize("words", [ROOM, ENSURE, GUARD], ids=lambda words: words[0])
def test_the_create_for_which_room_was_made_does_not_come_beside_another_one(
    door: Door, words: tuple[str, ...]
) -> None:
    fill(door)
    obedient(door, lambda: busy(door))
    code, out, err = door.run(*words)
    assert (door.said.count("DELETE"), door.said.count("POST")) == (1, 0), (out, err)
    if words is ENSURE:
        assert (code, out.splitlines()[-1]) == (0, "1 server: 1 on its way")
    else:
        assert (code, "of-a-colleague is in progress on web" in err) == (1, True)
    assert door.run("settle").out == "nothing is open\n"


def test_nothing_more_of_a_plan_is_sent_once_writing_is_off(door: Door) -> None:
    fill(door)
    obedient(door, lambda: None)
    door.killed_at("DELETE", [*PRUNE, "--yes"], carried_out=True)
    door.look(61)
    door.look(61)
    for name, why in (("READ_ONLY", "read-only"), ("LOCKED", "writing is locked")):
        door.environ[f"CIPLUN_{name}"] = "1"
        code, _, err = door.run("settle", "--go-on")
        assert (code, why in err, door.said.count("DELETE")) == (1, True, 1)
        del door.environ[f"CIPLUN_{name}"]
    assert (door.run("settle", "--go-on").code, door.said.count("DELETE")) == (0, 2)


@pytest.mark.parametrize("in_the_way", [False, True])
@pytest.mark.parametrize("words", [ROOM, PRUNE], ids=lambda words: words[0])
def test_what_was_done_is_said_where_the_record_goes_meanwhile(
    door: Door, tmp_path: Path, words: tuple[str, ...], in_the_way: bool
) -> None:
    state = tmp_path / ".local/state/ciplun"

    def lose() -> None:
        state.rename(tmp_path / "elsewhere")
        if in_the_way:
            state.write_text("")

    fill(door)
    obedient(door, lose)
    code, out, err = door.run(*words, *(["--yes"] if words is PRUNE else []))
    assert (code, door.said.count("DELETE"), door.said.count("POST")) == (1, 1, 0)
    assert "#801  old-801 of web is deleted" in out
    assert err.count("No record can be kept" if in_the_way else "the journal's file was gone") >= 1
    assert (
        "it stopped: " if in_the_way else "was not done: the record of this plan is lost"
    ) in err


def test_the_command_is_guarded_where_the_record_goes_meanwhile(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.hurry(monkeypatch)
    door.raw.snapshots = []
    obedient(door, lambda: None)
    plain = door.raw.written

    def written(method: str, path: str) -> bytes:
        (tmp_path / ".local/state/ciplun").rename(tmp_path / "elsewhere")
        return plain(method, path)

    door.raw.written = written
    code, _, err = door.run(*GUARD[:-1], "touch", str(tmp_path / "ran"))
    assert (code, (tmp_path / "ran").exists()) == (0, True), err
    assert err.count("The record of earlier operations was lost") == 1
