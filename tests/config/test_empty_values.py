"""What is empty or wrong on the command line, in variables and in the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.commands import ciplun
from tests.helpers.places import Place
from tests.helpers.program import run
from tests.helpers.settings_files import home

SECRET = "vps_4f1e8d7c6b5a"
SHOWN = "~/.config/ciplun/config.toml"


@pytest.mark.parametrize(
    ("arguments", "more", "where"),
    [
        (["--profile", ""], {}, "option --profile"),
        (["--profile", " "], {}, "option --profile"),
        (["--url", ""], {}, "option --url"),
        ([], {"CIPLUN_PROFILE": ""}, "environment CIPLUN_PROFILE"),
        ([], {"CIPLUN_URL": ""}, "environment CIPLUN_URL"),
        ([], {"CIPLUN_READ_ONLY": ""}, "environment CIPLUN_READ_ONLY"),
        ([], {"CIPLUN_CONFIG": ""}, "environment CIPLUN_CONFIG"),
        ([], {"CIPLUN_TOKEN": ""}, "environment CIPLUN_TOKEN"),
        ([], {"CIPLUN_TOKEN_FILE": "\t"}, "environment CIPLUN_TOKEN_FILE"),
        ([], {"CIPLUN_ASCII": ""}, "environment CIPLUN_ASCII"),
        ([], {"VPS_API_URL": ""}, "environment VPS_API_URL"),
        ([], {"VPS_API_TOKEN": " \n"}, "environment VPS_API_TOKEN"),
    ],
)
def test_an_empty_value_is_wrong_usage_and_never_the_default(
    tmp_path: Path, simulated: Place, arguments: list[str], more: dict[str, str], where: str
) -> None:
    given = simulated.environ | more
    said = f"{where}: must not be empty"
    for command in ("list", "info", "create"):
        done = ciplun(
            given, command, *arguments, *["web-server-01", "x"][: 2 * (command == "create")]
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"ciplun: {said}\n"
    done = ciplun(given, *arguments, "check")
    assert (done.returncode, done.stdout) == (3, f"SNAPSHOTS UNKNOWN - {said}\n")
    assert simulated.service.received == []


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["list", ""], "[SERVER]..."),
        (["list", " "], "[SERVER]..."),
        (["create", "", "x"], "[SERVER]..."),
        (["create", "mail", "", "x"], "[SERVER]..."),
        (["create", "x", "--on", ""], "--on"),
        (["ensure", "", "--max-age", "24h"], "[SERVER]..."),
        (["prune", "--name", "", "--keep-last", "1"], "--name"),
        (["prune", "--policy", ""], "--policy"),
        (["guard", "--on", "", "--name", "x", "--", "true"], "--on"),
        (["history", "--server", ""], "--server"),
        (["create", "web-server-01", ""], "NAME"),
        (["create", "web-server-01", "x", "--description", ""], "--description"),
        (["restore", "801", "--server", "", "--yes"], "--server"),
        (["restore", "", "--server", "web-server-01", "--yes"], "SNAPSHOT_ID"),
        (["delete", "", "--server", "web-server-01", "--yes"], "SNAPSHOT_ID..."),
        (["simulator", "--token", ""], "--token"),
    ],
)
def test_an_empty_argument_is_wrong_usage(
    simulated: Place, arguments: list[str], what: str
) -> None:
    done = ciplun(simulated.environ, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"ciplun: {what}: must not be empty; try `ciplun ")
    assert simulated.service.received == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["check", "--max-age", ""], "must not be empty"),
        (["check", "-t", "0"], "must be a whole number, 1 to 3600"),
        (["check", "-c", "7 parsecs"], "must be an age like 36h"),
        (["check", "-w", "3d", "-c", "36h"], "-w must be less than -c"),
        (["check", "--max-agee", "7d"], "No such option"),
        (["check", "extra"], "no server is called extra"),
        (["--nope", "check"], "No such option"),
        (["--profile", "nope", "check"], "no profile 'nope'"),
        (["check", f"--{SECRET}"], "No such option"),
        (["check", "a\x1b[31m"], "must not have the character U+001B in it"),
    ],
)
def test_check_says_unknown_whatever_is_wrong(
    simulated: Place, arguments: list[str], why: str
) -> None:
    done = ciplun(simulated.environ, *arguments)
    assert (done.returncode, done.stderr) == (3, "")
    (line,) = done.stdout.splitlines()
    assert line.startswith("SNAPSHOTS UNKNOWN - ")
    assert why in line
    assert line.isprintable()
    assert SECRET not in line


def test_history_knows_its_options(simulated: Place) -> None:
    assert ciplun(simulated.environ, "create", "legacy-crm", "x").returncode == 0
    done = ciplun(simulated.environ, "history", "--profile", "nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no profile 'nope'" in done.stderr
    done = ciplun(simulated.environ, "history", "--demo")
    assert done.returncode == 0
    assert done.stdout == "the demo keeps no record: what is done in one is gone when it ends\n"
    found = json.loads(ciplun(simulated.environ, "history", "--demo", "--json").stdout)
    assert found == {"complete": True, "reasons": [], "operations": []}
    assert "x on legacy-crm" in ciplun(simulated.environ, "history").stdout


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("url = ''", 1, "url"),
        ("default_profile = ''\n[profiles.a]", 1, "default_profile"),
        ("[profiles.a]\nurl = ''", 2, "url"),
        ("token_env = ''", 1, "token_env"),
        ("theme = ''", 1, "theme"),
        ("\naccent = ''", 2, "accent"),
        ("on_finished = ' '", 1, "on_finished"),
    ],
)
def test_an_empty_text_in_the_file_is_named(tmp_path: Path, text: str, line: int, key: str) -> None:
    home(tmp_path, text)
    done = run(tmp_path, "list")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"ciplun: {SHOWN}:{line}: {key}: must not be empty\n"


def test_a_variable_that_the_file_names_must_not_be_empty_either(tmp_path: Path) -> None:
    home(tmp_path, "token_env = 'MINE'")
    done = run(tmp_path, "list", MINE="")
    assert (done.returncode, done.stderr) == (2, "ciplun: environment MINE: must not be empty\n")
    done = run(tmp_path, "list")
    assert (done.returncode, "variable MINE is not set" in done.stderr) == (4, True)


def test_what_the_demo_does_not_use_does_not_stop_it(tmp_path: Path) -> None:
    done = run(tmp_path, "list", "--demo", VPS_API_URL="", VPS_API_TOKEN="")
    assert (done.returncode, "web-server-01" in done.stdout) == (0, True)
    assert run(tmp_path, "list", "--demo", CIPLUN_PROFILE="").returncode == 2
