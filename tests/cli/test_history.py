"""`history`: what was done, as far as it is known, and what is not known any more."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.places import Place
from tests.helpers.program import ciplun


def journal(home: Path) -> Path:
    return home / ".local/state/ciplun/journal.sqlite3"


def test_times_and_limits_and_servers(simulated: Place, tmp_path: Path) -> None:
    for server in ("mail", "web-server-02", "legacy-crm"):
        assert ciplun(simulated, "create", server, "x")[0] == 0
        simulated.world.clock.advance(60)
    document = json.loads(ciplun(simulated, "history", "--json", "--limit", "2")[1])
    assert document["complete"] is True
    assert [o["server_name"] for o in document["operations"]] == ["legacy-crm", "web-server-02"]
    first = document["operations"][0]
    assert first["asked_at"].startswith("2025-01-22T12:02:")
    assert first["asked_at"].endswith("Z")
    assert (first["ended_at"], first["certainty"]) == (None, "proved")
    code, out, _ = ciplun(simulated, "history", "--server", "mail")
    assert (code, len(out.splitlines())) == (0, 1)
    assert "create of x on mail  by " in out
    code, out, _ = ciplun(simulated, "history", "--since", "2025-01-22T11:00")
    assert (code, len(out.splitlines())) == (0, 3)
    code, out, _ = ciplun(simulated, "history", "--since", "1h")
    assert (code, out) == (0, "nothing matches\n")


@pytest.mark.parametrize(
    "arguments",
    [("--since", "soon"), ("--since", ""), ("--limit", "0"), ("--server", ""), ("--limit", "x")],
)
def test_wrong_usage(simulated: Place, arguments: tuple[str, ...]) -> None:
    code, out, err = ciplun(simulated, "history", *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_what_was_typed_turns_no_line_around(simulated: Place) -> None:
    create = ("create", "mail", "x", "--description", "before \u202eecalper")
    assert ciplun(simulated, *create)[0] == 0
    out = ciplun(simulated, "history", "--json")[1]
    assert out.replace("\n", "").isprintable()
    assert json.loads(out)["operations"][0]["description"] == "before <202E>ecalper"


@pytest.mark.parametrize("loss", ["damaged", "removed"])
def test_after_a_loss_of_memory_it_says_so(simulated: Place, tmp_path: Path, loss: str) -> None:
    assert ciplun(simulated, "history") == (0, "nothing has been done yet\n", "")
    assert ciplun(simulated, "create", "mail", "x")[0] == 0
    if loss == "removed":
        journal(tmp_path).unlink()
    else:
        journal(tmp_path).write_bytes(b"no database" * 1000)
    for _ in range(2):
        code, out, err = ciplun(simulated, "history")
        assert (code, out) == (1, "")
        assert err.startswith("ciplun: not all is known: ")
    document = json.loads(ciplun(simulated, "history", "--json")[1])
    assert (document["complete"], len(document["reasons"])) == (False, 1)


def test_a_row_that_means_nothing_hides_no_other(simulated: Place, tmp_path: Path) -> None:
    for server in ("mail", "legacy-crm"):
        assert ciplun(simulated, "create", server, "x")[0] == 0
    with closing(sqlite3.connect(journal(tmp_path))) as db, db:
        db.execute("UPDATE operations SET server_id = '{' WHERE server_name = 'mail'")
    code, out, err = ciplun(simulated, "history")
    assert (code, "create of x on legacy-crm" in out) == (1, True)
    assert "could not be read" in err
