"""`check` as monitoring reads it: codes, one line of summary, and data nobody can forge."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pytest

from tests.helpers.faulty import http
from tests.helpers.places import Place
from tests.helpers.program import against, ciplun, ended_by, run
from tests.helpers.raw import Door
from tests.helpers.service import fleet, saying, snapshot
from tests.helpers.settings_files import home

GOOD = {"id": 10, "name": "web", "status": "active"}
FIGURE = re.compile(r"'[^'=|]+'=\d+s?;\d*;\d*;\d+(?:;\d+)?")
"""'label'=value[unit];[warning];[critical];[least][;most]."""


def figures(line: str) -> dict[str, str]:
    """Performance data by label, each of the form that the guidelines give it."""
    text, bar, data = line.partition(" | ")
    assert bar
    assert "|" not in text + data
    found = FIGURE.findall(data)
    assert " ".join(found) == data
    return {figure[1:].partition("'=")[0]: figure.partition("'=")[2] for figure in found}


def test_one_line_of_summary_and_further_findings_below(simulated: Place) -> None:
    code, out, err = ciplun(simulated, "check")
    first, *others = out.splitlines()
    assert (code, err) == (2, "")
    assert first.startswith("SNAPSHOTS CRITICAL - ")
    assert all(re.match(r"(CRITICAL|WARNING|UNKNOWN): \S", line) for line in others)
    assert "|" not in "".join(others)
    data = figures(first)
    assert data["servers"] == "12;;;0"
    assert data["slots used"] == "26;;;0;60"
    assert data["age db-01"] == "7200s;;604800;0"


def test_the_servers_that_are_named_and_their_thresholds(simulated: Place) -> None:
    """db-01 has a snapshot of two hours ago, and is full."""
    for arguments, code in (
        (("-w", "3h", "-c", "1d", "--ignore", "full"), 0),
        (("-w", "1h", "-c", "1d", "--ignore", "full"), 1),
        (("-w", "30m", "-c", "1h"), 2),
        (("-w", "3h"), 1),
    ):
        found, out, _ = ciplun(simulated, "check", "db-01", *arguments)
        assert (found, out) == (code, out), arguments
        assert list(figures(out.splitlines()[0])) == [
            "servers", "slots used", "full", "failed", "busy", "oldest", "age db-01",
        ]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["db|full=99;;", "it's", "a=b", "x' 'full'=99", "| ok", "OK - all\n| full=0"],
)
def test_no_name_forges_data(tmp_path: Path, name: str) -> None:
    servers = [{"id": 10, "name": name, "status": "active"}, {"id": 11, "name": name}]
    with saying(fleet([snapshot(801, server={"id": 10, "name": name})], servers)) as said:
        code, out, _ = against(said.url, tmp_path, "check")
        first, *others = out.splitlines()
        assert code == 2
        assert figures(first)["full"] == "0;;;0"
        assert all("|" not in line for line in others)


def test_no_error_forges_data(tmp_path: Path) -> None:
    words = http('{"detail": "no | \'full\'=0;;;0"}', "400 X")
    with saying(fleet((), (), {("GET", "/snapshots/"): words})) as said:
        code, out, _ = against(said.url, tmp_path, "check")
        assert code == 3
        assert "|" not in out
        assert out.startswith("SNAPSHOTS UNKNOWN - ")


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    def answer(method: str, path: str) -> bytes:
        time.sleep(20)
        return b""

    with saying(answer) as said:
        began = time.monotonic()
        code, out, _ = against(said.url, tmp_path, "check", "-t", "1")
        assert (code, out) == (3, "SNAPSHOTS UNKNOWN - no result after 1 s\n")
        assert time.monotonic() - began < 10


def test_trouble_of_our_own_is_unknown(tmp_path: Path) -> None:
    done = run(tmp_path, "check")  # no token
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (3, 1, "")
    with saying(lambda method, path: http('{"detail": "Invalid token."}', "401 X")) as said:
        code, out, _ = against(said.url, tmp_path, "check")
        assert (code, len(out.splitlines())) == (3, 1)
        code, out, _ = against(said.url, tmp_path, "check", "nobody")
        assert code == 3


def test_all_well_is_said_in_one_line(tmp_path: Path) -> None:
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    with saying(fleet([snapshot(801, created_at=created)], [GOOD])) as said:
        code, out, err = against(said.url, tmp_path, "check")
        (line,) = out.splitlines()
        assert (code, err) == (0, "")
        assert line.startswith("SNAPSHOTS OK - 1 server, each with a fresh one | ")


def test_a_date_in_the_future_gives_no_figure(tmp_path: Path) -> None:
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
    with saying(fleet([snapshot(801, created_at=created)], [GOOD])) as said:
        code, out, err = against(said.url, tmp_path, "check")
        (line,) = out.splitlines()
        assert (code, err) == (3, "")
        assert list(figures(line)) == ["servers", "slots used", "full", "failed", "busy"]


def test_a_check_that_is_ended_is_unknown(tmp_path: Path) -> None:
    code, out, _ = ended_by(signal.SIGTERM, tmp_path, "check")
    assert (code, out) == (3, "SNAPSHOTS UNKNOWN - ended before there was a result\n")


def test_backups_are_looked_at_where_that_is_asked_for(simulated: Place) -> None:
    code, out, _ = ciplun(simulated, "check", "mail", "--ignore", "full,failed,stale,none")
    assert (code, "backup" in out) == (0, False)
    code, out, _ = ciplun(simulated, "check", "mail", "-c", "30d", "--backups", "2d")
    assert code == 0
    code, out, _ = ciplun(simulated, "check", "mail", "-c", "30d", "--backups", "3h")
    assert (code, "mail: no backup in 3h" in out) == (1, True)
    code, out, _ = ciplun(simulated, "check", "legacy-crm", "-c", "9999d", "--backups", "2d")
    assert code == 1
    assert "legacy-crm: no backup: its only copies lie on its own infrastructure" in out


def test_backups_that_cannot_be_seen_are_unknown(tmp_path: Path) -> None:
    missing = {("GET", "/backups/"): http('{"detail": "Not found."}', "404 X")}
    with saying(fleet([snapshot(801)], [GOOD], missing)) as said:
        arguments = ("check", "-c", "99999d", "--backups", "2d")
        code, out, _ = against(said.url, tmp_path, *arguments)
        assert code == 3
        assert "backups cannot be seen: Not found." in out


def test_limits_are_those_of_each_server_and_nothing_is_called_fresh_that_is_not(
    tmp_path: Path,
) -> None:
    home(tmp_path, 'max_age = "2d"\n[groups.db]\nmatch = ["db"]\nmax_age = "1d"\n')
    hours = {10: 30, 11: 12}
    created = {
        key: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - n * 3600))
        for key, n in hours.items()
    }
    servers = [{"id": 10, "name": "db"}, {"id": 11, "name": "web"}]
    listed = [snapshot(key, created_at=at, server={"id": key}) for key, at in created.items()]
    with saying(fleet(listed, servers)) as said:

        def check(*arguments: str) -> tuple[int, str, dict[str, str]]:
            code, out, _ = against(said.url, tmp_path, "check", *arguments)
            (line,) = out.splitlines()
            return code, line, figures(line)

        code, _, data = check()
        assert code == 2
        assert data["age db"].endswith("s;;86400;0")
        assert data["age web"].endswith("s;;172800;0")
        assert data["oldest"].endswith("s;;;0"), "of several limits it has none"
        assert check("web")[2]["oldest"].endswith("s;;172800;0")
        assert check("-w", "1w")[0] == 0
        for arguments in (("--ignore", "stale"), ("-c", "0")):
            code, line, _ = check(*arguments)
            assert (code, "OK - 2 servers, nothing found" in line) == (0, True)
        assert "OK - 1 server, each with a fresh one" in check("web")[1]
        slip = against(said.url, tmp_path, "check", "--on", "full")
        assert slip[0] == 3, "perhaps it is one"
        code, line, _ = check("--on", "full", "--empty-ok")
        assert (code, "OK - 0 servers, nothing found" in line) == (0, True)


@pytest.mark.parametrize("kind", ["create", "restore"])
def test_an_operation_that_is_overdue_is_critical(door: Door, kind: str) -> None:
    """It is so before its snapshot is, and a restore has none."""

    def written(method: str, path: str) -> bytes:
        if kind == "create":
            door.raw.make(827, "nightly")
            return http(json.dumps(door.raw.snapshots[-1]), "201 Created")
        door.raw.status = "restoring"
        return http(json.dumps({"status": "success", "snapshot": {"id": 801}}))

    door.raw.written = written
    words = {"create": ("web", "nightly"), "restore": ("801", "--server", "web", "--yes")}
    assert door.run(kind, *words[kind]).code == 0
    check = ("check", "-c", "0", "--ignore", "stale")
    assert door.run(*check).code == 0
    door.raw.later += {"create": 660, "restore": 960}[kind]
    for _ in range(2):  # also where it is known to be so already
        code, out, _ = door.run(*check)
        assert (code, "CRITICAL - web: a snapshot is overdue" in out) == (2, True), out
    found = json.loads(door.run(*check, "--json").out)["findings"]
    assert [finding["name"] for finding in found] == ["overdue"]
    assert door.run(*check, "--ignore", "overdue").code == 0
    door.raw.status = "active"
    door.raw.snapshots = [{**s, "status": "completed"} for s in door.raw.snapshots]
    door.look(61)
    door.look(61)
    assert door.run(*check).code == 0, "it has ended"
