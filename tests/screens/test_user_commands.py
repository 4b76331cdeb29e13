"""Commands of the user's own: on keys, about the chosen row, without a shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.driving import choose, live, shown, toasts, until
from tests.helpers.places import TOKEN, Place
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal
from tests.helpers.settings_files import home
from tui.config.file import SettingsError
from tui.config.settings import Options, load
from tui.config.tables import UserCommand
from tui.fleet.user_commands import Unfilled, fill
from tui.keymap import check
from tui.vps.models import Server, Snapshot

SERVER = Server(id=12, name="web; rm -rf ~", address="203.0.113.7")
SNAPSHOT = Snapshot(id=801, server_id=12, server_name="web", name="$(id)", status="completed")


def test_what_the_service_says_is_one_argument() -> None:
    ssh = UserCommand(key="e", run=("ssh", "root@{address}", "echo {name}"))
    assert fill(ssh, SERVER, None) == ["ssh", "root@203.0.113.7", "echo web; rm -rf ~"]
    log = UserCommand(key="e", on="snapshot", run=("log", "{id}", "{name}", "{server_id}"))
    assert fill(log, SERVER, SNAPSHOT) == ["log", "801", "$(id)", "12"]


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (Server(id=1, name="web"), "web has no known address"),
        (Server(id=1, name="-oProxyCommand=x", address="-x"), "would be read as an option"),
    ],
)
def test_what_is_not_known_or_looks_like_an_option_is_not_run(server: Server, said: str) -> None:
    with pytest.raises(Unfilled, match=said):
        fill(UserCommand(key="e", run=("ssh", "{address}")), server, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("key='ctrl+nonsense'\nrun='a'", "there is no key 'ctrl+nonsense'"),
        ("key='c'\nrun='a'", "c is the key of create"),
        ("key='j'\nrun='a'", "j is the key of down"),
        ("key='E'\nrun='a'\n[[commands]]\nkey='E'\nrun='b'", "E is the key of two of them"),
        ("key='E'\nrun=['ssh', '{adress}']", "{adress} is not a field of a server: did you mean"),
    ],
)
def test_what_cannot_be_is_said_before_the_start(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check(load(Options(), home(tmp_path, f"[[commands]]\n{text}")))
    assert "config.toml:" in str(caught.value)
    assert said in str(caught.value)


def test_of_several_the_line_of_the_one_that_is_wrong_is_named(tmp_path: Path) -> None:
    text = "[[commands]]\nrun='a'\nkey='c'\n[[commands]]\nrun='b'\nkey='E'"
    with pytest.raises(SettingsError, match=r"config.toml:3: commands: c is the key of create"):
        check(load(Options(), home(tmp_path, text)))


def configured(simulated: Place, *tables: dict[str, object]) -> None:
    lines = []
    for table in tables:
        lines.append("[[commands]]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    home(Path(simulated.environ["HOME"]), "\n".join(lines) + "\n")


async def test_in_the_background_it_is_run_with_the_row_and_without_the_token(
    simulated: Place, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    script = 'printf "%s %s" "$1" "$VPS_API_TOKEN" > "$0"'
    run = ["sh", "-c", script, str(told), "{name}/{address}"]
    configured(simulated, {"key": "e", "run": run, "background": True, "confirm": True})
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "mail")
        await pilot.press("e", "enter")  # no
        assert not told.exists()
        await pilot.press("e", "down", "enter")
        await until(pilot, told.exists)
        await until(pilot, lambda: told.read_text() == "mail/203.0.113.5 ")


async def test_what_is_not_safe_is_not_run_read_only_and_nothing_is_run_from_a_dialog(
    simulated: Place, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    unsafe = {"key": "e", "run": ["touch", str(told)], "background": True}
    safe = {"key": "E", "run": ["touch", f"{told}-safe"], "background": True, "safe": True}
    configured(simulated, unsafe, safe)
    async with simulated.app(read_only=True).run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await pilot.press("e")
        await until(pilot, lambda: any("touch is not run" in toast for toast in toasts(pilot)))
        await pilot.press("question_mark", "E", "escape")
        assert not Path(f"{told}-safe").exists()
        await pilot.press("E")
        await until(pilot, Path(f"{told}-safe").exists)
        assert not told.exists()
        assert "Servers" in shown(pilot)


def test_the_terminal_is_its_own_meanwhile_interrupts_and_its_files_too(
    simulated: Place, tmp_path: Path
) -> None:
    behind = ["sh", "-c", 'umask > "$0.new"; mv "$0.new" "$0"', str(tmp_path / "behind")]
    script = "echo; echo mask $(umask); trap 'exit 3' INT; echo name {name}; sleep 30 & wait"
    configured(
        simulated,
        {"key": "e", "run": ["sh", "-c", script]},
        {"key": "E", "run": behind, "background": True},
    )
    place = Path(simulated.environ["HOME"])
    variables = environ(place, VPS_API_URL=simulated.url, VPS_API_TOKEN=TOKEN)
    with Terminal(["sh", "-c", 'umask 027; exec "$@"', "sh", *CIPLUN], variables) as terminal:
        terminal.until("live")
        terminal.send("E")
        terminal.until((tmp_path / "behind").exists)
        terminal.send("e")
        terminal.until("name billing")
        assert "mask 0027" in terminal.text()
        assert (tmp_path / "behind").read_text() == "0027\n"
        terminal.send("\x03")
        terminal.until("sh ended with code 3")
        terminal.send("q")
        assert terminal.wait() == 0
