"""What could not be seen is said: on stderr, in JSON, and by `check`, which is never OK then."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.helpers.faulty import http
from tests.helpers.places import TOKEN, Place
from tests.helpers.program import against, ciplun, run
from tests.helpers.raw import Door
from tests.helpers.service import Answer, Said, fleet, page, saying, snapshot
from tui.fleet.clock import SystemClock
from tui.simulator.scenarios import hooks
from tui.vps.client import Client

GOOD = {"id": 10, "name": "web", "status": "active"}
OLD = "2025-01-15T18:30:00Z"


@pytest.mark.parametrize(
    ("scenario", "why"),
    [
        ("bad-items", "it has no server"),
        ("wrong-count", "or the provider's count differs"),
        ("forbidden-servers", "the list of servers could not be read"),
        ("snapshots-only", "the list of servers could not be read"),
    ],
)
def test_a_part_is_never_shown_as_the_whole(simulated: Place, scenario: str, why: str) -> None:
    simulated.service.hooks += hooks([scenario])
    code, out, err = ciplun(simulated, "list")
    assert (code, "web-server-01" in out) == (0, True)
    assert all(line.startswith("ciplun: not complete: ") for line in err.splitlines())
    assert why in err
    _, out, err = ciplun(simulated, "list", "--json")
    document = json.loads(out)
    assert (document["complete"], why in err) == (False, True)
    assert any(why in reason for reason in document["reasons"])
    assert len(document["servers"]) > 5
    code, out, _ = ciplun(simulated, "check", "web-server-01", "-w", "52w")
    assert (code, out.split(" - ")[0]) == (3, "SNAPSHOTS UNKNOWN")
    assert why in out


@pytest.mark.parametrize(
    ("words", "code", "posts"),
    [
        (("wait",), 3, 0),
        (("ensure", "--on", "mail", "--max-age", "52w"), 3, 0),
        (("create", "--on", "mail", "now"), 3, 1),
        (("create", "mail", "now"), 0, 1),
        (("guard", "--on", "mail", "--name", "now", "--", "touch", "ran"), 1, 0),
        (("prune", "--on", "mail", "--name", "*", "--keep-last", "1", "--yes"), 1, 0),
    ],
)
def test_what_was_chosen_from_a_part_is_not_done_for_the_whole(
    simulated: Place, tmp_path: Path, words: tuple[str, ...], code: int, posts: int
) -> None:
    simulated.service.hooks += hooks(["forbidden-servers"])
    simulated.world.clock.advance(3_600)  # all that was busy has ended
    found, out, err = ciplun(simulated, *words)
    assert (found, "the list of servers could not be read" in err) == (code, True), (out, err)
    assert (len(simulated.sent()), (tmp_path / "ran").exists()) == (posts, False)
    assert "nothing is busy" not in out


def test_what_is_settled_by_a_part_says_so(simulated: Place) -> None:
    assert ciplun(simulated, "create", "mail", "x")[0] == 0
    assert ciplun(simulated, "settle")[::2] == (0, "")
    simulated.service.hooks += hooks(["wrong-count"])
    code, out, err = ciplun(simulated, "settle")
    assert (code, "create of x on mail: running" in out) == (3, True)
    assert err.startswith("ciplun: not complete: the lists changed while they were read")
    assert len(err.splitlines()) == 1
    code, out, _ = ciplun(simulated, "settle", "--json")
    assert (code, json.loads(out)["complete"]) == (3, False)


def test_what_is_protected_by_a_part_says_so(simulated: Place) -> None:
    found = simulated.snapshot("before-rspamd")
    simulated.service.hooks += hooks(["bad-items"])
    for command, stands in (("protect", "protected"), ("unprotect", "no longer protected")):
        code, out, err = ciplun(simulated, command, str(found.id), "--server", "mail")
        assert (code, f"before-rspamd of mail is {stands}" in out) == (0, True)
        assert "not complete: " in err


def test_the_whole_is_called_complete(simulated: Place) -> None:
    code, out, err = ciplun(simulated, "list", "--json")
    document = json.loads(out)
    assert (code, err, document["complete"], document["reasons"]) == (0, "", True, [])
    assert document["as_of"].startswith("2025-01-22T12:00")
    assert len(document["servers"]) == 12


def test_lists_that_shift_once_are_read_again(simulated: Place) -> None:
    simulated.service.hooks += hooks(["wrong-count:1"])
    code, _, err = ciplun(simulated, "list")
    assert (code, err) == (0, "")


def test_no_servers_at_all_is_unknown(empty_world: Place) -> None:
    code, out, _ = ciplun(empty_world, "check")
    assert (code, out.split(" | ")[0]) == (3, "SNAPSHOTS UNKNOWN - there are no servers")
    assert ciplun(empty_world, "check", "--empty-ok")[0] == 0


def test_a_server_whose_snapshots_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    """And not said to have none; another one has none, whatever cannot be read elsewhere."""
    db = {"id": 11, "name": "db", "status": "active"}
    bad = snapshot(801, status=[])
    with saying(fleet([bad, snapshot(802, name={})], [GOOD, db])) as said:
        code, out, _ = against(said.url, tmp_path, "check", "web")
        assert (code, "no completed" in out) == (3, False)
        assert "web: a snapshot could not be read" in out
        code, out, _ = against(said.url, tmp_path, "check")
        assert (code, out.count("no completed snapshot")) == (2, 1)
        assert "CRITICAL - db: no completed snapshot" in out
        code, out, _ = against(said.url, tmp_path, "metrics", "web")
        assert 'server="web",finding="unseen"} 1' in out
        assert 'server="web",finding="none"} 0' in out
        code, out, _ = against(said.url, tmp_path, "list", "web")
        assert "a snapshot could not be read" in out


WHO = {"id": 803, "name": "x", "status": "completed", "server": None}


def miscounted(*items: object) -> bytes:
    return http(json.dumps({"count": 9, "results": items}))


@pytest.mark.parametrize(
    "listed",
    [miscounted(snapshot(801)), page([snapshot(801), WHO]), page([snapshot(801), {"name": "x"}])],
    ids=["shifted", "of nobody", "of nobody, without an id"],
)
def test_where_any_server_may_have_more_none_is_said_to_have_none(
    tmp_path: Path, listed: bytes
) -> None:
    """The older of web may have been made fresh, and db's only one is perhaps what is missing."""
    db = {"id": 11, "name": "db", "status": "active"}
    others = {("GET", "/snapshots/"): listed}
    with saying(fleet((), [GOOD, db], others)) as said:
        code, out, _ = against(said.url, tmp_path, "check", "-c", "1d")
        assert code == 3
        assert "no completed snapshot" not in out
        assert "no snapshot in" not in out
        for name in ("db", "web"):
            assert f"{name}: a snapshot may be missing from the list" in out
        assert against(said.url, tmp_path, "check", "web", "-c", "5200w")[0] == 3
        code, out, _ = against(said.url, tmp_path, "metrics", "db", "web")
        for name in ("db", "web"):
            assert f'server="{name}",finding="unseen"}} 1' in out
        assert 'finding="none"} 1' not in out
        assert 'finding="stale"} 1' not in out
        code, out, _ = against(said.url, tmp_path, "list")
        assert out.count("a snapshot may be missing from the list") == 2
        assert "no completed" not in out
        assert against(said.url, tmp_path, "list", "--on", "none")[1] == ""
        assert "db" in against(said.url, tmp_path, "list", "--on", "unseen")[1]


