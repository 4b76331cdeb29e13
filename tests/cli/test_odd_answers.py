"""Commands that meet answers which agree with nothing, lists that shift, and accounts that change.

The service is of the test's own making; output, journal and exit code are read back.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from tests.helpers.faulty import http
from tests.helpers.raw import CREATE, DELETE, RESTORE, Door
from tests.helpers.service import page, snapshot

HTML = "<html><h1>Fine</h1></html>"
UNKNOWN = ("unknown", None)
DENIED = ("not carried out", "likely")
NO_DELETES = [
    pytest.param(http(HTML, "200 OK", content_type="text/html"), id="200-page"),
    pytest.param(http('{"id": 801, "status": "deleting"}', "202 Accepted"), id="202"),
    pytest.param(http("", "200 OK"), id="200-empty"),
    pytest.param(http(HTML, "404 Not Found", content_type="text/html"), id="404-page"),
    pytest.param(http('{"message": "no Route matched"}', "404 Not Found"), id="404-gateway"),
    pytest.param(http(HTML, "502 Bad Gateway", content_type="text/html"), id="502"),
    pytest.param(b"", id="cut"),
]
"""Answers to a delete that say nothing of it."""


def made(**changes: object) -> bytes:
    return http(json.dumps({**snapshot(827, name="nightly"), **changes}), "201 Created")


# -- deletes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", NO_DELETES)
def test_a_delete_is_done_by_204_or_where_a_list_shows_it(
    door: Door, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    door.raw.written = lambda method, path: answer
    code, out, _ = door.run(*DELETE)
    assert (code, "keeps looking" in out, door.stands()) == (3, True, UNKNOWN)
    door.look(0)  # the command itself looked for a moment only: perhaps in vain
    code, out, _ = door.look(61)
    assert (code, "was likely not carried out" in out, door.stands()) == (0, True, DENIED)

    def carry_out(method: str, path: str) -> bytes:
        door.raw.snapshots.clear()
        return answer

    door.raw.written = carry_out
    monkeypatch.setattr("tui.cli.finishing.SETTLING", 20.0)
    code, out, _ = door.run(*DELETE)
    assert (code, "old of web is deleted, no longer listed\n" in out) == (0, True)
    assert door.stands() == ("completed", "proved"), "a list of this server alone"
    assert door.said.count("DELETE") == 2


@pytest.mark.parametrize("answer", NO_DELETES[:2])
def test_no_room_is_made_by_a_delete_that_is_not_certain(
    door: Door, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    door.raw.snapshots = [snapshot(key) for key in range(801, 806)]
    door.raw.written = lambda method, path: answer
    door.hurry(monkeypatch)
    code, _, err = door.run(*CREATE, "--make-room")
    assert (
        code,
        "the delete of snap-801 was likely not done: it was still in two later lists" in err,
    ) == (1, True)
    assert "the create of nightly was not done: not sent: the delete of snap-80" in err
    assert (door.said.count("DELETE"), door.said.count("POST")) == (1, 0)
    assert [o["kind"] for o in door.operations()] == ["delete"]


def shifted(snapshots: Sequence[object], path: str) -> bytes:
    """Two pages between which one is lost, so that the count fits."""
    if "page=2" in path:
        return http(json.dumps({"count": 2, "results": [snapshot(803)]}))
    first = {"count": 2, "results": [snapshot(802)], "next": "?page=2"}
    return http(json.dumps(first))


def unreadable(snapshots: Sequence[object], path: str) -> bytes:
    return page([{"id": None, "name": "old"}])


def miscounted(snapshots: Sequence[object], path: str) -> bytes:
    return http(json.dumps({"count": 1, "results": []}))


def unfiltered(snapshots: Sequence[object], path: str) -> bytes:
    return page([snapshot(7, server={"id": 11, "name": "db"})])


@pytest.mark.parametrize("listed", [shifted, unreadable, miscounted])
def test_no_list_that_may_lack_it_proves_a_delete(door: Door, listed: object) -> None:
    door.run(*DELETE)
    whole, door.raw.listed = door.raw.listed, listed  # type: ignore[assignment]
    for seconds in (5, 61, 61):
        code, out, _ = door.look(seconds)
        assert (code, "deleted" in out, door.stands()) == (3, False, UNKNOWN)
        assert door.run(*CREATE).code == 1
    door.raw.listed = whole
    assert "was likely not carried out" in door.look(1).out + door.look(61).out
    assert (door.stands(), door.said.count("POST")) == (DENIED, 0)


def test_a_list_of_others_as_well_makes_a_delete_likely_and_is_corrected(door: Door) -> None:
    door.run(*DELETE)
    whole, door.raw.listed = door.raw.listed, unfiltered
    assert "old of web is deleted, no longer listed · likely: " in door.look(5).out
    assert door.stands() == ("completed", "likely")
    door.raw.listed = whole
    door.look(1)
    assert door.stands() == DENIED, "it is listed after all"


# -- answers about something else ----------------------------------------------------------------

GOOD = {"status": "success", "snapshot": {"id": 801}, "server": {"id": 10}}


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "error", "message": "nothing was done"},
        {**GOOD, "snapshot": {"id": 1}},
        {**GOOD, "server": {"id": 2}},
        {"detail": "hello"},
        {},
    ],
)
def test_a_restore_that_is_answered_oddly_is_unknown_and_not_sent_again(
    door: Door, answer: object
) -> None:
    door.raw.written = lambda method, path: http(json.dumps(answer))
    code, out, _ = door.run(*RESTORE)
    assert (code, "No answer to the restore of old on web" in out) == (3, True)
    assert "Restoring web" not in out
    assert door.stands() == UNKNOWN
    assert door.operations()[0]["words"].startswith("the provider answered ")
    assert (door.run(*RESTORE).code, door.said.count("POST")) == (1, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"server": {"id": 11, "name": "db"}},
        {"name": "another"},
        {"id": 801},
        {"id": "801", "status": "completed"},
    ],
)
def test_a_create_that_is_answered_with_another_one_is_unknown(
    door: Door, changes: dict[str, object]
) -> None:
    door.raw.snapshots = [snapshot(801, name="nightly")]
    door.raw.written = lambda method, path: made(**changes)
    code, out, _ = door.run(*CREATE)
    assert (code, "No answer to the create of nightly on web" in out) == (3, True)
    assert door.stands() == UNKNOWN
    assert (
        "was not asked for" in (words := door.operations()[0]["words"]) or "there before" in words
    )
    assert "completed" not in door.look(30).out
    code, out, _ = door.look(40)
    assert (code, "was likely not carried out" in out, door.stands()) == (0, True, DENIED)
    assert door.said.count("POST") == 1


def test_what_a_list_did_not_show_before_need_not_be_new(door: Door) -> None:
    door.raw.snapshots = [snapshot(801, name="nightly")]
    whole, door.raw.listed = door.raw.listed, miscounted
    code, _, err = door.run(*CREATE)
    assert (code, "not complete: " in err) == (3, True)
    door.raw.listed = whole
    for seconds in (61, 300, 200):
        code, out, _ = door.look(seconds)
        assert (code, "completed" in out, door.stands()) == (3, False, UNKNOWN)
    assert "cannot be told: #801 nightly appeared" in door.look(60).out
    assert door.stands() == ("cannot be seen", "cannot be told")


# -- whose it is ---------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["http://localhost:{}", "http://LOCALHOST:{}/api/v1/"])
def test_another_spelling_of_the_address_is_no_way_round_a_restore(
    door: Door, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    door.raw.written = lambda method, path: http(json.dumps(GOOD))
    assert door.run(*RESTORE).code == 0
    port = door.said.url.split(":")[2].split("/")[0]
    monkeypatch.setitem(door.environ, "VPS_API_URL", spelling.format(port))
    monkeypatch.setitem(door.environ, "VPS_API_TOKEN", "vps_another_of_the_same_account")
    code, _, err = door.run(*DELETE)
    assert (code, "restore of old is open on web" in err) == (1, True)
    assert door.said.count("DELETE") == 0


def test_another_account_s_token_settles_nothing_and_is_not_in_the_way(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert door.run(*CREATE).code == 3
    monkeypatch.setitem(door.environ, "VPS_API_TOKEN", "vps_of_a_stranger")
    door.raw.email = "stranger@example.org"
    assert door.look(61).out == door.look(61).out == "nothing is open\n"
    assert [o["state"] for o in door.operations()] == ["unknown"]
    assert door.run("over", str(door.operations()[0]["id"])).code == 2


# -- plans that are killed -----------------------------------------------------------------------


def obedient(door: Door, name: str = "nightly") -> None:
    """The service does what it is asked for; what it makes is completed at once."""

    def written(method: str, path: str) -> bytes:
        if method == "DELETE":
            number = int(path.split("/")[2])
            door.raw.snapshots = [s for s in door.raw.snapshots if s["id"] != number]
            return http(b"", "204 No Content")
        if path.endswith("/restore/"):
            return http(json.dumps(GOOD))
        door.raw.make(827, name, status="completed")
        return made(name=name)

    door.raw.written = written


@pytest.mark.parametrize("carried_out", [True, False])
def test_make_room_killed_at_its_delete_goes_on_with_the_create_only_if_there_is_room(
    door: Door, carried_out: bool
) -> None:
    door.raw.snapshots = [snapshot(key) for key in range(801, 806)]
    obedient(door)
    door.killed_at("DELETE", [*CREATE, "--make-room"], carried_out=carried_out)
    assert "next is the create of nightly on web" in door.run("list").err
    code, out, _ = door.look(61)
    assert (code, "create nightly stopped: 1 of 2 steps sent" in out) == (3, True), out
    door.look(61)
    code, out, err = door.run("settle", "--go-on")
    assert (code, door.said.count("POST")) == ((0, 1) if carried_out else (1, 0)), (out, err)
    assert door.said.count("DELETE") == 1
    assert door.look(1).code == 0


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_safety_restore_killed_at_its_restore_restores_once(
    door: Door, carried_out: bool
) -> None:
    obedient(door, time.strftime("before-restore-%Y-%m-%d", time.gmtime()))
    words = [*RESTORE, "--snapshot-first"]
    door.killed_at("POST /snapshots/801/restore/", words, carried_out=carried_out)
    for _ in range(2):
        code, out, _ = door.run("settle", "--go-on")
        assert (code, "restore of old on web: no answer" in out) == (3, True), out
        assert door.run(*RESTORE).code == 1
    assert [path for method, path in door.said.requests if method == "POST"] == [
        "/api/v1/snapshots/",
        "/api/v1/snapshots/801/restore/",
    ]
    states = [(o["kind"], o["state"]) for o in door.operations()]
    assert states == [("restore", "unknown"), ("create", "completed")]


def test_a_plan_is_not_carried_out_on_a_server_that_is_only_listed_as_restoring(
    door: Door, tmp_path: Path
) -> None:
    """No service has to show a server by itself: then the last look sees no status."""
    door.raw.snapshots = [snapshot(801), snapshot(802, created_at="2025-01-16T18:30:00Z")]
    file = str(tmp_path / "plan.json")
    assert door.run("prune", "web", "--name", "*", "--keep-last", "1", "--plan", file).code == 0
    door.raw.status = "restoring"
    door.raw.alone = False
    for more in ("--dry-run", "--yes"):
        code, out, err = door.run("apply", file, more)
        assert (code, out) == (1, "")
        assert err.startswith("ciplun: web (#10) is being restored\n")
    assert door.said.count("DELETE") == 0


# -- loss of memory ------------------------------------------------------------------------------


@pytest.mark.parametrize("lose", ["locked", "damaged", "removed"])
def test_what_is_protected_stays_so_without_the_journal(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lose: str
) -> None:
    assert door.run("protect", "801", "--server", "web").code == 0
    file = tmp_path / ".local/state/ciplun/journal.sqlite3"
    for module in ("file", "protection"):
        monkeypatch.setattr(f"tui.fleet.journal.{module}.PATIENCE", 0.01)
    if lose == "damaged":
        file.write_bytes(b"no database" * 100)
    if lose == "removed":
        file.unlink()
    with closing(sqlite3.connect(file)) if lose == "locked" else nullcontext() as db:
        if db is not None:
            db.execute("BEGIN EXCLUSIVE")
        code, _, err = door.run(*DELETE)
    assert (code, "old is protected here" in err) == (1, True), err
    assert door.said.count("DELETE") == 0
