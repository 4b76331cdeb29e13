"""`watch`: a line for each event, also of what others did; an outage is an event and no end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.helpers.clocks import eventually, settle
from tests.helpers.fakes import server
from tests.helpers.places import Place, held
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal
from tui.cli.output import output
from tui.cli.watch import Watch
from tui.cli.watched import Watched
from tui.config.settings import Settings
from tui.fleet.health import Rules
from tui.fleet.state import Fleet, ServerView
from tui.session.session import Session
from tui.simulator.scenarios import hooks


async def lines(
    place: Place, capsys: pytest.CaptureFixture[str], wanted: str, printed: list[str]
) -> None:
    """Let time pass until a line has been printed."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        printed += capsys.readouterr().out.splitlines()
        if any(wanted in line for line in printed):
            return
        await place.clock.advance(5)
        await asyncio.sleep(0.02)
    raise AssertionError(f"never said: {wanted}\n{printed}")


@asynccontextmanager
async def watching(
    place: Place, settings: Settings | None = None, *, as_json: bool = False
) -> AsyncIterator[tuple[Session, asyncio.Task[int]]]:
    """The command in this process, on a session of its own."""
    output.begin()
    session = place.session(settings)
    live = await session.open()
    task = asyncio.create_task(Watch(session, live, Rules(), as_json=as_json).run())
    try:
        yield session, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await session.close()


def test_a_server_that_is_seen_at_last_is_not_called_new() -> None:
    watched = Watched(Rules())
    web, db, mail = (ServerView(server(n)) for n in (1, 2, 3))
    watched.look(Fleet(servers={1: web}, servers_whole=False), 0.0)
    assert watched.look(Fleet(servers={1: web, 2: db}), 1.0) == []
    (event,) = watched.look(Fleet(servers={1: web, 2: db, 3: mail}), 2.0)
    assert event.name == "appeared"


@pytest.mark.parametrize("as_json", [False, True])
async def test_events_and_an_outage(
    simulated: Place, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    printed: list[str] = []
    async with watching(simulated, as_json=as_json) as (session, task):
        await lines(simulated, capsys, "watching 12 servers", printed)
        assert any(", 9 with a problem" in line for line in printed)
        mail = simulated.server("mail")
        fields = {"server_id": mail.id, "name": "by-a-colleague"}
        made = simulated.world.create(simulated.world.account, fields)
        await lines(simulated, capsys, "mail: new snapshot by-a-colleague", printed)
        simulated.world.clock.advance(700)
        await lines(simulated, capsys, "mail: completed: snapshot by-a-colleague", printed)
        web = simulated.server("web-server-01")
        await lines(simulated, capsys, "web-server-01: no problem any more", printed)
        web.power = "stopped"
        await lines(simulated, capsys, "web-server-01: stopped, was active", printed)
        target = next(s for s in session.store.fleet.servers.values() if s.server.name == "mail")
        assert session.live is not None
        await session.live.operations.protect(target.snapshots[0], on=True)
        kept = f"mail: snapshot {target.snapshots[0].name} is protected here"
        await lines(simulated, capsys, kept, printed)
        simulated.service.hooks += hooks(["error-503"])
        await lines(simulated, capsys, "offline: ", printed)
        simulated.service.hooks.clear()
        simulated.world.remove(made)
        await lines(simulated, capsys, "live again after ", printed)
        await lines(simulated, capsys, "mail: gone: snapshot by-a-colleague", printed)
        for snapshot in list(simulated.world.by_server[mail.id].values()):
            simulated.world.remove(snapshot)
        await lines(simulated, capsys, "mail: no completed snapshot", printed)
        simulated.world.tokens.clear()
        await lines(simulated, capsys, "Invalid token", printed)
        assert await asyncio.wait_for(task, 10) == 4
    if as_json:
        events = [json.loads(line) for line in printed]
        found = next(e for e in events if e["event"] == "appeared")
        assert (found["server"], found["snapshot"]) == ("mail", "by-a-colleague")
        assert all({"at", "event", "text"} <= event.keys() for event in events)


async def test_lists_that_never_agree_are_said_once_and_when_they_do_again(
    simulated: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    simulated.service.hooks += hooks(["wrong-count"])
    printed: list[str] = []
    async with watching(simulated):
        await lines(simulated, capsys, "not complete: the lists changed", printed)
        simulated.service.hooks.clear()
        await lines(simulated, capsys, "complete again", printed)
        assert sum("not complete" in line for line in printed) == 1


async def test_each_event_runs_the_user_s_command_once_over_restarts(
    simulated: Place, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    script = 'echo "$CIPLUN_EVENT|$CIPLUN_SERVER|$1" >> "$0"'
    settings = simulated.settings(on_event=("sh", "-c", script, str(told)), remember=True)

    async def watch(*, until: str, meanwhile: Callable[[], object]) -> None:
        async with watching(simulated, settings) as (session, _):
            await eventually(lambda: session.store.fleet.freshness.live)
            await settle(20)
            meanwhile()
            async with asyncio.timeout(30):
                while not (told.exists() and until in told.read_text()):
                    await simulated.pass_time(20)
                    await asyncio.sleep(0.02)

    mail = simulated.server("mail")

    def full() -> None:
        for n in range(held(simulated, "mail"), 5):
            simulated.world.add_snapshot(mail, f"by-hand-{n}", hours=1)

    await watch(until="full", meanwhile=full)
    await watch(until="refused", meanwhile=simulated.world.tokens.clear)
    found = told.read_text().splitlines()
    assert found.count("full|mail|full: no free slot on mail") == 1
    assert found[-1] == "refused||the token is refused"
    assert len({*found}) == len(found), "each once"


def test_ctrl_c_ends_it(simulated: Place, tmp_path: Path) -> None:
    surroundings = simulated.environ | environ(tmp_path)
    with Terminal([*CIPLUN, "watch"], surroundings) as terminal:
        terminal.until("watching 12 servers")
        terminal.send("\x03")
        assert terminal.wait(5) == 130
        assert "Traceback" not in terminal.text()
