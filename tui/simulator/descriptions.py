"""Servers, snapshots and backups as somebody describes them: in a file, or by administration.

A description is JSON. Ids, uuids, names, states and ages may be given; what is left out is made up.
"""

from __future__ import annotations

import json
import re
import uuid as uuids
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from tui.simulator import encode
from tui.simulator.clock import LATEST, moment_of
from tui.simulator.objects import Json, Refusal, SimBackup, SimServer, SimSnapshot
from tui.simulator.options import WrongOption
from tui.simulator.rules import RESTORE_SECONDS
from tui.simulator.servers import delete_server
from tui.simulator.world import World

T = TypeVar("T")
READY_IN: Final = 300.0
"""Seconds until a snapshot is done that is described as being in progress."""
_AGE: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(s|m|h|d|w)")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LONGEST_FILE: Final = 64 * 1024 * 1024


def load(world: World, path: Path) -> None:
    """Fill a world from a file: ``{"servers": [...]}``. Raises WrongOption with one sentence."""
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_FILE)
        described = json.loads(text)
    except OSError as error:
        raise WrongOption(f"fleet {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise WrongOption(f"fleet {path}: {error}") from None
    fill(world, described, f"fleet {path}")


def fill(world: World, described: object, where: str = "fleet") -> None:
    """Fill a world as described. Raises WrongOption with one sentence."""
    servers = described.get("servers") if isinstance(described, Mapping) else None
    if not isinstance(servers, list):
        raise WrongOption(f'{where}: not an object with a list of "servers"')
    for number, one in enumerate(servers, 1):
        try:
            make_server(world, one)
        except Refusal as refusal:
            raise WrongOption(f"{where}: server {number}: {json.dumps(refusal.body)}") from None


def make(world: World, dialect: str, kind: str, described: object) -> Json:
    """A ``server``, ``snapshot`` or ``backup``; gives what the API says of it in a dialect."""
    if kind == "server":
        return encode.server_json(world, make_server(world, described), dialect)
    if kind == "snapshot":
        return encode.snapshot_json(world, make_snapshot(world, described), dialect)
    return encode.backup_json(world, make_backup(world, described), dialect)


def make_server(world: World, described: object) -> SimServer:
    """A server with its snapshots and backups; a Refusal names the fields that are wrong."""
    fields = _Fields(described)
    facts: dict[str, object] = {
        name: value
        for name, value in (
            ("id", fields.take("id", _id)),
            ("uuid", fields.take("uuid", _uuid)),
            ("location", fields.take("location", _text)),
            ("os", fields.take("os", _text)),
            ("address", fields.take("address", _text)),
            *((size, fields.take(size, _id)) for size in ("vcpus", "memory", "storage")),
        )
        if value is not None
    }
    name = fields.take("name", _text, needed=True)
    status = fields.take("status", _text) or "active"
    now = world.clock.now()
    facts["created_at"] = now - fields.age(now, 200.0 * 86_400)
    snapshots, backups = (fields.take(of, _list) or [] for of in ("snapshots", "backups"))
    fields.check()
    _check_new(facts.get("id") in world.servers, facts.get("uuid") in world.by_uuid)
    server = world.add_server(name or "", **facts)
    server.power = "active" if status == "restoring" else status
    if status == "restoring":
        server.restoring_until = now + RESTORE_SECONDS[0]
    world.save(server)
    try:
        for one in snapshots:
            make_snapshot(world, one, server)
        for one in backups:
            make_backup(world, one, server)
    except Refusal:
        delete_server(world, server.account, server.uuid)
        raise
    return server


def make_snapshot(world: World, described: object, server: SimServer | None = None) -> SimSnapshot:
    """A snapshot of a server, which the description names by id, uuid or name where it is alone."""
    fields = _Fields(described)
    server = server or fields.server(world)
    key, uuid = fields.take("id", _id), fields.take("uuid", _uuid)
    name = fields.take("name", _text, needed=True)
    status = fields.take("status", _text) or "completed"
    size = fields.take("size_mb", _id)
    description = fields.take("description", _text)
    busy = status == "in_progress"
    ready_in = fields.take("ready_in", _seconds) if busy else None
    age = fields.age(world.clock.now(), 0.0 if busy else 86_400.0)
    fields.check()
    _check_new(key in world.snapshots, uuid in world.by_uuid)
    return world.add_snapshot(
        fields.known(server),
        name or "",
        key=key,
        uuid=uuid or "",
        hours=age / 3600,
        size_mb=size,
        description=description or "",
        outcome="completed" if busy else status,
        ready_in=READY_IN if busy and ready_in is None else ready_in,
    )


def make_backup(world: World, described: object, server: SimServer | None = None) -> SimBackup:
    """A backup of a server, described as a snapshot is."""
    fields = _Fields(described)
    server = server or fields.server(world)
    kind = fields.take("backup_type", _text) or "manual"
    size = fields.take("size_mb", _id)
    description = fields.take("description", _text)
    expires_in = fields.take("expires_in", _seconds)
    age = fields.age(world.clock.now(), 86_400.0)
    fields.check()
    try:
        return world.add_backup(
            fields.known(server),
            kind,
            size or 1024,
            hours=age / 3600,
            description=description or "",
            expires_in=expires_in,
        )
    except ValueError as error:
        raise Refusal(400, {"detail": str(error)}) from None


def _check_new(id_known: bool, uuid_known: bool) -> None:
    known = [name for name, is_known in (("id", id_known), ("uuid", uuid_known)) if is_known]
    if known:
        raise Refusal(400, {name: ["There is one already."] for name in known})


class _Fields:
    """The fields of one description, taken one after the other; what is left over is unknown."""

    def __init__(self, described: object) -> None:
        if not isinstance(described, Mapping):
            raise Refusal(400, {"detail": "Not an object."})
        self._left = dict(described)
        self._errors: dict[str, list[str]] = {}

    def take(self, name: str, read: Callable[[object], T], *, needed: bool = False) -> T | None:
        """A field, or None where it is not given or wrong."""
        if name not in self._left:
            if needed:
                self._errors[name] = ["This field is required."]
            return None
        try:
            return read(self._left.pop(name))
        except (ValueError, OverflowError) as error:
            self._errors[name] = [str(error)]
            return None

    def age(self, now: float, usual: float) -> float:
        """Seconds since the thing was made: ``age``, or ``created_at``, or what is usual."""
        created = self.take("created_at", _moment)
        age = self.take("age", _seconds)
        if created is not None:
            return now - created
        return usual if age is None else age

    def server(self, world: World) -> SimServer | None:
        """The server that is named by ``server``."""
        named = self.take("server", lambda value: value, needed=True)
        found = [s for s in world.servers.values() if named in (s.id, s.uuid, s.name)]
        if len(found) != 1 and "server" not in self._errors:
            words = "There is no such server." if not found else "Several have this name."
            self._errors["server"] = [words]
        return found[0] if len(found) == 1 else None

    def check(self) -> None:
        """Refuse what was wrong."""
        self._errors |= {str(name): ["Unknown field."] for name in self._left}
        if self._errors:
            raise Refusal(400, self._errors)

    @staticmethod
    def known(server: SimServer | None) -> SimServer:
        """The server, which is there once `check` has passed."""
        if server is None:
            raise Refusal(400, {"server": ["There is no such server."]})
        return server


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("Not a valid string.")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("Not a list.")
    return value


def _id(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**53:
        raise ValueError("A positive integer is required.")
    return value


def _uuid(value: object) -> str:
    try:
        return str(uuids.UUID(_text(value)))
    except ValueError:
        raise ValueError("Must be a valid UUID.") from None


def _seconds(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e10:
        return float(value)
    match = _AGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("Not a time such as 90, 15m, 36h or 7d.")
    return float(match[1]) * _UNITS[match[2]]


def _moment(value: object) -> float:
    try:
        return min(moment_of(_text(value)), LATEST)
    except ValueError:
        raise ValueError("Not a time such as 2025-01-15T18:30:00Z.") from None
