"""Commands after a loss of memory: `history` says what is lost, and nothing is sent unasked."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.places import Place
from tests.helpers.program import ciplun


def damage(file: Path) -> None:
    file.write_bytes(b"no database" * 100)


def remove(file: Path) -> None:
    file.unlink()


def spoil(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("UPDATE operations SET server_id = '{'")


@pytest.mark.parametrize(
    ("lose", "said"),
    [(damage, "was damaged"), (remove, "file was gone"), (spoil, "could not be read")],
)
def test_what_is_lost_is_said_and_no_restore_is_sent_twice(
    simulated: Place, tmp_path: Path, lose: Callable[[Path], None], said: str
) -> None:
    target = next(s for s in simulated.world.snapshots.values() if s.server.name == "mail")
    restore = ("restore", str(simulated.key(target)), "--server", "mail", "--yes")
    assert ciplun(simulated, *restore)[0] == 0
    assert ciplun(simulated, "history")[0] == 0
    lose(tmp_path / ".local/state/ciplun/journal.sqlite3")
    target.server.restoring_until = 0.0  # this provider shows nothing of it
    code, _, err = ciplun(simulated, *restore)
    assert (code, said in err, "may still go on" in err) == (1, True, True), err
    assert len(simulated.sent()) == 1
    code, out, err = ciplun(simulated, "history", "--json")
    assert (code, said in err) == (1, True), err
    assert json.loads(out)["complete"] is False
    for command in ("settle", "wait"):
        simulated.world.clock.advance(3_600)
        code, out, _ = ciplun(simulated, command)
        assert (code, "nothing is " in out) == (3, command == "wait"), out
        assert "nothing is busy" not in out


def test_what_cannot_be_read_is_not_said_to_be_over(simulated: Place, tmp_path: Path) -> None:
    assert ciplun(simulated, "create", "mail", "x")[0] == 0
    with closing(sqlite3.connect(tmp_path / ".local/state/ciplun/journal.sqlite3")) as db, db:
        db.execute("PRAGMA user_version = 9999")
    code, _, err = ciplun(simulated, "over", "7")
    assert (code, "it cannot be told whether operation 7 is open" in err) == (1, True), err
    assert ciplun(simulated, "settle")[0] == 1
