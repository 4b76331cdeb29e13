"""Simulators in a thread, and clients of them, for the tests here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.helpers.stage import staged
from tui.simulator.clock import VirtualClock
from tui.simulator.demo import demo_fleet, neighbours
from tui.simulator.scenarios import hooks
from tui.simulator.web import Hook, SimulatorApp
from tui.simulator.world import World
from tui.vps.client import Client
from tui.vps.exchange import Limits
from tui.vps.token import Token

TOKEN = "vps_0123456789abcdef"
OTHER = "vps_fedcba9876543210"
NOON = 1_737_547_200.0  # 2025-01-22 12:00 UTC
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def demo_world() -> World:
    """The demo fleet and a neighbour, at a noon that does not pass."""
    world = World(VirtualClock(0.0, NOON))
    world.add_token(TOKEN)
    demo_fleet(world)
    neighbours(world)
    account = next(s.account for s in world.servers.values() if s.account is not world.account)
    world.add_token(OTHER, account=account)
    return world


@contextmanager
def demo(*scenarios: str, dialect: str = "docs") -> Iterator[tuple[str, SimulatorApp]]:
    """The demo world, served with scenarios."""
    app = SimulatorApp(demo_world(), dialect)
    app.play(hooks(scenarios))
    with staged(app) as url:
        yield url, app


@asynccontextmanager
async def client(url: str, token: str = TOKEN, **limits: float) -> AsyncIterator[Client]:
    """The product's own client, ready to speak."""
    speaking = Client(url, Token(token), limits=Limits(**limits))  # type: ignore[arg-type]
    try:
        yield speaking
    finally:
        await speaking.aclose()


class Silence(Hook):
    """Carries a create out, and then keeps quiet."""

    async def after(self, request: object, response: object, world: object) -> object:  # type: ignore[override]
        if request.method == "POST":  # type: ignore[attr-defined]
            await asyncio.sleep(60)
        return response


class Missing(Hook):
    """A service without the routes that end so."""

    def __init__(self, end: str) -> None:
        self.end = end

    async def before(self, request: Request, world: World) -> Response | None:
        if request.url.path.endswith(self.end):
            return JSONResponse({"detail": "Not found."}, 404)
        return None


class Hidden(Hook):
    """Lists no snapshot called lost."""

    async def after(self, request: Request, response: Response, world: World) -> Response:
        for snapshot in world.snapshots.values():
            if snapshot.name == "lost":
                snapshot.listed_at = float("inf")
        return response
