"""Simulated services and sessions for the tests, over real HTTP on loopback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from tests.helpers.clocks import FakeClock
from tests.helpers.stage import staged
from tui.app import CiplunApp
from tui.config.settings import Options, Settings, load
from tui.session.session import Session
from tui.simulator.clock import VirtualClock
from tui.simulator.demo import demo_fleet
from tui.simulator.objects import SimServer, SimSnapshot
from tui.simulator.web import SimulatorApp
from tui.simulator.world import World

TOKEN = "vps_0123456789abcdef"
NOON = 1_737_547_200.0  # 2025-01-22 12:00 UTC


@dataclass
class Place:
    """A running simulator whose clock stands still, and the settings that lead to it."""

    url: str
    world: World
    service: SimulatorApp
    environ: dict[str, str]
    clock: FakeClock

    def settings(self, **changes: object) -> Settings:
        return replace(load(Options(), self.environ), **changes)

    def session(self, settings: Settings | None = None) -> Session:
        session = Session(settings or self.settings(), self.environ, clock=self.clock)
        session.host = "admin.vps.org"  # the port of the simulator differs in each run
        return session

    def app(self, **changes: object) -> CiplunApp:
        settings = self.settings(**changes)
        return CiplunApp(Options(), settings, self.environ, make_session=self.session)

    async def pass_time(self, seconds: float) -> None:
        """Let it pass for the provider, and then for the program."""
        self.world.clock.advance(seconds)
        await self.clock.advance(seconds)

    def server(self, name: str) -> SimServer:
        """The one of this name."""
        return next(s for s in self.world.servers.values() if s.name == name)

    def snapshot(self, name: str) -> SimSnapshot:
        """The first of this name."""
        return next(s for s in self.world.snapshots.values() if s.name == name)

    def status(self, name: str) -> str:
        """What the provider would call its status now."""
        return self.server(name).status(self.world.clock.now())

    def key(self, thing: SimServer | SimSnapshot) -> int | str:
        """What a server or snapshot is called in the service's dialect."""
        return thing.uuid if self.service.dialect == "client" else thing.id

    def sent(self, method: str = "POST") -> list[str]:
        """The paths of the requests of a method, as the service got them."""
        return [r.path for r in self.service.received if r.method == method]


@contextmanager
def place(home: Path, *, fleet: bool = True, dialect: str = "docs") -> Iterator[Place]:
    world = World(VirtualClock(0.0, NOON))
    world.add_token(TOKEN)
    if fleet:
        demo_fleet(world)
    service = SimulatorApp(world, dialect)
    with staged(service) as url:
        environ = {
            "HOME": str(home),
            "VPS_API_URL": url,
            "VPS_API_TOKEN": TOKEN,
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        }
        yield Place(url, world, service, environ, FakeClock(NOON))


def dated(simulated: Place, server: str, ages: Sequence[float], name: str = "nightly") -> list[str]:
    """A new server with snapshots of these ages in days; returns their ids, in the same order."""
    found = simulated.world.add_server(server)
    made = [
        simulated.world.add_snapshot(found, f"{name}-2025-01-{22 - int(days):02}", hours=days * 24)
        for days in ages
    ]
    return [str(simulated.key(snapshot)) for snapshot in made]


def held(simulated: Place, name: str) -> int:
    """How many snapshots a server has."""
    return len(simulated.world.by_server[simulated.server(name).id])
