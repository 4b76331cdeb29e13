"""Scenarios of power actions: accepted, and then late or without effect."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tui.simulator.objects import NEVER
from tui.simulator.scenarios.base import Afterwards, Asked, Scenario, of
from tui.simulator.web import Hook
from tui.simulator.world import World

LATE: Final = 600.0


def powers(request: Request) -> bool:
    """Requests to start or stop a server."""
    path = request.url.path
    return request.method == "POST" and of("servers")(request) and path.endswith("/power/")


def _until(seconds: float, asked: Asked) -> Hook:
    """The action is accepted; its effect is so many virtual seconds away."""

    def change(request: Request, response: Response, world: World) -> Response:
        key = request.url.path.split("/")[4]
        for server in world.servers.values():
            if response.status_code == 200 and key in (str(server.id), server.uuid):
                server.power_at = world.clock.now() + seconds
                world.save(server)
        return response

    return Afterwards(change, powers, asked, last=False)


SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario(
        "late-power",
        f"power actions take {LATE:g} virtual seconds",
        lambda asked: _until(asked.seconds, asked),
        hypothetical=True,
        seconds=LATE,
    ),
    Scenario(
        "stuck-power",
        "power actions are accepted and have no effect",
        lambda asked: _until(NEVER, asked),
        hypothetical=True,
    ),
)
