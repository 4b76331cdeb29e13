"""The simulated provider: accounts, servers and snapshots, and the published rules for them.

Nothing here knows of HTTP. What takes time is derived from the clock: a snapshot is in progress
until its moment comes, and nobody has to be told.
"""

from __future__ import annotations

import random
import re
import uuid
from dataclasses import dataclass, field
from typing import Final

from tui.simulator.clock import VirtualClock, iso

SLOTS: Final = 5
CREATE_SECONDS: Final = (180.0, 600.0)
RESTORE_SECONDS: Final = (300.0, 900.0)
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
Json = dict[str, object]


class Refusal(Exception):
    """The provider's no: a status and the body that goes with it."""

    def __init__(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers or {}


def not_found() -> Refusal:
    """What Django REST framework says of an object that is not there, or not yours."""
    return Refusal(404, {"detail": "Not found."})


@dataclass(slots=True)
class Account:
    """A customer."""

    email: str
    first_name: str = "Demo"
    last_name: str = "Admin"
    company_name: str = "Example"
    created_at: float = 1_672_531_200.0


@dataclass(slots=True)
class TokenInfo:
    """What a token gives access to."""

    account: Account
    permissions: tuple[str, ...] = ("servers:*",)
    name: str = "ciplun"


@dataclass(slots=True)
class SimServer:
    """A server. `power` is what it is when nothing is being done to it."""

    id: int
    name: str
    account: Account
    power: str = "active"
    location: str = "London, UK"
    vcpus: int = 2
    memory: int = 4096
    storage: int = 80
    os: str = "Debian 12"
    address: str = ""
    created_at: float = 0.0
    restoring_until: float = 0.0
    power_after: str = "active"
    uuid: str = ""

    def status(self, now: float) -> str:
        """The status word at a moment."""
        if now < self.restoring_until:
            return "restoring"
        return self.power_after if self.restoring_until else self.power


@dataclass(slots=True)
class SimSnapshot:
    """A snapshot. It is `in_progress` until `ready_at`, then what `outcome` says."""

    id: int
    server: SimServer
    name: str
    created_at: float
    ready_at: float
    size_mb: int
    description: str = ""
    outcome: str = "completed"
    uuid: str = ""
    gone_at: float = float("inf")
    kind: str = "manual"
    encoded: dict[str, bytes] = field(default_factory=dict)

    def status(self, now: float) -> str:
        """The status word at a moment."""
        return "in_progress" if now < self.ready_at else self.outcome


class World:
    """Everything the provider has, and what it lets be done."""

    def __init__(self, clock: VirtualClock | None = None, seed: int = 1) -> None:
        self.clock = clock or VirtualClock()
        self.random = random.Random(seed)  # noqa: S311 - a repeatable world, not a secret
        self.tokens: dict[str, TokenInfo] = {}
        self.servers: dict[int, SimServer] = {}
        self.snapshots: dict[int, SimSnapshot] = {}
        self.by_server: dict[int, dict[int, SimSnapshot]] = {}
        self.by_uuid: dict[str, int] = {}
        self.account = Account("admin@example.org")
        self.next_outcome = "completed"
        self.changes = 0
        self._next_id = {"server": 12_300, "snapshot": 800}

    # -- building ------------------------------------------------------------------

    def add_token(self, token: str, *permissions: str, account: Account | None = None) -> None:
        """Let a token in. No permissions named means all of ``servers:*``."""
        info = TokenInfo(account or self.account, permissions or ("servers:*",))
        self.tokens[token] = info

    def add_server(self, name: str, **facts: object) -> SimServer:
        """A new server of the world's first account, or of ``account``."""
        key = self._id("server")
        facts.setdefault("account", self.account)
        facts.setdefault("created_at", self.clock.now() - 200 * 86_400)
        facts.setdefault("address", f"203.0.{key >> 8 & 255}.{key & 255}")
        server = SimServer(key, name, uuid=self._uuid(), **facts)  # type: ignore[arg-type]
        self.servers[key] = server
        self.by_server[key] = {}
        self.by_uuid[server.uuid] = key
        self.changes += 1
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
    ) -> SimSnapshot:
        """A snapshot taken `hours` ago; with `ready_in`, still that many seconds from done."""
        now = self.clock.now()
        key = self._id("snapshot")
        snapshot = SimSnapshot(
            key,
            server,
            name,
            created_at=now - hours * 3600,
            ready_at=now + ready_in if ready_in is not None else now - hours * 3600 + 300,
            size_mb=size_mb or self._size(server),
            description=description,
            outcome=outcome,
            uuid=self._uuid(),
        )
        self._keep(snapshot)
        return snapshot

    def _keep(self, snapshot: SimSnapshot) -> None:
        self.snapshots[snapshot.id] = snapshot
        self.by_server[snapshot.server.id][snapshot.id] = snapshot
        self.by_uuid[snapshot.uuid] = snapshot.id
        self.changes += 1

    def _drop(self, snapshot: SimSnapshot) -> None:
        self.snapshots.pop(snapshot.id, None)
        self.by_server[snapshot.server.id].pop(snapshot.id, None)
        self.changes += 1

    def _id(self, what: str) -> int:
        self._next_id[what] += 1
        return self._next_id[what]

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _size(self, server: SimServer) -> int:
        return int(server.storage * 1024 * self.random.uniform(0.05, 0.4))

    # -- asking ----------------------------------------------------------------------

    def find_server(self, account: Account, key: object) -> SimServer:
        """A server by id or uuid; another account's is as good as none."""
        server = self.servers.get(self._number(key))
        if server is None or server.account is not account:
            raise not_found()
        return server

    def find_snapshot(self, account: Account, key: object) -> SimSnapshot:
        """A snapshot by id or uuid."""
        snapshot = self.snapshots.get(self._number(key))
        if (
            snapshot is None
            or snapshot.server.account is not account
            or self.clock.now() >= snapshot.gone_at
        ):
            raise not_found()
        return snapshot

    def _number(self, key: object) -> int:
        text = str(key)
        if text in self.by_uuid:
            return self.by_uuid[text]
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else -1

    def list_servers(self, account: Account) -> list[SimServer]:
        """All servers of an account, oldest first."""
        return [s for s in self.servers.values() if s.account is account]

    def list_snapshots(
        self, account: Account, server: SimServer | None = None
    ) -> list[SimSnapshot]:
        """All snapshots of an account or of one server, newest first."""
        source = self.snapshots if server is None else self.by_server[server.id]
        now = self.clock.now()
        return [
            s for s in reversed(source.values()) if s.server.account is account and now < s.gone_at
        ]

    # -- changing ----------------------------------------------------------------------

    def create(self, account: Account, fields: Json) -> SimSnapshot:
        """Begin a snapshot, or refuse as the published page says."""
        errors: dict[str, list[str]] = {}
        key = fields.get("server_id", fields.get("server_uuid"))
        if key is None:
            errors["server_id"] = ["This field is required."]
        elif isinstance(key, bool) or not re.fullmatch(r"\d+|[0-9a-f-]{36}", str(key)):
            errors["server_id"] = ["A valid integer is required."]
        name = fields.get("name", fields.get("label"))
        if name is None:
            errors["name"] = ["This field is required."]
        elif not isinstance(name, str):
            errors["name"] = ["Not a valid string."]
        elif not name:
            errors["name"] = ["This field may not be blank."]
        elif not NAME.fullmatch(name):
            errors["name"] = ["Only letters, numbers, hyphens and underscores are allowed."]
        description = fields.get("description", "")
        if not isinstance(description, str):
            errors["description"] = ["Not a valid string."]
        if errors:
            raise Refusal(400, errors)
        server = self.find_server(account, key)
        now = self.clock.now()
        if server.status(now) in ("restoring", "suspended"):
            raise Refusal(400, {"detail": "Server is not in a valid state for a snapshot."})
        held = [s for s in self.by_server[server.id].values() if now < s.gone_at]
        if len(held) >= SLOTS:
            raise Refusal(
                400, {"detail": f"Snapshot limit reached. Maximum {SLOTS} snapshots per server."}
            )
        seconds = _span(CREATE_SECONDS, server.storage, self.random.uniform(0.8, 1.2))
        snapshot = SimSnapshot(
            self._id("snapshot"),
            server,
            str(name),
            created_at=now,
            ready_at=now + seconds,
            size_mb=self._size(server),
            description=str(description),
            outcome=self.next_outcome,
            uuid=self._uuid(),
        )
        self._keep(snapshot)
        return snapshot

    def restore(self, account: Account, key: object) -> SimSnapshot:
        """Begin to overwrite a server with a snapshot of it."""
        snapshot = self.find_snapshot(account, key)
        server, now = snapshot.server, self.clock.now()
        if snapshot.status(now) != "completed":
            raise Refusal(400, {"detail": "Snapshot is not completed."})
        if server.status(now) not in ("active", "stopped"):
            raise Refusal(400, {"detail": "Server is not in a valid state for restoration."})
        server.power_after = "active"
        seconds = _span(RESTORE_SECONDS, server.storage, self.random.uniform(0.8, 1.2))
        server.restoring_until = now + seconds
        self.changes += 1
        return snapshot

    def delete(self, account: Account, key: object) -> None:
        """Delete a snapshot for good."""
        self._drop(self.find_snapshot(account, key))

    def power(self, account: Account, key: object, action: object) -> SimServer:
        """Start, stop or restart a server."""
        server = self.find_server(account, key)
        if action not in ("start", "stop", "restart", "hard_stop"):
            raise Refusal(400, {"action": [f'"{action}" is not a valid choice.']})
        if server.status(self.clock.now()) in ("restoring", "suspended"):
            raise Refusal(400, {"detail": "Server is not in a valid state for this action."})
        server.power = "stopped" if action in ("stop", "hard_stop") else "active"
        server.restoring_until = 0.0
        self.changes += 1
        return server

    # -- in words ----------------------------------------------------------------------

    def told(self, moment: float) -> str:
        """A moment of the world as its clients are told it."""
        return iso(moment + self.clock.skew)


def _span(span: tuple[float, float], storage: int, luck: float) -> float:
    """Seconds within a published span: larger servers take longer."""
    low, high = span
    return min(high, max(low, low + (high - low) * min(1.0, storage / 320) * luck))
