"""A world that outlives its process."""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path

import pytest

from tests.helpers.simulators import demo_world
from tui.simulator.building import build
from tui.simulator.objects import Account
from tui.simulator.options import SimulatorOptions
from tui.simulator.state import StateError, StateFile
from tui.simulator.world import World


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "world.db"


def restart(path: Path, world: World, speed: float = 0.0) -> World:
    """Another process opens what this one kept."""
    assert isinstance(world.keeper, StateFile)
    world.keeper.close()
    file = StateFile(path)
    again = file.load(speed, 1)
    assert again is not None
    file.follow(again)
    return again


def kept(path: Path) -> World:
    world = demo_world()
    world.add_token("vps_of_nobodys_server", account=Account("empty@example.net"))
    StateFile(path).follow(world)
    return world


def facts(world: World) -> object:
    now = world.clock.now()
    return (
        [(s.id, s.uuid, s.name, s.account.email, s.status(now)) for s in world.servers.values()],
        [
            (s.id, s.uuid, s.server.id, s.name, s.status(now), s.size_mb, s.created_at)
            for s in world.list_snapshots(world.account)
        ],
        [(b.id, b.server.id, b.kind, b.expires_at) for b in world.backups.values()],
        {token: (info.account.email, info.permissions) for token, info in world.tokens.items()},
        now,
    )


def test_everything_is_as_it_was(path: Path) -> None:
    world = kept(path)
    mail = next(s for s in world.servers.values() if s.name == "mail")
    world.add_token("vps_reader", "servers:read")
    world.create(world.account, {"server_id": mail.id, "name": "new"})
    world.delete(world.account, next(iter(world.snapshots)))
    world.power(world.account, mail.id, "stop")
    world.advance(30)
    before = facts(world)
    assert facts(restart(path, world)) == before


def test_a_create_ends_at_its_own_time_whatever_happens_between(path: Path) -> None:
    world = kept(path)
    server = next(s for s in world.servers.values() if s.name == "mail")
    begun = world.create(world.account, {"server_id": server.id, "name": "new"})
    left = begun.ready_at - world.clock.now()
    world.advance(left - 1)
    world = restart(path, world)
    again = world.find_snapshot(world.account, begun.id)
    assert again.status(world.clock.now()) == "in_progress"
    world.advance(1)
    world = restart(path, world)
    assert world.find_snapshot(world.account, begun.id).status(world.clock.now()) == "completed"


def test_ids_are_never_given_twice(path: Path) -> None:
    world = kept(path)
    server = next(s for s in world.servers.values() if s.name == "mail")
    first = world.create(world.account, {"server_id": server.id, "name": "new"})
    world.delete(world.account, first.id)
    world = restart(path, world)
    second = world.create(world.account, {"server_id": server.id, "name": "new"})
    assert second.id > first.id
    assert second.uuid != first.uuid


def test_time_goes_on_while_nobody_serves(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wall = 1_000_000.0
    monkeypatch.setattr("time.time", lambda: wall)
    world = kept(path)
    world.clock.speed = 60.0
    world.save()
    before = world.clock.now()
    wall += 10
    again = restart(path, world, speed=0.0)
    assert again.clock.now() - before == pytest.approx(600, abs=60)


def test_the_file_is_its_owners_and_used_by_one(path: Path) -> None:
    world = kept(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(StateError, match="another simulator uses it"):
        StateFile(path)
    restart(path, world)


@pytest.mark.parametrize("content", [b"this is no database at all, but long enough" * 20, None])
def test_a_file_that_is_none_is_refused_and_left_alone(path: Path, content: bytes | None) -> None:
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(StateError, match=r"world\.db"):
        StateFile(path)
    assert content is None or path.read_bytes() == content


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE thing (a)")
    with pytest.raises(StateError, match="not a simulator's"):
        StateFile(path).load(1.0, 1)


def test_the_tokens_and_the_fleet_are_kept_and_not_made_again(path: Path) -> None:
    options = SimulatorOptions(servers=3, state=path, scenarios=("full-fleet",))
    app, tokens = build(options)
    app.world.delete(app.world.account, next(iter(app.world.snapshots)))
    assert isinstance(app.world.keeper, StateFile)
    app.world.keeper.close()
    again, same = build(SimulatorOptions(state=path))
    assert same == tokens
    assert len(set(dataclasses.astuple(tokens)) - {None}) == 3
    assert len(again.world.list_servers(again.world.account)) == 3
    assert len(again.world.list_snapshots(again.world.account)) == 14
    assert isinstance(again.world.keeper, StateFile)
    again.world.keeper.close()
    other, given = build(SimulatorOptions(state=path, tokens=("vps_given",)))
    assert given.owner == "vps_given"
    assert {tokens.owner, "vps_given"} <= set(other.world.tokens)
