"""`guard`: snapshots of all, then the command with its own code, and the way back if it fails."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.helpers import commands
from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, ciplun, environ
from tests.helpers.pty import Terminal
from tui.simulator.scenarios import hooks
from tui.simulator.web import Hook
from tui.simulator.world import World

GUARD = ("guard", "mail", "web-server-02", "--name", "before-change")


@pytest.fixture
def quick(simulated: Place) -> Place:
    simulated.world.clock.speed = 2000.0
    return simulated


def made(place: Place) -> dict[str, int]:
    found = [s for s in place.world.snapshots.values() if s.name == "before-change"]
    return {s.server.name: s.id for s in found}


def test_the_command_runs_once_all_are_completed(quick: Place, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    code, out, err = ciplun(quick, *GUARD, "--", "sh", "-c", f"echo done > {ran}; echo hello")
    assert (code, out) == (0, "hello\n"), "stdout is the command's"
    assert ran.read_text() == "done\n"
    assert len([line for line in err.splitlines() if "is completed" in line]) == 2
    assert len(made(quick)) == 2, "kept"


def test_the_command_makes_files_as_it_would_without_us(quick: Place, tmp_path: Path) -> None:
    words = (*GUARD, "--", "sh", "-c", f"umask; touch {tmp_path / 'made'}")
    done = commands.ciplun(quick.environ | {"CIPLUN_POLL_BUSY": "1"}, *words, umask=0o022)
    assert (done.returncode, done.stdout) == (0, "0022\n")
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o644


def test_a_command_that_fails_gives_its_code_and_the_way_back(quick: Place) -> None:
    code, _, err = ciplun(
        quick, *GUARD, "--after-success", "delete", "--", "sh", "-c", "echo no >&2; exit 7"
    )
    assert code == 7
    no, said, *lines = err.splitlines()[-4:]
    assert (no, said) == (
        "no",
        "ciplun: sh ended with 7; the snapshots are kept. The way back:",
    )
    servers = {s.name: s.id for s in quick.world.servers.values()}
    assert sorted(lines) == sorted(
        f"  ciplun restore {key} --server {servers[name]}" for name, key in made(quick).items()
    )
    assert len(lines) == 2
    restore = lines[0].split()[1:]
    assert ciplun(quick, *restore, "--yes")[0] == 0


def test_after_success_they_can_go(quick: Place) -> None:
    code, _, _ = ciplun(quick, *GUARD, "--after-success", "delete", "--", "true")
    assert (code, made(quick)) == (0, {})


class Refusing(Hook):
    """Once a file is there the token is not known any more."""

    def __init__(self, since: Path) -> None:
        self._since = since

    async def before(self, request: Request, world: World) -> Response | None:
        """401, from then on."""
        return Response("{}", 401) if self._since.exists() else None


def test_what_cannot_be_tidied_up_leaves_the_command_s_code(quick: Place, tmp_path: Path) -> None:
    quick.service.hooks.append(Refusing(tmp_path / "ran"))
    options = ("--after-success", "delete", "--", "touch", str(tmp_path / "ran"))
    code, _, err = ciplun(quick, *GUARD, *options)
    assert (code, len(made(quick))) == (0, 2)
    assert err.splitlines()[-1] == "ciplun: not all of the snapshots could be deleted"


def test_a_command_that_is_not_there(quick: Place) -> None:
    code, _, err = ciplun(quick, *GUARD, "--", "no-such-program", "-x")
    assert (code, quick.service.received) == (127, [])
    assert "no-such-program cannot be run: it is not found; nothing was sent" in err


def test_a_command_that_only_the_system_refuses(quick: Place, tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    odd.write_text("no program")
    odd.chmod(0o755)
    code, _, err = ciplun(quick, *GUARD, "--url", quick.url, "--", str(odd))
    assert (code, len(made(quick))) == (126, 2)
    assert "odd cannot be run: Exec format error; the snapshots are kept. The way back:" in err
    assert err.splitlines()[-1].endswith(f" --url {quick.url}")


def test_a_code_of_127_is_the_command_s_own(quick: Place) -> None:
    code, _, err = ciplun(quick, *GUARD, "--", "sh", "-c", "exit 127")
    assert (code, "sh ended with 127" in err) == (127, True)


def test_nothing_is_run_unless_all_can_be_taken(quick: Place, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    arguments = ("guard", "mail", "db-01", "--name", "x", "--", "touch", str(ran))
    code, out, err = ciplun(quick, *arguments)
    assert (code, out) == (1, "")
    assert "db-01 has no free slot" in err
    assert "nothing was sent and nothing was run" in err
    assert quick.sent() == []
    quick.world.next_outcome = "failed"
    code, _, err = ciplun(quick, *GUARD, "--", "touch", str(ran))
    assert (code, "nothing was run" in err) == (1, True)
    assert "before-change is not completed: the provider says: failed" in err
    assert not ran.exists()


def test_wrong_usage(quick: Place) -> None:
    for arguments, why in (
        (GUARD, "give a command after --"),
        ((*GUARD, "--"), "give a command after --"),
        (("guard", "--name", "x", "--", "true"), "name servers"),
        (("guard", "mail", "--", "true"), "--name"),
        (("guard", "mail", "--name", "a b", "--", "true"), "a space is not allowed"),
        (("guard", "mail", "--name", "a b", "--", "jq", "--json"), "a space is not allowed"),
    ):
        code, out, err = ciplun(quick, *arguments)
        assert (code, out, len(err.splitlines())) == (2, "", 1), arguments
        assert why in err
    assert quick.service.received == []


def test_signals_and_the_terminal_are_the_command_s(quick: Place, tmp_path: Path) -> None:
    script = "trap 'echo told; exit 5' TERM; test -t 0 && echo ready; while :; do sleep 0.1; done"
    surroundings = quick.environ | environ(tmp_path, CIPLUN_POLL_BUSY="1")
    argv = [*CIPLUN, "guard", "mail", "--name", "before-change", "--", "sh", "-c", script]
    with Terminal(argv, surroundings) as terminal:
        terminal.until("ready")
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.wait() == 5
        assert "told" in terminal.text()
        assert "The way back:" in terminal.text()


def test_sigterm_ends_us_once_the_command_has_ended(quick: Place, tmp_path: Path) -> None:
    quick.service.hooks += hooks(["silent-write@DELETE"])
    surroundings = quick.environ | environ(tmp_path, CIPLUN_POLL_BUSY="1")
    options = ("--name", "before-change", "--after-success", "delete", "--", "true")
    with Terminal([*CIPLUN, "guard", "mail", *options], surroundings) as terminal:
        terminal.until(lambda: quick.sent("DELETE"))
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.wait() == 143
        assert "ended by SIGTERM" in terminal.text()
    assert len(quick.sent("DELETE")) == 1
