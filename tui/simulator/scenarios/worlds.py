"""Scenarios that are a state of the world: full, empty, vast, or mistakable."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request

from tui.simulator.demo import large_fleet
from tui.simulator.rules import SLOTS
from tui.simulator.scenarios.base import Scenario, edited, of, prepared, reads
from tui.simulator.world import World


def _full(world: World) -> None:
    for server in world.list_servers(world.account):
        for number in range(SLOTS - len(world.by_server[server.id])):
            world.add_snapshot(server, f"filler-{number + 1}", hours=24.0 * (number + 2))


def _vast(servers: int) -> Scenario:
    def begin(world: World) -> None:
        large_fleet(world, max(0, servers - len(world.servers)))

    words = {10_000: "ten-thousand-servers", 20_000: "hundred-thousand-snapshots"}
    return prepared(words[servers], f"{servers:,} servers, five snapshots on each", begin)


def _look_alike(world: World) -> None:
    if any(server.name == "db-O1" for server in world.servers.values()):
        return
    for name in ("db-01", "db-O1", "db-\u04301"):
        server = world.add_server(name)
        world.add_snapshot(server, "web-server-01")
        world.add_snapshot(server, "before-update")
        world.add_snapshot(server, "before-update", hours=48.0)


def _power(word: str) -> Scenario:
    def begin(world: World) -> None:
        for server in world.list_servers(world.account):
            server.power, server.power_next, server.restoring_until = word, "", 0.0
            world.save(server)

    return prepared(f"all-{word}", f"every server is {word}", begin)


def _unlisted(answer: Any, request: Request) -> Any:
    if isinstance(answer, list):
        return []
    return {**answer, "count": 0, "next": None, "results": []}


SCENARIOS: Final[tuple[Scenario, ...]] = (
    prepared("full-fleet", "every server has five snapshots", _full),
    _power("suspended"),
    _power("stopped"),
    prepared("look-alikes", "servers and snapshots that are easily mistaken", _look_alike),
    edited(
        "unlisted-servers",
        "snapshots whose servers no list names",
        _unlisted,
        lambda request: (
            reads(request) and of("servers")(request) and request.url.path.endswith("/servers/")
        ),
        hypothetical=True,
    ),
    _vast(10_000),
    _vast(20_000),
)
