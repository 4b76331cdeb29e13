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
