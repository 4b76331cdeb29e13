"""Whatever the service says, it is text on the screen: no byte of it is obeyed by the terminal."""

from __future__ import annotations

import json
import re
import subprocess
import unicodedata
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.helpers.faulty import http
from tests.helpers.program import CIPLUN, environ, run_bytes
from tests.helpers.pty import Terminal
from tests.helpers.service import SECRET, Said, fleet, saying, snapshot

MARK = "1337"
"""A number in every hostile sequence that no sequence of our own has."""
CONTROLS = (
    f"\x1b[{MARK}m", f"\x1b[{MARK};1H", f"\x1b]{MARK};x\x07", "\x1b]52;c;MTMzNw==\x07",
    f"\x1b]8;;http://{MARK}/\x1b\\", f"\x1bP{MARK}\x1b\\", f"\x1b_{MARK}\x1b\\", "\x1bc",
    f"\x9b{MARK}m", f"\x9d{MARK};x\x9c", f"\x90{MARK}\x9c", "\x84", "\x85",
    "\x00", "\r", "\n", "\t", "\x07", "\x08" * 8, "\x0e", "\x0f", "\x7f", "\x1a",
    "\u202e", "\u2066", "\u200b", "\u200d", "\u200f", "\ufeff", "\u2028", "\u00ad",
    "\U000e0041", "\ud800", "\udfff", "\ufe0f", "\uffff",
)  # fmt: skip
MARKUP = (
    "[red]",
    "[/]",
    "[/red]",
    "[@click=app.quit]x[/]",
    "[link=http://x]",
    "[b",
    "\\[",
    "$error",
)
WIDE = ("日本語", "e" + "\u0301" * 12, "👩\u200d👩\u200d👧", "🇬🇧", "👍🏽", "❤\ufe0f", "ﷺ", "│", "ก็็็")
PIECES = st.sampled_from((*CONTROLS, *MARKUP, *WIDE)) | st.text(max_size=12)
HOSTILE = st.lists(PIECES, max_size=6).map("".join)
EVERYTHING = "".join((*CONTROLS, *MARKUP, *WIDE))

_OURS = re.compile(
    r"\x1b\[[<=>?]?(?P<csi>[0-9;:]*)[ -/]*[@-~]|\x1b\][0-9]+;(?P<osc>[^\x07\x1b]*)\x07|\x1b[=>78]"
)


def obeyed(output: bytes) -> list[str]:
    """What a terminal would obey and ciplun did not mean: stray controls, marked sequences."""
    found: list[str] = []

    def ours(match: re.Match[str]) -> str:
        inside = (match["csi"] or "") + (match["osc"] or "")
        if MARK in inside or "MTMzNw==" in inside:
            found.append(match[0])
        return ""

    text = _OURS.sub(ours, output.decode())
    found += [
        f"U+{ord(char):04X}"
        for char in text
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in "\r\n"
    ]
    return found


def borders(terminal: Terminal) -> list[tuple[str, ...]]:
    """What stands where the frames of the two panes have their sides, line by line."""
    screen = terminal.screen.buffer
    top = next(y for y in range(terminal.screen.lines) if screen[y][0].data == "╭")
    columns = [x for x in range(terminal.screen.columns) if screen[top][x].data in tuple("╭╮")]
    return [tuple(screen[y][x].data for x in columns) for y in range(top + 1, top + 20)]


def answers(number: int, text: str, *others: str) -> dict[str, object]:
    """The hostile text in every field of a server and of a snapshot."""
    more = others or (text,)
    place = {"id": 10, "name": f"w{number}-{text}"}
    return {
        "snapshots": [
            snapshot(1, server=place, name=f"s{number}-{text}", description=text),
            snapshot(2, server=place, name=more[-1], status=text or "odd", created_at="2025-01-01"),
            snapshot(text, server=place),
            snapshot(3, server=place, created_at=text),
            text,
        ],
        "servers": [
            {
                **place, "hostname": text, "status": more[0], "ip_address": text,
                "location": more[-1], "plan": {"name": text}, "os": {"name": text},
            },
            {"id": text, "name": "never shown"},
        ],
    }  # fmt: skip


@contextmanager
def opened(said: Said, home: Path, **more: str) -> Iterator[Terminal]:
    surroundings = {"VPS_API_URL": said.url, "VPS_API_TOKEN": SECRET, **more}
    with Terminal(CIPLUN, environ(home, **surroundings)) as terminal:
        yield terminal


@pytest.fixture(scope="module")
def under_fire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Said, Terminal]]:
    with saying(fleet(**answers(0, ""))) as said:  # type: ignore[arg-type]
        with opened(said, tmp_path_factory.mktemp("home")) as terminal:
            terminal.until("w0-")
            terminal.send("2")
            terminal.until("▷")  # the other pane has the cursor
            yield said, terminal
            terminal.send("q")
            assert terminal.wait() == 0


_number = iter(range(1, 1_000_000))


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # making a failure smaller takes minutes here
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=HOSTILE, other=HOSTILE)
def test_no_byte_of_it_reaches_the_terminal_as_control(
    under_fire: tuple[Said, Terminal], text: str, other: str
) -> None:
    said, terminal = under_fire
    number, start = next(_number), len(terminal.output)
    said.answer = fleet(**answers(number, text, other))  # type: ignore[arg-type]
    terminal.send("r")
    terminal.until(f"w{number}-")
    terminal.send("d")
    terminal.until(f"Snapshot s{number}-")
    terminal.send("\x1b")
    terminal.until(lambda: f"Snapshot s{number}-" not in terminal.text())
    while terminal.read(0.02):  # to the end of what it is writing
        pass
    assert obeyed(bytes(terminal.output[start:])) == []
    assert set(borders(terminal)) == {("│", "│", "│", "│")}


