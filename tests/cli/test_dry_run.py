"""A dry run of each command that deletes: what it would do, and nothing is sent or recorded."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.helpers.places import Place, dated, held
from tests.helpers.program import ciplun, journal_states
from tests.helpers.settings_files import home
from tui.simulator.web import Hook
from tui.simulator.world import World

POLICY = """
[policies.nightly]
on = "name:db-*"
name = "nightly-{date}"
keep_last = 2
reserve = 1
"""
DRY = "--dry-run"


def nothing_came_of_it(place: Place) -> bool:
    """Whether the service was only read, and no operation is on record."""
    asked = {request.method for request in place.service.received}
    return asked == {"GET"} and journal_states(Path(place.environ["HOME"])) == []


def test_create_names_what_goes_and_what_comes(simulated: Place) -> None:
    words = ("create", "db-01", "mail", "before", "--make-room")
    code, out, err = ciplun(simulated, *words, DRY)
    assert (code, err) == (0, "")
    room, *steps, would = out.splitlines()
    assert room.endswith(" is deleted to make room")
    assert steps == ["create of before on db-01", "create of before on mail"]
    assert would == "would create 2 snapshots and delete 1 snapshot of 2 servers"
    assert nothing_came_of_it(simulated)
    code, out, _ = ciplun(simulated, *words)
    assert (code, out.splitlines()[0]) == (0, room), "the same line for good"
    assert (len(simulated.sent()), len(simulated.sent("DELETE"))) == (2, 1)


def test_create_is_refused_as_it_would_be(simulated: Place) -> None:
    for expected, words in ((2, ("nobody", "x")), (1, ("db-01", "x")), (1, ("db-01", "mail", "x"))):
        dry = ciplun(simulated, "create", *words, DRY)
        assert nothing_came_of_it(simulated)
        code, _, err = ciplun(simulated, "create", *words)
        assert (dry[0], dry[2]) == (code, err), words
        assert code == expected
    code, out, err = ciplun(simulated, "create", "mail", "y", DRY, "--read-only")
    assert (code, out, "nothing was sent" in err) == (1, "", True)
    code, out, err = ciplun(simulated, "create", "mail", "y", DRY)
    assert (code, "create of x is open on mail" in err) == (1, True)


def test_create_that_stops_says_so(simulated: Place) -> None:
    code, out, err = ciplun(simulated, "create", "mail", "before", "--stop", DRY)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "create of before on mail",
        "each server that runs would be stopped for it and started after",
        "would create 1 snapshot of 1 server",
    ]
    assert nothing_came_of_it(simulated)


class Unshown(Hook):
    """A service that shows its servers in their list only, but `but`."""

    def __init__(self, code: int, but: int = 0) -> None:
        self._code, self._but = code, but

    async def before(self, request: Request, world: World) -> Response | None:
        alone = re.search(r"/servers/([^/]+)/$", request.url.path)
        if alone is None or alone[1] == str(self._but):
            return None
        return JSONResponse({"detail": "No."}, self._code)


@pytest.mark.parametrize("code", [403, 404])
def test_create_that_stops_sees_that_the_power_cannot_be_seen(
    simulated: Place, tmp_path: Path, code: int
) -> None:
    """As the real run, which asks for it first."""
    simulated.service.hooks.append(Unshown(code, simulated.server("vpn-gateway").id))
    words = ("create", "mail", "before", "--stop")
    dry = ciplun(simulated, *words, DRY)
    why = "the power of mail cannot be seen: No."
    assert (dry[0], dry[2]) == (1, f"ciplun: mail: nothing was sent: {why}\n")
    assert dry[1] == ""
    assert nothing_came_of_it(simulated)
    real = ciplun(simulated, *words)
    assert (real[0], real[1], why in real[2]) == (1, "", True)
    assert simulated.sent() == []
    found, out, err = ciplun(simulated, "create", "mail", "vpn-gateway", "before", "--stop", DRY)
    assert (found, err) == (1, f"ciplun: mail: nothing was sent: {why}\n")
    assert out.splitlines()[-1] == "would create 1 snapshot of 1 server"


def test_delete_says_what_would_be_lost(empty_world: Place) -> None:
    one, two = dated(empty_world, "db-01", (1, 2))
    code, out, err = ciplun(empty_world, "delete", one, "--server", "db-01", DRY)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "Deletes nightly-2025-01-21 of db-01 for good.",
        "would delete 1 snapshot of 1 server",
    ]
    code, out, err = ciplun(empty_world, "delete", one, two, "--server", "db-01", DRY)
    assert (code, err, len(out.splitlines())) == (0, "", 5)
    assert "db-01 has no completed snapshot left then." in out
    assert nothing_came_of_it(empty_world)
    assert held(empty_world, "db-01") == 2
    assert ciplun(empty_world, "protect", one, "--server", "db-01")[0] == 0
    dry = ciplun(empty_world, "delete", one, "--server", "db-01", DRY)
    real = ciplun(empty_world, "delete", one, "--server", "db-01", "--yes")
    assert dry == real
    assert (dry[0], dry[1]) == (1, "")


def test_ensure_makes_room_and_prunes_as_it_said(empty_world: Place, tmp_path: Path) -> None:
    home(tmp_path, POLICY)
    dated(empty_world, "db-bare", ())
    dated(empty_world, "db-fresh", (0, 1, 2, 3))
    dated(empty_world, "db-full", (1, 2, 3, 4, 5))
    empty_world.world.clock.speed = 2000.0
    words = ("ensure", "--policy", "nightly", "--max-age", "20h", "--wait")
    code, out, err = ciplun(empty_world, *words, DRY)
    assert (code, err) == (0, "")
    assert nothing_came_of_it(empty_world)
    *steps, tally, would = out.splitlines()
    assert tally == "3 servers: 1 fresh, 2 to be started"
    assert would == "would create 2 snapshots and delete 6 snapshots of 3 servers"
    said = {line.partition(":")[0] for line in steps}
    assert len(said) == 8
    code, _, err = ciplun(empty_world, *words)
    assert (code, err) == (0, "")
    done = {f"{kind} of {name} on {server}" for kind, name, server in recorded(tmp_path)}
    assert done == said, "what was done is what was said"
    assert ciplun(empty_world, *words, DRY)[:2] == (0, "3 servers: 3 fresh\nnothing to do\n")


def recorded(folder: Path) -> set[tuple[str, str, str]]:
    """Each operation in the journal: its kind, snapshot and server."""
    file = folder / ".local/state/ciplun/journal.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as db:
        return set(db.execute("SELECT kind, snapshot_name, server_name FROM operations"))


def test_ensure_without_a_wait_prunes_only_what_is_fresh(
    empty_world: Place, tmp_path: Path
) -> None:
    home(tmp_path, POLICY)
    dated(empty_world, "db-01", (2, 3, 4))
    words = ("ensure", "--policy", "nightly", "--max-age", "24h", DRY)
    code, out, _ = ciplun(empty_world, *words)
    assert (code, "delete" in out) == (0, False)
    code, out, _ = ciplun(empty_world, *words, "--wait")
    assert (code, out.count("delete of nightly-")) == (0, 2)


def test_ensure_fails_where_it_would(empty_world: Place) -> None:
    dated(empty_world, "full", (3, 4, 5, 6, 7))
    dated(empty_world, "bare", ())
    words = ("ensure", "--on", "name:*", "--max-age", "24h")
    code, out, err = ciplun(empty_world, *words, DRY)
    assert code == 1
    assert "full: all 5 slots are used, and making room was not asked for" in err
    assert out.splitlines() == [
        "create of ensured-2025-01-22 on bare",
        "2 servers: 1 to be started, 1 without a free slot",
        "would create 1 snapshot of 1 server",
    ]
    assert nothing_came_of_it(empty_world)


def test_guard_runs_nothing(simulated: Place, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    words = ("guard", "mail", "db-01", "--name", "before", "--after-success", "delete")
    command = ("--", "touch", str(ran))
    code, out, err = ciplun(simulated, *words, "--make-room", DRY, *command)
    assert (code, err) == (0, "")
    room, *steps, would = out.splitlines()
    assert room.endswith(" is deleted to make room")
    assert [line.partition(":")[0] for line in steps] == [
        "create of before on db-01",
        "create of before on mail",
        "once all are completed it would run touch, and delete the new snapshots if it succeeds",
    ]
    assert would == "would create 2 snapshots and delete 1 snapshot of 2 servers"
    dry = ciplun(simulated, *words, DRY, *command)
    assert dry == ciplun(simulated, *words, *command)
    assert dry[0] == 1
    assert ciplun(simulated, *words, DRY, "--", "no-such-program")[0] == 127
    assert nothing_came_of_it(simulated)
    assert not ran.exists()


def test_apply_shows_the_plan_and_what_would_stop_it(empty_world: Place, tmp_path: Path) -> None:
    home(tmp_path, POLICY)
    dated(empty_world, "db-01", (1, 2, 3, 4))
    file = str(tmp_path / "plan.json")
    assert ciplun(empty_world, "prune", "--policy", "nightly", "--plan", file)[0] == 0
    dry = ciplun(empty_world, "apply", file, DRY)
    assert (dry[0], dry[2]) == (0, "")
    assert dry[1].splitlines()[-1] == "would delete 2 snapshots of 1 server"
    assert nothing_came_of_it(empty_world)
    assert ciplun(empty_world, "create", "db-01", "x")[0] == 0
    empty_world.world.remove(empty_world.snapshot("x"))
    code, _, err = ciplun(empty_world, "apply", file, DRY)
    assert (code, len(err.splitlines())) == (1, 1)
    assert "create of x" in err
    dated(empty_world, "other", ())
    empty_world.world.add_snapshot(empty_world.server("db-01"), "by-hand", hours=1)
    stale = ciplun(empty_world, "apply", file, DRY)
    assert (stale[0], stale[1], "out of date: nothing was sent" in stale[2]) == (1, "", True)
    assert empty_world.sent("DELETE") == []


@pytest.mark.parametrize(
    ("words", "steps"),
    [
        ("create db-01 x --make-room", [("delete", True), ("create", False)]),
        ("ensure db-01 --max-age 1h --make-room", [("delete", True), ("create", False)]),
        ("prune db-01 --name nightly-* --keep-last 4", [("delete", True)]),
    ],
)
def test_json_has_each_step(empty_world: Place, words: str, steps: list[tuple[str, bool]]) -> None:
    *_, oldest = dated(empty_world, "db-01", (1, 2, 3, 4, 5))
    code, out, err = ciplun(empty_world, *words.split(), DRY, "--json")
    document = json.loads(out)
    assert (code, err, document["exit_code"], document["complete"]) == (0, "", 0, True)
    found = [(step["do"], step["snapshot_id"] is not None) for step in document["steps"]]
    assert found == steps
    first = document["steps"][0]
    assert first.keys() == {"do", "server_id", "server", "snapshot_id", "snapshot", "why"}
    assert (str(first["snapshot_id"]), first["server"]) == (oldest, "db-01")
    assert nothing_came_of_it(empty_world)


@pytest.mark.parametrize(
    "words",
    [
        "create db-01 x",
        "guard db-01 --name x",
        "delete ID --server db-01 --yes",
        "prune db-01 --name nightly-* --keep-last 1 --yes",
    ],
)
def test_nothing_would_go_where_the_provider_is_at_work(empty_world: Place, words: str) -> None:
    ids = dated(empty_world, "db-01", (1, 2))
    empty_world.world.add_snapshot(empty_world.server("db-01"), "now", hours=0, ready_in=300)
    given = words.replace("ID", ids[0]).split()
    command = ("--", "true") if given[0] == "guard" else ()
    for dry in ((DRY,), ()):
        code, _, err = ciplun(empty_world, *given, *dry, *command)
        assert (code, "now is in progress on db-01" in err) == (1, True), (dry, err)
    assert empty_world.sent() == empty_world.sent("DELETE") == []


def test_prune_is_refused_as_it_would_be_after_the_same_table(empty_world: Place) -> None:
    dated(empty_world, "db-01", (1, 2, 3))
    words = ("prune", "db-01", "--name", "nightly-*", "--keep-last", "1", "--read-only")
    assert ciplun(empty_world, *words, DRY) == ciplun(empty_world, *words, "--yes")


def test_more_than_five_are_not_made_room_for(empty_world: Place) -> None:
    """One delete frees no slot there: nothing is deleted for a create that would be refused."""
    dated(empty_world, "many", (1, 2, 3, 4, 5, 6))
    for words in (("create", "many", "x"), ("ensure", "many", "--max-age", "1h")):
        for dry in ((DRY,), ()):
            code, _, err = ciplun(empty_world, *words, "--make-room", *dry)
            assert (code, "one delete is not enough: it has 6 snapshots" in err) == (1, True)
    code, _, err = ciplun(empty_world, "create", "many", "x")
    assert (code, "--make-room deletes" in err) == (1, False)
    assert nothing_came_of_it(empty_world)


def test_restore_says_what_is_made_and_goes_first(empty_world: Place) -> None:
    target, *_ = dated(empty_world, "db-01", (1, 2, 3, 4, 5))
    words = ("restore", target, "--server", "db-01")
    lost = "Restoring overwrites all data on db-01 with nightly-2025-01-21, "
    code, out, err = ciplun(empty_world, *words, DRY)
    assert (code, err, lost in out) == (0, "", True)
    assert out.splitlines()[-1] == "would restore 1 snapshot of 1 server"
    code, out, err = ciplun(empty_world, *words, "--snapshot-first", DRY)
    assert (code, err, lost in out) == (0, "", True)
    assert "First nightly-2025-01-17 is deleted to make room" in out
    assert out.endswith(
        "would create 1 snapshot and delete 1 snapshot and restore 1 snapshot of 1 server\n"
    )
    assert nothing_came_of_it(empty_world)
    for refused in (("--read-only",), ("--server", "nobody")):
        dry = ciplun(empty_world, *words, *refused, DRY)
        assert dry == ciplun(empty_world, *words, *refused, "--yes")
        assert dry[0] in (1, 2)
