"""After a restore: whether the server that ran before runs again is said, and it can be started."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.helpers.places import Place
from tui.cli import main
from tui.simulator.web import Hook
from tui.simulator.world import World


class SeenRestoring(Hook):
    """Lets a restore end once it has been shown."""

    async def after(self, request: Request, response: Response, world: World) -> Response:
        now = world.clock.now()
        restoring = any(server.status(now) == "restoring" for server in world.servers.values())
        if request.method == "GET" and "/servers/" in request.url.path and restoring:
            world.clock.advance(3_600)
        return response


@pytest.mark.parametrize("start", [False, True])
def test_a_server_that_ran_before_and_stands_stopped(
    simulated: Place,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    start: bool,
) -> None:
    monkeypatch.setattr("tui.fleet.writes.power_status.PAUSE", 0.05)
    monkeypatch.setattr("tui.fleet.writes.evidence.SOONEST", {"active": 0.1, "stopped": 0.1})
    monkeypatch.setattr("tui.fleet.writes.evidence.READINGS", 0.1)
    monkeypatch.setattr("os.environ", {**simulated.environ, "CIPLUN_POLL_BUSY": "1"})
    simulated.service.hooks.append(SeenRestoring())
    simulated.world.after_restore = "stopped"
    found = simulated.snapshot("before-rspamd")
    restore = ["restore", str(found.id), "--server", "mail", "--yes"]
    assert main.run([*restore, "--start-after" if start else "--wait"]) == 0
    out, err = capsys.readouterr()
    assert "mail is restored from before-rspamd" in out
    assert ("mail runs again" in out) is start
    assert ("mail ran before its restore: it is stopped" in err) is not start
    status = found.server.status(simulated.world.clock.now())
    assert status == ("active" if start else "stopped")
