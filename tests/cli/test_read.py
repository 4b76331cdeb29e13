"""The commands: what they print, what they send, and the codes they leave with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, ciplun, environ
from tests.helpers.pty import Terminal
from tui import __version__
from tui.simulator.scenarios import hooks

DIALECTS = ("docs", "client")


def test_list(simulated: Place) -> None:
    code, out, _ = ciplun(simulated, "list")
    assert code == 0
    full = simulated.server("db-01")
    assert f"db-01  #{simulated.key(full)}  5/5 slots, full" in out
    assert "nightly-5" in out
    code, out, _ = ciplun(simulated, "list", "mail", "--json")
    (mail,) = json.loads(out)["servers"]
    assert (mail["name"], mail["slots_used"], len(mail["snapshots"])) == ("mail", 2, 2)
    code, _, err = ciplun(simulated, "list", "nobody")
    assert (code, "no server is called nobody" in err) == (2, True)


def test_list_says_what_the_dashboard_shows(simulated: Place) -> None:
    assert ciplun(simulated, "create", "web-server-02", "mail", "before-patch")[0] == 0
    kept = simulated.snapshot("before-rspamd")
    assert ciplun(simulated, "protect", str(simulated.key(kept)), "--server", "mail")[0] == 0
    out = ciplun(simulated, "list")[1]
    (replica,) = [line for line in out.splitlines() if line.startswith("db-02-replica")]
    assert "; a snapshot failed · 203.0.113.4 · Frankfurt, DE · VPS-8" in replica
    assert "2 min ago, usually 3-10m · Before the kernel update\n" in out
    assert ", protected here\n" in out
    (running,) = [line for line in out.splitlines() if line.startswith("running: ")]
    assert running.startswith("running: before-patch · 2 servers: 2 running, for ")
    assert "running: " not in ciplun(simulated, "list", "db-01")[1]
    told = json.loads(ciplun(simulated, "list", "--json", "mail", "db-02-replica")[1])
    (failed,) = [s["findings"] for s in told["servers"] if s["name"] == "db-02-replica"]
    assert [(f["name"], f["severity"]) for f in failed] == [("failed", "warning")]
    assert [(o["server_name"], o["usual"]) for o in told["operations"]] == [("mail", "3-10m")]
    assert [plan["steps"]["running"] for plan in told["plans"]] == [2]


def test_create_restore_delete_and_their_history(simulated: Place) -> None:
    simulated.world.clock.speed = 2000.0
    code, out, _ = ciplun(simulated, "create", "web-server-02", "by-hand", "--wait")
    assert (code, "is completed" in out) == (0, True)
    made = simulated.snapshot("by-hand")
    code, _, err = ciplun(
        simulated, "restore", str(simulated.key(made)), "--server", "web-server-02"
    )
    assert (code, "--yes" in err) == (2, True)
    assert len(simulated.sent()) == 1
    code, out, err = ciplun(
        simulated, "delete", str(simulated.key(made)), "--server", "web-server-02", "--yes"
    )
    assert (code, "is deleted" in out, err) == (0, True, ""), "said once"
    other = next(s for s in simulated.world.snapshots.values() if s.server.name == "mail")
    restore = ("restore", str(simulated.key(other)), "--server", "mail", "--yes")
    code, out, _ = ciplun(simulated, *restore)
    assert (code, f"Restoring mail from {other.name}" in out) == (0, True)
    code, out, _ = ciplun(simulated, "history", "--json")
    assert [(o["kind"], o["state"]) for o in json.loads(out)["operations"]] == [
        ("restore", "accepted"),
        ("delete", "completed"),
        ("create", "completed"),
    ]
    code, out, _ = ciplun(simulated, "history")
    assert "create of by-hand on web-server-02" in out


def test_a_snapshot_of_another_server_is_not_taken(simulated: Place) -> None:
    mine = next(s for s in simulated.world.snapshots.values() if s.server.name == "mail")
    code, _, err = ciplun(
        simulated, "delete", str(simulated.key(mine)), "--server", "db-01", "--yes"
    )
    assert (code, "has no snapshot" in err) == (2, True)
    assert simulated.sent("DELETE") == []


def test_a_refusal_is_a_failure_in_the_provider_s_words(simulated: Place) -> None:
    simulated.service.hooks += hooks(["limit-detail:1"])
    code, _, err = ciplun(simulated, "create", "mail", "one-more")
    assert (code, "limit" in err) == (1, True)
    code, _, err = ciplun(simulated, "create", "mail", "x", "--read-only")
    assert (code, "read-only" in err) == (1, True)
    assert len(simulated.sent()) == 1


def test_a_lost_answer_is_settled_before_the_command_ends(simulated: Place) -> None:
    simulated.service.hooks += hooks(["lost-answer:1"])
    code, out, _ = ciplun(simulated, "create", "mail", "lost-one")
    assert (code, "create of lost-one on mail was likely carried out" in out) == (0, True)
    assert len([s for s in simulated.world.snapshots.values() if s.name == "lost-one"]) == 1
    posts = [r for r in simulated.service.received if r.method == "POST"]
    assert len(posts) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("check",), 2, "CRITICAL"),
        (("check", "--max-age", "nonsense"), 3, "UNKNOWN"),
        (("check", "--url", "http://127.0.0.1:9"), 3, "UNKNOWN"),
    ],
)
def test_check_speaks_to_monitoring(
    simulated: Place, arguments: tuple[str, ...], code: int, word: str
) -> None:
    found, out, _ = ciplun(simulated, *arguments)
    assert found == code
    assert out.startswith(f"SNAPSHOTS {word}")
    assert len(out.splitlines()) == 1 or code == 2


def test_check_is_content_with_a_good_fleet(empty_world: Place) -> None:
    server = empty_world.world.add_server("good")
    empty_world.world.add_snapshot(server, "fresh", hours=2)
    code, out, _ = ciplun(empty_world, "check")
    assert (code, out.split(" - ")[0]) == (0, "SNAPSHOTS OK")


def test_info_tells_origins_and_never_the_token(simulated: Place) -> None:
    code, out, _ = ciplun(simulated, "info", "--read-only")
    assert code == 0
    assert "environment VPS_API_URL" in out
    assert "environment VPS_API_TOKEN" in out
    assert "option --read-only" in out


def test_info_is_a_bug_report_as_json_too(simulated: Place) -> None:
    code, out, _ = ciplun(simulated, "info", "--json", "--read-only")
    told = json.loads(out)
    assert (code, told["ciplun"], told["complete"]) == (0, __version__, True)
    assert told["packages"].keys() >= {"textual", "httpx"}
    origins = {setting["name"]: setting["origin"] for setting in told["settings"]}
    assert origins["read_only"] == "option --read-only"
    assert told["paths"]["journal"] == "~/.local/state/ciplun/journal.sqlite3"


def test_at_a_terminal_the_name_has_to_be_typed(simulated: Place, tmp_path: Path) -> None:
    target = simulated.snapshot("before-rspamd")
    argv = [*CIPLUN, "delete", str(simulated.key(target)), "--server", "mail"]
    surroundings = simulated.environ | environ(tmp_path)
    with Terminal(argv, surroundings) as terminal:
        terminal.until("Type before-rspamd to go ahead")
        terminal.send("before\n")
        assert terminal.wait() == 1
    assert simulated.sent("DELETE") == []
    with Terminal(argv, surroundings) as terminal:
        terminal.until("Type before-rspamd to go ahead")
        terminal.send("before-rspamd\n")
        assert terminal.wait() == 0
    assert len(simulated.sent("DELETE")) == 1
