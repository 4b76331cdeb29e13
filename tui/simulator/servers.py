"""What only the provider's own client is known to do: make, resize and delete servers, and backups.

No published page tells of these rules; all of them are assumed.
"""

from __future__ import annotations

import uuid

from tui.simulator.catalogue import LOCATIONS, PLANS, VERSIONS, Plan
from tui.simulator.fields import read_new_server, read_plan
from tui.simulator.objects import Account, Json, Refusal, SimBackup, SimServer
from tui.simulator.rules import BACKUP_SECONDS, DEPLOY_SECONDS, MANUAL_BACKUPS, duration
from tui.simulator.world import World


def create_server(world: World, account: Account, fields: Json) -> SimServer:
    """Begin a server: it is stopped until it is deployed, then active."""
    wanted = read_new_server(fields)
    place = next((one for one in LOCATIONS if one.id == wanted.location), None)
    plan = _plan(wanted.plan)
    errors = {
        name: [f'Invalid pk "{key}" - object does not exist.']
        for name, key, found in (
            ("location", wanted.location, place),
            ("plan", wanted.plan, plan),
            ("os_version", wanted.system, VERSIONS.get(wanted.system)),
        )
        if found is None
    }
    if errors or place is None or plan is None:
        raise Refusal(400, errors)
    now = world.clock.now()
    ready = now + duration(DEPLOY_SECONDS, plan.storage, world.random.uniform(0.8, 1.2))
    return world.add_server(
        wanted.hostname,
        account=account,
        power="stopped",
        power_next="active",
        power_at=ready,
        deployed_at=ready,
        location=place.name,
        os=VERSIONS[wanted.system],
        created_at=now,
        **plan.size,
    )


def delete_server(world: World, account: Account, key: object) -> None:
    """Delete a server with all snapshots and backups of it."""
    server = world.find_server(account, key)
    for snapshot in list(world.by_server[server.id].values()):
        world.remove(snapshot)
    for backup in [b for b in world.backups.values() if b.server is server]:
        world.remove(backup)
    world.remove(server)


def resize_server(world: World, account: Account, key: object, fields: Json) -> SimServer:
    """Give a server another size, at once."""
    server = world.find_server(account, key)
    wanted = read_plan(fields)
    plan = _plan(wanted)
    if plan is None:
        raise Refusal(400, {"plan": [f'Invalid pk "{wanted}" - object does not exist.']})
    _settled(world, server)
    server.vcpus, server.memory, server.storage = plan.vcpus, plan.memory, plan.storage
    server.updated_at = world.clock.now()
    world.save(server)
    return server


def create_backup(world: World, account: Account, key: object) -> SimBackup:
    """Begin a backup by hand: at most ten of a server are kept."""
    server = world.find_server(account, key)
    _settled(world, server)
    if len(world.list_backups(account, server, "manual")) >= MANUAL_BACKUPS:
        words = f"Backup limit reached. Maximum {MANUAL_BACKUPS} manual backups per server."
        raise Refusal(400, {"detail": words})
    seconds = duration(BACKUP_SECONDS, server.storage, world.random.uniform(0.8, 1.2))
    return world.add_backup(server, "manual", server.storage * 115, hours=0.0, ready_in=seconds)


def _settled(world: World, server: SimServer) -> None:
    if server.status(world.clock.now()) in ("restoring", "suspended"):
        raise Refusal(400, {"detail": "Server is not in a valid state for this action."})


def _plan(key: str) -> Plan | None:
    return next((plan for plan in PLANS if plan.uuid == str(uuid.UUID(key))), None)
