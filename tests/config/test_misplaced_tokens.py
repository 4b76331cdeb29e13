"""A token in the wrong place is not quoted; one with odd signs is explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.program import run
from tests.helpers.settings_files import home

SECRET = "vps_4f1e8d7c6b5a"
SHOWN = "~/.config/ciplun/config.toml"


@pytest.mark.parametrize(
    ("text", "arguments", "more"),
    [
        (f"token_env = '{SECRET}'", ["list"], {}),
        (f"token_file = '{SECRET}'", ["list"], {}),
        (f"token_command = '{SECRET}'", ["list"], {}),
        (f"token_keyring = '{SECRET}'", ["list"], {}),
        (f"theme = '{SECRET}'", ["info"], {}),
        (f"accent = '{SECRET}'", ["info"], {}),
        (f"on_finished = 'notify {SECRET}'", ["info"], {}),
        (f"keys = {{ refresh = '{SECRET}' }}", ["info"], {}),
        (f"url = 'https://{SECRET}.example'", ["info"], {}),
        (f"url = 'https://example.org/{SECRET}/'", ["info"], {}),
        (f"{SECRET} = 1", ["list"], {}),
        (f"token_{SECRET} = 1", ["list"], {}),
        (f"[profiles.{SECRET}]", ["info"], {}),
        (f"token = {SECRET}", ["list"], {}),
        (f"token = '{SECRET}", ["list"], {}),
        (f"{SECRET}", ["list"], {}),
        (f'a = 1\n[profiles.p]\n"{SECRET}"', ["list"], {}),
        ("", ["list", "--profile", SECRET], {}),
        ("[profiles.a]\n", ["info", "--profile", SECRET], {}),
        ("", ["list", "--url", SECRET], {}),
        ("", ["list", "--url", f"http://x.example/{SECRET}"], {}),
        ("", [SECRET], {}),
        ("", ["list", "--on", f"size:{SECRET}"], {}),
        ("", ["check", "--on", f"size>{SECRET}"], {}),
        ("", [f"--{SECRET}"], {}),
        ("", ["list", f"--token={SECRET}"], {}),
        ("", ["list"], {"CIPLUN_PROFILE": SECRET}),
        ("", ["info"], {"CIPLUN_THEME": SECRET}),
        ("", ["list"], {"CIPLUN_CONFIG": SECRET}),
        ("", ["list"], {"CIPLUN_TOKEN_FILE": SECRET}),
        ("", ["list"], {"CIPLUN_TOKEN_ENV": SECRET}),
        ("", ["list"], {"CIPLUN_POLL_IDLE": SECRET}),
        ("", ["list"], {f"CIPLUN_{SECRET}": "1"}),
        ("", ["check"], {"CIPLUN_PROFILE": SECRET}),
    ],
)
def test_a_token_in_the_wrong_place_is_not_quoted(
    tmp_path: Path, text: str, arguments: list[str], more: dict[str, str]
) -> None:
    home(tmp_path, text)
    done = run(tmp_path, *arguments, **more)
    assert SECRET not in done.stdout + done.stderr
    assert SECRET[4:] not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2, 3, 4)
    assert len(done.stderr.splitlines()) <= 1


def test_a_token_in_place_of_its_variable_is_recognised(tmp_path: Path) -> None:
    home(tmp_path, f"token_env = '{SECRET}'")
    done = run(tmp_path, "list")
    said = "ciplun: token_env holds a token; it names the variable that holds it\n"
    assert (done.returncode, done.stderr) == (4, said)
    assert f"{SHOWN}:1: environment ***" in run(tmp_path, "info").stdout


@pytest.mark.parametrize(
    ("value", "sign"),
    [
        (f'"{SECRET}"', 'has " around it'),
        (f"'{SECRET}'", "has ' around it"),
        (f'{SECRET}"', 'has " around it'),
        (f"Bearer {SECRET}", "cannot have: a space"),
        (f"{SECRET}\t{SECRET}", "cannot have: a tab"),
        (f"{SECRET}\u201d", "cannot have: U+201D"),
        (f"\ufeff{SECRET}", "cannot have: U+FEFF"),
    ],
)
def test_the_sign_that_a_token_cannot_have_is_named(tmp_path: Path, value: str, sign: str) -> None:
    done = run(tmp_path, "list", VPS_API_TOKEN=value)
    assert done.returncode == 4
    assert done.stderr.startswith("ciplun: environment VPS_API_TOKEN: the token has ")
    assert sign in done.stderr
    assert SECRET not in done.stderr
