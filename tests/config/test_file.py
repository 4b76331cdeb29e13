"""A settings file that cannot be used: one line with file, line and key, exit code 2."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.program import CIPLUN, environ, run
from tests.helpers.pty import Terminal
from tests.helpers.settings_files import home, provider
from tui.commands import COMMANDS
from tui.config import file as config_file
from tui.config.file import SettingsError
from tui.config.settings import Options, load
from tui.keymap import keys_problem

SHOWN = "~/.config/ciplun/config.toml"


def refused(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load(Options(), environ)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize("text", ["", "\n\n# nothing\n", "[profiles]\n", "[profiles.default]\n"])
def test_a_file_with_nothing_in_it_is_fine(tmp_path: Path, text: str) -> None:
    assert load(Options(), home(tmp_path, text)).profile == "default"


@pytest.mark.parametrize(
    ("text", "line", "key", "why"),
    [
        ("poll_idle = 60\nurl = ", 2, "", "not TOML"),
        ("<html>", 1, "", "not TOML"),
        ("a = 1\na = 2", 2, "", "not TOML"),
        ("\nurll = 'x'", 2, "urll", "unknown setting; did you mean url?"),
        ("[profiles.a]\nnonsense = 1", 2, "nonsense", "unknown setting"),
        ("[profile.a]\nurl = 'x'", 1, "profile", "did you mean profiles?"),
        ("url = 7", 1, "url", "must be text"),
        ("poll_idle = 'often'", 1, "poll_idle", "must be a number"),
        ("poll_idle = true", 1, "poll_idle", "must be a number"),
        ("poll_idle = 0", 1, "poll_idle", "must be a number, 5 to 3600"),
        ("poll_busy = nan", 1, "poll_busy", "must be a number, 1 to 600"),
        ("unlock_minutes = inf", 1, "unlock_minutes", "must be a number, 1 to 1440"),
        ("read_only = 'yes'", 1, "read_only", "must be true or false"),
        ("keys = 'q'", 1, "keys", "must be a table"),
        ("[keys]\nquit = 1", 1, "keys", "must hold text"),
        ("on_finished = [1]", 1, "on_finished", "must hold text"),
        ('theme = "a\\u001b[2Jb"', 1, "theme", "control characters"),
        ("token_command = ''", 1, "token_command", "must not be empty"),
        ('token_file = "a\\u0000b"', 1, "token_file", "control characters"),
        ("token_env = 'A'\ntoken_file = 'b'", 2, "token_file", "give one token source only"),
        ("profiles = 3", 1, "profiles", "must be a table"),
        ("[profiles]\nprod = 3", 2, "prod", "must be a table"),
        ('[profiles."a\\tb"]', 1, "", "is not a name for a profile"),
        ("default_profile = 3", 1, "default_profile", "must be text"),
        ("default_profile = 'x'\n[profiles.a]", 1, "", "no profile 'x'"),
        (
            "poll_idle = 9\n[profiles.a]\n\npoll_idle = 2",
            4,
            "poll_idle",
            "must be a number, 5 to 3600",
        ),
        ("url = 'http://example.org'", 1, "url", "must be https"),
        ('\n\non_finished = "\'"', 3, "on_finished", "unbalanced quote"),
    ],
)
def test_what_is_wrong_is_named_by_file_line_and_key(
    tmp_path: Path, text: str, line: int, key: str, why: str
) -> None:
    said = refused(home(tmp_path, text))
    assert said.startswith(f"{SHOWN}:{line}")
    assert f": {key}: " in said or not key
    assert why in said


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    assert "not TOML" in refused(home(tmp_path, b"\xff\xfe\x00"))
    assert "not TOML" in refused(home(tmp_path, b"a = " + b"[" * 20_000))


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_file_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes(content)
    try:
        config_file.read(file, {})
    except SettingsError as error:
        assert str(error).isprintable()


def test_a_folder_and_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    environ = home(tmp_path)
    (tmp_path / ".config/ciplun/config.toml").mkdir(parents=True)
    assert "directory" in refused(environ).lower()


def test_what_is_no_file_or_has_no_end(tmp_path: Path) -> None:
    pipe, large = tmp_path / "pipe", tmp_path / "large"
    os.mkfifo(pipe, 0o600)
    large.write_bytes(b"#" * 3_000_000)
    for path, why in ((pipe, "not a file"), ("/dev/zero", "not a file"), (large, "than 1 MB")):
        done = run(tmp_path, "list", CIPLUN_CONFIG=str(path))
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"ciplun: {str(path).replace(str(tmp_path), '~')}: ")
        assert why in done.stderr
    assert run(tmp_path, "info", CIPLUN_CONFIG="/dev/null").returncode == 0
    (tmp_path / ".vps").mkdir()
    os.mkfifo(tmp_path / ".vps/config.json", 0o600)
    assert run(tmp_path, "info").returncode == 0


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604])
def test_a_token_in_a_file_that_others_can_read(tmp_path: Path, mode: int) -> None:
    said = refused(home(tmp_path, '\n[profiles.a]\ntoken = "vps_hidden"', mode=mode))
    assert said.startswith(f"{SHOWN}:3: token: ")
    assert "chmod 600" in said
    assert "vps_hidden" not in said
    (tmp_path / ".config/ciplun/config.toml").unlink()
    provider(tmp_path, '{"api_token": "vps_hidden"}', mode=mode)
    assert refused({"HOME": str(tmp_path)}).startswith("~/.vps/config.json: others can")


def test_a_file_that_others_can_change_leads_no_token_anywhere(tmp_path: Path) -> None:
    said = refused(home(tmp_path, "url = 'https://example.org'", mode=0o646))
    assert said == f"{SHOWN}: others can change it; chmod 600 makes it private"
    (tmp_path / ".config/ciplun/config.toml").unlink()
    provider(tmp_path, '{"api_url": "https://example.org"}', mode=0o666)
    assert "others can change it" in refused({"HOME": str(tmp_path)})


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '{"api_token": 7}', '{"api_url": null}'])
def test_another_tool_s_file_that_makes_no_sense_is_passed_over(
    tmp_path: Path, content: str
) -> None:
    provider(tmp_path, content)
    if content == '{"api_token": 7}':
        assert "token" in refused({"HOME": str(tmp_path)})
    else:
        assert load(Options(), {"HOME": str(tmp_path)}).token is None


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"crate": "n"}, "no command 'crate'; did you mean create?"),
        ({"create": "ctrl+nonsense"}, "no key 'ctrl+nonsense'"),
        ({"create": ""}, "no key ''"),
        ({"create": "R"}, "R is used by both create and restore"),
        ({"create": "?"}, "used by both create and help"),
        ({"create": "j"}, "j is used by both create and down"),
        ({"try_again": "y"}, "y is used by both try_again and copy_id"),
        ({"close": "ctrl+d"}, "ctrl+d is used by both close and half_page_down"),
        ({"leave": "enter"}, "enter is used by both leave and"),
        ({"leave": "x"}, "leave: x is typed into fields; give another key"),
        ({"accept": "b"}, "accept: b is typed into fields"),
    ],
)
def test_keys_that_cannot_be(keys: dict[str, str], why: str) -> None:
    assert why in keys_problem(keys)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"refresh": "f5,r"},
        {"create": "b"},
        {"create": "R", "restore": "ctrl+r"},
        {"down": "b"},
        {"try_again": "c"},
        {"leave": "x,f3"},
    ],
)
def test_keys_that_can_be(keys: dict[str, str]) -> None:
    assert keys_problem(keys) == ""
    assert keys_problem({command.id: command.keys for command in COMMANDS}) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("theme = 'ciplun-drak'", ":1: theme: there is no theme 'ciplun-drak'; did you mean"),
        ("theme = 'x'", ":1: theme: there is no theme 'x'; like ciplun-dark or ansi"),
        (
            "keys = { refresh = 'f99x' }",
            ":1: keys: refresh: there is no key 'f99x'; keys are like f5,",
        ),
        ("\naccent = 'nearly red'", ":2: accent: 'nearly red' is not a colour"),
        ("[keys]\ncrate = 'n'", ":1: keys: there is no command 'crate'"),
        ("url = 'http://example.org'", ":1: url: the address must be https"),
    ],
)
def test_the_dashboard_says_it_before_it_takes_the_terminal(
    tmp_path: Path, text: str, why: str
) -> None:
    home(tmp_path, text)
    with Terminal(CIPLUN, environ(tmp_path), columns=200) as terminal:
        assert terminal.wait() == 2
        assert f"ciplun: {SHOWN}{why}" in terminal.text()
        assert b"\x1b" not in terminal.output


def test_a_command_says_it_and_ends_with_2(tmp_path: Path) -> None:
    home(tmp_path, "[profiles.a]\npol_idle = 3\n")
    done = run(tmp_path, "list")
    assert done.returncode == 2
    said = f"ciplun: {SHOWN}:2: pol_idle: unknown setting; did you mean poll_idle?\n"
    assert (done.stdout, done.stderr) == ("", said)
