"""What a command refuses before anything is sent: the rules of every door, and its own input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers import program
from tests.helpers.places import TOKEN, Place
from tests.helpers.program import ciplun, journal_states, run_bytes
from tests.helpers.service import Said, fleet, saying, snapshot

WEB = {"id": 10, "name": "web", "status": "active"}
AMBIGUOUS = "20 can be 20 (id:10), db (id:20): say which by its id"


def run(said: Said, home: Path, *arguments: str | bytes) -> tuple[int, str, str]:
    """The program against a service of the test's own making; arguments may be any bytes."""
    done = run_bytes(home, *arguments, VPS_API_URL=said.url, VPS_API_TOKEN=TOKEN)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in err
    assert (out + err).replace("\n", "").isprintable()
    return done.returncode, out, err


@pytest.mark.parametrize("status", ["in_progress", "failed", "deleting", "quarantined"])
def test_what_is_not_completed_is_not_restored(tmp_path: Path, status: str) -> None:
    with saying(fleet([snapshot(801, status=status)], [WEB])) as said:
        code, out, err = run(said, tmp_path, "restore", "801", "--server", "web", "--yes")
        words = f"snap-801 is {status.replace('_', ' ')}, not completed"
        if status == "failed":
            words = "snapshot snap-801 failed"
        assert (code, out) == (1, "")
        assert err == f"ciplun: nothing was sent: {words}\n"
        assert said.count("POST") == 0
    assert journal_states(tmp_path) == []


@pytest.mark.parametrize("status", ["in_progress", "deleting", "quarantined", ""])
def test_what_is_busy_or_unknown_is_not_deleted(tmp_path: Path, status: str) -> None:
    with saying(fleet([snapshot(801, status=status)], [WEB])) as said:
        code, _, err = run(said, tmp_path, "delete", "801", "--server", "web", "--yes")
        assert (code, "nothing was sent: snap-801 is " in err) == (1, True)
        assert said.count("DELETE") == 0
    assert journal_states(tmp_path) == []


def test_a_server_that_is_being_restored_takes_nothing(simulated: Place, tmp_path: Path) -> None:
    code, _, err = ciplun(simulated, "create", "ci-runner", "x")
    assert (code, "ci-runner is being restored" in err) == (1, True)
    assert simulated.sent() == []
    assert journal_states(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nightly ", "a space is not allowed"),
        (b"nightly\r", "U+000D is not allowed"),
        (b"x\x1b]0;t\a", "U+001B is not allowed"),
        (b"b\xff", "U+DCFF is not allowed"),
        ("naïve", "“ï” is not allowed"),
        ("x" * 201, "at most 200 characters"),
        ("x" * 100_000, "at most 200 characters"),
    ],
)
def test_a_name_that_the_provider_does_not_take_is_not_asked_for(
    tmp_path: Path, name: str | bytes, why: str
) -> None:
    with saying(fleet((), [WEB])) as said:
        code, out, err = run(said, tmp_path, "create", "web", name)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert why in err
        assert said.requests == []
    assert journal_states(tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", b"\x1b[31m"),
        ("create", b"web\xff", "x"),
        ("create", "web", "x", "--description", b"a\x07b"),
        ("restore", b"801\n", "--server", "web", "--yes"),
        ("delete", "801", "--server", b"\x9b31m", "--yes"),
        ("history", "--server", b"\x1b]52;c;aGk=\x07"),
        ("list", "x" * 100_000),
        ("metrics", "--on", b"group:\xff"),
        ("ensure", "--on", "web", "--max-age", "1h", "--name", b"\x1b{date}"),
        ("prune", "--on", "web", "--name", b"\x07*", "--keep-last", "1"),
        ("guard", "--on", b"\x1b[1m", "--name", "x", "--", "true"),
        ("apply", b"/\x1b[31m\xff"),
        ("over", b"\x1b"),
        ("wait", b"\x9b1m"),
        ("unprotect", b"\x1b", "--server", "web"),
        ("watch", b"\x1b"),
        ("completion", b"\x1b"),
        (b"\x1b[31m",),
        (b"--\x1b[31m",),
    ],
)
def test_local_input_is_checked_like_the_server_s(
    tmp_path: Path, arguments: tuple[str | bytes, ...]
) -> None:
    with saying(fleet([snapshot(801)], [WEB])) as said:
        code, out, err = run(said, tmp_path, *arguments)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert len(err) < 1_200
        assert said.requests == []