def copies(terminal: Terminal) -> list[bytes]:
    """What was put on the clipboard."""
    return [b64decode(text) for text in re.findall(rb"\x1b\]52;c;([^\a]*)\a", terminal.output)]


def copy_last(terminal: Terminal, copied: int) -> None:
    """Copy the last of what the menu has: the command line, with all that stands in it."""
    terminal.send("Y")
    terminal.until("enter choose")
    terminal.send("G\r")
    terminal.until(lambda: len(copies(terminal)) == copied)


def look(terminal: Terminal, key: str, seen: str, then: str = "", said: str = "") -> None:
    """Open a dialog, do something in it, and leave it."""
    terminal.send(key)
    terminal.until(seen)
    if then:
        terminal.send(then)
        terminal.until(said)
    terminal.send("\x1b")
    terminal.until(lambda: seen not in terminal.text())


def test_dialogs_copies_toasts_and_refusals(tmp_path: Path) -> None:
    refused = {"detail": f"no-no {SECRET} {EVERYTHING}{SECRET}", EVERYTHING: "x"}
    refusal = http(json.dumps(refused), "400 X")
    lists = answers(7, EVERYTHING)
    lists["snapshots"] = lists["snapshots"][:2]  # type: ignore[index]
    others = {("POST", "/"): refusal, ("DELETE", "/"): refusal}
    with saying(fleet(**lists, others=others)) as said, opened(said, tmp_path) as terminal:  # type: ignore[arg-type]
        terminal.until("w7-")
        look(terminal, "d", "Server w7-")
        terminal.send("y")
        terminal.until(lambda: copies(terminal) == [b"10"])
        terminal.until("id of")
        copy_last(terminal, 2)
        terminal.send("2")
        terminal.until("▷")  # the other pane has the cursor
        look(terminal, "d", "Snapshot s7-")
        copy_last(terminal, 3)
        for copied in copies(terminal):
            assert obeyed(copied) == []
        look(terminal, "R", "Restore w7-")
        look(terminal, "D", "Delete s7-")
        look(terminal, "c", "Create a snapshot of w7-", "\r", "no-no ***")
        look(terminal, "!", "╭─ Operations")
        terminal.send("a")
        terminal.until("All snapshots")
        terminal.send("q")
        assert terminal.wait() == 0
        assert said.count("POST") == 1
        assert obeyed(bytes(terminal.output)) == []
        assert SECRET.encode() not in terminal.output


def test_making_room_and_sets(tmp_path: Path) -> None:
    place = {"id": 10, "name": f"w7-{EVERYTHING}"}
    five = [snapshot(n, server=place, name=f"s{n}-{EVERYTHING}") for n in range(1, 6)]
    with saying(fleet(five, [place])) as said, opened(said, tmp_path) as terminal:
        terminal.until("w7-")
        look(terminal, "c", "Make room on")
        terminal.send(" ")
        look(terminal, "c", "Skipped, no free slot")
        terminal.send("2")
        terminal.until("▷")
        terminal.send(" j ")
        look(terminal, "D", "Delete 2 snapshots")
        terminal.send("q")
        assert terminal.wait() == 0
        assert obeyed(bytes(terminal.output)) == []


@pytest.mark.parametrize("status", ["400 X", "403 X", "404 X", "429 X", "500 X"])
def test_the_words_of_an_outage(tmp_path: Path, status: str) -> None:
    body = http(json.dumps({"detail": f"because {EVERYTHING} {SECRET}"}), status)
    others = {("GET", "/snapshots/"): body}
    with saying(fleet(others=others)) as said, opened(said, tmp_path) as terminal:
        terminal.until("offline")
        assert obeyed(bytes(terminal.output)) == []
        assert SECRET.encode() not in terminal.output


@pytest.mark.parametrize(
    "arguments",
    [("list",), ("list", "--json"), ("check",), ("create", "10", "x"), ("history",),
     ("history", "--json"), ("delete", "1", "--server", "10", "--yes")],
)  # fmt: skip
def test_what_the_commands_print(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    refusal = http(json.dumps({"detail": f"because {EVERYTHING} {SECRET}"}), "400 X")
    others = {("POST", "/"): refusal, ("DELETE", "/"): refusal}
    with saying(fleet(**answers(7, EVERYTHING), others=others)) as said:  # type: ignore[arg-type]
        done = ciplun(said, tmp_path, *arguments)
        if arguments[0] == "history":
            assert ciplun(said, tmp_path, "create", "10", "x").returncode == 1
            done = ciplun(said, tmp_path, *arguments)
            assert b"because" in done.stdout
        assert done.stdout + done.stderr
        for output in (done.stdout, done.stderr):
            assert obeyed(output) == []
            assert b"\r" not in output
            assert SECRET.encode() not in output
        if "--json" in arguments:
            assert json.loads(done.stdout)


def ciplun(said: Said, home: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return run_bytes(home, *arguments, VPS_API_URL=said.url, VPS_API_TOKEN=SECRET)


def test_the_log_and_the_journal_hold_text_alone(tmp_path: Path) -> None:
    refusal = http(json.dumps({"detail": EVERYTHING + SECRET}), "409 X")
    others = {("POST", "/"): refusal}
    with saying(fleet(**answers(7, EVERYTHING), others=others)) as said:  # type: ignore[arg-type]
        ciplun(said, tmp_path, "create", "10", "x")
    for file in filter(Path.is_file, (tmp_path / ".local/state/ciplun").rglob("*")):
        data = file.read_bytes()
        assert SECRET.encode() not in data
        assert f"\x1b]{MARK}".encode() not in data
        assert f"\x9b{MARK}".encode() not in data
        assert "\u202e".encode() not in data
