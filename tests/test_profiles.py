"""Changing the account at run time: nothing of the one before is left, on the screen or on disk."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.helpers.faulty import http
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal
from tests.helpers.service import Said, fleet, saying, snapshot
from tests.helpers.settings_files import home
from tui.fleet import identity

A, B = "vps_of_account_a", "vps_of_account_b"


def named(name: str) -> list[object]:
    """One snapshot to look at, and one that keeps the poller busy."""
    busy = snapshot(2, status="in_progress", server={"id": 11, "name": f"busy-of-{name}"})
    return [busy, snapshot(1, name=f"snap-of-{name}", server={"id": 10, "name": f"web-of-{name}"})]


@contextmanager
def two_accounts(
    folder: Path, more: str = "", **variables: str
) -> Iterator[tuple[Said, Said, Terminal]]:
    """A dashboard on profile a, which could change to b."""
    with saying(fleet(named("a"))) as first, saying(fleet(named("b"))) as second:
        home(
            folder,
            f"[profiles.a]\nurl = '{first.url}'\ntoken_env = 'A'\n"
            f"[profiles.b]\nurl = '{second.url}'\ntoken_env = 'B'\n{more}",
        )
        more_variables = {"A": A, "B": B, "CIPLUN_POLL_BUSY": "1", **variables}
        surroundings = environ(folder, **more_variables)
        with Terminal(CIPLUN, surroundings) as terminal:
            terminal.until("busy-of-a")
            terminal.send("G")
            terminal.until("snap-of-a")
            terminal.until("live")  # what is not known to be true is no target of a write
            yield first, second, terminal


def change(terminal: Terminal, steps: int = 1) -> None:
    """Choose the profile so many lines below the present one."""
    terminal.send("P")
    terminal.until("Choose the profile")
    for _ in range(steps):
        terminal.send("\x1b[B")
    terminal.send("\r")


def test_no_data_token_or_record_of_one_account_reaches_the_other(tmp_path: Path) -> None:
    with two_accounts(tmp_path) as (first, second, terminal):
        refused = {("POST", "/"): http('{"detail": "Limit of a."}', "400 X")}
        first.answer = fleet(named("a"), others=refused)
        terminal.send("c")
        terminal.until("Create a snapshot of web-of-a")
        terminal.send("\r")
        terminal.until("Limit of a.")
        terminal.send("\x1b")
        terminal.until(lambda: "Create a snapshot" not in terminal.text())
        terminal.send("/")
        terminal.until("part of a name")
        terminal.send("web-of-a\r")
        terminal.until("Servers · 1 of 2")
        terminal.until(lambda: "/ web-of-a" not in terminal.text())  # the list has the keys again
        change(terminal)
        terminal.until("web-of-b")
        start, asked = len(first.requests), len(second.requests)
        terminal.until(lambda: len(second.requests) > asked + 2)
        assert "of-a" not in terminal.text()
        assert "ciplun  b · " in terminal.text()
        terminal.send("!")
        terminal.until("Nothing has been asked for yet")
        assert "Limit of a." not in terminal.text()
        terminal.send("\x1b")
        terminal.until(lambda: "Operations ─" not in terminal.text())
        terminal.send("q")
        assert terminal.wait() == 0
        assert first.requests[start:] == [], "the account that was left is asked no more"
    assert all(f"Bearer {A}".encode() in head for head in first.heads)
    assert all(f"Bearer {B}".encode() in head for head in second.heads)
    with closing(sqlite3.connect(tmp_path / ".local/state/ciplun/journal.sqlite3")) as db:
        accounts = {row[0] for row in db.execute("SELECT account FROM operations")}
    (account,) = accounts
    assert account.endswith(f" {identity.place(first.url)}"), "not of the other address"


def test_a_filter_that_is_being_typed_ends_with_its_account(tmp_path: Path) -> None:
    with two_accounts(tmp_path) as (_, _, terminal):
        terminal.send("/web\x10")
        terminal.until("Search for commands")
        terminal.send("Choose the profile")
        terminal.until(lambda: "Add a server" not in terminal.text())
        terminal.send("\r")
        terminal.until("Choose the profile ─")
        terminal.send("\x1b[B\r")
        terminal.until("web-of-b")
        terminal.until("All 2")
        terminal.until(lambda: "/ web" not in terminal.text())
        terminal.send("?")  # a key of the dashboard again
        terminal.until("Filter the focused pane as you type")


def test_an_answer_that_comes_after_the_change_is_shown_nowhere(tmp_path: Path) -> None:
    gate = threading.Event()
    with two_accounts(tmp_path) as (first, _, terminal):

        def late(method: str, path: str) -> bytes:
            gate.wait(30)
            return fleet(named("late"))(method, path)  # type: ignore[return-value]

        first.answer = late
        asked = len(first.requests)
        terminal.send("r")
        terminal.until(lambda: len(first.requests) > asked)
        change(terminal)
        terminal.until("web-of-b")
        gate.set()
        while terminal.read(0.3):
            pass
        assert "late" not in terminal.text()
        terminal.send("q")
        terminal.wait()


def test_the_other_profile_s_lock_and_colours_hold(tmp_path: Path) -> None:
    more = "read_only = true\ntheme = 'ciplun-light'\nkeys = { quit = 'Q' }\n"
    with two_accounts(tmp_path, more) as (_, second, terminal):
        change(terminal)
        terminal.until("web-of-b")
        terminal.until("read-only")
        terminal.send("c")
        terminal.until("Cannot create: read-only")
        assert second.count("POST") == 0
        terminal.send("Q")
        assert terminal.wait() == 0


def test_a_profile_without_a_token_asks_for_one(tmp_path: Path) -> None:
    with two_accounts(tmp_path, "[profiles.c]\n") as (_, _, terminal):
        change(terminal, 2)
        terminal.until("No API token was found")
        terminal.until("~/.local/state/ciplun/token-c")
        terminal.until(lambda: "of-a" not in terminal.text())
        terminal.send("\x1b")
        terminal.until("there is no token")
        terminal.send("q")
        assert terminal.wait() == 0


@pytest.mark.parametrize(
    ("broken", "said"),
    [("[profiles.b]\nurl = 7", "url: must be text"), ("[profiles.b]\ntheme = 'x'", "no theme 'x'")],
)
def test_settings_broken_meanwhile_change_nothing(tmp_path: Path, broken: str, said: str) -> None:
    with two_accounts(tmp_path) as (first, _, terminal):
        home(tmp_path, f"[profiles.a]\nurl = '{first.url}'\ntoken_env = 'A'\n{broken}\n")
        change(terminal)
        terminal.until(said)
        assert "snap-of-a" in terminal.text()
        terminal.send("q")
        assert terminal.wait() == 0


def test_a_token_in_the_environment_is_named_as_that_of_every_profile(tmp_path: Path) -> None:
    with two_accounts(tmp_path, VPS_API_TOKEN=A) as (_, second, terminal):
        change(terminal)
        terminal.until("every profile")
        terminal.until("web-of-b")
        assert all(f"Bearer {A}".encode() in head for head in second.heads)
        terminal.send("q")
        terminal.wait()


def test_without_profiles_there_is_nothing_to_choose(tmp_path: Path) -> None:
    with saying(fleet(named("a"))) as said:
        surroundings = environ(tmp_path, VPS_API_URL=said.url, VPS_API_TOKEN=A)
        with Terminal(CIPLUN, surroundings) as terminal:
            terminal.until("web-of-a")
            terminal.send("P")
            terminal.until("no other profile")
            terminal.send("q")
            terminal.wait()


def test_the_choice_says_where_each_is_whether_it_is_locked_and_which_is_shown(
    tmp_path: Path,
) -> None:
    with two_accounts(tmp_path, "[profiles.c]\nlocked = true\n") as found:
        first, _, terminal = found
        terminal.send("P")
        terminal.until("shown now")
        rows = [line for line in terminal.text().splitlines() if "127.0.0.1" in line]
        assert any(f"{first.url.split('/')[2]} · shown now" in row for row in rows)
        assert "admin.vps.org · locked" in terminal.text()
        terminal.send("\r")
        terminal.until("nothing was changed")
        terminal.send("q")
        assert terminal.wait() == 0
