"""What goes on in the demo by itself."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.helpers.simulators import demo_world
from tui.simulator.building import build
from tui.simulator.objects import SimServer
from tui.simulator.options import SimulatorOptions
from tui.simulator.rules import SLOTS
from tui.simulator.script import DAY, MINUTE, NIGHTLY, Script
from tui.simulator.world import World


def named(world: World, name: str) -> SimServer:
    return next(s for s in world.servers.values() if s.name == name)


def statuses(world: World, server: str) -> dict[str, str]:
    now = world.clock.now()
    held = world.by_server[named(world, server).id].values()
    return {s.name: s.status(now) for s in held}


def played(steps: Iterable[float]) -> World:
    """The demo's world after its script has been gone on with at these seconds."""
    world, script = demo_world(), Script()
    script.begin(world)
    at = 0.0
    for step in steps:
        world.advance(step - at)
        at = step
        script.go_on(world)
    return world


def test_the_first_half_minute_shows_what_a_monitor_is_for() -> None:
    """At 60x a second is a minute."""
    night, crm, replica = "nightly-2025-01-22", "legacy-crm", "db-02-replica"
    begun = played([0])
    assert statuses(begun, crm)[night] == "in_progress"
    (hanging,) = (s for s in begun.snapshots.values() if s.server.name == crm and s.name == night)
    assert begun.clock.now() - hanging.created_at == 22 * MINUTE, "overdue: twice ten minutes"
    assert statuses(begun, replica)[night] == "in_progress"
    soon = played([9 * MINUTE])
    assert statuses(soon, replica)[night] == "failed"
    assert statuses(soon, "mail")[night] == "completed"
    assert "nightly-1" not in statuses(soon, "db-01"), "the oldest made room"
    later = played([30 * MINUTE])
    assert statuses(later, crm)[night] == "in_progress"
    assert "before-php-8_4" in statuses(later, "shop-production-eu-central-1")
    assert "season-1" not in statuses(later, "games")
    assert statuses(later, replica)[f"{night}-again"] == "completed"
    assert named(later, "shop-staging").status(later.clock.now()) == "restoring"
    assert statuses(played([40 * MINUTE]), crm)[night] == "completed"


@pytest.mark.parametrize("days", [1, 10])
def test_it_makes_no_difference_how_often_somebody_asks(days: int) -> None:
    def told(world: World) -> list[tuple[str, str, float, float, str]]:
        return sorted(
            (s.server.name, s.name, s.created_at, s.ready_at, s.outcome)
            for s in world.snapshots.values()
        )

    end = days * DAY + 60 * MINUTE
    often = played([n * 7 * MINUTE for n in range(int(end // (7 * MINUTE)))] + [end])
    assert told(often) == told(played([end]))


def test_it_keeps_the_rules_for_weeks() -> None:
    world, script = demo_world(), Script()
    script.begin(world)
    for _ in range(21 * 24):
        world.advance(3600)
        script.go_on(world)
        assert max(map(len, world.by_server.values())) <= SLOTS
    assert statuses(world, "web-server-02") == {}, "that is for whoever tries it"
    now = world.clock.now()
    for name in NIGHTLY:
        newest = max(s.created_at for s in world.by_server[named(world, name).id].values())
        assert now - newest < DAY + 60 * MINUTE
        kept = sum(s.startswith("nightly-") for s in statuses(world, name))
        assert kept == (SLOTS if name == "db-01" else 2)
    assert len(script._due) < 20


def test_what_a_user_does_meanwhile_stands_in_nobodys_way() -> None:
    world, script = demo_world(), Script()
    script.begin(world)
    for snapshot in list(world.snapshots.values())[::2]:
        world.remove(snapshot)
    world.remove(named(world, "vpn-gateway"))
    named(world, "mail").power = "suspended"
    for server in world.list_servers(world.account):
        for n in range(SLOTS - len(world.by_server[server.id])):
            world.add_snapshot(server, f"mine-{n}")
    for _ in range(100):
        world.advance(3600)
        script.go_on(world)
    assert max(map(len, world.by_server.values())) <= SLOTS


def test_only_the_demo_has_it() -> None:
    options = SimulatorOptions(environment=False)
    assert build(options)[0].hooks == []
    app, _ = build(SimulatorOptions(environment=False, script=True, scenarios=("error-500",)))
    assert [type(hook).__name__ for hook in app.hooks] == ["Script", "_Instead"]
