"""Which value counts, and where it is said to come from."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import inspect, structs

from tests.helpers.program import run
from tests.helpers.settings_files import home, provider
from tui.config.file import SettingsError
from tui.config.paths import config_file, expand, state_folder
from tui.config.schema import DEFAULT_URL, Values
from tui.config.settings import Options, Settings, describe, load

SHOWN = "~/.config/ciplun/config.toml"
CONFIG = """\
url = "https://top.example"
default_profile = "prod"
poll_idle = 120

[profiles.lab]
read_only = true

[profiles.prod]
url = "https://prod.example"
token_command = "get-token prod"
keys = { refresh = "f5" }
"""


def origin(settings: Settings, name: str) -> str:
    return settings.origins[name]


def token_of(settings: Settings) -> str:
    assert settings.token is not None
    return asyncio.run(settings.token.read()).reveal()


def test_nothing_set_gives_the_defaults(tmp_path: Path) -> None:
    found = load(Options(), home(tmp_path))
    assert (found.url, found.poll_idle, found.read_only) == (DEFAULT_URL, 60.0, False)
    assert found.token is None
    assert set(found.origins.values()) == {"default", "nowhere"}


def test_each_place_goes_before_the_next(tmp_path: Path) -> None:
    environ = home(tmp_path)
    provider(tmp_path, '{"api_url": "https://own.example", "api_token": "vps_own"}')

    def check(url: str, where: str, options: Options | None = None) -> None:
        found = load(options or Options(), environ)
        assert (found.url, origin(found, "url")) == (f"https://{url}.example/api/v1", where)

    check("own", "~/.vps/config.json")
    home(tmp_path, CONFIG.replace('url = "https://prod.example"\n', ""))
    check("top", f"{SHOWN}:1")
    home(tmp_path, CONFIG)
    check("prod", f"{SHOWN}:9, profile prod")
    environ["VPS_API_URL"] = "https://vps.example/api/v1"
    check("vps", "environment VPS_API_URL")
    environ["CIPLUN_URL"] = "https://ciplun.example"
    check("ciplun", "environment CIPLUN_URL")
    check("option", "option --url", Options(url="https://option.example"))


def test_the_token_s_source_follows_the_same_order(tmp_path: Path) -> None:
    environ = home(tmp_path)
    provider(tmp_path, '{"api_token": "vps_own"}')
    assert token_of(load(Options(), environ)) == "vps_own"
    saved = state_folder(environ) / "token-default"
    saved.parent.mkdir(parents=True)
    saved.write_text("vps_saved")
    saved.chmod(0o600)
    assert token_of(load(Options(), environ)) == "vps_saved"
    home(tmp_path, 'token = "vps_top"')
    assert token_of(load(Options(), environ)) == "vps_top"
    home(tmp_path, 'token = "vps_top"\n[profiles.default]\ntoken = "vps_profile"')
    found = load(Options(), environ)
    assert token_of(found) == "vps_profile"
    assert origin(found, "token") == f"{SHOWN}:3, profile default"
    environ["VPS_API_TOKEN"] = "vps_api"
    assert token_of(load(Options(), environ)) == "vps_api"
    environ["CIPLUN_TOKEN_COMMAND"] = "echo vps_command"
    assert token_of(load(Options(), environ)) == "vps_command"
    environ["CIPLUN_TOKEN"] = "vps_ciplun"
    found = load(Options(), environ)
    assert token_of(found) == "vps_ciplun"
    assert origin(found, "token") == "environment CIPLUN_TOKEN"


def test_a_profile_s_own_source_is_not_mixed_with_the_common_one(tmp_path: Path) -> None:
    environ = home(tmp_path, 'token_env = "A"\n[profiles.p]\ntoken_command = "echo vps_p"')
    environ["A"] = "vps_a"
    assert token_of(load(Options(), environ)) == "vps_p"


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("CIPLUN_URL", "https://x.example", "url", "https://x.example/api/v1"),
        ("CIPLUN_READ_ONLY", "yes", "read_only", True),
        ("CIPLUN_READ_ONLY", "0", "read_only", False),
        ("CIPLUN_LOCKED", "true", "locked", True),
        ("CIPLUN_POLL_IDLE", "90", "poll_idle", 90.0),
        ("CIPLUN_POLL_BUSY", "2.5", "poll_busy", 2.5),
        ("CIPLUN_UNLOCK_MINUTES", "3", "unlock_minutes", 3.0),
        ("CIPLUN_THEME", "nord", "theme", "nord"),
        ("CIPLUN_ACCENT", "#ff0000", "accent", "#ff0000"),
        ("CIPLUN_ON_FINISHED", "notify 'a b'", "on_finished", ("notify", "a b")),
        ("CIPLUN_KEYS", "refresh=f5,r quit=Q", "keys", {"refresh": "f5,r", "quit": "Q"}),
        ("CIPLUN_PROFILE", "lab", "profile", "lab"),
    ],
)
def test_every_setting_has_its_variable(
    tmp_path: Path, variable: str, text: str, name: str, value: object
) -> None:
    environ = home(tmp_path, CONFIG) | {variable: text}
    found = load(Options(), environ)
    assert getattr(found, name) == value
    assert origin(found, name) == f"environment {variable}"


MEANT = {
    inspect.BoolType: ("true", "True"),
    inspect.FloatType: ("77", "77.0"),
    inspect.StrType: ("https://x.example", "https://x.example"),
    inspect.VarTupleType: ("a 'b c'", "a 'b c'"),
    inspect.DictType: ("refresh=f5", "refresh = f5"),
}
"""What a variable may spell for a setting of each kind, and how `info` shows it."""
NAMED = {
    "max_age": ("48h", "2d"),
    "ignore": ("full, failed", "full failed"),
    "time": ("local", "local"),
}
"""The same for settings that have a kind of their own."""


@pytest.mark.parametrize("field", structs.fields(Values), ids=lambda field: str(field.name))
def test_a_setting_of_the_schema_is_known_everywhere(
    tmp_path: Path, field: structs.FieldInfo
) -> None:
    kind = inspect.type_info(field.type)
    text, shown = NAMED.get(field.name, MEANT.get(type(kind), ("", "")))
    default = load(Options(), home(tmp_path))
    assert origin(default, field.name) == "default"
    found = load(Options(), home(tmp_path) | {f"CIPLUN_{field.name.upper()}": text})
    told = {name: (value, where) for name, value, where in describe(found)}
    value, where = told[field.name]
    assert value.startswith(shown)
    assert where == f"environment CIPLUN_{field.name.upper()}"
    page = Path(__file__).parents[2] / "tui" / "docs" / "settings.md"
    assert f"\n{field.name} = " in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("variable", "text", "why"),
    [
        ("CIPLUN_URL", "http://example.org", "must be https"),
        ("CIPLUN_URL", "https://user:hunter2@example.org", "no user"),
        ("CIPLUN_URL", "https://:hunter2@example.org", "no user"),
        ("CIPLUN_URL", "https://example.org:port", "must be like https://"),
        ("CIPLUN_URL", "https://[example.org", "must be like https://"),
        ("CIPLUN_URL", "https://example.org:0", "must be like https://"),
        ("VPS_API_URL", "ftp://example.org", "https://"),
        ("CIPLUN_READ_ONLY", "maybe", "true or false"),
        ("CIPLUN_LOCKED", "2", "true or false"),
        ("CIPLUN_POLL_IDLE", "1", "5 to 3600"),
        ("CIPLUN_POLL_BUSY", "nan", "1 to 600"),
        ("CIPLUN_UNLOCK_MINUTES", "soon", "1 to 1440"),
        ("CIPLUN_ON_FINISHED", "'half", "unbalanced quote"),
        ("CIPLUN_KEYS", "refresh", "refresh=f5"),
        ("CIPLUN_MAX_AGE", "7", "must be an age like 36h, 7d or 2w; 0 is never"),
        ("CIPLUN_IGNORE", "full unseen", "failed, full, none, overdue and stale"),
        ("CIPLUN_TIME", "berlin", "must be local or utc"),
        ("CIPLUN_PING_URL", "http://example.org/x", "ping_url: must be https, or on this machine"),
        ("CIPLUN_PING_URL", "https://hunter2@example.org", "must be an address like"),
        ("CIPLUN_THEME", "a\x1b]52;c;x\x07", "control characters"),
        ("CIPLUN_PROFILE", "nobody", "no profile 'nobody'"),
        ("CIPLUN_CONFIG", "/nowhere/config.toml", "no such file"),
        ("CIPLUN_READONLY", "1", "did you mean CIPLUN_READ_ONLY?"),
    ],
)
def test_a_bad_variable_is_one_line_that_names_it(
    tmp_path: Path, variable: str, text: str, why: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(Options(), home(tmp_path, CONFIG) | {variable: text})
    said = str(caught.value)
    assert variable in said
    assert why in said
    assert said.isprintable()
    assert "hunter2" not in said


def test_a_bad_setting_ends_the_program_with_2_and_one_line(tmp_path: Path) -> None:
    for arguments in (("info",), ("list",), ("create", "a", "b")):
        done = run(tmp_path, *arguments, CIPLUN_POLL_IDLE="never")
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert line == "ciplun: environment CIPLUN_POLL_IDLE: must be a number, 5 to 3600"
    done = run(tmp_path, "check", CIPLUN_POLL_IDLE="never")
    assert (done.returncode, done.stdout[:20]) == (3, "SNAPSHOTS UNKNOWN - ")


def test_which_profile(tmp_path: Path) -> None:
    environ = home(tmp_path, CONFIG)

    def chosen(options: Options, more: Mapping[str, str]) -> tuple[str, str]:
        found = load(options, {**environ, **more})
        return found.profile, origin(found, "profile")

    assert chosen(Options(), {}) == ("prod", f"{SHOWN}:2")
    assert chosen(Options(), {"CIPLUN_PROFILE": "lab"}) == ("lab", "environment CIPLUN_PROFILE")
    assert chosen(Options(profile="prod"), {"CIPLUN_PROFILE": "lab"})[1] == "option --profile"
    home(tmp_path, CONFIG.replace("default_profile", "# "))
    assert chosen(Options(), {}) == ("lab", f"the first in {SHOWN}")
    with pytest.raises(SettingsError, match=r"option --profile: no profile 'x' .*lab, prod"):
        chosen(Options(profile="x"), {})


def test_read_only_by_option_beats_a_profile_that_is_not(tmp_path: Path) -> None:
    environ = home(tmp_path, CONFIG)
    assert load(Options(read_only=True), environ).read_only
    assert load(Options(profile="lab"), environ).read_only


def test_the_demo_takes_no_address_and_no_token_from_anywhere(tmp_path: Path) -> None:
    environ = home(tmp_path, CONFIG) | {"VPS_API_TOKEN": "vps_x", "CIPLUN_URL": "https://x.example"}
    found = load(Options(demo=True, url="https://y.example"), environ)
    assert (found.profile, found.url, found.token, found.account) == ("demo", "", None, "demo")


def test_a_tilde_is_the_home_of_this_environment(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "CIPLUN_CONFIG": "~/mine.toml"}
    (tmp_path / "mine.toml").write_text('token_file = "~/token"\n')
    (tmp_path / "token").write_text("vps_in_a_file\n")
    (tmp_path / "token").chmod(0o600)
    assert config_file(environ) == tmp_path / "mine.toml"
    found = load(Options(), environ)
    assert token_of(found) == "vps_in_a_file"
    assert origin(found, "token") == "~/mine.toml:1: file ~/token"
    assert expand("~someone/x", environ) == Path("~someone/x")


def test_info_tells_where_each_value_came_from(tmp_path: Path) -> None:
    home(tmp_path, CONFIG)
    more = {"CIPLUN_POLL_BUSY": "3", "VPS_API_TOKEN": "vps_secret_of_mine"}
    done = run(tmp_path, "info", "--url", "https://given.example", "--read-only", **more)
    assert done.returncode == 0
    told = {line.split()[0]: " ".join(line.split()[1:]) for line in done.stdout.splitlines()}
    assert told["profile"] == f"prod {SHOWN}:2"
    assert told["url"] == "https://given.example/api/v1 option --url"
    assert told["read_only"] == "True option --read-only"
    assert told["poll_busy"] == "3.0 environment CIPLUN_POLL_BUSY"
    assert told["poll_idle"] == f"120.0 {SHOWN}:3"
    assert told["keys"] == f"refresh = f5 {SHOWN}:11, profile prod"
    assert told["theme"] == "ciplun-dark default"
    assert told["token"] == "set environment VPS_API_TOKEN"
    assert told["settings"] == SHOWN
    assert "vps_secret_of_mine" not in done.stdout + done.stderr


def test_nothing_that_prints_settings_prints_a_token(tmp_path: Path) -> None:
    secret = "vps_very_secret"
    texts = [
        (f'token = "{secret}"', {}),
        (f'token_command = "echo {secret}"', {}),
        ('token_env = "A"', {"A": secret}),
    ]
    for text, more in texts:
        found = load(Options(), home(tmp_path, text) | more)
        assert token_of(found) == secret
        assert secret not in f"{found!r} {found} {describe(found)} {found.token!r}"
