"""The simulated provider: accounts, servers and snapshots, and the published rules for them.

Nothing here knows of HTTP. What takes time is derived from the clock: a snapshot is in progress
until its moment comes, and nobody has to be told.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from typing import Final

from tui.simulator.clock import VirtualClock, compact, iso
from tui.simulator.fields import read_create
from tui.simulator.listing import Lists
from tui.simulator.objects import (
    Account,
    Json,
    Keeper,
    Kept,
    Refusal,
    SimBackup,
    SimServer,
    SimSnapshot,
    TokenInfo,
    not_found,
)
from tui.simulator.rate import Rate
from tui.simulator.rules import (
    CREATE_SECONDS,
    MANUAL_BACKUPS,
    RESTORE_SECONDS,
    SLOTS,
    duration,
    free_address,
)

MOST_SECONDS: Final = 1e9
"""Virtual seconds that pass at once at most; thirty years."""


class World:
    """Everything the provider has, and what it lets be done."""

    def __init__(self, clock: VirtualClock | None = None, seed: int = 1) -> None:
        self.clock = clock or VirtualClock()
        self.random = random.Random(seed)  # noqa: S311 - a repeatable world, not a secret
        self.tokens: dict[str, TokenInfo] = {}
        self.servers: dict[int, SimServer] = {}
        self.snapshots: dict[int, SimSnapshot] = {}
        self.backups: dict[int, SimBackup] = {}
        self.by_server: dict[int, dict[int, SimSnapshot]] = {}
        self.by_uuid: dict[str, SimServer | SimSnapshot] = {}
        self.account = Account("admin@example.org")
        self.next_outcome = "completed"
        self.after_restore: str | None = None
        self.power_seconds: Mapping[str, float] = {}
        self.rate: Rate | None = None
        self.keeper: Keeper | None = None
        self.changes = 0
        self._lists = Lists(self)
        self.last_ids = {"server": 12_344, "snapshot": 799, "backup": 400}

    # -- building ------------------------------------------------------------------

    def add_token(self, token: str, *permissions: str, account: Account | None = None) -> None:
        """Let a token in. No permissions named means all of ``servers:*``."""
        info = TokenInfo(account or self.account, permissions or ("servers:*",), token=token)
        self.tokens[token] = info
        self.save(info.account, info)

    def account_of(self, email: str) -> Account:
        """The account with an address; a new and empty one where there is none."""
        known = [self.account, *(i.account for i in self.tokens.values())]
        known += [s.account for s in self.servers.values()]
        return next((a for a in known if a.email == email), None) or Account(email)

    def add_server(self, name: str, **facts: object) -> SimServer:
        """A new server of the world's first account, or of ``account``; with any ``id``."""
        key = self._id("server", facts.pop("id", None))
        facts.setdefault("account", self.account)
        facts.setdefault("created_at", self.clock.now() - 200 * 86_400)
        facts.setdefault("address", free_address(len(self.servers) + 1))
        facts.setdefault("uuid", self._uuid())
        server = SimServer(key, name, **facts)  # type: ignore[arg-type]
        self.keep_server(server)
        self.save(server)
        return server

    def add_snapshot(
        self,
        server: SimServer,
        name: str,
        *,
        hours: float = 24.0,
        size_mb: int | None = None,
        description: str = "",
        outcome: str = "completed",
        ready_in: float | None = None,
        uuid: str = "",
        key: int | None = None,
    ) -> SimSnapshot:
        """A snapshot taken `hours` ago; with `ready_in`, still that many seconds from done."""
        now = self.clock.now()
        snapshot = SimSnapshot(
            self._id("snapshot", key),
            server,
            name,
            created_at=now - hours * 3600,
            ready_at=now + ready_in if ready_in is not None else now - hours * 3600 + 300,
            size_mb=size_mb or self._size(server),
            description=description,
            outcome=outcome,
            uuid=uuid or self._uuid(),
        )
        self.keep_snapshot(snapshot)
        self.save(snapshot)
        return snapshot

    def add_backup(
        self,
        server: SimServer,
        kind: str,
        size_mb: int,
        *,
        hours: float = 24.0,
        description: str = "",
        expires_in: float | None = None,
        ready_in: float = 0.0,
    ) -> SimBackup:
        """A backup taken `hours` ago; `kind` is ``manual`` or ``automatic``."""
        made = self.list_backups(server.account, server, "manual")
        if kind == "manual" and len(made) >= MANUAL_BACKUPS:
            raise ValueError(f"{server.name} has {MANUAL_BACKUPS} manual backups already")
        key, now = self._id("backup"), self.clock.now()
        backup = SimBackup(
            key,
            server,
            kind,
            created_at=now - hours * 3600,
            size_mb=size_mb,
            description=description,
            expires_at=None if expires_in is None else now + expires_in,
            uuid=str(uuid.uuid5(uuid.UUID(server.uuid), f"backup {key}")),
            ready_at=now + ready_in if ready_in else 0.0,
        )
        self.backups[key] = backup
        self.save(backup)
        return backup

    def keep_server(self, server: SimServer) -> None:
        """Enter a server that has its id."""
        self.changes += 1
        self.servers[server.id] = server
        self.by_server[server.id] = {}
        self.by_uuid[server.uuid] = server

    def keep_snapshot(self, snapshot: SimSnapshot) -> None:
        """Enter a snapshot that has its id."""
        self.changes += 1
        self.snapshots[snapshot.id] = snapshot
        self.by_server[snapshot.server.id][snapshot.id] = snapshot
        self.by_uuid[snapshot.uuid] = snapshot

    def save(self, *things: Kept) -> None:
        """Note that these have changed; a state file has them before anybody is answered."""
        self.changes += 1
        for thing in things:
            if isinstance(thing, SimSnapshot | SimServer):
                thing.encoded.clear()
        if self.keeper is not None:
            self.keeper.save(*things)

    def advance(self, seconds: float) -> None:
        """Let virtual time pass at once; ValueError where it would go back, or on for ever."""
        if not 0 <= seconds <= MOST_SECONDS:  # nor is NaN
            raise ValueError(f"Ensure this value is from 0 to {MOST_SECONDS:,.0f}.")
        self.clock.advance(seconds)
        self.save()

    def _id(self, what: str, given: object = None) -> int:
        """The next id, or the given one: no later one is smaller."""
        key = given if isinstance(given, int) else self.last_ids[what] + 1
        self.last_ids[what] = max(self.last_ids[what], key)
        return key

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _size(self, server: SimServer) -> int:
        return int(server.storage * 1024 * self.random.uniform(0.05, 0.4))

    # -- asking ----------------------------------------------------------------------

    def find_server(self, account: Account, key: object) -> SimServer:
        """A server by id or uuid; another account's is as good as none."""
        server = self.by_uuid.get(str(key)) or self.servers.get(_number(key))
        if not isinstance(server, SimServer) or server.account is not account:
            raise not_found()
        return server

    def find_snapshot(self, account: Account, key: object) -> SimSnapshot:
        """A snapshot by id or uuid."""
        snapshot = self.by_uuid.get(str(key)) or self.snapshots.get(_number(key))
        if (
            not isinstance(snapshot, SimSnapshot)
            or snapshot.server.account is not account
            or self.clock.now() >= snapshot.gone_at
        ):
            raise not_found()
        return snapshot

    def list_servers(self, account: Account) -> list[SimServer]:
        """All servers of an account, oldest first; not to be changed."""
        return self._lists.servers(account)

    def list_snapshots(
        self, account: Account, server: SimServer | None = None
    ) -> list[SimSnapshot]:
        """All snapshots of an account or of one server, the last made first; not to be changed."""
        return self._lists.snapshots(account, server)

    def held(self, server: SimServer, moment: float) -> list[SimSnapshot]:
        """What takes the slots of a server at a moment, whatever a list shows."""
        return [s for s in self.by_server[server.id].values() if moment < s.gone_at]

    def list_backups(
        self, account: Account, server: SimServer | None = None, kind: str | None = None
    ) -> list[SimBackup]:
        """All backups of an account, newest first, or of one server or kind."""
        return self._lists.backups(account, server, kind)

    # -- changing ----------------------------------------------------------------------

    def create(self, account: Account, fields: Json, **how: bool) -> SimSnapshot:
        """Begin a snapshot, or refuse as the published page says; `how` as in `read_create`."""
        wanted = read_create(fields, **how)
        server = self.find_server(account, wanted.server)
        now = self.clock.now()
        if server.status(now) in ("restoring", "suspended"):
            raise Refusal(400, {"detail": "Server is not in a valid state for a snapshot."})
        if len(self.held(server, now)) >= SLOTS:
            raise Refusal(
                400, {"detail": f"Snapshot limit reached. Maximum {SLOTS} snapshots per server."}
            )
        seconds = duration(CREATE_SECONDS, server.storage, self.random.uniform(0.8, 1.2))
        snapshot = SimSnapshot(
            self._id("snapshot"),
            server,
            wanted.name or f"snapshot-{compact(now)}",
            created_at=now,
            ready_at=now + seconds,
            size_mb=self._size(server),
            description=wanted.description,
            outcome=self.next_outcome,
            uuid=self._uuid(),
        )
        self.keep_snapshot(snapshot)
        self.save(snapshot)
        return snapshot

    def restore(self, account: Account, key: object) -> SimSnapshot:
        """Begin to overwrite a server with a snapshot of it.

        The server is stopped first. Afterwards it is as it was before, or `after_restore`.
        """
        snapshot = self.find_snapshot(account, key)
        server, now = snapshot.server, self.clock.now()
        if snapshot.status(now) != "completed":
            raise Refusal(400, {"detail": "Snapshot is not completed."})
        if server.status(now) not in ("active", "stopped"):
            raise Refusal(400, {"detail": "Server is not in a valid state for restoration."})
        server.power_after = self.after_restore or server.status(now)
        seconds = duration(RESTORE_SECONDS, server.storage, self.random.uniform(0.8, 1.2))
        server.restoring_until = now + seconds
        server.updated_at = now
        self.save(server)
        return snapshot

    def delete(self, account: Account, key: object) -> None:
        """Delete a snapshot for good."""
        self.remove(self.find_snapshot(account, key))

    def remove(self, thing: SimServer | SimSnapshot | SimBackup) -> None:
        """Take something out of the world, and out of the state file."""
        self.changes += 1
        if isinstance(thing, SimSnapshot):
            del self.snapshots[thing.id]
            del self.by_server[thing.server.id][thing.id]
        elif isinstance(thing, SimServer):
            del self.servers[thing.id]
            del self.by_server[thing.id]
        else:
            del self.backups[thing.id]
        self.by_uuid.pop(thing.uuid, None)
        if self.keeper is not None:
            self.keeper.drop(thing)

    def power(self, account: Account, key: object, action: str) -> SimServer:
        """Start, stop or restart a server; it takes `power_seconds`, where they are set."""
        server = self.find_server(account, key)
        now = self.clock.now()
        status = server.status(now)
        if status in ("restoring", "suspended"):
            raise Refusal(400, {"detail": "Server is not in a valid state for this action."})
        server.power = "stopped" if action == "restart" else status
        server.power_next = "stopped" if action in ("stop", "hard_stop") else "active"
        server.power_at = now + self.power_seconds.get(action, 0.0)
        server.restoring_until = 0.0
        server.updated_at = now
        self.save(server)
        return server

    # -- in words ----------------------------------------------------------------------

    def told(self, moment: float) -> str:
        """A moment of the world as its clients are told it."""
        return iso(moment + self.clock.skew)


def _number(key: object) -> int:
    text = str(key)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else -1
