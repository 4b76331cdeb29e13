"""Typical mistakes: one line that says where it is, what is wrong, and what would be right."""

from __future__ import annotations

import pytest

from tui.cli.main import run

SPAN = "must be like 90s, 36h, 7d or 2w"
AGE = "must be an age like 36h, 7d or 2w; 0 is never"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A home folder without an account."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr("os.environ", {"HOME": str(home), "LANG": "C.UTF-8"})
    monkeypatch.chdir(home)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("lst", "no such command 'lst'; did you mean list? Try `ciplun --help`"),
        ("qqq", "no such command 'qqq'; try `ciplun --help`"),
        ("list --bogus", "No such option '--bogus'; try `ciplun list --help`"),
        ("create", "Missing argument 'NAME'; try `ciplun create --help`"),
        ("create web", "no server given: name servers or choose them by --on"),
        ("create web a.b", "NAME: “.” is not allowed: letters, digits, hyphens and underscores"),
        ("create web x --wait --timeout 5x", f"--timeout: {SPAN}: not '5x'"),
        ("create web x --timeout 5m", "--timeout needs --wait"),
        ("restore 801", "Missing option '--server'"),
        ("ensure web --max-age 7", f"--max-age: {AGE}: not '7'"),
        ("ensure web --max-age 7d --name n-{dat}", "--name: {dat} is not a field of a name: did"),
        ("ensure web --max-age 7d --name n", "--name: it must have {date} in it, like nightly-"),
        ("prune", "give --policy, or --name and how many to keep, like --keep-last 3"),
        ("prune --name n* --keep-last 9", "--keep-last: must be a whole number, 0 to 5: not '9'"),
        ("prune --name n*", "keeps nothing: give --keep-last, --keep-daily, --keep-weekly or"),
        ("prune --policy nope", "--policy: no policy 'nope' is set; there are: none"),
        ("guard web --name x", "give a command after --"),
        ("apply nofile.json", "nofile.json: No such file or directory"),
        ("history --since yesterday", "--since: must be like 36h, 7d, 2025-01-23 or 2025-01-23T"),
        ("history --limit abc", "--limit: must be a whole number, 1 to 100000: not 'abc'"),
        ("over abc", "'abc' is not the number of an operation"),
        ("list --on age>7", "--on: age>7: an age has a unit, like age>7d"),
        ("list --on x web", "name servers or choose them by --on, not both"),
        ("list --url ftp://x", "option --url: the address must begin with https://"),
        ("list --profile nope", "option --profile: no profile 'nope'"),
        ("completion tcsh", "{bash|zsh|fish}: 'tcsh' is not one of 'bash', 'zsh', 'fish'"),
        ("simulator --port abc", "--port: must be a whole number, 0 to 65535: not 'abc'"),
        ("simulator --scenario nope", "nope: there is no such scenario; --list-scenarios prints"),
        ("simulator --now tomorrow", "--now: must be a time like 2025-01-23T18:30:00Z"),
        ("simulator --fleet nofile", "fleet nofile: No such file or directory"),
    ],
)
def test_a_mistake(capfd: pytest.CaptureFixture[str], words: str, line: str) -> None:
    assert run(words.split()) == 2
    said = capfd.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith(f"ciplun: {line}")


def test_without_a_token_it_is_said_how_to_give_one(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["list"]) == 4
    words = "there is no token: set VPS_API_TOKEN or token_command"
    assert capfd.readouterr().err == f"ciplun: {words}\n"
