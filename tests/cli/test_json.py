"""`--json`: one document, whatever happens, of the shape that the page of commands gives it."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.faulty import http
from tests.helpers.places import TOKEN, Place
from tests.helpers.program import against, ciplun, ended_by, run
from tests.helpers.service import fleet, saying, snapshot
from tui.cli.main import COMMANDS
from tui.cli.main import ciplun as group
from tui.simulator.scenarios import hooks

PAGE = (Path(__file__).parents[2] / "tui/docs/commands.md").read_text(encoding="utf-8")
WITHOUT = {"guard", "completion"}
"""What they print is not theirs; the page says so."""


def document(text: str) -> dict[str, Any]:
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def documented(command: str) -> set[str]:
    """The keys that the page gives a document of this command."""
    row = re.search(rf"^\| `{command}` \| (.*) \|$", PAGE, re.MULTILINE)
    assert row
    return set(re.findall(r"`([a-z_]+)`", row[1]))


def keys(value: object) -> set[str]:
    """All keys in a document, but for those of labels, which are anybody's."""
    if isinstance(value, dict):
        inner = [keys(v) for k, v in value.items() if k != "labels"]
        return set(value).union(*inner)
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_it_but_for_two(name: str) -> None:
    command = group.get_command(group.make_context("ciplun", ["list"]), name)
    assert command is not None
    assert any("--json" in option.opts for option in command.params) is (name not in WITHOUT)
    if name in WITHOUT:
        assert f"`{name}`" in PAGE.partition("Two commands have none")[2].splitlines()[0]


def test_check_says_all_of_its_verdict(simulated: Place) -> None:
    code, out, err = ciplun(simulated, "check", "--json")
    found = document(out)
    assert (code, err, found["exit_code"], found["severity"]) == (2, "", 2, "critical")
    assert (found["complete"], found["servers"], found["slots_used"]) == (True, 12, 26)
    assert keys(found) == documented("check")
    lines = ciplun(simulated, "check")[1].splitlines()
    assert lines[0].startswith(f"SNAPSHOTS CRITICAL - {found['summary']} | ")
    assert len(found["findings"]) == len(lines)
    for finding, line in zip(found["findings"][1:], lines[1:], strict=True):
        words = f"{finding['severity'].upper()}: {finding['server']}: {finding['what']}"
        assert words == line
    ids = {s.name: s.id for s in simulated.world.servers.values()}
    assert all(ids[f["server"]] == f["server_id"] for f in found["findings"])


def test_check_says_what_it_could_not_see(simulated: Place) -> None:
    simulated.service.hooks += hooks(["forbidden-servers"])
    code, out, _ = ciplun(simulated, "check", "mail", "-c", "52w", "--json")
    found = document(out)
    assert (code, found["complete"], found["severity"]) == (3, False, "unknown")
    assert "the list of servers could not be read" in found["reasons"][0]
    (unseen,) = found["findings"]
    assert (unseen["name"], unseen["server_id"], unseen["server"]) == ("unseen", None, "")


def test_a_date_that_is_not_believed_is_not_complete(tmp_path: Path) -> None:
    web = {"id": 10, "name": "web", "status": "active"}
    with saying(fleet([snapshot(801, created_at="2999-01-01T00:00:00Z")], [web])) as said:
        code, out, _ = against(said.url, tmp_path, "check", "--json")
    found = document(out)
    assert (code, found["complete"], found["severity"]) == (3, False, "unknown")


@pytest.mark.parametrize(
    "words",
    [
        ("--max-agee", "7d"),
        ("-t", "0"),
        ("-w", "2d", "-c", "1d"),
        ("--on", "group:nobody"),
        ("nobody",),
        ("--ignore", "everything"),
        ("--url", "http://example.org"),
    ],
)
def test_trouble_of_check_itself_is_a_document_too(
    simulated: Place, words: tuple[str, ...]
) -> None:
    code, out, err = ciplun(simulated, "check", *words, "--json")
    found = document(out)
    assert (code, found["complete"], found["exit_code"]) == (3, False, 3)
    assert f"ciplun: {found['error']}\n" == err
    code, out, err = ciplun(simulated, "check", *words)
    assert (code, err) == (3, "")
    assert out == f"SNAPSHOTS UNKNOWN - {found['error'].partition('; try ')[0]}\n"


def test_the_figures_of_metrics(simulated: Place) -> None:
    code, out, err = ciplun(simulated, "metrics", "db-01", "--json")
    found = document(out)
    assert (code, err, found["complete"], found["reasons"]) == (0, "", True, [])
    assert keys(found) == documented("metrics")
    labels = {"server_id": str(simulated.server("db-01").id), "server": "db-01"}
    used = [m for m in found["metrics"] if m["name"] == "ciplun_slots_used"]
    assert [(m["labels"], m["value"]) for m in used] == [(labels, 5)]
    lines = [x for x in ciplun(simulated, "metrics", "db-01")[1].splitlines() if x[0] != "#"]
    assert len(lines) == len(found["metrics"])
    simulated.service.hooks += hooks(["bad-items"])
    code, out, err = ciplun(simulated, "metrics", "--json")
    found = document(out)
    assert (code, found["complete"]) == (0, False)
    assert all(reason in err for reason in found["reasons"])


def test_metrics_as_json_are_in_no_text_file(simulated: Place, tmp_path: Path) -> None:
    words = ("metrics", "--json", "--textfile", str(tmp_path / "x"))
    code, out, _ = ciplun(simulated, *words)
    assert (code, document(out)["exit_code"], (tmp_path / "x").exists()) == (2, 2, False)


def test_a_refused_token_is_in_the_document(tmp_path: Path) -> None:
    with saying(lambda method, path: http('{"detail": "Invalid token."}', "401 X")) as said:
        for command, code in (("check", 3), ("metrics", 4), ("protect 1 --server x", 4)):
            ended, out, err = against(said.url, tmp_path, *command.split(), "--json")
            found = document(out)
            assert (ended, found["complete"], found["exit_code"]) == (code, False, code)
            assert found["error"] in err


@pytest.mark.parametrize(
    ("words", "token", "code"),
    [
        ("watch --json", "a b", 4),
        ("watch --json --bogus", TOKEN, 2),
        ("watch --json --on x", TOKEN, 2),
        ("simulator --json --scenario nope", TOKEN, 2),
        ("simulator --json --port x", TOKEN, 2),
    ],
)
def test_where_documents_come_a_line_each_an_error_is_one_line(
    tmp_path: Path, words: str, token: str, code: int
) -> None:
    done = run(tmp_path, *words.split(), VPS_API_TOKEN=token)
    (line,) = done.stdout.splitlines()
    found = document(line)
    assert (done.returncode, found["complete"], found["exit_code"]) == (code, False, code)
    assert done.stderr == f"ciplun: {found['error']}\n"


@pytest.mark.parametrize("command", ["list", "wait"])
@pytest.mark.parametrize(
    ("number", "code", "why"),
    [(signal.SIGTERM, 143, "ended by SIGTERM"), (signal.SIGINT, 130, "interrupted")],
)
def test_an_end_from_outside_is_in_the_document(
    tmp_path: Path, command: str, number: signal.Signals, code: int, why: str
) -> None:
    ended, out, err = ended_by(number, tmp_path, command, "--json")
    found = document(out)
    assert (ended, found["complete"], found["exit_code"]) == (code, False, code)
    assert (found["error"], err) == (why, f"ciplun: {why}\n")
