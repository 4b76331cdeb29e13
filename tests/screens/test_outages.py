"""Whatever the service does, the dashboard says what it knows, how old it is, and what is wrong."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path

import pytest
import trustme

from tests.helpers.clocks import FakeClock
from tests.helpers.driving import at_rest, dashboard, live, session, shown, told, until
from tests.helpers.faulty import faulty, http
from tests.helpers.service import Answer, fleet, page, saying, snapshot
from tests.helpers.watching import watching
from tui.app import CiplunApp
from tui.screens.dashboard.screen import Dashboard
from tui.screens.dialogs.prompt import AskDialog
from tui.widgets.snapshot_table import SnapshotTable

pytestmark = pytest.mark.usefixtures("short_limits")

GOOD = fleet([snapshot(1), snapshot(2, status="in_progress")], [{"id": 10, "name": "web"}])
HTML = "<html><body>Bad Gateway</body></html>"


def always(answer: bytes) -> Answer:
    return lambda method, path: answer


def trickle(method: str, path: str) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    for _ in range(40):
        time.sleep(0.05)
        yield b" "


def flood(method: str, path: str) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n"
    for _ in range(100):
        yield b" " * 65536


WHOLE = GOOD("GET", "/api/v1/snapshots/")
assert isinstance(WHOLE, bytes)
BOMB = gzip.compress(b" " * 20_000_000)
FAULTS: dict[str, tuple[Answer, str]] = {
    "hangs up": (always(b""), "could not be read"),
    "trickles": (trickle, "no answer in time"),
    "floods": (flood, "larger than"),
    "a bomb": (always(http(BOMB, "200 OK", "Content-Encoding: gzip")), "compressed"),
    "cut short": (always(WHOLE[:-40]), "could not"),
    "half a list": (always(http(b'{"count": 2, "results": [{"id": 1}')), "could not be read"),
    "html": (always(http(HTML, content_type="text/html")), "could not be read"),
    "empty": (always(http("")), "could not be read"),
    "not utf-8": (always(http(b'\xff\xfe{"results": []}')), "could not be read"),
    "500": (always(http(HTML, "500 X")), "answered 500"),
    "502": (always(http(HTML, "502 X")), "answered 502"),
    "503": (always(http(HTML, "503 X")), "answered 503"),
    "504": (always(http(HTML, "504 X")), "answered 504"),
    "moved": (always(http("", "301 X", "Location: https://example.org/")), "answered 301"),
    "403": (always(http('{"detail": "Not for you."}', "403 X")), "Not for you."),
    "400": (always(http('{"detail": "Nonsense."}', "400 X")), "Nonsense."),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_the_last_data_stays_and_the_screen_says_why(
    tmp_path: Path, clock: FakeClock, name: str
) -> None:
    fault, words = FAULTS[name]
    with saying(GOOD) as said:
        app = watching(said.url, tmp_path, clock)
        async with app.run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            said.answer = fault
            await clock.advance(130)
            await until(pilot, lambda: board.fleet.freshness.error is not None)
            await clock.advance(60)
            await until(pilot, lambda: re.search(r"offline · data [34] min old", shown(pilot)))
            screen = shown(pilot)
            assert words in screen
            assert "next try in" in screen or "trying again" in screen
            assert "snap-1" in screen
            assert "snap-2" in screen
            assert board.query_one(SnapshotTable).has_class("-stale")
            await pilot.press("D")
            assert any("not live" in toast for toast in told(pilot))
            said.answer = GOOD
            async with asyncio.timeout(30):
                while "live · just now" not in shown(pilot):  # a request may still be on its way
                    await clock.advance(5)
                    await pilot.pause()
            assert not board.query_one(SnapshotTable).has_class("-stale")


async def test_nobody_there_is_tried_for_ever_and_at_once_on_r(
    tmp_path: Path, clock: FakeClock
) -> None:
    app = watching("http://127.0.0.1:9", tmp_path, clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "could not reach 127.0.0.1:9" in shown(pilot))
        for _ in range(12):
            await clock.advance(61)
            await until(pilot, lambda: session(pilot).store.fleet.freshness.next_try)
            left = (session(pilot).store.fleet.freshness.next_try or 0) - clock.monotonic()
            assert 0 < left <= 60
        with saying(GOOD) as said:
            app.session.live.client.exchange.base_url = said.url + "/"  # type: ignore[union-attr]
            await pilot.press("r")
            await live(pilot)
            assert "snap-1" in shown(pilot)


@pytest.mark.parametrize(
    ("header", "words"),
    [("7", "in 7s"), ("300", "in 5 min"), ("31536000", "in 15 min"), ("-5", "in 2s"),
     ("soon", "in 2s"), (None, "in 2s"), ("a date", "in 2 min")],
)  # fmt: skip
async def test_too_many_requests(
    tmp_path: Path,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    header: str | None,
    words: str,
) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)
    now = clock.wall()
    if header == "a date":
        header = formatdate(now + 120, usegmt=True)
    told = [f"Retry-After: {header}"] if header else []
    date = f"Date: {formatdate(now, usegmt=True)}"
    throttled = http('{"detail": "Request was throttled."}', "429 X", date, *told)
    with saying(always(throttled)) as said:
        app = watching(said.url, tmp_path, clock)
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: "Request was throttled." in shown(pilot))
            await until(pilot, lambda: f"next try {words}" in shown(pilot))
            await at_rest(pilot)
            asked = len(said.requests)
            await clock.advance(1)
            await at_rest(pilot)
            assert len(said.requests) == asked
            said.answer = GOOD
            await pilot.press("r")  # told to wait, but the admin may insist
            await live(pilot)


async def test_a_refused_token_whose_source_has_another_one_is_replaced_unasked(
    tmp_path: Path, clock: FakeClock
) -> None:
    file = tmp_path / "token"
    file.write_text("vps_first")
    file.chmod(0o600)
    with saying(GOOD) as said:
        more = {"VPS_API_TOKEN": "", "CIPLUN_TOKEN_FILE": "~/token"}
        async with watching(said.url, tmp_path, clock, more).run_test(size=(120, 40)) as pilot:
            await live(pilot)
            refused = http('{"detail": "Invalid token."}', "401 X")

            def answer(method: str, path: str) -> bytes | Iterator[bytes]:
                good = b"Bearer vps_second" in said.heads[-1]
                return GOOD(method, path) if good else refused  # type: ignore[return-value]

            said.answer = answer
            await clock.advance(130)
            await until(pilot, lambda: "not authorised" in shown(pilot))
            assert "environment CIPLUN_TOKEN_FILE: file ~/token: put another there" in shown(pilot)
            await at_rest(pilot)
            asked = len(said.requests)
            await clock.advance(30 * 24 * 3600)
            await at_rest(pilot)
            assert len(said.requests) == asked
            file.write_text("vps_second")
            await pilot.press("r")
            await live(pilot)
            file.write_text("vps_third")
            said.answer = lambda method, path: (
                GOOD(method, path) if b"vps_third" in said.heads[-1] else refused
            )
            await clock.advance(130)
            await until(pilot, lambda: b"vps_third" in said.heads[-1])
            await until(pilot, lambda: "live" in shown(pilot))


async def test_what_needs_a_connection_says_so_until_there_is_one(
    tmp_path: Path, clock: FakeClock
) -> None:
    more = {"VPS_API_TOKEN": "", "CIPLUN_TOKEN_FILE": "~/token"}
    with saying(GOOD) as said:
        async with watching(said.url, tmp_path, clock, more).run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: "~/token" in shown(pilot))
            assert session(pilot).live is None
            for key in ("plus", "exclamation_mark", "c", "R", "D", "x", "p"):
                await pilot.press(key)
                assert isinstance(pilot.app.screen, Dashboard), key
            assert sum("not connected yet" in text for text in told(pilot)) == 6
            file = tmp_path / "token"
            file.write_text("vps_first")
            file.chmod(0o600)
            await pilot.press("r")
            await live(pilot)
            await pilot.press("plus")
            assert isinstance(pilot.app.screen, AskDialog)


@pytest.mark.parametrize("status", ["403 X", "404 X"])
async def test_without_a_list_of_servers_they_are_known_from_their_snapshots(
    tmp_path: Path, clock: FakeClock, status: str
) -> None:
    no = http('{"detail": "No such thing."}', status)
    answer = fleet([snapshot(1)], others={("GET", "/servers/"): no, ("GET", "/account/"): no})
    with saying(answer) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            await until(pilot, lambda: "no server list" in shown(pilot))
            assert "web" in shown(pilot)
            assert "create" not in board.refusals()
            await pilot.press("plus")
            await pilot.press("7", "7", "enter")
            await until(pilot, lambda: "77" in board.servers.cursor_row.server.name)  # type: ignore[union-attr]
            await clock.advance(130)
            assert "77" in shown(pilot)


async def test_a_broken_account_page_stops_nothing(tmp_path: Path, clock: FakeClock) -> None:
    answer = fleet([snapshot(1)], others={("GET", "/account/"): http(HTML, "500 X")})
    with saying(answer) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            await live(pilot)
            await until(pilot, lambda: ("GET", "/api/v1/account/me/") in said.requests)
            await clock.advance(30)
            assert "live" in shown(pilot)


async def test_a_forbidden_write_greys_the_keys_until_r(tmp_path: Path, clock: FakeClock) -> None:
    no = http('{"detail": "Not with this token."}', "403 X")
    servers = [{"id": 10, "name": "web"}]
    with saying(fleet([snapshot(1)], servers, {("POST", "/"): no})) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            assert board.refusals() == {}
            await pilot.press("c")
            await pilot.press("enter")
            await until(pilot, lambda: "Not with this token." in shown(pilot))
            await pilot.press("escape")
            await until(pilot, lambda: set(board.refusals()) == {"create", "restore", "delete"})
            await pilot.press("R")
            assert any("Not with this token." in toast for toast in told(pilot))
            assert said.count("POST") == 1
            await pilot.press("r")
            await until(pilot, lambda: board.refusals() == {})


@pytest.mark.parametrize(
    ("permissions", "words"),
    [(["servers:read"], "may only read"), (["dns:*"], "may not write"), (["servers:*"], ""),
     (["*:*"], ""), ([], "")],
)  # fmt: skip
async def test_what_the_token_may_not_do_is_greyed(
    tmp_path: Path, clock: FakeClock, permissions: list[str], words: str
) -> None:
    account = http(json.dumps({"account": {}, "token": {"permissions": permissions}}))
    with saying(fleet([snapshot(1)], others={("GET", "/account/"): account})) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            await until(pilot, lambda: board.fleet.account is not None)
            await pilot.press("2")
            refusals = board.refusals()
            assert set(refusals) == ({"create", "restore", "delete"} if words else set())
            assert all(words in reason for reason in refusals.values())
            await pilot.press("space", "D")
            await until(pilot, lambda: not words or any(words in t for t in told(pilot)))
            assert said.count("DELETE") == 0


@pytest.mark.parametrize("skew", [-86_400.0, -3_600.0, 3_600.0, 86_400.0])
async def test_ages_are_by_the_service_s_clock(
    tmp_path: Path, clock: FakeClock, skew: float
) -> None:
    service = clock.wall() + skew
    made = datetime.fromtimestamp(service, UTC) - timedelta(minutes=7)
    body = json.dumps({"count": 1, "results": [snapshot(1, created_at=made.isoformat())]})

    def answer(method: str, path: str) -> bytes | Iterator[bytes]:
        date = f"Date: {formatdate(service + clock.monotonic() - 1_000, usegmt=True)}"
        return http(body, "200 OK", date) if "/snapshots/" in path else GOOD(method, path)  # type: ignore[return-value]

    with saying(answer) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            await live(pilot)
            await until(pilot, lambda: "7 min ago" in shown(pilot))
            clock.set_back(7_200)
            await clock.advance(120)
            async with asyncio.timeout(30):
                while "9 min ago" not in shown(pilot):  # an answer may have been on its way
                    await pilot.press("r")
                    dashboard(pilot).ticking.tick()
                    await pilot.pause(0.05)
            assert "future" not in shown(pilot)


async def test_a_date_that_no_calendar_has_is_not_believed(
    tmp_path: Path, clock: FakeClock
) -> None:
    for date in ("Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "noon"):
        good = page([snapshot(1)]).replace(b"\r\n", f"\r\nDate: {date}\r\n".encode(), 1)
        with saying(fleet(others={("GET", "/snapshots/"): good})) as said:
            async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
                await live(pilot)
                await clock.advance(5)
                assert "days ago" in shown(pilot)


async def test_after_a_sleep_it_asks_once_at_once(tmp_path: Path, clock: FakeClock) -> None:
    with saying(fleet([snapshot(1)], [{"id": 10, "name": "web"}])) as said:
        async with watching(said.url, tmp_path, clock).run_test(size=(120, 40)) as pilot:
            board = await live(pilot)
            await until(pilot, lambda: board.fleet.account is not None)
            await at_rest(pilot)
            await until(pilot, lambda: clock._sleepers)
            asked = len(said.requests)
            said.answer = fleet([snapshot(1), snapshot(2)], [{"id": 10, "name": "web"}])
            await clock.jump(8 * 3600)
            await until(pilot, lambda: "snap-2" in shown(pilot))
            await clock.advance(1)
            await at_rest(pilot)
            assert len(said.requests) == asked + 2


def served_by(ca: trustme.CA, name: str, expired: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    until_when = datetime.now(UTC) - timedelta(days=1) if expired else None
    ca.issue_cert(name, not_after=until_when).configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("name", "known", "expired", "words"),
    [
        ("localhost", False, False, "unable to get local issuer certificate"),
        ("other.example", True, False, "Hostname mismatch"),
        ("localhost", True, True, "certificate has expired"),
        ("localhost", True, False, "live"),
    ],
)
async def test_certificates(
    tmp_path: Path,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    known: bool,
    expired: bool,
    words: str,
) -> None:
    ca = trustme.CA()
    if known:
        ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with faulty(http('{"results": []}'), tls=served_by(ca, name, expired)) as server:
        app: CiplunApp = watching(server.url, tmp_path, clock)
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: words in shown(pilot))
            if words != "live":
                assert "certificate was refused" in shown(pilot)
                assert server.requests == []
                await dashboard(pilot).run_action("refresh")
