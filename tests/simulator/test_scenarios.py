"""Every scenario does what its line says, seen through a raw client and through the product's."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.simulator.running import BEARER, NOON, TOKEN, client, demo
from tui.simulator.scenarios import SCENARIOS, UnknownScenario, hooks, list_scenarios
from tui.simulator.transport import SlowAnswer
from tui.simulator.web import Hook, SimulatorApp
from tui.simulator.world import World
from tui.vps.client import Client
from tui.vps.errors import (
    BadResponse,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorised,
    Unreachable,
    VpsError,
)
from tui.vps.models import Phase

MAIL: Final = 12305
"""A server of the demo fleet with two snapshots."""
TARGET: Final = "before-rspamd"


def key_of(app: SimulatorApp, name: str = TARGET) -> int:
    return next(s.id for s in app.world.snapshots.values() if s.name == name)


def made(app: SimulatorApp) -> bool:
    return any(s.name == "new" for s in app.world.snapshots.values())


async def create(speaking: Client) -> Any:
    return await speaking.create_snapshot(MAIL, "new")


# -- what a client sees of each ---------------------------------------------------------

READING: Final[dict[str, tuple[type[VpsError], str]]] = {
    "reset": (Unreachable, ""),
    "hang-up": (BadResponse, "cut short"),
    "silence": (Unreachable, "no answer in time"),
    "garbage": (BadResponse, "malformed"),
    "slow-body": (Unreachable, "no answer in time"),
    "cut-body": (BadResponse, "cut short"),
    "reset-body": (Unreachable, ""),
    "huge-body": (BadResponse, "larger than"),
    "gzip-bomb": (BadResponse, "compressed"),
    "error-500": (BadResponse, "500"),
    "error-502": (BadResponse, "502"),
    "error-503": (BadResponse, "503"),
    "error-504": (BadResponse, "504"),
    "throttled": (RateLimited, "60 seconds"),
    "throttled-by-date": (RateLimited, ""),
    "throttled-silent": (RateLimited, ""),
    "throttled-negative": (RateLimited, "-60"),
    "throttled-for-a-year": (RateLimited, ""),
    "throttled-nonsense": (RateLimited, "soon"),
    "unauthorised": (Unauthorised, "Invalid token."),
    "truncated-json": (BadResponse, "not a list"),
    "html": (BadResponse, "not a list"),
    "empty-body": (BadResponse, "not a list"),
    "deep-json": (BadResponse, "not a list"),
    "redirect-loop": (BadResponse, "circle"),
    "redirect-away": (BadResponse, "302"),
    "next-loop": (BadResponse, "no end"),
    "next-endless": (BadResponse, "no end"),
}


@pytest.mark.parametrize("name", READING)
async def test_a_read_fails_as_told(name: str) -> None:
    error, words = READING[name]
    with demo(name) as (url, _):
        async with client(url, read=0.4, pages=20) as speaking:
            with pytest.raises(error) as failed:
                await speaking.snapshots()
    assert type(failed.value) is error
    assert words in str(failed.value)


WRITING: Final[dict[str, tuple[type[VpsError], bool]]] = {
    "reset": (OutcomeUnknown, False),
    "hang-up": (OutcomeUnknown, False),
    "error-503": (OutcomeUnknown, False),
    "throttled": (RateLimited, False),
    "unauthorised": (Unauthorised, False),
    "forbidden-writes": (Forbidden, False),
    "cut-body": (OutcomeUnknown, True),
    "truncated-json": (OutcomeUnknown, True),
    "redirect-writes": (OutcomeUnknown, False),
    "redirect-writes-away": (OutcomeUnknown, False),
    "lost-answer": (OutcomeUnknown, True),
    "lost-request": (OutcomeUnknown, False),
    "silent-write": (OutcomeUnknown, True),
    "swallowed-write": (OutcomeUnknown, False),
    "cut-write": (OutcomeUnknown, True),
    "done-but-502": (OutcomeUnknown, True),
    "undone-and-504": (OutcomeUnknown, False),
    "done-but-html": (OutcomeUnknown, True),
    "done-but-empty": (OutcomeUnknown, True),
    "limit-detail": (Rejected, False),
    "limit-field": (Rejected, False),
    "limit-non-field": (Rejected, False),
    "limit-list": (Rejected, False),
    "conflict": (Rejected, False),
    "fifth-slot": (Rejected, False),
    "hostile-errors": (Rejected, False),
    "full-fleet": (Rejected, False),
    "all-suspended": (Rejected, False),
}


@pytest.mark.parametrize("name", WRITING)
async def test_a_create_is_carried_out_or_not_whatever_the_answer(name: str) -> None:
    error, carried_out = WRITING[name]
    with demo(name) as (url, app):
        async with client(url, write=0.4) as speaking:
            with pytest.raises(error) as failed:
                await create(speaking)
        assert made(app) is carried_out
        assert [r.method for r in app.received] == ["POST"]
    assert type(failed.value) is error
    assert TOKEN not in str(failed.value)
    if name.startswith("limit"):
        assert "Maximum 5" in " ".join(failed.value.fields.values())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("throttled", 60),
        ("throttled-by-date", 60),
        ("throttled-silent", None),
        ("throttled-negative", None),
        ("throttled-for-a-year", 900),
        ("throttled-nonsense", None),
    ],
)
async def test_how_long_to_wait(name: str, seconds: float | None) -> None:
    with demo(name) as (url, _):
        async with client(url) as speaking:
            with pytest.raises(RateLimited) as failed:
                await speaking.servers()
    assert failed.value.retry_after == seconds


# -- those that a client gets over, in part or in whole -------------------------------------

Check = Callable[[str, SimulatorApp, Client], Awaitable[None]]
OTHERS: dict[str, Check] = {}


def scenario(*names: str) -> Callable[[Check], Check]:
    def enter(check: Check) -> Check:
        OTHERS.update(dict.fromkeys(names, check))
        return check

    return enter


@pytest.mark.parametrize("name", SCENARIOS)
async def test_scenario(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (name in READING) + (name in WRITING) + (name in OTHERS) >= 1, "it has no test"
    if name not in OTHERS:
        return
    monkeypatch.setattr("tui.simulator.scenarios.connection.DELAY", 0.3)
    with demo(name) as (url, app):
        async with client(url) as speaking:
            await OTHERS[name](url, app, speaking)


@scenario("slow-answer")
async def _slow(url: str, app: SimulatorApp, speaking: Client) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await speaking.servers()
    assert (await speaking.servers()).settled


@scenario("rate-limit")
async def _limited(url: str, app: SimulatorApp, speaking: Client) -> None:
    for _ in range(30):
        await speaking.account()
    with pytest.raises(RateLimited) as failed:
        await speaking.account()
    assert failed.value.retry_after is not None


@scenario("forbidden-servers")
async def _no_servers(url: str, app: SimulatorApp, speaking: Client) -> None:
    with pytest.raises(Forbidden):
        await speaking.servers()
    assert (await speaking.snapshots()).items


@scenario("forbidden-account")
async def _no_account(url: str, app: SimulatorApp, speaking: Client) -> None:
    with pytest.raises(Forbidden):
        await speaking.account()
    assert (await speaking.snapshots()).items


@scenario("snapshots-only")
async def _only(url: str, app: SimulatorApp, speaking: Client) -> None:
    for ask in (speaking.servers, speaking.account):
        with pytest.raises(NotFound):
            await ask()
    assert (await speaking.snapshots()).items
    await create(speaking)


@scenario("wrong-type")
async def _type(url: str, app: SimulatorApp, speaking: Client) -> None:
    answer = httpx.get(f"{url}/servers/", headers=BEARER)
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.json()["count"] == 12


@scenario("not-utf8")
async def _encoding(url: str, app: SimulatorApp, speaking: Client) -> None:
    answer = httpx.get(f"{url}/snapshots/", headers=BEARER)
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()
    try:
        listing = await speaking.snapshots()
    except BadResponse:
        return
    assert not listing.settled


@scenario("long-number")
async def _digits(url: str, app: SimulatorApp, speaking: Client) -> None:
    listing = await speaking.snapshots()
    assert not listing.items
    assert len(listing.problems) == 1


@scenario("redirect")
async def _sent_on(url: str, app: SimulatorApp, speaking: Client) -> None:
    assert len((await speaking.servers()).items) == 12
    assert [r.query for r in app.received] == ["", "moved=1"]
    assert (await create(speaking)).name == "new"


@scenario("clock-ahead", "clock-behind")
async def _clock(url: str, app: SimulatorApp, speaking: Client) -> None:
    listing = await speaking.snapshots()
    assert speaking.service is not None
    ahead = speaking.service[0] - NOON
    assert ahead in (3_600, -86_400)
    moment = listing.items[-1].created_at
    made_at = app.world.list_snapshots(app.world.account)[-1].created_at
    assert moment is not None
    assert moment.timestamp() == made_at + ahead


@scenario("odd-date")
async def _date(url: str, app: SimulatorApp, speaking: Client) -> None:
    assert (await speaking.snapshots()).settled
    assert speaking.service is None


@scenario("next-foreign", "next-internal")
async def _foreign(url: str, app: SimulatorApp, speaking: Client) -> None:
    link = httpx.get(f"{url}/snapshots/", headers=BEARER).json()["next"]
    assert not link.startswith(url)
    listing = await speaking.snapshots()
    assert len(listing.items) == len(app.world.list_snapshots(app.world.account))
    assert listing.settled


@scenario("shifting-pages")
async def _shifting(url: str, app: SimulatorApp, speaking: Client) -> None:
    whole = {s.id for s in app.world.list_snapshots(app.world.account)}
    for sweep in range(3):
        listing = await speaking.snapshots()
        assert not listing.settled
        came = {s.id for s in listing.items}
        assert len(whole - came) == (1 if sweep % 2 else 0)


@scenario("wrong-count")
async def _count(url: str, app: SimulatorApp, speaking: Client) -> None:
    listing = await speaking.servers()
    assert (listing.total, len(listing.items), listing.settled) == (15, 12, False)


@scenario("duplicate-ids")
async def _double(url: str, app: SimulatorApp, speaking: Client) -> None:
    listing = await speaking.servers()
    assert (len(listing.items), listing.settled) == (12, False)


@scenario("bad-items")
async def _bad(url: str, app: SimulatorApp, speaking: Client) -> None:
    listing = await speaking.snapshots()
    assert len(listing.problems) == 4
    assert len(listing.items) == len(app.world.list_snapshots(app.world.account)) - 4


@scenario("strange-values")
async def _strange(url: str, app: SimulatorApp, speaking: Client) -> None:
    listing = await speaking.snapshots()
    assert not listing.problems
    assert listing.items[0].phase is Phase.UNKNOWN
    assert [s.size_mb for s in listing.items[1:4]] == [0, -1, 10**15]


@scenario("hostile-content")
async def _hostile(url: str, app: SimulatorApp, speaking: Client) -> None:
    raw = httpx.get(f"{url}/snapshots/", headers=BEARER).text
    assert "\\u001b]52;c;" in raw
    listing = await speaking.snapshots()
    assert not listing.problems
    assert all(s.name.isprintable() and s.server_name.isprintable() for s in listing.items)
    assert len((await speaking.servers()).items) == 12


@scenario("lone-surrogate")
async def _half(url: str, app: SimulatorApp, speaking: Client) -> None:
    raw = httpx.get(f"{url}/snapshots/", headers=BEARER).text
    assert "pair: \\ud800" in raw
    assert (await speaking.servers()).settled


@scenario("restore-refused")
async def _refused(url: str, app: SimulatorApp, speaking: Client) -> None:
    with pytest.raises(Rejected, match="valid state"):
        await speaking.restore_snapshot(key_of(app))
    assert app.world.servers[MAIL].restoring_until == 0


@scenario("rival-deletes")
async def _rival(url: str, app: SimulatorApp, speaking: Client) -> None:
    with pytest.raises(NotFound):
        await speaking.restore_snapshot(key_of(app))
    assert await speaking.delete_snapshot(key_of(app, "golden-image")) is False


@scenario("busy-colleague")
async def _busy(url: str, app: SimulatorApp, speaking: Client) -> None:
    seen = {frozenset((s.id, s.name) for s in (await speaking.snapshots()).items) for _ in range(6)}
    assert len(seen) >= 5
    with demo("busy-colleague") as (again, _):
        async with client(again) as other:
            theirs = {
                frozenset((s.id, s.name) for s in (await other.snapshots()).items) for _ in range(6)
            }
    assert seen == theirs, "the same seed, the same deeds"


def _fate(status: str | None) -> Check:
    async def check(url: str, app: SimulatorApp, speaking: Client) -> None:
        begun = await create(speaking)
        assert begun.phase is Phase.BUSY
        app.world.advance(3_600)
        found = {s.id: s.status for s in (await speaking.snapshots()).items}
        assert found.get(begun.id) == status

    return check


scenario("failed-snapshot")(_fate("failed"))
scenario("stuck-snapshot")(_fate("in_progress"))
scenario("vanishing-snapshot")(_fate(None))
scenario("unknown-status")(_fate("quarantined"))


@scenario("late-listing")
async def _late(url: str, app: SimulatorApp, speaking: Client) -> None:
    begun = await create(speaking)
    assert begun.id not in {s.id for s in (await speaking.snapshots(MAIL)).items}
    app.world.advance(31)
    assert begun.id in {s.id for s in (await speaking.snapshots(MAIL)).items}


@scenario("stuck-restore")
async def _restoring(url: str, app: SimulatorApp, speaking: Client) -> None:
    await speaking.restore_snapshot(key_of(app))
    app.world.advance(86_400)
    assert (await speaking.server(MAIL)).status == "restoring"


@scenario("restore-stays-stopped")
async def _stopped(url: str, app: SimulatorApp, speaking: Client) -> None:
    await speaking.restore_snapshot(key_of(app))
    app.world.advance(900)
    assert (await speaking.server(MAIL)).status == "stopped"


@scenario("all-stopped")
async def _all_stopped(url: str, app: SimulatorApp, speaking: Client) -> None:
    assert {s.status for s in (await speaking.servers()).items} == {"stopped"}


@scenario("look-alikes")
async def _alike(url: str, app: SimulatorApp, speaking: Client) -> None:
    servers = (await speaking.servers()).items
    assert len([s for s in servers if s.name == "db-01"]) == 2
    assert len({s.id for s in servers}) == 15


@scenario("unlisted-servers")
async def _unlisted(url: str, app: SimulatorApp, speaking: Client) -> None:
    listing = await speaking.servers()
    assert (listing.items, listing.settled) == ((), True)
    assert (await speaking.snapshots()).items
    assert (await speaking.server(MAIL)).name == "mail"


@scenario("ten-thousand-servers", "hundred-thousand-snapshots")
async def _vast(url: str, app: SimulatorApp, speaking: Client) -> None:
    listing = await speaking.snapshots()
    assert listing.settled
    assert len(listing.items) > 49_000
    assert len(app.world.servers) in (10_000, 20_000)


# -- the machinery ---------------------------------------------------------------------------


def test_the_registry_is_documented() -> None:
    told = list_scenarios()
    assert [name for name, _, _ in told] == list(SCENARIOS)
    assert len({text for _, text, _ in told}) == len(told)
    assert all(text and "\n" not in text and len(text) < 80 for _, text, _ in told)
    assert any(hypothetical for _, _, hypothetical in told)


@pytest.mark.parametrize(
    "wrong", ["no-such", "reset:x", "reset:0-", "reset:5-3", "reset:-3", "full-fleet:2"]
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
