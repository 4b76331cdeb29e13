"""What an answer may look like on the wire, in both dialects; `tui.vps.decode` reads it.

The published pages and the provider's own clients disagree in names and shapes, so most fields
here take either. Fields that nobody asked for are passed over, a server's `password` among them.
"""

from __future__ import annotations

from typing import Any

import msgspec

Scalar = int | str | None


class Page(msgspec.Struct, gc=False):
    """One page of a list in the `{count, results}` shape, nothing of it read yet."""

    results: list[msgspec.Raw]
    count: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    next: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)


class WireIds(msgspec.Struct, gc=False):
    """All that is asked of an item that cannot be read."""

    id: Scalar = None
    uuid: Scalar = None


class ServerRef(msgspec.Struct, gc=False):
    """The server inside a snapshot."""

    id: Scalar = None
    uuid: Scalar = None
    name: str | None = None
    hostname: str | None = None


class WireOwner(msgspec.Struct, gc=False):
    """Whose a snapshot is."""

    server: ServerRef | int | str | None = None
    server_id: Scalar = None
    server_uuid: Scalar = None
    server_name: str | None = None
    server_hostname: str | None = None


class WireSnapshot(WireOwner, gc=False):
    """A snapshot as it comes. `created_at` is text: dates are read leniently."""

    id: Scalar = None
    uuid: Scalar = None
    name: str | None = None
    label: str | None = None
    status: str | None = None
    size_mb: int | float | None = None
    created_at: str | None = None
    description: str | None = None
    message: str | None = None


class WireBackup(WireSnapshot, gc=False):
    """A backup as it comes: like a snapshot, with its type and without a name."""

    backup_type: str | None = None


class WireServer(msgspec.Struct, gc=False):
    """A server as it comes; the odd shapes are taken apart by hand.

    What many servers have alike is left unread: it is read once for all of them.
    """

    id: Scalar = None
    uuid: Scalar = None
    name: str | None = None
    hostname: str | None = None
    status: str | None = None
    ip_address: Any = None
    ipv4: Any = None
    ipv4_addresses: Any = None
    ipv6_addresses: Any = None
    ip_addresses: Any = None
    location: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    location_name: Any = None
    plan: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    plan_name: Any = None
    cpu: Any = None
    ram: Any = None
    ram_unit: Any = None
    disk_space: Any = None
    os: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    os_name: Any = None
    operating_system_version: Any = None
    operating_system: Any = None
    created_at: str | None = None
