"""Folders that are not there or may not be entered, and what is private in ours."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.commands import ciplun
from tests.helpers.places import Place
from tests.helpers.program import environ
from tests.helpers.settings_files import home

NO_PASSWD = """
import pwd, sys
def nobody(uid):
    raise KeyError(uid)
pwd.getpwuid = nobody
from tui.__main__ import main
sys.argv = ["ciplun", *sys.argv[1:]]
main()
"""


def modes(folder: Path) -> set[str]:
    """What all that is below a folder may be used for, and by whom: ``drwx------``."""
    return {stat.filemode(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}


def test_a_state_folder_that_may_not_be_entered_stops_no_reading(simulated: Place) -> None:
    folder = Path(simulated.environ["HOME"], ".local/state/ciplun")
    folder.mkdir(parents=True)
    folder.chmod(0)
    said = f"ciplun: No record can be kept: {folder}/journal.sqlite3: Permission denied.\n"
    try:
        done = ciplun(simulated.environ, "list")
        assert (done.returncode, done.stderr) == (0, said)
        assert "web-server-01" in done.stdout
        done = ciplun(simulated.environ, "check", "--max-age", "9999d")
        assert done.returncode in (0, 1, 2)
        assert (done.stdout.startswith("SNAPSHOTS "), "UNKNOWN" in done.stdout) == (True, False)
        assert done.stderr == said
        done = ciplun(simulated.environ, "info")
        assert (done.returncode, done.stderr) == (0, "")
        done = ciplun(simulated.environ, "history")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("ciplun: no record can be read: ")
        done = ciplun(simulated.environ, "create", "legacy-crm", "x")
        assert (done.returncode, done.stdout, simulated.sent()) == (1, "", [])
        assert done.stderr == said
    finally:
        folder.chmod(0o700)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("metrics mail", 0),
        ("list --cached", 1),
        ("settle --json", 1),
        ("wait --timeout 1s", 3),
        ("over 3", 1),
        ("unprotect 810 --server mail", 1),
        ("ensure --on mail --max-age 1m", 1),
        ("prune --on mail --name * --keep-last 1 --yes", 1),
        ("guard --on mail --name x -- true", 1),
        ("restore 810 --server mail --yes", 1),
    ],
)
def test_a_state_folder_that_may_not_be_entered_is_said_by_all(
    simulated: Place, words: str, code: int
) -> None:
    simulated.world.clock.advance(3_600)
    folder = Path(simulated.environ["HOME"], ".local")
    folder.mkdir()
    folder.chmod(0)
    try:
        done = ciplun(simulated.environ, *words.split())
    finally:
        folder.chmod(0o700)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "nothing is open" not in done.stdout
    assert "Permission denied" in done.stderr or words == "list --cached"
    assert simulated.sent() == simulated.sent("DELETE") == []


@pytest.mark.parametrize("given", [{}, {"HOME": ""}, {"HOME": "relative"}])
def test_without_a_home_reading_works_and_one_line_says_what_is_missing(
    simulated: Place, tmp_path: Path, given: dict[str, str]
) -> None:
    more = {name: simulated.environ[name] for name in ("VPS_API_URL", "VPS_API_TOKEN")} | given
    start = ("-c", NO_PASSWD)
    here = tmp_path / "here"
    here.mkdir()
    done = ciplun(more, "list", start=start, cwd=here)
    assert (done.returncode, "web-server-01" in done.stdout) == (0, True)
    why = "there is no home folder; HOME or XDG_STATE_HOME can name one"
    assert done.stderr == f"ciplun: No record can be kept: {why}.\n"
    assert ciplun(more, "check", start=start, cwd=here).returncode in (0, 1, 2)
    assert ciplun(more, "info", start=start, cwd=here).returncode == 0
    done = ciplun(more, "create", "legacy-crm", "x", start=start, cwd=here)
    assert (done.returncode, why in done.stderr, simulated.sent()) == (1, True, [])
    assert list(here.iterdir()) == []
    kept = more | {"XDG_STATE_HOME": str(tmp_path / "state")}
    done = ciplun(kept, "create", "legacy-crm", "x", start=start, cwd=here)
    assert (done.returncode, done.stderr, len(simulated.sent())) == (0, "", 1)


def test_a_saved_token_that_cannot_be_looked_for_is_none(tmp_path: Path) -> None:
    folder = tmp_path / ".local/state/ciplun"
    folder.mkdir(parents=True)
    folder.chmod(0)
    try:
        done = ciplun(home(tmp_path), "info")
        assert (done.returncode, "nowhere" in done.stdout) == (0, True)
    finally:
        folder.chmod(0o700)


# -- private -----------------------------------------------------------------------------------


def test_what_a_command_makes_is_its_owner_s_alone_whatever_the_umask(simulated: Place) -> None:
    done = ciplun(simulated.environ, "create", "legacy-crm", "x", umask=0)
    assert (done.returncode, done.stderr) == (0, "")
    state = Path(simulated.environ["HOME"], ".local/state")
    assert modes(state) == {"drwx------", "-rw-------"}


def test_what_others_could_read_is_narrowed_and_said_once(simulated: Place, tmp_path: Path) -> None:
    assert ciplun(simulated.environ, "create", "legacy-crm", "x").returncode == 0
    folder = Path(simulated.environ["HOME"], ".local/state/ciplun")
    (folder / "ciplun.log").write_text("")
    (folder / "token-default").write_text("vps_t")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not ours")
    elsewhere.chmod(0o644)
    (folder / "link").symlink_to(elsewhere)
    for path in folder.rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o644)
    folder.chmod(0o755)
    done = ciplun(simulated.environ, "list")
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("ciplun: others could read ciplun, began.journal.sqlite3, ")
    assert line.endswith(" in ~/.local/state; now only you can")
    (folder / "link").unlink()
    assert modes(folder) <= {"drwx------", "-rw-------"}
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644
    done = ciplun(simulated.environ, "list")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_command_leaves_no_core(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    home(tmp_path, f"token_command = \"sh -c 'echo $PPID > {pid}; sleep 60'\"")
    given = environ(tmp_path)
    with subprocess.Popen([sys.executable, "-m", "tui", "list"], env=given) as process:
        try:
            end = time.monotonic() + 20
            while not (pid.exists() and pid.read_text().strip()):
                assert time.monotonic() < end
                time.sleep(0.02)
            limits = Path(f"/proc/{process.pid}/limits").read_text()
            (core,) = [line.split() for line in limits.splitlines() if "core file" in line]
            assert core[4:6] == ["0", "0"]
            umask = Path(f"/proc/{process.pid}/status").read_text().split("Umask:")[1].split()[0]
            assert umask == "0077"
        finally:
            process.send_signal(signal.SIGKILL)
