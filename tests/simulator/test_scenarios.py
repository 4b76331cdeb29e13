"""Scenarios that a client gets over, in part or in whole. And that every scenario has a test."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import httpx
import pytest

from tests.helpers.failures import READING, WRITING, create, key_of, mail
from tests.helpers.simulators import BEARER, NOON, client, demo
from tui.simulator.scenarios import SCENARIOS
from tui.simulator.web import SimulatorApp
from tui.vps.client import Client
from tui.vps.errors import (
    BadResponse,
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    Unreachable,
)
from tui.vps.models import Phase

DIALECTS: Final = ("docs", "client")
VAST: Final = ("ten-thousand-servers", "hundred-thousand-snapshots")
"""Those that take their time."""


def target(app: SimulatorApp, name: str = "before-rspamd") -> int | str:
    return key_of(app, next(s for s in app.world.snapshots.values() if s.name == name))


# -- those that a client gets over, in part or in whole -------------------------------------

Check = Callable[[str, SimulatorApp, Client], Awaitable[None]]
OTHERS: dict[str, Check] = {}


def scenario(*names: str) -> Callable[[Check], Check]:
    def enter(check: Check) -> Check:
        OTHERS.update(dict.fromkeys(names, check))
        return check

    return enter


@pytest.mark.parametrize("name", SCENARIOS)
async def test_scenario(name: str, dialect: str) -> None:
    assert (name in READING) + (name in WRITING) + (name in OTHERS) >= 1, "it has no test"
    if name not in OTHERS or (name in VAST and dialect != "docs"):
        return
    asked = f"{name}=0.3s" if name in ("slow-answer", "refused", "latency") else name
    with demo(asked, dialect=dialect) as (url, app):
        async with client(url) as speaking:
            await OTHERS[name](url, app, speaking)


@scenario("refused")
async def _refused_connections(url: str, app: SimulatorApp, speaking: Client) -> None:
    assert (await speaking.account()).email
    for _ in range(100):
        try:
            await speaking.account()
            await asyncio.sleep(0.001)
        except (Unreachable, BadResponse) as error:
            if "refused" in str(error):
                break  # else the connection was closed under it
    else:
        pytest.fail("the port was never closed")
    app.hooks = []
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(Unreachable, BadResponse):
                await speaking.account()
                return


@scenario("rival-renames", "rival-spoils")
async def _changed_meanwhile(url: str, app: SimulatorApp, speaking: Client) -> None:
    first = {s.id: s for s in (await speaking.snapshots()).items}
    second = {s.id: s for s in (await speaking.snapshots()).items}
    assert first.keys() == second.keys()
    completed = [s for s in first.values() if s.phase is Phase.COMPLETED]
    changed = [s for s in completed if second[s.id] != s]
    assert len(completed) > 15
    assert changed == completed


@scenario("slow-answer", "latency")
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
    await create(app, speaking)


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
    assert listing.problems


@scenario("long-number")
async def _digits(url: str, app: SimulatorApp, speaking: Client) -> None:
    listing = await speaking.snapshots()
    assert not listing.items
    assert len(listing.problems) == 1


@scenario("redirect")
async def _sent_on(url: str, app: SimulatorApp, speaking: Client) -> None:
    assert len((await speaking.servers()).items) == 12
    assert "moved=1" in app.received[1].query
    assert len(app.received) == 2
    assert (await create(app, speaking)).name == "new"


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
    whole = {key_of(app, s) for s in app.world.list_snapshots(app.world.account)}
    for sweep in range(3):
        listing = await speaking.snapshots()
        assert not listing.settled
        came = {s.id for s in listing.items}
        assert len(whole - came) == (1 if sweep % 2 else 0)


@scenario("lost-page")
async def _lost(url: str, app: SimulatorApp, speaking: Client) -> None:
    listing = await speaking.snapshots()
    assert listing.items
    assert not listing.settled
    assert [r.status for r in app.received] == [200, 404]


@scenario("etags")
async def _tags(url: str, app: SimulatorApp, speaking: Client) -> None:
    first, *more = [await speaking.snapshots() for _ in range(3)]  # the second in larger pages
    assert [listing.items for listing in more] == [first.items, first.items]
    assert app.received[-1].status == 304
    await create(app, speaking)
    assert len((await speaking.snapshots()).items) == len(first.items) + 1
    assert app.received[-1].status == 200


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
    bad = 4 * len(app.received)  # on each page
    assert len(listing.problems) == bad
    assert len(listing.items) == len(app.world.list_snapshots(app.world.account)) - bad


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
        await speaking.restore_snapshot(target(app))
    assert app.world.find_server(app.world.account, mail(app)).restoring_until == 0


@scenario("rival-deletes")
async def _rival(url: str, app: SimulatorApp, speaking: Client) -> None:
    with pytest.raises(NotFound):
        await speaking.restore_snapshot(target(app))
    assert await speaking.delete_snapshot(target(app, "golden-image")) is False


@scenario("busy-colleague")
async def _busy(url: str, app: SimulatorApp, speaking: Client) -> None:
    seen = {frozenset((s.id, s.name) for s in (await speaking.snapshots()).items) for _ in range(6)}
    assert len(seen) >= 5
    with demo("busy-colleague", dialect=app.dialect) as (again, _):
        async with client(again) as other:
            theirs = {
                frozenset((s.id, s.name) for s in (await other.snapshots()).items) for _ in range(6)
            }
    assert seen == theirs, "the same seed, the same deeds"


def _fate(status: str | None) -> Check:
    async def check(url: str, app: SimulatorApp, speaking: Client) -> None:
        begun = await create(app, speaking)
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
    begun = await create(app, speaking)
    assert begun.id not in {s.id for s in (await speaking.snapshots(mail(app))).items}
    app.world.advance(31)
    assert begun.id in {s.id for s in (await speaking.snapshots(mail(app))).items}


@scenario("stuck-restore")
async def _restoring(url: str, app: SimulatorApp, speaking: Client) -> None:
    await speaking.restore_snapshot(target(app))
    app.world.advance(86_400)
    assert (await speaking.server(mail(app))).status == "restoring"


@scenario("restore-stays-stopped")
async def _stopped(url: str, app: SimulatorApp, speaking: Client) -> None:
    await speaking.restore_snapshot(target(app))
    app.world.advance(900)
    assert (await speaking.server(mail(app))).status == "stopped"


@scenario("late-power", "stuck-power")
async def _powerless(url: str, app: SimulatorApp, speaking: Client) -> None:
    told = []
    await speaking.power(mail(app), "stop")
    for seconds in (599, 1, 86_400):
        app.world.advance(seconds)
        told.append((await speaking.server(mail(app))).status)
    then = "active" if app.received[0].struck == ("stuck-power",) else "stopped"
    assert told == ["active", then, then]


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
    assert (await speaking.server(mail(app))).name == "mail"


@scenario(*VAST)
async def _vast(url: str, app: SimulatorApp, speaking: Client) -> None:
    listing = await speaking.snapshots()
    assert listing.settled
    assert len(listing.items) > 49_000
    assert len(app.world.servers) in (10_000, 20_000)