def test_what_is_known_to_be_critical_is_so_in_an_unsettled_list(tmp_path: Path) -> None:
    stuck = snapshot(801, status="in_progress")
    others = {("GET", "/snapshots/"): miscounted(stuck)}
    with saying(fleet((), [GOOD], others)) as said:
        code, out, _ = against(said.url, tmp_path, "check")
        assert (code, "CRITICAL - web: a snapshot is overdue" in out) == (2, True)


@pytest.mark.parametrize("created", ["2999-01-01T00:00:00Z", None])
def test_a_date_in_the_future_or_none_is_not_fresh(tmp_path: Path, created: str | None) -> None:
    with saying(fleet([snapshot(801, created_at=created)], [GOOD])) as said:
        code, out, _ = against(said.url, tmp_path, "check")
        assert code in (1, 2, 3)
        assert "web" in out.splitlines()[0].split(" | ")[0]


def flaky(times: int, failure: bytes) -> Said:
    """A service whose first answers fail."""
    sound = fleet([snapshot(801)], [GOOD])
    said = Said(sound)

    def answer(method: str, path: str) -> bytes:
        nonlocal times
        if method == "GET" and times > 0:
            times -= 1
            return failure
        return bytes(sound(method, path))  # type: ignore[arg-type]

    said.answer = answer
    return said


@pytest.mark.parametrize(
    "failure",
    [
        b"",
        http("<html>", "503 Service Unavailable"),
        http("{}", "429 Too Many Requests", "Retry-After: 0"),
        http('{"count": 1, "results": [', "200 OK"),
    ],
)
def test_a_passing_failure_of_a_read_is_not_the_end(tmp_path: Path, failure: bytes) -> None:
    with saying(flaky(2, failure).answer) as said:
        code, out, err = against(said.url, tmp_path, "list", "web", "--ids")
        assert (code, out, err) == (0, "801\n", "")


