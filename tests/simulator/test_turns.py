"""How scenarios are named, chosen, timed and put together."""

from __future__ import annotations

import zlib

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.helpers.simulators import BEARER, NOON, client, demo
from tui.simulator.scenarios import GROUPS, SCENARIOS, UnknownScenario, hooks
from tui.simulator.scenarios.base import delay
from tui.simulator.transport import SlowAnswer
from tui.simulator.web import Hook
from tui.simulator.world import World
from tui.vps.errors import (
    BadResponse,
    Forbidden,
    Unreachable,
)

# -- the machinery ---------------------------------------------------------------------------


def test_the_registry_is_documented() -> None:
    scenarios = [scenario for group in GROUPS.values() for scenario in group]
    assert [s.name for s in scenarios] == list(SCENARIOS), "each name once"
    texts = [s.description for s in scenarios]
    assert len(set(texts)) == len(texts)
    assert all(text and "\n" not in text and len(text) < 80 for text in texts)


def test_what_goes_beyond_the_published_contract_is_labelled() -> None:
    beyond = {name for name, scenario in SCENARIOS.items() if scenario.hypothetical}
    assert {"failed-snapshot", "throttled", "next-loop", "conflict", "limit-list"} <= beyond
    networks = {"reset", "cut-body", "error-502", "lost-answer", "clock-ahead", "html", "refused"}
    published = {"unauthorised", "limit-detail", "restore-refused", "full-fleet", "all-suspended"}
    assert not beyond & (networks | published)


@pytest.mark.parametrize(
    "wrong",
    [
        *("no-such", "reset:x", "reset:0-", "reset:5-3", "reset:-3", "full-fleet:2"),
        *("reset=1s", "latency=", "latency=soon", "latency=-1s", "latency=nan", "full-fleet=1"),
        *("reset@", "reset@snapshots", "reset@POST snapshots", "full-fleet@POST", "@POST", ""),
    ],
)
def test_a_scenario_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(UnknownScenario):
        hooks([wrong])


@pytest.mark.parametrize(
    ("turn", "struck"),
    [("", "111111"), ("3", "001000"), ("1-3", "111000"), ("4-", "000111"), ("2-2", "010000")],
)
def test_turns(turn: str, struck: str) -> None:
    name = f"error-500:{turn}" if turn else "error-500"
    with demo(name) as (url, _), httpx.Client(base_url=url, headers=BEARER) as http:
        codes = [http.get("/account/me/").status_code for _ in struck]
    assert codes == [500 if sign == "1" else 200 for sign in struck]


@pytest.mark.parametrize(
    ("where", "struck"),
    [
        ("POST", "POST /snapshots/, POST /servers/12346/power/"),
        ("post /snapshots/", "POST /snapshots/"),
        ("/snapshots/", "GET /snapshots/, POST /snapshots/"),
        ("/servers/*", "GET /servers/, POST /servers/12346/power/"),
        ("GET /servers/", "GET /servers/"),
        ("GET /servers/*/", ""),
        ("DELETE", ""),
    ],
)
def test_a_scenario_can_be_limited_to_a_method_and_a_path(where: str, struck: str) -> None:
    asked = [("GET", "/snapshots/"), ("POST", "/snapshots/"), ("GET", "/servers/")]
    asked.append(("POST", "/servers/12346/power/"))
    with demo(f"error-503@{where}") as (url, app):
        with httpx.Client(base_url=url, headers=BEARER) as http:
            codes = {f"{m} {path}": http.request(m, path).status_code for m, path in asked}
        told = [r.struck for r in app.received]
    hit = [name for name, code in codes.items() if code == 503]
    assert ", ".join(hit) == struck
    assert told == [(f"error-503@{where}",) if code == 503 else () for code in codes.values()]


def test_turns_count_only_where_a_scenario_may_strike() -> None:
    with demo("error-503:2@POST") as (url, _), httpx.Client(base_url=url, headers=BEARER) as http:
        codes = [http.request(m, "/snapshots/").status_code for m in ("GET", "POST", "GET", "POST")]
    assert codes == [200, 400, 200, 503]


@pytest.mark.parametrize(
    ("text", "seconds"), [("0.5s", 0.5), ("100ms", 0.1), ("2m", 120.0), ("3", 3.0)]
)
def test_delays_are_told_in_the_usual_units(text: str, seconds: float) -> None:
    assert delay(text) == seconds


def test_virtual_delays_are_free_too() -> None:
    with demo("late-listing=5m") as (url, app), httpx.Client(base_url=url, headers=BEARER) as http:
        http.post("/snapshots/", json={"server_id": 12346, "name": "late"})
        listed = []
        for seconds in (299, 2):
            app.world.advance(seconds)
            listed.append(http.get("/snapshots/?server_id=12346").json()["count"])
    assert listed == [0, 1]


def test_chances_are_the_same_with_the_same_seed() -> None:
    def codes(seed: int) -> list[int]:
        with demo() as (url, app), httpx.Client(base_url=url, headers=BEARER) as http:
            app.play(hooks(["error-500:30%"], seed))
            return [http.get("/account/me/").status_code for _ in range(60)]

    first = codes(1)
    assert first == codes(1)
    assert first != codes(2)
    assert 8 <= first.count(500) <= 30


async def test_scenarios_work_together() -> None:
    names = ("cut-body:3-", "duplicate-ids", "clock-ahead", "forbidden-servers", "reset:4")
    with demo(*names) as (url, _):
        async with client(url) as speaking:
            assert not (await speaking.snapshots()).settled
            assert speaking.service is not None
            assert speaking.service[0] == NOON + 3_600
            with pytest.raises(Forbidden):
                await speaking.servers()
            await speaking.snapshots()
            with pytest.raises(BadResponse):
                await speaking.snapshots()
            with pytest.raises(Unreachable):
                await speaking.snapshots()


def test_the_bomb_is_small_on_the_wire_and_huge_once_unpacked() -> None:
    with demo("gzip-bomb") as (url, _):
        unpacker, raw, size = zlib.decompressobj(wbits=31), 0, 0
        with httpx.stream("GET", f"{url}/snapshots/", headers=BEARER) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            for chunk in answer.iter_raw():
                raw += len(chunk)
                size += len(unpacker.decompress(chunk))
                if size > 100 << 20:
                    break
    assert raw < 2 << 20


def test_a_slow_body_is_whole_in_the_end() -> None:
    class Slow(Hook):
        async def after(self, request: Request, response: Response, world: World) -> Response:
            return SlowAnswer(response, step=7, pause=0.001)

    with demo() as (url, app):
        app.hooks = [Slow()]
        slow = httpx.get(f"{url}/account/me/", headers=BEARER)
        assert slow.json()["account"]["email"] == "admin@example.org"
        assert int(slow.headers["content-length"]) == len(slow.content)
