"""Operations and protection belong to the account itself, not to a profile's or address's name."""

from __future__ import annotations

import asyncio
import shutil
import stat
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.helpers.places import TOKEN, Place
from tui.config.settings import Options, load
from tui.fleet.identity import Identity, by_token, machine_key, place
from tui.fleet.journal.journal import Journal
from tui.fleet.operation import Kind, Operation, State
from tui.fleet.state import Sighting
from tui.fleet.writes.operations import Refused
from tui.session.connection import Connection
from tui.session.session import Session
from tui.simulator.objects import Account
from tui.simulator.scenarios import hooks
from tui.simulator.web import Hook
from tui.simulator.world import World
from tui.vps.models import Snapshot
from tui.vps.token import Token

SECOND = "vps_of_the_same_account"
STRANGER = "vps_of_another_account"


@pytest.mark.parametrize(
    "spelling",
    [
        "http://LOCALHOST:8000/api/v1",
        "http://127.0.0.1:8000/api/v1/",
        "http://127.1.2.3:8000",
        "http://[::1]:8000/",
        "http://[::ffff:127.0.0.1]:8000/api/v1",
        "http://localhost.:8000",
    ],
)
def test_one_address_has_one_spelling(spelling: str) -> None:
    assert place(spelling) == place("http://localhost:8000")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://admin.vps.org", "https://ADMIN.vps.org.:443/api/v1/", True),
        ("https://admin.vps.org", "https://admin.vps.org:8443", False),
        ("https://admin.vps.org", "https://admin.vps.org/other", False),
        ("http://localhost:1", "https://localhost:1", False),
        ("http://localhost:1", "http://localhost:2", False),
    ],
)
def test_what_makes_an_address_another_one(one: str, other: str, same: bool) -> None:
    assert (place(one) == place(other)) is same


def test_a_token_leaves_a_fingerprint_that_needs_a_key(tmp_path: Path) -> None:
    url, one, other = "https://a.example", Token("vps_one"), Token("vps_two")
    names = [by_token(t.fingerprint, url, "", tmp_path).name for t in (one, other, one)]
    assert names[0] == names[2] != names[1]
    key = tmp_path / "identity.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [key]
    key.unlink()
    assert by_token(one.fingerprint, url, "", tmp_path).name != names[0], "without the key nobody"


