"""Closed, full and broken places for output: the exit code tells the deed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.places import TOKEN, Place
from tests.helpers.program import environ, journal_states
from tui.cli import main
from tui.cli.output import out

PROGRAM = f"{sys.executable} -m tui"


def shell(place: Place, line: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A line of a shell in which CIPLUN is the program."""
    home = Path(place.environ["HOME"])
    done = subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", line.replace("CIPLUN", PROGRAM)],
        env=environ(home, VPS_API_URL=place.url, VPS_API_TOKEN=TOKEN, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done


CLOSED, FULL = "it is closed", "No space left on device"


@pytest.mark.parametrize(
    ("where", "said", "unbuffered"),
    [
        (">&-", CLOSED, False),
        ("2>&-", "", False),
        (">&- 2>&-", "", False),
        (">/dev/full", FULL, False),
        (">/dev/full", FULL, True),
        ("2>/dev/full", "", False),
        ("<&-", "", False),
        ("| true", "", False),
        ("| true", "", True),
    ],
)
def test_what_was_done_is_done_whoever_reads_of_it(
    simulated: Place, tmp_path: Path, where: str, said: str, unbuffered: bool
) -> None:
    more = {"PYTHONUNBUFFERED": "1"} if unbuffered else {}
    done = shell(simulated, f"CIPLUN create mail x {where}", **more)
    assert done.returncode == 0
    assert (said in done.stderr) if said else (done.stderr == "")
    assert len(simulated.sent()) == 1
    assert journal_states(tmp_path) == [("create", "accepted")]


def test_a_delete_without_stdin_asks_nobody(simulated: Place) -> None:
    target = simulated.snapshot("before-rspamd")
    line = f"CIPLUN delete {target.id} --server mail"
    done = shell(simulated, f"{line} <&-")
    assert (done.returncode, "use --yes to go ahead" in done.stderr) == (2, True)
    assert simulated.sent("DELETE") == []
    done = shell(simulated, f"{line} --yes <&- >&- 2>&-")
    assert (done.returncode, len(simulated.sent("DELETE"))) == (0, 1)


@pytest.mark.parametrize(
    "command",
    [
        *("list", "list --json", "history", "info", "check --json --help", "metrics --json"),
        *("--help", "--version", "create --help", "completion bash", "simulator --list-scenarios"),
    ],
)
@pytest.mark.parametrize("where", [">&-", ">/dev/full"])
def test_what_only_prints_has_failed_where_nothing_could_be_written(
    simulated: Place, command: str, where: str
) -> None:
    done = shell(simulated, f"CIPLUN {command} {where}")
    assert done.returncode == (3 if command.startswith("check") else 1)
    assert len(done.stderr.splitlines()) == 1


def test_a_check_that_cannot_be_read_is_not_ok(empty_world: Place) -> None:
    server = empty_world.world.add_server("good")
    empty_world.world.add_snapshot(server, "fresh", hours=2)
    assert shell(empty_world, "CIPLUN check").returncode == 0
    for where in (">&-", ">/dev/full"):
        assert shell(empty_world, f"CIPLUN check {where}").returncode == 3
        assert shell(empty_world, f"CIPLUN check --version {where}").returncode == 3


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_enough_hears_nothing(simulated: Place, unbuffered: str) -> None:
    more = {"PYTHONUNBUFFERED": unbuffered} if unbuffered else {}
    done = shell(simulated, "CIPLUN list --json | head -c 1; exit ${PIPESTATUS[0]}", **more)
    assert (done.stdout, done.stderr) == ("{", "")
    assert done.returncode in (0, 1)


def test_no_file_takes_the_place_of_a_closed_stream(simulated: Place, tmp_path: Path) -> None:
    done = shell(simulated, "CIPLUN create mail x >&- 2>&- <&-")
    assert done.returncode == 0
    for file in (tmp_path / ".local/state/ciplun").iterdir():
        if file.is_file():
            assert b"Creating x on mail" not in file.read_bytes()
    assert journal_states(tmp_path) == [("create", "accepted")]


@pytest.mark.parametrize("closed", [False, True])
def test_an_interrupt_prints_nothing_between_the_lines(
    closed: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*given: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tui.cli.watch.settings", interrupted)
    if closed:
        monkeypatch.setattr(sys, "stderr", None)
    assert main.run(["watch", "--json"]) == 130
    assert capsys.readouterr() == ("", "" if closed else "\n")


def test_a_locale_that_cannot_show_a_name_is_no_end(simulated: Place) -> None:
    server = simulated.server("mail")
    server.name = "Übergröße"
    done = shell(simulated, "CIPLUN list", LANG="C", LC_ALL="C", PYTHONUTF8="0",
                 PYTHONCOERCECLOCALE="0")  # fmt: skip
    assert done.returncode == 0
    assert "bergr" in done.stdout


def test_what_was_waited_for_has_ended_whoever_reads_of_it(simulated: Place) -> None:
    simulated.world.clock.advance(3_600)
    assert shell(simulated, "CIPLUN wait >/dev/full").returncode == 0


def test_a_plan_that_was_only_to_be_printed_has_failed_where_it_was_not(simulated: Place) -> None:
    words = "CIPLUN prune mail --name '*' --keep-last 1"
    assert shell(simulated, f"{words} --dry-run >/dev/full").returncode == 1
    assert shell(simulated, f"{words} --dry-run").returncode == 0
    assert simulated.sent() == []


def test_what_nobody_foresaw_ends_in_one_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: object, **__: object) -> int:
        out("this was done")
        raise RuntimeError

    monkeypatch.setattr("os.environ", environ(tmp_path, VPS_API_TOKEN=TOKEN))
    monkeypatch.setattr("tui.cli.settle._settle", broken)
    assert main.run(["settle", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["complete"], document["exit_code"]) == (False, 1)
    assert "(RuntimeError)" in document["error"]
    assert document["lines"] == ["this was done"]
