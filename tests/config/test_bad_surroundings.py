"""Bad surroundings, through the real command: empty values, no folders, tokens in wrong places."""

from __future__ import annotations

import ctypes
import os
import shlex
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.places import Place
from tests.helpers.settings_files import home, provider
from tests.terminal.test_demo import environ, run

SECRET = "vps_4f1e8d7c6b5a"
SHOWN = "~/.config/ciplun/config.toml"
NO_PASSWD = """
import pwd, sys
def nobody(uid):
    raise KeyError(uid)
pwd.getpwuid = nobody
from tui.__main__ import main
sys.argv = ["ciplun", *sys.argv[1:]]
main()
"""


def without_privileges() -> None:
    """In a child: what is closed to its owner is closed to root as well."""
    if os.getuid() == 0:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


def ciplun(
    environ: dict[str, str],
    *arguments: str,
    start: tuple[str, ...] = ("-m", "tui"),
    cwd: Path | None = None,
    umask: int = -1,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *start, *arguments],
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
        umask=umask,
        preexec_fn=without_privileges,
    )


def modes(folder: Path) -> set[str]:
    """What all that is below a folder may be used for, and by whom: ``drwx------``."""
    return {stat.filemode(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}


# -- empty values ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "more", "where"),
    [
        (["--profile", ""], {}, "option --profile"),
        (["--profile", " "], {}, "option --profile"),
        (["--url", ""], {}, "option --url"),
        ([], {"CIPLUN_PROFILE": ""}, "environment CIPLUN_PROFILE"),
        ([], {"CIPLUN_URL": ""}, "environment CIPLUN_URL"),
        ([], {"CIPLUN_READ_ONLY": ""}, "environment CIPLUN_READ_ONLY"),
        ([], {"CIPLUN_CONFIG": ""}, "environment CIPLUN_CONFIG"),
        ([], {"CIPLUN_TOKEN": ""}, "environment CIPLUN_TOKEN"),
        ([], {"CIPLUN_TOKEN_FILE": "\t"}, "environment CIPLUN_TOKEN_FILE"),
        ([], {"CIPLUN_ASCII": ""}, "environment CIPLUN_ASCII"),
        ([], {"VPS_API_URL": ""}, "environment VPS_API_URL"),
        ([], {"VPS_API_TOKEN": " \n"}, "environment VPS_API_TOKEN"),
    ],
)
def test_an_empty_value_is_wrong_usage_and_never_the_default(
    tmp_path: Path, simulated: Place, arguments: list[str], more: dict[str, str], where: str
) -> None:
    given = simulated.environ | more
    said = f"{where}: must not be empty"
    for command in ("list", "info", "create"):
        done = ciplun(
            given, command, *arguments, *["web-server-01", "x"][: 2 * (command == "create")]
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"ciplun: {said}\n"
    done = ciplun(given, *arguments, "check")
    assert (done.returncode, done.stdout) == (3, f"SNAPSHOTS UNKNOWN - {said}\n")
    assert simulated.service.received == []


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["list", ""], "'[SERVER]'"),
        (["list", " "], "'[SERVER]'"),
        (["create", "", "x"], "'SERVER'"),
        (["create", "web-server-01", ""], "'NAME'"),
        (["create", "web-server-01", "x", "--description", ""], "'--description'"),
        (["restore", "801", "--server", "", "--yes"], "'--server'"),
        (["restore", "", "--server", "web-server-01", "--yes"], "'SNAPSHOT_ID'"),
        (["delete", "", "--server", "web-server-01", "--yes"], "'SNAPSHOT_ID'"),
        (["simulator", "--token", ""], "'--token'"),
    ],
)
def test_an_empty_argument_is_wrong_usage(
    simulated: Place, arguments: list[str], what: str
) -> None:
    done = ciplun(simulated.environ, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"ciplun: {what} must not be empty; try `ciplun ")
    assert simulated.service.received == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["check", "--max-age", ""], "must not be empty"),
        (["check", "--max-agee", "7d"], "No such option"),
        (["check", "extra"], "unexpected extra argument"),
        (["--nope", "check"], "No such option"),
        (["--profile", "nope", "check"], "no profile 'nope'"),
        (["check", f"--{SECRET}"], "No such option"),
        (["check", "a\x1b[31m"], "unexpected extra argument"),
    ],
)
def test_check_says_unknown_whatever_is_wrong(
    simulated: Place, arguments: list[str], why: str
) -> None:
    done = ciplun(simulated.environ, *arguments)
    assert (done.returncode, done.stderr) == (3, "")
    (line,) = done.stdout.splitlines()
    assert line.startswith("SNAPSHOTS UNKNOWN - ")
    assert why in line
    assert line.isprintable()
    assert SECRET not in line


