"""What the simulated provider keeps: accounts, tokens, servers, snapshots and backups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

Json = dict[str, object]
NEVER: Final = float("inf")


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
    token: str = field(default="", repr=False)


@dataclass(slots=True)
class SimServer:
    """A server. `power` is what it is when nothing is being done to it.

    From `power_at` on it is `power_next`, where there is one: a power action is on its way.
    """

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
    updated_at: float = 0.0
    restoring_until: float = 0.0
    power_after: str = "active"
    power_next: str = ""
    power_at: float = 0.0
    deployed_at: float = 0.0
    uuid: str = ""
    encoded: dict[str, bytes] = field(default_factory=dict)

    def status(self, now: float) -> str:
        """The status word at a moment."""
        if now < self.restoring_until:
            return "restoring"
        if self.restoring_until:
            return self.power_after
        return self.power_next if self.power_next and now >= self.power_at else self.power


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
    listed_at: float = 0.0
    gone_at: float = NEVER
    encoded: dict[str, bytes] = field(default_factory=dict)

    def status(self, now: float) -> str:
        """The status word at a moment."""
        return "in_progress" if now < self.ready_at else self.outcome


@dataclass(slots=True)
class SimBackup:
    """A backup: kept elsewhere, made by hand or by schedule, and only read here."""

    id: int
    server: SimServer
    kind: str
    created_at: float
    size_mb: int
    description: str = ""
    expires_at: float | None = None
    uuid: str = ""
    ready_at: float = 0.0

    def status(self, now: float) -> str:
        """The status word at a moment."""
        return "in_progress" if now < self.ready_at else "completed"


Kept = Account | TokenInfo | SimServer | SimSnapshot | SimBackup
"""Everything that outlives the process when there is a state file."""


class Keeper(Protocol):
    """Writes down what must outlive the process."""

    def save(self, *things: Kept) -> None:
        """Keep these as they are now, and the clock."""

    def drop(self, thing: Kept) -> None:
        """Forget one."""
