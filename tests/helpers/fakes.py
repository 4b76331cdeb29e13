"""A provider that answers from a dict and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from tui.vps.errors import VpsError
from tui.vps.models import Account, Key, Listing, Part, Server, Snapshot, Told

T0 = datetime(2025, 1, 22, 12, tzinfo=UTC)


def server(key: Key, name: str = "", status: str = "active") -> Server:
    return Server(id=key, name=name or f"server-{key}", status=status)


def snapshot(
    key: Key, server_id: Key = 1, status: str = "completed", name: str = "", hours: float = 1
) -> Snapshot:
    return Snapshot(
        id=key,
        server_id=server_id,
        server_name=f"server-{server_id}",
        name=name or f"snap-{key}",
        status=status,
        size_mb=1024 if status == "completed" else None,
        created_at=T0 - timedelta(hours=hours),
    )


class FakeApi:
    """The verbs of the client over two lists. `errors` maps a verb to what it raises."""

    def __init__(self) -> None:
        self.server_list: list[Server] = [server(1), server(2)]
        self.snapshot_list: list[Snapshot] = [snapshot(11), snapshot(21, 2)]
        self.settled = True
        self.calls: list[tuple[str, Key | None]] = []
        self.errors: dict[str, VpsError] = {}
        self.gate: asyncio.Event | None = None
        self.service: tuple[float, float] | None = None
        self.server_parts: list[Part[Server]] = []
        self.snapshot_parts: list[Part[Snapshot]] = []
        self.between: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(0)

    def count(self, verb: str) -> int:
        return sum(name == verb for name, _ in self.calls)

    async def _called(self, verb: str, key: Key | None = None) -> None:
        self.calls.append((verb, key))
        if self.gate is not None:
            await self.gate.wait()
        if verb in self.errors:
            raise self.errors[verb]

    async def servers(self, told: Told[Server] | None = None) -> Listing[Server]:
        await self._called("servers")
        if told is not None:
            for part in self.server_parts:
                told(part)
                await self.between()
        return Listing(items=tuple(self.server_list))

    async def server(self, server_id: Key) -> Server:
        await self._called("server", server_id)
        return next(s for s in self.server_list if s.id == server_id)

    async def snapshots(
        self, server_id: Key | None = None, told: Told[Snapshot] | None = None
    ) -> Listing[Snapshot]:
        items = tuple(
            s for s in self.snapshot_list if server_id is None or s.server_id == server_id
        )
        await self._called("snapshots", server_id)
        if told is not None:
            for part in self.snapshot_parts:
                told(part)
                await self.between()
        return Listing(
            items=items, settled=self.settled, lacking=not self.settled, server_id=server_id
        )

    async def account(self) -> Account:
        await self._called("account")
        return Account(email="admin@example.org", permissions=("servers:*",))
