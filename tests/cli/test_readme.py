"""What the pages say can be typed: the README's first five minutes, options, settings."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from tests.helpers.program import run
from tui.cli.main import COMMANDS as ALL
from tui.cli.main import ciplun

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


def page(name: str) -> str:
    return (ROOT / "tui/docs" / name).read_text(encoding="utf-8")


def options(name: str) -> set[str]:
    command = ciplun.get_command(click.Context(ciplun), name) if name else ciplun
    assert command is not None, name
    return {option for parameter in command.params for option in parameter.opts}


def test_each_option_of_the_table_of_commands_is_one() -> None:
    rows = re.findall(r"^\| (`ciplun.*)$", page("commands.md"), re.MULTILINE)
    told = set()
    for row in rows:
        names = re.findall(
            r"`(?:ciplun )?([a-z]+)", row.partition(" | ")[0].replace("ciplun [", "")
        )
        known = set().union(*(options(name) for name in names or [""]))
        told |= set(names)
        for other, option in re.findall(r"`([a-z]+) (--[a-z-]+)`", row):
            assert option in options(other), row
            known |= {option}
        assert set(re.findall(r"(?<!\w)--?[a-z][a-z-]*", row)) <= known, row
    assert told == set(ALL)


def test_the_settings_page_is_a_settings_file(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text("\n".join(re.findall(r"```toml\n(.*?)```", page("settings.md"), re.DOTALL)))
    settings.chmod(0o600)
    for profile in ("production", "lab"):
        done = run(tmp_path, "info", "--profile", profile, CIPLUN_CONFIG=str(settings))
        assert (done.returncode, done.stderr) == (0, "")
        assert "2 profiles: production, lab" in done.stdout
