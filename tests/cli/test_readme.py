"""The first five minutes of the README, as they can be typed in the demo."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.helpers.program import run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIVE_MINUTES = README.partition("## Five minutes")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"`ciplun ([^`]+)`", FIVE_MINUTES)
SAID = {
    "list": "db-02-replica",
    "create": "before-upgrade of web-server-02 is completed after ",
    "check": "SNAPSHOTS CRITICAL - ",
    "ensure": "4 servers: ",
}


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_does_what_it_is_there_for(tmp_path: Path, line: str) -> None:
    page = (ROOT / "tui/docs/unattended.md").read_text(encoding="utf-8")
    found = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert found
    settings = tmp_path / "config.toml"
    settings.write_text(found[1])
    words = shlex.split(line)
    done = run(tmp_path, *words, "--demo", CIPLUN_CONFIG=str(settings))
    assert SAID[words[0]] in done.stdout, done.stderr
    assert done.returncode == (2 if words[0] == "check" else 0), done.stderr


def test_all_of_them_are_tried() -> None:
    assert [line.split()[0] for line in COMMANDS] == list(SAID)