def test_where_no_key_can_be_kept_it_lasts_as_long_as_the_process(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    one = Token("vps_one").fingerprint
    names = {by_token(one, "https://a.example", "", tmp_path / "file").name for _ in range(2)}
    assert len(names) == 1


def test_threads_that_need_the_key_at_once_have_the_same(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def key(folder: Path) -> bytes | None:
        together.wait()
        return machine_key(folder)

    with ThreadPoolExecutor(8) as threads:
        for folder in [tmp_path / str(turn) for turn in range(10)]:
            keys = set(threads.map(key, [folder] * 8))
            assert keys == {(folder / "identity.key").read_bytes()}
            assert len(list(folder.iterdir())) == 1


# -- over HTTP ------------------------------------------------------------------------------------


@asynccontextmanager
async def opened(simulated: Place, **changes: str) -> AsyncIterator[tuple[Session, Connection]]:
    environ = {**simulated.environ, **changes}
    session = Session(load(Options(), environ), environ, clock=simulated.clock)
    try:
        yield session, await session.open()
    finally:
        await session.close()


async def old_one(live: Connection, server: str = "mail") -> Snapshot:
    return next(s for s in (await live.client.snapshots()).items if s.server_name == server)


def port(simulated: Place) -> str:
    return simulated.url.split(":")[2].split("/")[0]


@pytest.fixture
def accounts(simulated: Place) -> Place:
    simulated.world.add_token(SECOND)
    simulated.world.add_token(STRANGER, account=Account("stranger@example.org"))
    return simulated


@pytest.mark.parametrize(
    "other",
    [
        {"VPS_API_TOKEN": SECOND},
        {"VPS_API_URL": "http://localhost:{port}"},
        {"VPS_API_URL": "http://LOCALHOST:{port}/api/v1/", "VPS_API_TOKEN": SECOND},
    ],
)
async def test_another_token_or_spelling_of_one_account_knows_what_is_open(
    accounts: Place, other: dict[str, str]
) -> None:
    changes = {name: value.format(port=port(accounts)) for name, value in other.items()}
    async with opened(accounts) as (_, first), opened(accounts, **changes) as (_, second):
        target = await old_one(first)
        await first.operations.protect(target, on=True)
        await first.operations.restore(target)
        for world in accounts.world.servers.values():
            world.restoring_until = 0.0  # a service that does not show it
        with pytest.raises(Refused, match="protected here"):
            await second.operations.delete(target)
        with pytest.raises(Refused, match=r"restore of .* is open on mail \(accepted"):
            await second.operations.restore(target)
        assert len(second.operations.running()) == 1
        assert len(accounts.sent()) == 1
        assert accounts.sent("DELETE") == []


async def test_another_account_s_token_in_one_profile_settles_nothing(accounts: Place) -> None:
    accounts.service.hooks += hooks(["lost-request:1"])
    async with opened(accounts) as (session, live):
        server = next(s for s in (await live.client.servers()).items if s.name == "mail")
        lost = await live.operations.create(server, "lost")
        assert lost.state is State.UNKNOWN
    async with opened(accounts, VPS_API_TOKEN=STRANGER) as (session, live):
        await live.operations.identify()
        assert live.operations.running() == []
        for _ in range(12):
            await accounts.clock.advance(100)
            asked_at = session.clock.monotonic()
            listing = await live.client.snapshots()
            await live.operations.observe(Sighting(listing.items, True, asked_at))
        assert await live.operations.history() == []
    async with opened(accounts) as (_, live):
        assert [o.state for o in live.operations.running()] == [State.UNKNOWN]


async def test_a_token_that_changes_while_it_runs_settles_nothing_of_the_former(
    accounts: Place,
) -> None:
    accounts.service.hooks += hooks(["lost-request:1"])
    async with opened(accounts) as (session, live):
        server = next(s for s in (await live.client.servers()).items if s.name == "mail")
        lost = await live.operations.create(server, "lost")
        changed = {**accounts.environ, "VPS_API_TOKEN": STRANGER}
        session._connector.access._settings = load(Options(), changed)
        assert await session._connector.renew()
        for _ in range(3):
            await accounts.clock.advance(100)
            asked_at = session.clock.monotonic()
            await live.operations.observe(Sighting((), True, asked_at))
        found = await live.operations.journal.get(lost.id)
        assert found is not None
        assert found.state is State.UNKNOWN


class Mute(Hook):
    """Does not say whose the token is."""

    def __init__(self, status: int) -> None:
        self.status = status

    async def before(self, request: Request, world: World) -> Response | None:
        if self.status and request.url.path.endswith("/account/me/"):
            return JSONResponse({"detail": "no"}, self.status)
        return None


@pytest.mark.parametrize("status", [403, 404, 500, 503])
async def test_what_was_begun_before_the_account_was_known_is_its_own(
    accounts: Place, status: int
) -> None:
    mute = Mute(status)
    accounts.service.hooks.append(mute)
    async with opened(accounts) as (_, live):
        target = await old_one(live)
        await live.operations.restore(target)
    mute.status = 0
    for world in accounts.world.servers.values():
        world.restoring_until = 0.0
    async with opened(accounts) as (_, again):
        assert len(again.operations.running()) == 1, "by its token"
        await again.operations.identify()
    async with opened(accounts, VPS_API_TOKEN=SECOND) as (_, other):
        with pytest.raises(Refused, match="is open on mail"):
            await other.operations.delete(target)
    assert accounts.sent("DELETE") == []


async def test_after_a_loss_of_everything_two_sessions_know_that_they_are_of_one_account(
    accounts: Place,
) -> None:
    """The key went too, so that each calls the account otherwise."""
    folder = Path(accounts.environ["HOME"], ".local/state/ciplun")
    async with opened(accounts) as (_, before):
        target = await old_one(before)
        await before.operations.identify()
        shutil.rmtree(folder)
        await before.operations.refresh()
        await accounts.pass_time(901)  # as long as something may be going on
        await before.operations.restore(target)
        for world in accounts.world.servers.values():
            world.restoring_until = 0.0
        async with opened(accounts) as (_, after):
            assert after.operations.account != before.operations.account
            with pytest.raises(Refused, match="is open on mail"):
                await after.operations.delete(target)
    assert accounts.sent("DELETE") == []


async def test_what_an_older_journal_holds_is_carried_over_to_the_first_of_its_profile(
    accounts: Place,
) -> None:
    settings = accounts.settings()
    folder = Path(accounts.environ["HOME"], ".local/state/ciplun")
    async with opened(accounts) as (_, live):
        target = await old_one(live)
    journal = Journal(folder / "journal.sqlite3")
    former = Operation(
        id=0,
        kind=Kind.RESTORE,
        state=State.INTENT,
        account=settings.account,
        server_id=target.server_id,
        server_name="mail",
        snapshot_id=target.id,
        snapshot_name=target.name,
        asked_at=accounts.clock.wall(),
    )
    begun = await journal.begin(former)
    await journal.protect(settings.account, target.id, "by hand", on=True)
    async with opened(accounts) as (_, live):
        with pytest.raises(Refused, match="protected here"):
            await live.operations.delete(target)
        with pytest.raises(Refused, match="is open on mail"):
            await live.operations.restore(target)
        assert [o.id for o in await live.operations.history()] == [begun.id]
    async with opened(accounts, VPS_API_TOKEN=STRANGER) as (_, live):
        await live.operations.identify()
        assert await live.operations.history() == [], "it has an owner"
    await journal.close()


async def test_nothing_read_waits_for_the_account(accounts: Place) -> None:
    asked = asyncio.Event()

    class Slow(Hook):
        async def before(self, request: Request, world: World) -> Response | None:
            if request.url.path.endswith("/account/me/"):
                asked.set()
                await asyncio.sleep(60)
            return None

    accounts.service.hooks.append(Slow())
    async with opened(accounts) as (_, live):
        assert (await old_one(live)).server_name == "mail"
        assert live.operations.running() == []
        assert not asked.is_set()


def test_the_demo_asks_nobody() -> None:
    assert Identity("demo").url == ""


def test_the_token_is_nowhere(accounts: Place) -> None:
    async def write() -> None:
        async with opened(accounts) as (_, live):
            server = next(s for s in (await live.client.servers()).items if s.name == "mail")
            await live.operations.create(server, "kept")

    asyncio.run(write())
    folder = Path(accounts.environ["HOME"], ".local/state/ciplun")
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert TOKEN.encode() not in content
    assert b"kept" in content