def test_a_server_called_like_another_one_s_id_is_not_guessed(tmp_path: Path) -> None:
    named = {"id": 10, "name": "20", "status": "active"}
    meant = {"id": 20, "name": "db", "status": "active"}
    with saying(fleet([snapshot(801)], [named, meant])) as said:
        for arguments in (
            "metrics 20 --json",
            "create 20 db x",
            "guard 20 --name x -- true",
            "protect 801 --server 20",
            "restore 801 --server 20 --yes",
        ):
            code, _, err = run(said, tmp_path, *arguments.split())
            assert (code, err) == (2, f"ciplun: {AMBIGUOUS}\n"), arguments
        assert run(said, tmp_path, "check", "20") == (3, f"SNAPSHOTS UNKNOWN - {AMBIGUOUS}\n", "")
        assert said.count("POST") == said.count("DELETE") == 0
        code, out, _ = run(said, tmp_path, "list", "id:20")
        assert (code, out) == (0, "db  #20  0/5 slots, active; no completed snapshot\n")
        code, out, _ = run(said, tmp_path, "list", "id:10", "--ids")
        assert (code, out) == (0, "801\n")


def test_two_servers_of_one_name_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    servers = [{"id": key, "name": "web", "status": "active"} for key in (10, 11)]
    with saying(fleet([snapshot(801)], servers)) as said:
        code, _, err = run(said, tmp_path, "delete", "801", "--server", "web", "--yes")
        assert (code, "web can be web (id:10), web (id:11)" in err) == (2, True)
        code, _, err = run(said, tmp_path, "create", "11", "x", "--read-only")
        assert (code, "read-only" in err) == (1, True)
        assert said.count("POST") == said.count("DELETE") == 0


def test_each_door_names_its_own_ways(simulated: Place) -> None:
    simulated.environ |= {"CIPLUN_LOCKED": "1"}
    home = Path(simulated.environ["HOME"])
    more = {"VPS_API_URL": simulated.url, "VPS_API_TOKEN": TOKEN, "CIPLUN_LOCKED": "1"}
    done = program.run(home, "create", "mail", "x", **more)
    assert done.returncode == 1
    assert done.stderr == (
        "ciplun: nothing was sent: writing is locked; CIPLUN_LOCKED=0 unlocks it for one command\n"
    )
    assert simulated.sent() == []


def test_a_token_that_may_only_read_is_known_before_anything_is_sent(simulated: Place) -> None:
    simulated.world.tokens.clear()
    simulated.world.add_token(TOKEN, "servers:read")
    for words in (
        ("create", "mail", "x"),
        ("create", "mail", "db-01", "x"),
        ("ensure", "mail", "db-01", "--max-age", "1h"),
        ("guard", "mail", "db-01", "--name", "x", "--", "true"),
    ):
        code, _, err = ciplun(simulated, *words)
        assert (code, err.count("the token may only read")) == (4, 1)
    assert simulated.sent() == []


@pytest.mark.parametrize("option", ["--fleet", "--scenario", "--state", "--now", "--host"])
def test_what_the_simulator_does_not_take_is_quoted_as_everywhere(
    tmp_path: Path, option: str
) -> None:
    given = f"/no\x1b]0;t\a/{TOKEN}"
    done = run_bytes(tmp_path, "simulator", option, given, "--json")
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode in (1, 2)
    assert (out + err).replace("\n", "").isprintable()
    assert TOKEN not in out + err
    assert err == f"ciplun: {json.loads(out)['error']}\n"
