"""The simulated provider's world behind the client's verbs, with answers that get lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from tests.helpers.clocks import FakeClock
from tui.simulator.clock import VirtualClock
from tui.simulator.objects import Refusal, SimServer, SimSnapshot
from tui.simulator.world import World
from tui.vps.errors import NotFound, OutcomeUnknown, Rejected, Unreachable, VpsError
from tui.vps.models import Account, Key, Listing, Restoring, Server, Snapshot

T = TypeVar("T")


class Provider:
    """A world with `servers` servers, called by uuids in the `client` dialect, else by integers.

    `fate` decides what becomes of the next write:
    ``answered``; ``lost`` (carried out, then no answer); ``dropped`` (no answer, and not carried
    out); ``unreachable`` (never left).
    """

    def __init__(self, clock: FakeClock, servers: int = 2, dialect: str = "docs") -> None:
        self.clock = clock
        self._uuids = dialect == "client"
        self.world = World(VirtualClock(0.0, clock.wall()), seed=7)
        self.ids = [self.key(self.world.add_server(f"web-{n}")) for n in range(servers)]
        self.fate = "answered"
        self.settled = True
        self.shows_servers = True
        self.ignores_filter = False
        self.sent: list[tuple[str, object]] = []
        self.carried_out: list[tuple[str, object]] = []
        self.listings = 0

    async def pass_time(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        await self.clock.advance(seconds)

    def key(self, thing: SimServer | SimSnapshot) -> Key:
        return thing.uuid if self._uuids else thing.id

    def held(self, key: Key | None) -> SimSnapshot:
        return self.world.find_snapshot(self.world.account, key)

    def machine(self, key: Key) -> SimServer:
        return self.world.find_server(self.world.account, key)

    def server_model(self, key: Key) -> Server:
        found = self.machine(key)
        return Server(id=key, name=found.name, status=found.status(self.world.clock.now()))

    # -- the client's verbs ----------------------------------------------------------------

    async def account(self) -> Account:
        return Account(email="admin@example.org")

    async def server(self, server_id: Key) -> Server:
        if not self.shows_servers:
            raise NotFound("Not found.")
        return self.server_model(server_id)

    async def snapshots(self, server_id: Key | None = None) -> Listing[Snapshot]:
        self.listings += 1
        now = self.world.clock.now()
        items = tuple(
            Snapshot(
                id=self.key(s),
                server_id=self.key(s.server),
                server_name=s.server.name,
                name=s.name,
                status=s.status(now),
                created_at=datetime.fromtimestamp(s.created_at, UTC),
                description=s.description,
            )
            for s in self.world.list_snapshots(self.world.account)
            if server_id in (None, self.key(s.server))
        )
        ignored = self.ignores_filter and server_id is not None
        return Listing(
            items=items, settled=self.settled, server_id=server_id, filter_ignored=ignored
        )

    async def create_snapshot(self, server_id: Key, name: str, description: str = "") -> Snapshot:
        fields: dict[str, object] = {
            "server_id": server_id,
            "name": name,
            "description": description,
        }

        def create() -> Snapshot:
            made = self.world.create(self.world.account, fields, uuids=self._uuids)
            return Snapshot(
                id=self.key(made),
                server_id=server_id,
                server_name=made.server.name,
                name=name,
                status="in_progress",
            )

        return self._write("create", (server_id, name), create)

    async def restore_snapshot(self, snapshot_id: Key, server_id: Key | None = None) -> Restoring:
        def restore() -> Restoring:
            target = self.world.restore(self.world.account, snapshot_id)
            return Restoring(
                server_id=self.key(target.server), server_status="restoring", message="begun"
            )

        return self._write("restore", snapshot_id, restore)

    async def delete_snapshot(self, snapshot_id: Key) -> bool:
        def delete() -> bool:
            try:
                self.world.delete(self.world.account, snapshot_id)
            except Refusal:
                return False
            return True

        return self._write("delete", snapshot_id, delete)

    async def power(self, server_id: Key, action: str) -> None:
        self._write(
            action, server_id, lambda: self.world.power(self.world.account, server_id, action)
        )

    def _write(self, verb: str, what: object, carry_out: Callable[[], T]) -> T:
        if self.fate == "unreachable":
            raise Unreachable("could not reach it")
        self.sent.append((verb, what))
        if self.fate == "dropped":
            raise OutcomeUnknown("no answer: it may have been carried out")
        try:
            answer = carry_out()
        except Refusal as refusal:
            error: VpsError = Rejected(str(refusal.body), {})
            if refusal.status == 404:
                error = NotFound("Not found.")
            if self.fate == "lost":
                error = OutcomeUnknown("no answer: it may have been carried out")
            raise error from None
        self.carried_out.append((verb, what))
        if self.fate == "lost":
            raise OutcomeUnknown("no answer: it may have been carried out")
        return answer
