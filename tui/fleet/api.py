"""What is asked of the provider to keep a fleet fresh: the reading half of its client."""

from __future__ import annotations

from typing import Protocol

from tui.vps.models import Account, Key, Listing, Server, Snapshot, Told


class Api(Protocol):
    """What the poller needs of the client."""

    @property
    def service(self) -> tuple[float, float] | None:
        """The service's clock and the instant it was read."""
        ...

    async def servers(self, told: Told[Server] | None = None) -> Listing[Server]:
        """All servers; `told` hears of each page."""
        ...

    async def server(self, server_id: Key) -> Server:
        """One server."""
        ...

    async def snapshots(
        self, server_id: Key | None = None, told: Told[Snapshot] | None = None
    ) -> Listing[Snapshot]:
        """All snapshots, or those of one server; `told` hears of each page."""
        ...

    async def account(self) -> Account:
        """Who the token belongs to."""
        ...