def test_history_knows_its_options(simulated: Place) -> None:
    assert ciplun(simulated.environ, "create", "legacy-crm", "x").returncode == 0
    done = ciplun(simulated.environ, "history", "--profile", "nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no profile 'nope'" in done.stderr
    done = ciplun(simulated.environ, "history", "--demo")
    assert (done.returncode, done.stdout) == (0, "the demo keeps no record\n")
    assert ciplun(simulated.environ, "history", "--demo", "--json").stdout == "[]\n"
    assert "x on legacy-crm" in ciplun(simulated.environ, "history").stdout


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("url = ''", 1, "url"),
        ("default_profile = ''\n[profiles.a]", 1, "default_profile"),
        ("[profiles.a]\nurl = ''", 2, "url"),
        ("token_env = ''", 1, "token_env"),
        ("theme = ''", 1, "theme"),
        ("\naccent = ''", 2, "accent"),
        ("on_finished = ' '", 1, "on_finished"),
    ],
)
def test_an_empty_text_in_the_file_is_named(tmp_path: Path, text: str, line: int, key: str) -> None:
    home(tmp_path, text)
    done = run(tmp_path, "list")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"ciplun: {SHOWN}:{line}: {key}: must not be empty\n"


def test_a_variable_that_the_file_names_must_not_be_empty_either(tmp_path: Path) -> None:
    home(tmp_path, "token_env = 'MINE'")
    done = run(tmp_path, "list", MINE="")
    assert (done.returncode, done.stderr) == (2, "ciplun: environment MINE: must not be empty\n")
    done = run(tmp_path, "list")
    assert (done.returncode, "variable MINE is not set" in done.stderr) == (4, True)


def test_what_the_demo_does_not_use_does_not_stop_it(tmp_path: Path) -> None:
    done = run(tmp_path, "list", "--demo", VPS_API_URL="", VPS_API_TOKEN="")
    assert (done.returncode, "web-server-01" in done.stdout) == (0, True)
    assert run(tmp_path, "list", "--demo", CIPLUN_PROFILE="").returncode == 2


# -- folders -----------------------------------------------------------------------------------


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
        assert "Permission denied" in done.stderr
    finally:
        folder.chmod(0o700)
    assert list(folder.iterdir()) == []


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
    assert line.startswith("ciplun: others could read ciplun, ciplun.log, journal.sqlite3 and ")
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


# -- tokens in wrong places --------------------------------------------------------------------


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


# -- commands and children ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        "sleep 50 & echo {}",
        "echo {}; sleep 50 &",
        "(sleep 50; echo more) & echo {}",
        "trap '' HUP; sleep 50 </dev/null & printf %s {}",
    ],
)
def test_a_token_command_that_leaves_something_running_has_given_its_token(
    simulated: Place, script: str
) -> None:
    given = dict(simulated.environ)
    script = script.format(given.pop("VPS_API_TOKEN"))
    given["CIPLUN_TOKEN_COMMAND"] = shlex.join(["sh", "-c", script])
    start = time.monotonic()
    done = ciplun(given, "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "web-server-01" in done.stdout
    assert time.monotonic() - start < 20


TRAP = """
from pathlib import Path
Path(__file__).with_name("it-ran").touch()
raise SystemExit(9)
"""


@pytest.mark.parametrize(
    ("start", "traps", "more"),
    [
        (("-P", "-m", "tui"), "tui/__init__ uvicorn starlette/__init__ click httpx", {}),
        (("-m", "tui"), "uvicorn starlette/__init__ click msgspec httpx h11 anyio", {}),
        (("-m", "tui"), "uvicorn starlette/__init__", {"PYTHONPATH": os.pathsep}),
    ],
)
def test_nothing_in_the_current_folder_is_run(
    tmp_path: Path, start: tuple[str, ...], traps: str, more: dict[str, str]
) -> None:
    here = tmp_path / "here"
    for name in traps.split():
        trap = here / f"{name}.py"
        trap.parent.mkdir(parents=True, exist_ok=True)
        trap.write_text(TRAP)
    done = ciplun({"HOME": str(tmp_path), **more}, "list", "--demo", start=start, cwd=here)
    assert [*here.rglob("it-ran")] == []
    assert (done.returncode, "web-server-01" in done.stdout) == (0, True), done.stderr


# -- files of other hands ----------------------------------------------------------------------


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    home(tmp_path, mark + b"poll_idle = 77\n")
    provider(tmp_path, '\ufeff{"api_token": "vps_x", "api_url": "https://own.example"}')
    done = run(tmp_path, "info")
    assert done.returncode == 0
    told = {line.split()[0]: " ".join(line.split()[1:]) for line in done.stdout.splitlines()}
    assert told["poll_idle"] == f"77.0 {SHOWN}:1"
    assert told["url"] == "https://own.example/api/v1 ~/.vps/config.json"
    assert told["token"] == "set file ~/.vps/config.json"
    (tmp_path / "token").write_bytes(mark + b"vps_x\n")
    (tmp_path / "token").chmod(0o600)
    done = run(tmp_path, "list", CIPLUN_TOKEN_FILE="~/token", CIPLUN_URL="http://127.0.0.1:9")
    assert (done.returncode, "127.0.0.1:9" in done.stderr) == (1, True)
    home(tmp_path, "poll_idle = 77\n".encode("utf-16"))
    done = run(tmp_path, "info")
    assert done.returncode == 2
    assert done.stderr == f"ciplun: {SHOWN}:1: not TOML: it is UTF-16, and must be UTF-8\n"
