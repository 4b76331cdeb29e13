"""Writes on many servers: looked at before, one line for each, one code for all."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

from tests.helpers.places import Place, held
from tests.helpers.program import CIPLUN, ciplun, environ, journal_states
from tests.helpers.pty import Terminal
from tui.simulator.scenarios import hooks


def target(simulated: Place, name: str) -> str:
    return str(simulated.key(simulated.snapshot(name)))


def plans(home: Path) -> list[tuple[str, bool]]:
    file = home / ".local/state/ciplun/journal.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as db:
        return [
            (kind, ended is None) for kind, ended in db.execute("SELECT kind, ended_at FROM plans")
        ]


def test_a_name_for_many_with_a_line_for_each(simulated: Place, tmp_path: Path) -> None:
    code, out, err = ciplun(simulated, "create", "mail", "web-server-02", "legacy-crm", "before")
    assert (code, err) == (0, "")
    lines = sorted(line.partition("  ")[2] for line in out.splitlines())
    assert lines == [
        f"Creating before on {name} (3-10 min)" for name in ("legacy-crm", "mail", "web-server-02")
    ]
    assert len(simulated.sent()) == 3
    assert [kind for kind, _ in plans(tmp_path)] == ["create"]


def test_those_that_cannot_are_named_and_the_others_go_on(simulated: Place) -> None:
    code, out, err = ciplun(simulated, "create", "--on", "name:db-*", "before")
    assert (code, len(out.splitlines())) == (1, 1)
    assert "Creating before on db-02-replica" in out
    (line,) = err.splitlines()
    assert line.startswith("ciplun: db-01: nothing was sent: db-01 has no free slot (5 of 5 used)")
    assert len(simulated.sent()) == 1


def test_all_are_looked_at_before_the_first_is_sent(simulated: Place) -> None:
    code, out, err = ciplun(simulated, "create", "mail", "nobody", "before")
    assert (code, out) == (2, "")
    assert "no server is called nobody" in err
    code, out, err = ciplun(simulated, "create", "--on", "nonesuch", "before")
    assert (code, out) == (2, "")
    code, out, err = ciplun(simulated, "create", "before")
    assert (code, "name servers or choose them by --on" in err) == (2, True)
    code, out, err = ciplun(simulated, "create", "mail", "before", "--on", "full")
    assert (code, "not both" in err) == (2, True)
    assert simulated.sent() == []


def test_the_refusal_of_one_stops_no_other(simulated: Place) -> None:
    simulated.service.hooks += hooks(["limit-detail:2"])
    code, out, err = ciplun(simulated, "create", "mail", "web-server-02", "legacy-crm", "before")
    assert (code, len(out.splitlines()), len(err.splitlines())) == (1, 2, 1)
    assert len(simulated.sent()) == 3


def test_waiting_for_all(simulated: Place, tmp_path: Path) -> None:
    simulated.world.clock.speed = 2000.0
    code, out, err = ciplun(simulated, "create", "mail", "web-server-02", "before", "--wait")
    assert (code, err) == (0, "")
    ends = [line for line in out.splitlines() if " is completed" in line]
    assert len(ends) == 2
    assert sorted(journal_states(tmp_path)) == [("create", "completed")] * 2


def test_a_lost_answer_among_many_is_settled(simulated: Place) -> None:
    simulated.service.hooks += hooks(["lost-answer:2"])
    code, out, _ = ciplun(simulated, "create", "mail", "web-server-02", "legacy-crm", "before")
    assert (code, "was likely carried out, the list shows it" in out) == (0, True)
    made = [s for s in simulated.world.snapshots.values() if s.name == "before"]
    assert (len(made), len(simulated.sent())) == (3, 3)


def test_a_full_server_makes_room_only_when_told_to(simulated: Place, tmp_path: Path) -> None:
    code, _, err = ciplun(simulated, "create", "db-01", "before")
    assert (code, "--make-room deletes what is needed least" in err) == (1, True)
    assert simulated.sent() == simulated.sent("DELETE") == []
    oldest = target(simulated, "nightly-1")
    code, out, err = ciplun(simulated, "create", "db-01", "before", "--make-room")
    assert (code, err) == (0, "")
    first, *others = out.splitlines()
    assert first.startswith(f"#{oldest}  nightly-1 of db-01, ")
    assert first.endswith(" is deleted to make room")
    assert "nightly-1 of db-01 is deleted" in others[0]
    assert "Creating before on db-01" in others[1]
    assert len(simulated.sent()) == len(simulated.sent("DELETE")) == 1
    assert held(simulated, "db-01") == 5
    assert journal_states(tmp_path) == [("delete", "completed"), ("create", "accepted")]


def test_deletes_of_many_are_confirmed_with_their_number(simulated: Place, tmp_path: Path) -> None:
    ids = [target(simulated, name) for name in ("nightly-1", "nightly-2")]
    argv = [*CIPLUN, "delete", *ids, "--server", "db-01"]
    surroundings = simulated.environ | environ(tmp_path, CIPLUN_POLL_BUSY="1")
    with Terminal(argv, surroundings) as terminal:
        terminal.until("Type delete 2 to go ahead")
        assert "nightly-1" in terminal.text()
        terminal.send("delete\n")
        assert terminal.wait() == 1
    assert simulated.sent("DELETE") == []
    code, out, err = ciplun(simulated, *argv[len(CIPLUN) :], "--yes")
    assert (code, err) == (0, "")
    assert sorted(line.partition("  ")[2] for line in out.splitlines()) == [
        f"nightly-{n} of db-01 is deleted" for n in (1, 2)
    ]
    assert held(simulated, "db-01") == 3
    code, _, err = ciplun(simulated, *argv[len(CIPLUN) :], "--yes")
    assert (code, "has no snapshot with the id" in err) == (2, True)


def test_one_that_may_not_go_stops_a_set_before_anything_is_sent(simulated: Place) -> None:
    ids = [target(simulated, name) for name in ("nightly-1", "before-rspamd")]
    code, out, err = ciplun(simulated, "delete", *ids, "--server", "db-01", "--yes")
    assert (code, out, "has no snapshot with the id" in err) == (2, "", True)
    assert simulated.sent("DELETE") == []


def test_a_restore_can_take_a_snapshot_first(simulated: Place, tmp_path: Path) -> None:
    simulated.world.clock.speed = 2000.0
    restore = ("restore", target(simulated, "before-rspamd"), "--server", "mail", "--yes")
    code, out, err = ciplun(simulated, *restore, "--snapshot-first")
    assert (code, err) == (0, "")
    assert "before-restore-2025-01-22 of mail is completed" in out
    assert "Restoring mail from before-rspamd" in out.splitlines()[-1]
    assert journal_states(tmp_path) == [("create", "completed"), ("restore", "accepted")]


def test_without_its_snapshot_there_is_no_restore(simulated: Place, tmp_path: Path) -> None:
    simulated.world.clock.speed = 2000.0
    simulated.world.next_outcome = "failed"
    restore = ("restore", target(simulated, "before-rspamd"), "--server", "mail", "--yes")
    code, _, err = ciplun(simulated, *restore, "--snapshot-first")
    assert (code, "the create of before-restore-2025-01-22 is not completed" in err) == (1, True)
    assert journal_states(tmp_path) == [("create", "failed")]
    assert len(simulated.sent()) == 1


def test_json_says_all_in_one_document(simulated: Place) -> None:
    code, out, err = ciplun(simulated, "create", "mail", "db-01", "before", "--json")
    document = json.loads(out)
    assert (code, document["exit_code"], document["complete"]) == (1, 1, True)
    (operation,) = document["operations"]
    assert (operation["server_name"], operation["state"]) == ("mail", "accepted")
    assert operation["asked_at"].endswith("Z")
    assert document["lines"] == [f"#{operation['snapshot_id']}  Creating before on mail (3-10 min)"]
    assert err == f"ciplun: {document['errors'][0]}\n"
    code, out, err = ciplun(simulated, "create", "nobody", "x", "--json")
    document = json.loads(out)
    assert (code, document["exit_code"], document["lines"]) == (2, 2, [])
    assert document["complete"] is False
    assert "no server is called nobody" in document["errors"][0]
    code, out, err = ciplun(simulated, "create", "mail", "a b", "--json")
    document = json.loads(out)
    assert (code, document["complete"]) == (2, False)
    assert "a space is not allowed" in document["error"]