def limited(page: int, wait: str, times: int) -> Answer:
    """A service that refuses a page of the list of snapshots so many times."""
    left, sound = [times], fleet([snapshot(801)], [GOOD])
    pages = [
        http(json.dumps({"count": 2, "results": [snapshot(801)], "next": "?page=2"})),
        http(json.dumps({"count": 2, "results": [snapshot(802)]})),
    ]

    def answer(method: str, path: str) -> bytes | Iterable[bytes]:
        if "/snapshots/" not in path:
            return sound(method, path)
        asked = 2 if "page=2" in path else 1
        if asked == page and left[0]:
            left[0] -= 1
            return http('{"detail": "Throttled."}', "429 Too Many Requests", f"Retry-After: {wait}")
        return pages[asked - 1]

    return answer


@pytest.mark.parametrize("page", [1, 2])
def test_a_wait_that_the_provider_asks_for_is_told_at_once(
    door: Door, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """At its first page a list is asked for again, at a later one it goes on from there."""
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setitem(Client.__init__.__kwdefaults__, "pause", pause)  # type: ignore[arg-type]
    monkeypatch.setattr(SystemClock, "sleep", lambda clock, seconds: pause(seconds))
    words = "ciplun: the provider limits the rate of requests: waiting 1m30s\n"
    door.said.answer = limited(page, "90", 1)
    code, out, err = door.run("list", "--ids")
    assert (code, out.split(), err, waits) == (0, ["802", "801"], words, [90.0])
    door.said.answer = limited(page, "90", 1)
    code, out, err = door.run("list", "--json")
    assert (code, json.loads(out)["complete"], err) == (0, True, words)
    assert sum("/snapshots/" in path for _, path in door.said.requests) == 6, "none in vain"


def test_a_limit_that_lasts_longer_than_a_check_may_is_its_answer(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.said.answer = limited(1, "60", 99)
    code, out, _ = door.run("check", "-t", "60")
    assert (code, out) == (
        3,
        "SNAPSHOTS UNKNOWN - Throttled. (the provider asks to wait 1 min)\n",
    )
    door.said.answer = limited(1, "900", 99)
    code, out, err = door.run("list")
    assert (code, out) == (1, "")
    assert err == "ciplun: Throttled. (the provider asks to wait 15 min)\n"


@pytest.mark.parametrize(
    "words",
    [
        "check mail -c 52w --backups 52w",
        "metrics mail --json",
        "settle",
        "protect 810 --server mail",
        "prune --on mail --name * --keep-last 1 --dry-run",
        "create --on mail x",
        "ensure --on mail --max-age 1m",
        "guard --on mail --name x -- true",
        "delete 810 --server mail --yes",
    ],
)
def test_a_passing_failure_is_the_end_of_no_command(simulated: Place, words: str) -> None:
    simulated.world.clock.speed = 2_000.0
    simulated.service.hooks += hooks(["error-503:1-2@GET"])
    code, _, err = ciplun(simulated, *words.split())
    assert code == 0, err
    assert "503" not in err


def test_the_last_look_before_a_write_is_as_patient(tmp_path: Path) -> None:
    """The write itself is sent once, whatever comes of it."""
    sound = fleet([], [GOOD], {("POST", "/"): http("<html>", "502 Bad Gateway")})
    failing = 2

    def answer(method: str, path: str) -> bytes:
        nonlocal failing
        if "server_id=" in path and failing:
            failing -= 1
            return b""
        return bytes(sound(method, path))  # type: ignore[arg-type]

    with saying(answer) as said:
        done = run(
            tmp_path,
            *("create", "web", "x", "--wait", "--timeout", "1s"),
            VPS_API_URL=said.url,
            VPS_API_TOKEN=TOKEN,
        )
        assert done.returncode == 3
        assert (said.count("POST"), failing) == (1, 0)


def test_a_lasting_failure_ends_after_a_few_tries(tmp_path: Path) -> None:
    with saying(lambda method, path: http("<html>", "503 Service Unavailable")) as said:
        code, out, _ = against(said.url, tmp_path, "check")
        assert (code, out.startswith("SNAPSHOTS UNKNOWN - ")) == (3, True)
        asked = [path for _, path in said.requests if "?page_size=" in path]
        assert 4 <= len(asked) <= 8, "two lists, in each of four tries one or both"


@pytest.mark.parametrize(
    "words", [("list",), ("wait",), ("create", "web", "x"), ("ensure", "web", "--max-age", "1h")]
)
def test_json_says_errors_too(tmp_path: Path, words: tuple[str, ...]) -> None:
    with saying(lambda method, path: http('{"detail": "Invalid token."}', "401 X")) as said:
        code, out, err = against(said.url, tmp_path, *words, "--json")
        document = json.loads(out)
        assert (code, document["complete"], document["exit_code"]) == (4, False, 4)
        assert document["error"] in err


def test_a_page_of_nothing_is_nothing(tmp_path: Path) -> None:
    with saying(fleet((), (), {("GET", "/snapshots/"): page([])})) as said:
        code, out, err = against(said.url, tmp_path, "list")
        assert (code, out, err) == (0, "", "")
