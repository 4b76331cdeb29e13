"""What is left open is settled by commands alone, or by the admin's own word."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.places import TOKEN, Place
from tests.helpers.program import CIPLUN, against, ciplun, environ, journal_states
from tests.helpers.pty import Terminal
from tests.helpers.service import fleet, saying, snapshot
from tests.helpers.simulators import Hidden
from tui.simulator.objects import SimSnapshot
from tui.simulator.scenarios import hooks


def begun(simulated: Place, name: str) -> SimSnapshot:
    """What a colleague asks for, of the server mail."""
    server = simulated.server("mail")
    fields = {"server_id": server.id, "name": name}
    return simulated.world.create(simulated.world.account, fields)


def number(home: Path) -> str:
    with closing(sqlite3.connect(home / ".local/state/ciplun/journal.sqlite3")) as db:
        return str(db.execute("SELECT max(id) FROM operations").fetchone()[0])


def killed_create(simulated: Place, home: Path, scenario: str) -> None:
    """A create whose process is killed while it waits for the answer."""
    simulated.service.hooks += hooks([scenario])
    surroundings = simulated.environ | environ(home, CIPLUN_POLL_BUSY="1")
    with Terminal([*CIPLUN, "create", "mail", "lost"], surroundings) as terminal:
        terminal.until(lambda: ("create", "sent") in journal_states(home))
        terminal.until(simulated.sent)
        if scenario.startswith("silent"):  # it is carried out
            terminal.until(lambda: "lost" in {s.name for s in simulated.world.snapshots.values()})
        os.kill(terminal.pid, signal.SIGKILL)
        terminal.wait()
    simulated.service.hooks.clear()


def test_nothing_is_open(simulated: Place) -> None:
    assert ciplun(simulated, "settle") == (0, "nothing is open\n", "")


def test_a_killed_create_that_was_carried_out_is_found(simulated: Place, tmp_path: Path) -> None:
    killed_create(simulated, tmp_path, "silent-write:1")
    code, out, _ = ciplun(simulated, "settle")
    assert (code, "create of lost on mail: running" in out) == (0, True)
    simulated.world.clock.advance(700)
    code, out, err = ciplun(simulated, "settle", "--wait")
    assert (code, err) == (0, "")
    assert "lost of mail is completed" in out
    assert len(simulated.sent()) == 1


def test_what_cannot_be_told_ends_by_the_admin_s_word(simulated: Place, tmp_path: Path) -> None:
    killed_create(simulated, tmp_path, "swallowed-write:1")
    simulated.service.hooks.append(Hidden())
    code, out, _ = ciplun(simulated, "settle")
    assert code == 3
    assert f"`ciplun over {number(tmp_path)}` stops tracking it" in out
    code, _, err = ciplun(simulated, "create", "mail", "next")
    assert (code, "`ciplun settle --wait` waits for it" in err) == (1, True)
    code, out, err = ciplun(simulated, "over", number(tmp_path))
    assert (code, err) == (0, "")
    assert "tracking stopped by " in out
    code, out, _ = ciplun(simulated, "create", "mail", "next")
    assert (code, "Creating next on mail" in out) == (0, True)
    code, out, _ = ciplun(simulated, "history")
    assert "cannot be told: tracking stopped by" in out


def test_a_wait_that_is_too_short_says_what_is_left(simulated: Place) -> None:
    assert ciplun(simulated, "create", "mail", "slow")[0] == 0
    code, out, _ = ciplun(simulated, "settle", "--wait", "--timeout", "1s")
    assert (code, "create of slow on mail: running, " in out) == (3, True)


def test_no_number_of_an_operation(simulated: Place) -> None:
    for wrong in ("abc", "-1", "plan:x", "१", "9" * 30):
        code, out, err = ciplun(simulated, "over", "--", wrong)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
    for unknown in ("17", "plan:17"):
        code, out, err = ciplun(simulated, "over", unknown)
        assert (code, out, "is open here" in err) == (2, "", True)


def test_a_plan_that_stopped_is_gone_on_with_or_ended(simulated: Place, tmp_path: Path) -> None:
    servers = ("mail", "web-server-02", "legacy-crm", "vpn-gateway")
    simulated.service.hooks += hooks(["silent-write"])
    surroundings = simulated.environ | environ(tmp_path, CIPLUN_POLL_BUSY="1")
    with Terminal([*CIPLUN, "create", *servers, "set"], surroundings) as terminal:
        terminal.until(lambda: len(simulated.sent()) == 3)
        os.kill(terminal.pid, signal.SIGKILL)
        terminal.wait()
    simulated.service.hooks.clear()
    assert "set · 4 servers: stopped, 3 running · 1 not sent yet" in ciplun(simulated, "list")[2]
    code, out, _ = ciplun(simulated, "settle")
    assert code == 3
    assert "create set stopped: 3 of 4 steps sent; `ciplun settle --go-on` sends the rest" in out
    assert ciplun(simulated, "create", "nobody", "x")[2].count("`ciplun settle --go-on` sends") == 1
    code, _, err = ciplun(simulated, "settle", "--go-on", "--read-only")
    assert (code, err) == (1, "ciplun: nothing was sent: read-only: nothing can be changed\n")
    assert ciplun(simulated, "settle")[0] == 3, "it is there to be gone on with still"
    code, out, _ = ciplun(simulated, "settle", "--go-on")
    assert code == 0
    assert len(simulated.sent()) == 4
    made = [s for s in simulated.world.snapshots.values() if s.name == "set"]
    assert len(made) == len({s.server.id for s in made}) == 4


def test_protection_is_a_rule_at_every_door(simulated: Place) -> None:
    found = simulated.snapshot("before-rspamd")
    where = (str(found.id), "--server", "mail")
    code, out, _ = ciplun(simulated, "protect", *where)
    assert (code, "before-rspamd of mail is protected here" in out) == (0, True)
    code, _, err = ciplun(simulated, "delete", *where, "--yes")
    assert (code, "before-rspamd is protected here" in err) == (1, True)
    assert "protected here" in ciplun(simulated, "list", "mail")[1]
    assert ciplun(simulated, "unprotect", *where)[0] == 0
    assert ciplun(simulated, "delete", *where, "--yes")[0] == 0
    assert len(simulated.sent("DELETE")) == 1
    code, _, err = ciplun(simulated, "protect", "1", "--server", "mail")
    assert (code, "has no snapshot with the id" in err) == (2, True)


def test_waiting_for_what_anybody_began(simulated: Place) -> None:
    made = begun(simulated, "by-a-colleague")
    code, out, err = ciplun(simulated, "wait", str(made.id), "--timeout", "1s")
    assert (code, out, "by-a-colleague of mail" in err) == (3, "", True)
    simulated.world.clock.speed = 2000.0
    code, out, _ = ciplun(simulated, "wait", str(made.id))
    assert (code, out) == (0, f"#{made.id}  by-a-colleague of mail is completed\n")
    code, out, _ = ciplun(simulated, "wait")
    assert code == 0
    code, _, err = ciplun(simulated, "wait", "1")
    assert (code, "no snapshot has the id 1" in err) == (2, True)
    assert TOKEN not in err


def test_what_fails_while_it_is_waited_for_is_1(simulated: Place) -> None:
    simulated.world.next_outcome = "failed"
    made = begun(simulated, "bad")
    simulated.world.clock.speed = 2000.0
    code, out, _ = ciplun(simulated, "wait", str(made.id))
    assert (code, "bad of mail is failed" in out) == (1, True)


@pytest.mark.parametrize(("left", "code"), [([], 0), ([snapshot(801)], 1)])
def test_a_delete_that_is_waited_for_ends_well_where_it_is_gone(
    tmp_path: Path, left: list[object], code: int
) -> None:
    web = [{"id": 10, "name": "web"}]
    before, after = fleet([snapshot(801, status="deleting")], web), fleet(left, web)

    def answer(method: str, path: str) -> bytes | Iterable[bytes]:
        lists = sum("/snapshots/" in path for _, path in said.requests)
        return (before if lists < 2 else after)(method, path)

    with saying(answer) as said:
        ended, out, err = against(said.url, tmp_path, "wait")
        assert (ended, "snap-801 of web is " in out) == (code, True), (out, err)
