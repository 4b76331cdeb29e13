"""A journal that another process keeps: a line at once, one wait, and an exit code."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.places import Place
from tests.helpers.program import ciplun
from tui.cli import main

WAITS = "ciplun: waiting for the journal, which another process may keep\n"


@pytest.fixture
def state(simulated: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of a journal that is there, and a program that does not wait for long."""
    assert ciplun(simulated, "settle")[0] == 0
    monkeypatch.setattr("tui.fleet.journal.file.PATIENCE", 0.3)
    monkeypatch.setattr("tui.fleet.journal.file.SLOW", 0.05)
    monkeypatch.setattr("tui.fleet.journal.file._BRIEF", 0.01)
    monkeypatch.setattr("tui.fleet.journal.protection.PATIENCE", 0.1)
    monkeypatch.setattr("os.environ", simulated.environ)
    return tmp_path / ".local/state/ciplun"


@pytest.fixture
def locked(state: Path) -> Iterator[None]:
    with closing(sqlite3.connect(state / "journal.sqlite3", isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("settle", 1),
        ("protect 810 --server mail", 1),
        ("over 7", 1),
        ("history", 1),
        ("create mail x", 1),
        ("create --on mail x", 1),
        ("ensure --on mail --max-age 1m", 1),
        ("guard --on mail --name x -- true", 1),
        ("prune --on mail --name * --keep-last 1 --yes", 1),
        ("delete 810 --server mail --yes", 1),
        ("create mail x --dry-run", 1),
        ("delete 810 --server mail --dry-run", 1),
        ("list mail", 0),
        ("metrics mail", 0),
        ("check mail -c 52w", 0),
    ],
)
def test_a_line_at_once_and_one_wait(
    simulated: Place, locked: None, words: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(words.split()) == code
    said = capsys.readouterr().err
    assert said.startswith(WAITS), said
    assert said.count(WAITS) == 1
    assert "locked" in said
    assert simulated.sent() == simulated.sent("DELETE") == []


def test_a_list_of_protected_ones_that_another_process_keeps(
    simulated: Place, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (state / "protected.json.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert main.run(["protect", "810", "--server", "mail"]) == 1
    assert "protected.json: another process keeps it" in capsys.readouterr().err
    assert main.run(["delete", "810", "--server", "mail", "--yes"]) == 1
    assert simulated.sent("DELETE") == []
