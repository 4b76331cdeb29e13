"""Whatever is in a settings file: it is used, or refused in one line; never anything else."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.program import run
from tests.helpers.settings_files import home, provider
from tui.config.file import SettingsError
from tui.config.schema import SETTINGS
from tui.config.settings import Options, describe, load
from tui.keymap import check

SECRET = "vps_4f1e8d7c6b5a"
_TEXT = st.text(max_size=12) | st.sampled_from(
    [
        "",
        " ",
        "'",
        "https://x.example",
        "http://[::1",
        "//",
        "~",
        "~/x",
        "/",
        SECRET,
        "a=b",
        "\x1b[2J",
    ]
)
_NAMES = st.sampled_from([*SETTINGS, "profiles", "default_profile", SECRET]) | st.text(max_size=6)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    _TEXT | st.booleans() | st.integers() | st.floats() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)
_FILES = st.dictionaries(_NAMES, _VALUES, max_size=4)


def toml(value: Any) -> str:
    """A value as TOML has it; None becomes what is none of TOML's."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(str(k))} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f")
    return str(value)


def loaded(environ: dict[str, str]) -> str:
    """What is said about settings: their description, or why they are refused."""
    try:
        settings = load(Options(), environ)
        check(settings)
        said = str(describe(settings))
    except SettingsError as error:
        said = str(error)
        assert said.isprintable()
        assert len(said) < 2_000
    return said


@given(_FILES, st.sampled_from(["", "[profiles.p]\n"]))
def test_any_toml(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any], header: str
) -> None:
    lines = "".join(f"{toml(name)} = {toml(value)}\n" for name, value in content.items())
    data = (header + lines).encode("utf-8", "surrogatepass")
    environ = home(tmp_path_factory.getbasetemp() / "any", data or b"\n")
    assert SECRET[4:] not in loaded(environ)


@given(st.sampled_from(SETTINGS), st.text(st.characters(exclude_characters="\0"), max_size=20))
def test_any_variable(tmp_path_factory: pytest.TempPathFactory, name: str, text: str) -> None:
    environ = home(tmp_path_factory.getbasetemp() / "none")
    loaded(environ | {f"CIPLUN_{name.upper()}": text})


@given(st.binary(max_size=40) | _VALUES.map(lambda value: json.dumps(value).encode()))
def test_anything_in_another_tool_s_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "tool"
    folder.mkdir(exist_ok=True)
    provider(folder, "")
    (folder / ".vps/config.json").write_bytes(content)
    loaded({"HOME": str(folder)})


def test_the_real_command_with_files_of_rubbish(tmp_path: Path) -> None:
    dice = random.Random(7)
    good = b'url = "https://x.example"\n[profiles.a]\npoll_idle = 60\ntoken = "vps_x"\n'
    for _ in range(12):
        broken = bytearray(good)
        for _ in range(dice.randrange(1, 6)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        home(tmp_path, bytes(broken))
        done = run(tmp_path, "info")
        assert "Traceback" not in done.stderr
        if done.returncode:
            assert (done.returncode, done.stdout) == (2, "")
            (line,) = done.stderr.splitlines()
            assert line.startswith("ciplun: ~/.config/ciplun/config.toml:")
            assert line.isprintable()
