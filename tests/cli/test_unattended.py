"""What the page on unattended runs says can be pasted: each command line there is understood."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from tests.helpers.settings_files import home
from tui.cli import main

PAGE = (Path(__file__).parents[2] / "tui/docs/unattended.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)
COMMAND = re.compile(r"""(?:^|[\s"`]|/bin/)ciplun ([a-z]+ -?[^\n"`]*)""", re.MULTILINE)
LINES = sorted({line for line in COMMAND.findall(PAGE) if " --" in line})
"""What comes after the program's name, wherever a whole command line stands."""


def test_the_page_has_commands() -> None:
    called = {line.split()[0] for line in LINES}
    assert {"ensure", "prune", "metrics", "check", "guard"} <= called


@pytest.mark.parametrize("line", LINES)
def test_each_command_line_is_understood(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a token it goes as far as needing one."""
    settings = next(text for kind, text in BLOCKS if kind == "toml")
    tomllib.loads(settings)
    monkeypatch.setattr("os.environ", home(tmp_path, settings) | {"LANG": "C.UTF-8"})
    line = line.replace("ansible-playbook", "sh")  # which is on every machine
    words = shlex.split(line.replace("{{ inventory_hostname }}", "web-01"))
    code = main.run(words)
    said = capsys.readouterr()
    assert code == (3 if words[0] == "check" else 4), said
    assert "there is no token" in said.out + said.err
