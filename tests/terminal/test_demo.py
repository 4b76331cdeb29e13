"""The program as its users start it, on a real terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers.places import TOKEN, Place
from tests.helpers.program import CIPLUN, environ, run
from tests.helpers.pty import Terminal

DIALECTS = ("docs", "client")


def test_a_newcomer_creates_a_snapshot_in_the_demo_and_sees_it_complete(tmp_path: Path) -> None:
    with Terminal([*CIPLUN, "--demo"], environ(tmp_path)) as terminal:
        terminal.until("web-server-02")
        assert "DEMO" in terminal.text()
        assert "60x speed" in terminal.text()
        terminal.send("G")
        terminal.until("Snapshots of web-server-02")
        terminal.send("c")
        terminal.until("Create a snapshot of web-server-02")
        terminal.send("\x15")
        terminal.until("a name is required")
        terminal.send("first-try")
        terminal.until("first-try")
        terminal.send("\r")
        terminal.until("of 3-10m")
        terminal.until("is completed after")
        terminal.until("✓")
        assert any("first-try" in line and "✓" in line for line in terminal.text().splitlines())
        terminal.send("!")
        terminal.until("proved: ")
        took = re.search(r"UTC +(\d+)(?:m\d\ds| min)  completed", terminal.text())
        assert took, terminal.text()
        assert 3 <= int(took[1]) <= 15, "as long as it takes in life, however fast time passes"
        terminal.send("\x1b")
        terminal.until(lambda: "proved: " not in terminal.text())
        terminal.send("q")
        assert terminal.wait() == 0


def test_against_any_server_that_speaks_the_contract(simulated: Place, tmp_path: Path) -> None:
    with Terminal(CIPLUN, simulated.environ | environ(tmp_path)) as terminal:
        terminal.until("legacy-crm")
        assert "DEMO" not in terminal.text()
        terminal.send("q")
        assert terminal.wait() == 0
        assert TOKEN.encode() not in terminal.output


def test_the_demo_takes_no_real_address_and_no_real_token(simulated: Place, tmp_path: Path) -> None:
    with Terminal([*CIPLUN, "--demo"], simulated.environ | environ(tmp_path)) as terminal:
        terminal.until("web-server-02")
        assert "DEMO" in terminal.text()
        terminal.send("q")
        terminal.wait()
    assert simulated.service.received == []


@pytest.mark.parametrize(
    ("arguments", "more", "said"),
    [
        (["--nonsense"], {}, "No such option"),
        (["frobnicate"], {}, "no such command"),
        (["list", "--url", "ftp://x", "--profile", "default"], {}, "https://"),
        (["list", "--url", "http://example.org"], {}, "https"),
        (["list", "--profile", "nobody"], {}, "no profile"),
        ([], {}, "not a terminal"),
        (["check", "--help"], {}, ""),
    ],
)
def test_wrong_usage_is_one_clear_line(
    tmp_path: Path, arguments: list[str], more: dict[str, str], said: str
) -> None:
    done = run(tmp_path, *arguments, **more)
    assert "Traceback" not in done.stderr
    if said:
        assert done.returncode == 2
        assert said in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    else:
        assert done.returncode == 0


def test_a_terminal_that_can_show_nothing(tmp_path: Path) -> None:
    with Terminal(CIPLUN, environ(tmp_path) | {"TERM": "dumb"}) as terminal:
        assert terminal.wait() == 2
        assert "TERM" in terminal.text()
        assert b"\x1b" not in terminal.output


def test_no_token_and_a_refused_token(simulated: Place, tmp_path: Path) -> None:
    done = run(tmp_path, "list", "--url", simulated.url)
    assert (done.returncode, "no token" in done.stderr) == (4, True)
    done = run(tmp_path, "list", VPS_API_URL=simulated.url, VPS_API_TOKEN="vps_wrong")
    assert (done.returncode, "Invalid token" in done.stderr) == (4, True)
    assert "vps_wrong" not in done.stdout + done.stderr
    with Terminal(CIPLUN, environ(tmp_path)) as terminal:
        terminal.until("No API token was found")
        terminal.send("\r")
        terminal.until("DEMO")
        terminal.send("q")
        assert terminal.wait() == 0
