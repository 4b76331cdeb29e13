"""What a server can be made of, as the provider's own client asks for it before it makes one.

The names are this simulator's. Prices are left out: a made-up one could be taken for a real one.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from tui.simulator.objects import Json, SimServer

_SPACE: Final = uuid.UUID("5f0b9c1e-2a77-4c55-9d0a-1d6a4f1f7e00")


@dataclass(frozen=True, slots=True)
class Plan:
    """A size: memory in MB, storage in GB."""

    vcpus: int
    memory: int
    storage: int

    @property
    def uuid(self) -> str:
        """The same in every run."""
        return str(uuid.uuid5(_SPACE, f"plan {self.vcpus}"))

    @property
    def size(self) -> dict[str, int]:
        """What a server of it has."""
        return {"vcpus": self.vcpus, "memory": self.memory, "storage": self.storage}


@dataclass(frozen=True, slots=True)
class Location:
    """A place."""

    id: int
    name: str
    country: str
    code: str


PLANS: Final = (Plan(1, 2048, 40), Plan(2, 4096, 80), Plan(4, 8192, 160), Plan(8, 16384, 320))
LOCATIONS: Final = (
    Location(1, "London, UK", "United Kingdom", "GB"),
    Location(2, "Frankfurt, DE", "Germany", "DE"),
    Location(3, "New York, US", "United States", "US"),
    Location(4, "Singapore, SG", "Singapore", "SG"),
)
SYSTEMS: Final = {
    "Debian": ("Debian 12", "Debian 13"),
    "Ubuntu": ("Ubuntu 22.04", "Ubuntu 24.04"),
    "CentOS": ("CentOS 7",),
}
VERSIONS: Final = {
    str(uuid.uuid5(_SPACE, name)): name for names in SYSTEMS.values() for name in names
}
"""What runs on a server, by uuid."""


def plans() -> list[Json]:
    """All sizes."""
    return [{"uuid": plan.uuid, **told_size(plan)} for plan in PLANS]


def told_size(of: Plan | SimServer) -> Json:
    """A size as the clients are told it, without the plan's uuid."""
    return {
        "name": f"VPS-{of.vcpus}",
        "cpu": of.vcpus,
        "ram": of.memory // 1024,
        "ram_unit": "GB",
        "disk_space": of.storage,
    }


def locations() -> list[Json]:
    """All places."""
    return [
        {
            "id": place.id,
            "name": place.name,
            "country_name": place.country,
            "country_code": place.code,
            "is_active": True,
        }
        for place in LOCATIONS
    ]


def systems() -> list[Json]:
    """All operating systems with their versions."""
    uuids = {name: key for key, name in VERSIONS.items()}
    return [
        {
            "uuid": str(uuid.uuid5(_SPACE, f"system {name}")),
            "name": name,
            "versions": [{"uuid": uuids[version], "name": version} for version in versions],
        }
        for name, versions in SYSTEMS.items()
    ]
