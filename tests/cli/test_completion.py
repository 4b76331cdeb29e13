"""What shells complete: commands, options, and names from files of ours, without a request."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete

from tests.helpers.places import TOKEN, Place
from tests.helpers.program import ciplun, completing, environ
from tests.manpage import FILE as MANUAL
from tui.cli.main import COMMANDS
from tui.cli.main import ciplun as main

PROGRAM = str(Path(sys.executable).with_name("ciplun"))
OPTIONS = re.compile(r"^  ((?:-\w, )?(?:--[a-z-]+(?:, | / )?)+)", re.MULTILINE)
TOLD = re.compile(r"\\fB(--[a-z-]+)\\fR")
SETTINGS = """\
[profiles.prod]
[profiles.lab]
[groups.web]
match = ["web-*"]
[views]
prod = "web-*"
"""


def asked(place: Place, words: str, shell: str = "bash") -> list[str]:
    """What a shell is told when tab is pressed behind these words."""
    surroundings = environ(
        Path(place.environ["HOME"]),
        VPS_API_URL=place.url,
        VPS_API_TOKEN=TOKEN,
        **completing(words, shell),
    )
    done = subprocess.run(
        [PROGRAM], env=surroundings, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def by_a_shell(place: Place, *command: str) -> list[str]:
    """The lines that a shell prints by this command, in the profile of what has been seen."""
    home = Path(place.environ["HOME"])
    surroundings = environ(home, VPS_API_URL=place.url, VPS_API_TOKEN=TOKEN, CIPLUN_PROFILE="prod")
    surroundings["PATH"] = f"{Path(PROGRAM).parent}:{surroundings['PATH']}"
    done = subprocess.run(
        command,
        env=surroundings,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.splitlines()


def words(lines: list[str]) -> list[str]:
    """The words themselves, as bash is told them."""
    return [line.partition(",")[2] for line in lines]


@pytest.fixture
def known(simulated: Place) -> Place:
    """A fleet that has been seen, with a server whose name a shell would run."""
    simulated.world.add_server("$(touch fell-for-it)")
    settings = Path(simulated.environ["HOME"]) / ".config/ciplun/config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(SETTINGS)
    settings.chmod(0o600)
    assert ciplun(simulated, "list", "--profile", "prod")[0] == 0
    simulated.service.received.clear()
    return simulated


def test_names_of_servers_and_ids_come_from_what_was_known_last(known: Place) -> None:
    start = "ciplun list --profile prod"
    assert words(asked(known, f"{start} web")) == ["web-server-01", "web-server-02"]
    assert words(asked(known, f"{start} 1234"))[:2] == ["12347", "12348"]
    assert words(asked(known, "ciplun metrics --profile prod web-server-02")) == ["web-server-02"]
    assert "$(touch fell-for-it)" not in words(asked(known, f"{start} "))
    assert len(words(asked(known, f"{start} "))) == 12
    full = known.server("db-01")
    held = [known.world.snapshots[key] for key in known.world.by_server[full.id]]
    newest = max(held, key=lambda s: s.created_at)
    offered = words(asked(known, "ciplun restore --profile prod --server db-01 "))
    assert len(offered) == 5
    assert offered[0] == str(newest.id)
    assert known.service.received == [], "nothing was asked"


def test_what_the_settings_file_names_is_offered(known: Place) -> None:
    assert words(asked(known, "ciplun list --profile ")) == ["prod", "lab"]
    assert words(asked(known, "ciplun --view p")) == ["problems", "prod"]
    assert words(asked(known, "ciplun check --profile prod --on gr")) == ["group:web"]


def test_commands_and_options_are_offered(simulated: Place) -> None:
    assert words(asked(simulated, "ciplun re")) == ["restore"]
    assert {"create", "delete", "completion"} <= set(words(asked(simulated, "ciplun ")))
    assert "--wait" in words(asked(simulated, "ciplun create --w"))


@pytest.mark.parametrize("name", COMMANDS)
def test_completion_help_and_the_manual_page_have_the_same_options(name: str) -> None:
    above = click.Context(main, info_name="ciplun")
    command = main.get_command(above, name)
    assert command is not None
    page = command.get_help(click.Context(command, info_name=name))
    helped = set(re.findall("--[a-z-]+", " ".join(OPTIONS.findall(page))))
    completing = BashComplete(main, {}, "ciplun", "_CIPLUN_COMPLETE")
    completed = {item.value for item in completing.get_completions([name], "--")}
    manual = MANUAL.read_text("utf-8").replace("\\-", "-")
    everywhere = manual.partition(".SH OPTIONS\n")[2].partition(".SH COMMANDS\n")[0]
    own = manual.partition(f"\n.SS {name}\n")[2].partition("\n.S")[0]
    told = set(TOLD.findall(own))
    assert completed == helped
    assert told <= completed
    assert completed - told <= set(TOLD.findall(everywhere))


def test_settings_that_cannot_be_read_say_nothing(simulated: Place) -> None:
    settings = Path(simulated.environ["HOME"]) / ".config/ciplun/config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("[[[")
    assert asked(simulated, "ciplun list web") == [""]


def test_a_real_bash_completes(known: Place) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    script = (
        f'eval "$({PROGRAM} completion bash)"\n'
        f"COMP_WORDS=({PROGRAM} list web); COMP_CWORD=2; _ciplun_completion {PROGRAM}\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    printed = by_a_shell(known, bash, "--norc", "-c", script)
    assert printed == ["web-server-01", "web-server-02"]


def test_a_real_fish_completes(known: Place) -> None:
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("no fish is installed here")
    script = f"{PROGRAM} completion fish | source; complete -C 'ciplun list web'"
    printed = by_a_shell(known, fish, "--no-config", "-c", script)
    assert [line.partition("\t")[0] for line in printed] == ["web-server-01", "web-server-02"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_own_words(simulated: Place, shell: str) -> None:
    code, out, err = ciplun(simulated, "completion", shell)
    assert (code, err) == (0, "")
    assert f"_CIPLUN_COMPLETE={shell}_complete" in out
    if program := shutil.which(shell):
        subprocess.run([program, "-n"], input=out, text=True, timeout=60, check=True)


def test_another_shell_is_refused(simulated: Place) -> None:
    code, _, err = ciplun(simulated, "completion", "tcsh")
    assert (code, "tcsh" in err) == (2, True)
