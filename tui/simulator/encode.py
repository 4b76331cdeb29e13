"""What the simulated service says of its objects, in each dialect of the real one."""

from __future__ import annotations

import json
from typing import Final

from tui.simulator.catalogue import told_size
from tui.simulator.objects import Account, Json, SimBackup, SimServer, SimSnapshot, TokenInfo
from tui.simulator.world import World


def server_json(world: World, server: SimServer, dialect: str) -> Json:
    """A server in a list: as published, or flat as the provider's clients are given it."""
    common: Json = {
        "hostname": server.name,
        "status": server.status(world.clock.now()),
        "created_at": world.told(server.created_at),
        "updated_at": world.told(server.updated_at or server.created_at),
    }
    if dialect == "client":
        return {
            **_clients_server(world, server),
            **common,
            "location_name": server.location,
            "plan_name": f"VPS-{server.vcpus}",
            "os_name": server.os,
        }
    return {
        "id": server.id,
        "name": server.name,
        **common,
        "ip_address": server.address,
        "location": server.location,
        "plan": {
            "id": server.vcpus,
            "name": f"VPS-{server.vcpus}",
            "vcpus": server.vcpus,
            "memory": server.memory,
            "storage": server.storage,
        },
        "os": {"id": 1, "name": server.os},
    }


def _clients_server(world: World, server: SimServer) -> Json:
    """What the clients read of a server in lists and by itself."""
    return {
        "uuid": server.uuid,
        "ip_address": server.address,
        "ipv4_addresses": [server.address],
        "ipv6_addresses": [f"2001:db8::{server.id:x}"],
        "deployed": world.clock.now() >= server.deployed_at,
    }


def server_bytes(world: World, server: SimServer, dialect: str) -> bytes:
    """A server as JSON text, kept for each state: nothing else changes by itself."""
    if world.clock.skew:
        return dump(server_json(world, server, dialect))
    now = world.clock.now()
    key = f"{dialect} {server.status(now)} {now >= server.deployed_at}"
    kept = server.encoded.get(key)
    if kept is None:
        kept = server.encoded[key] = dump(server_json(world, server, dialect))
    return kept


def server_detail(world: World, server: SimServer, dialect: str) -> Json:
    """One server by itself: the clients are given objects then, and told its password."""
    found = server_json(world, server, dialect)
    if dialect != "client":
        return found
    for flat in ("location_name", "plan_name", "os_name"):
        del found[flat]
    return {
        **found,
        "ip_addresses": [{"version": 4, "ip": server.address}],
        "location": {"name": server.location},
        "plan": told_size(server),
        "operating_system_version": {"name": server.os},
        "password": f"secret-of-{server.id}",
    }


def snapshot_json(world: World, snapshot: SimSnapshot, dialect: str) -> Json:
    """A snapshot; its size is known once it is completed."""
    status = snapshot.status(world.clock.now())
    return {
        **_whose(snapshot, dialect),
        "name": snapshot.name,
        "status": status,
        "size_mb": snapshot.size_mb if status == "completed" else None,
        "created_at": world.told(snapshot.created_at),
        "description": snapshot.description,
    }


def _whose(thing: SimSnapshot | SimBackup, dialect: str) -> Json:
    server = thing.server
    if dialect == "client":
        return {"uuid": thing.uuid, "server_uuid": server.uuid, "server_hostname": server.name}
    return {"id": thing.id, "server": {"id": server.id, "name": server.name}}


def snapshot_bytes(world: World, snapshot: SimSnapshot, dialect: str) -> bytes:
    """A snapshot as JSON text, kept once it can no longer change by itself."""
    if world.clock.skew:
        return dump(snapshot_json(world, snapshot, dialect))
    kept = snapshot.encoded.get(dialect)
    if kept is None:
        kept = dump(snapshot_json(world, snapshot, dialect))
        if world.clock.now() >= snapshot.ready_at:
            snapshot.encoded[dialect] = kept
    return kept


def backup_json(world: World, backup: SimBackup, dialect: str) -> Json:
    """A backup looks like a snapshot without a name."""
    ends, status = backup.expires_at, backup.status(world.clock.now())
    return {
        **_whose(backup, dialect),
        "backup_type": backup.kind,
        "status": status,
        "size_mb": backup.size_mb if status == "completed" else None,
        "created_at": world.told(backup.created_at),
        "expires_at": None if ends is None else world.told(ends),
        "description": backup.description,
    }


def backup_bytes(world: World, backup: SimBackup, dialect: str) -> bytes:
    """A backup as JSON text."""
    return dump(backup_json(world, backup, dialect))


def account_json(world: World, info: TokenInfo) -> Json:
    """The account and the token that asked."""
    account: Account = info.account
    return {
        "account": {
            "email": account.email,
            "first_name": account.first_name,
            "last_name": account.last_name,
            "company_name": account.company_name,
            "created_at": world.told(account.created_at),
        },
        "token": {"name": info.name, "permissions": list(info.permissions)},
    }


def restore_json(world: World, snapshot: SimSnapshot, dialect: str) -> Json:
    """The answer to an accepted restore."""
    found = snapshot_json(world, snapshot, dialect)
    key = "uuid" if dialect == "client" else "id"
    server = server_json(world, snapshot.server, dialect)
    return {
        "status": "success",
        "message": "Snapshot restore initiated. This may take 5-15 minutes.",
        "snapshot": {name: found[name] for name in (key, "name", "created_at")},
        "server": {key: server[key], "name": snapshot.server.name, "status": "restoring"},
    }


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dump(value: object) -> bytes:
    """JSON as the service writes it: compact, UTF-8, and half a surrogate pair as its escape."""
    return _ENCODER.encode(value).encode("utf-8", "backslashreplace")
