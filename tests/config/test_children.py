"""What token commands leave running, what a folder would smuggle in, and marks in files."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path

import pytest

from tests.helpers.commands import ciplun
from tests.helpers.places import Place
from tests.helpers.program import run
from tests.helpers.settings_files import home, provider

SHOWN = "~/.config/ciplun/config.toml"


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
