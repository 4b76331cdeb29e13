"""`ensure`, `prune` and `apply` as cron and an admin use them."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.helpers.places import Place, dated, held
from tests.helpers.program import CIPLUN, ciplun, environ, journal_states
from tests.helpers.pty import Terminal
from tests.helpers.settings_files import home
from tui.simulator.scenarios import hooks

POLICY = """
[policies.nightly]
on = "name:db-01"
name = "nightly-{date}"
keep_last = 2
reserve = 1
"""


def left(place: Place, server: str) -> set[str]:
    return {s.name for s in place.world.snapshots.values() if s.server.name == server}


def test_ensure_twice_is_ensure_once(empty_world: Place, tmp_path: Path) -> None:
    dated(empty_world, "old", (3,))
    dated(empty_world, "fresh", (0.2,))
    dated(empty_world, "bare", ())
    ensure = ("ensure", "--on", "name:*", "--max-age", "24h")
    code, out, err = ciplun(empty_world, *ensure)
    assert (code, err) == (0, "")
    assert len(empty_world.sent()) == 2
    assert out.splitlines()[-1] == "3 servers: 1 fresh, 2 started"
    code, out, err = ciplun(empty_world, *ensure)
    assert (code, out, err) == (0, "3 servers: 1 fresh, 2 on its way\n", "")
    empty_world.world.clock.advance(700)
    code, out, _ = ciplun(empty_world, *ensure)
    assert (code, out) == (0, "3 servers: 3 fresh\n")
    assert len(empty_world.sent()) == 2
    assert left(empty_world, "bare") == {"ensured-2025-01-22"}


def test_ensure_says_where_there_is_no_room(empty_world: Place) -> None:
    dated(empty_world, "full", (3, 4, 5, 6, 7))
    code, out, err = ciplun(empty_world, "ensure", "full", "--max-age", "24h")
    assert (code, out) == (1, "1 server: 1 without a free slot\n")
    assert "full: all 5 slots are used" in err
    ensure = ("ensure", "full", "--max-age", "24h", "--make-room")
    code, out, err = ciplun(empty_world, *ensure)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "nightly-2025-01-15 of full is deleted"
    assert held(empty_world, "full") == 5


def test_ensure_with_a_policy_prunes_after_completion(empty_world: Place, tmp_path: Path) -> None:
    home(tmp_path, POLICY)
    dated(empty_world, "db-01", (2, 3, 4))
    empty_world.world.clock.speed = 2000.0
    ensure = ("ensure", "--policy", "nightly", "--max-age", "24h", "--wait")
    code, out, err = ciplun(empty_world, *ensure)
    assert (code, err) == (0, "")
    assert left(empty_world, "db-01") == {"nightly-2025-01-22", "nightly-2025-01-20"}
    assert [kind for kind, _ in journal_states(tmp_path)] == ["create", "delete", "delete"]
    assert out.splitlines()[-1] == "1 server: 1 started"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("ensure", "db-01"), "--max-age"),
        (("ensure", "--max-age", "24h"), "name servers"),
        (("ensure", "db-01", "--max-age", "0"), "is no age: give one like 36h"),
        (("ensure", "db-01", "--max-age", "0h"), "is no age"),
        (("ensure", "db-01", "--max-age", "24"), "must be an age like 36h"),
        (("ensure", "db-01", "--max-age", "24h", "--name", "x"), "it must have {date} in it"),
        (("ensure", "db-01", "--max-age", "24h", "--policy", "nigthly"), "did you mean nightly?"),
        (("prune",), "give --policy, or --name"),
        (("prune", "--name", "x-*"), "keeps nothing"),
        (("prune", "--name", "x-*", "--keep-last", "4", "--reserve", "3"), "needs 7 slots"),
        (("prune", "--policy", "nightly", "--keep-last", "4"), "leave out --name"),
        (("prune", "--policy", "weekly"), "there are: nightly"),
        (("prune", "--on", "group:none", "--policy", "nightly"), "no group is set"),
        (("apply", "/no/such/plan"), "No such file"),
    ],
)
def test_wrong_usage_sends_nothing(
    empty_world: Place, tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    home(tmp_path, POLICY)
    code, out, err = ciplun(empty_world, *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert why in err
    assert empty_world.service.received == []


def test_prune_shows_the_same_plan_dry_and_for_good(empty_world: Place, tmp_path: Path) -> None:
    home(tmp_path, POLICY)
    dated(empty_world, "db-01", (1, 2, 3, 4))
    dated(empty_world, "other", (1, 2, 3, 4))
    dry = ciplun(empty_world, "prune", "--policy", "nightly", "--dry-run")
    assert (dry[0], dry[2]) == (0, "")
    assert "keep: last 1" in dry[1]
    assert dry[1].count("delete: no rule keeps it") == 2
    assert dry[1].splitlines()[-1] == "would delete 2 snapshots of 1 server"
    code, _, err = ciplun(empty_world, "prune", "--policy", "nightly")
    assert (code, "use --yes to go ahead" in err) == (2, True)
    assert empty_world.sent("DELETE") == []
    code, out, err = ciplun(empty_world, "prune", "--policy", "nightly", "--yes")
    assert (code, err) == (0, "")
    assert out.splitlines()[:5] == dry[1].splitlines()[:5]
    assert left(empty_world, "db-01") == {"nightly-2025-01-21", "nightly-2025-01-20"}
    assert held(empty_world, "other") == 4
    assert ciplun(empty_world, "prune", "--policy", "nightly", "--yes")[1].endswith(
        "nothing to delete\n"
    )


def test_prune_by_numbers_touches_no_other_name(empty_world: Place, tmp_path: Path) -> None:
    dated(empty_world, "web", (1, 2, 3))
    server = next(iter(empty_world.world.servers.values()))
    empty_world.world.add_snapshot(server, "by-hand", hours=900)
    prune = ("prune", "web", "--name", "nightly-*", "--keep-last", "1")
    surroundings = empty_world.environ | environ(tmp_path)
    with Terminal([*CIPLUN, *prune], surroundings) as terminal:
        terminal.until("Type delete 2 to go ahead")
        assert "keep: not the policy's" in terminal.text()
        terminal.send("delete 2\n")
        assert terminal.wait() == 0
    assert left(empty_world, "web") == {"nightly-2025-01-21", "by-hand"}


def test_prune_on_half_of_the_knowledge_is_refused(empty_world: Place, tmp_path: Path) -> None:
    home(tmp_path, POLICY)
    dated(empty_world, "db-01", (1, 2, 3, 4))
    empty_world.service.hooks += hooks(["wrong-count"])
    code, _, err = ciplun(empty_world, "prune", "--policy", "nightly", "--yes")
    assert (code, "not all could be read: nothing was deleted" in err) == (1, True)
    assert empty_world.sent("DELETE") == []


def test_a_plan_in_a_file_is_carried_out_unless_something_changed(
    empty_world: Place, tmp_path: Path
) -> None:
    home(tmp_path, POLICY)
    dated(empty_world, "db-01", (1, 2, 3, 4))
    file = tmp_path / "plan.json"
    written = ("prune", "--policy", "nightly", "--plan", str(file))
    code, out, err = ciplun(empty_world, *written)
    assert (code, err) == (0, "")
    assert "2 deletes written to" in out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["ciplun_plan"] == 1
    assert empty_world.sent("DELETE") == []
    assert ciplun(empty_world, *written)[0] == 1, "no file is written over"
    server = next(iter(empty_world.world.servers.values()))
    extra = empty_world.world.add_snapshot(server, "by-hand", hours=1)
    code, out, err = ciplun(empty_world, "apply", str(file), "--yes")
    assert (code, out) == (1, "")
    assert "used 4 slots and uses 5 now" in err
    assert "is out of date: nothing was sent" in err
    empty_world.world.remove(extra)
    code, out, err = ciplun(empty_world, "apply", str(file), "--yes")
    assert (code, err) == (0, "")
    assert left(empty_world, "db-01") == {"nightly-2025-01-21", "nightly-2025-01-20"}


@pytest.mark.parametrize(
    ("ages", "more", "said"),
    [
        ((1, 2), (), "nothing to delete; "),
        ((1, 2), ("--dry-run",), "nothing to delete; "),
        ((1, 2, 3), ("--dry-run",), ""),
    ],
)
def test_a_plan_that_is_not_written_is_said(
    empty_world: Place, tmp_path: Path, ages: tuple[float, ...], more: tuple[str, ...], said: str
) -> None:
    home(tmp_path, POLICY)
    dated(empty_world, "db-01", ages)
    file = tmp_path / "plan.json"
    code, out, err = ciplun(empty_world, "prune", "--policy", "nightly", "--plan", str(file), *more)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"{said}{file} was not written"
    assert not file.exists()


def test_two_at_once_never_make_two(empty_world: Place, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        dated(empty_world, name, (3,))
    surroundings = empty_world.environ | environ(tmp_path)
    argv = [*CIPLUN, "ensure", "--on", "name:*", "--max-age", "24h"]
    with Terminal(argv, surroundings) as one, Terminal(argv, surroundings) as other:
        codes = [one.wait(30), other.wait(30)]
        assert codes == [0, 0], one.text() + other.text()
    assert len(empty_world.sent()) == 3
    assert all(held(empty_world, name) == 2 for name in ("a", "b", "c"))
