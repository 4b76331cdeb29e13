"""What is known of the whole fleet at one moment: frozen, so that two of them can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Literal

import msgspec
from msgspec.structs import force_setattr

from tui.fleet.operation import Kind, Operation
from tui.fleet.plan import Plan
from tui.vps.errors import VpsError
from tui.vps.models import SLOTS, Account, Key, Listing, Phase, Server, Snapshot

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class Sighting(msgspec.Struct, frozen=True):
    """One answer of the list call, as evidence for what became of an operation.

    `server_id` is the scope (None: all servers); `asked_at` is the monotonic instant before the
    request left: an answer asked for before a write says nothing about that write.
    `server_status` maps servers to the status `/servers/` gave; empty where it did not answer.
    """

    snapshots: tuple[Snapshot, ...]
    settled: bool
    asked_at: float
    server_id: Key | None = None
    server_status: Mapping[Key, str] = msgspec.field(default_factory=dict)
    one_page: bool = True
    """Several pages can shift between two requests: then they prove nobody's absence."""
    alone: bool = True
    """False where those of other servers came as well although one was asked about."""

    @classmethod
    def of(
        cls, listing: Listing[Snapshot], asked_at: float, server_status: Mapping[Key, str]
    ) -> Sighting:
        """What a list shows that was asked for at the monotonic instant `asked_at`."""
        return cls(
            listing.items,
            listing.complete,
            asked_at,
            listing.server_id,
            server_status,
            one_page=listing.pages == 1,
            alone=not listing.filter_ignored,
        )


class ServerView(msgspec.Struct, frozen=True, gc=False):
    """One server with its snapshots, newest first.

    `listed` is False for a server known only from snapshots, an earlier sweep, or by hand.
    """

    server: Server
    snapshots: tuple[Snapshot, ...] = ()
    listed: bool = True
    partial: bool = False
    """Its snapshots are still being read: those that it shows are not all of them."""
    unread: bool = False
    """It has snapshots that could not be read: those that it shows may not be all of them."""
    lacking: bool = False
    """The list of all may lack snapshots of it: those that it shows may not be all of them."""
    remembered: bool = False
    """It is from an earlier run, and nothing of it has been asked for since."""
    busy: int = 0
    """Snapshots on which the provider is at work."""
    failed: int = 0
    """Snapshots that ended badly and still hold a slot."""
    newest_completed: Snapshot | None = None
    """The snapshot a restore would most likely want."""

    def __post_init__(self) -> None:
        # Counted once: ten thousand of these are looked at for each change of one.
        phases = [snapshot.phase for snapshot in self.snapshots]
        force_setattr(self, "busy", phases.count(Phase.BUSY))
        force_setattr(self, "failed", phases.count(Phase.FAILED))
        completed = (s for s in self.snapshots if s.phase is Phase.COMPLETED)
        force_setattr(self, "newest_completed", next(completed, None))

    @property
    def doubt(self) -> str:
        """Why it may have snapshots that it does not show, in a phrase; empty where it has none."""
        if self.unread:
            return "a snapshot could not be read"
        return "a snapshot may be missing from the list" if self.lacking else ""

    @property
    def used(self) -> int:
        """Slots in use; a busy or failed snapshot holds one too."""
        return len(self.snapshots)

    @property
    def full(self) -> bool:
        """Whether a further create would be refused."""
        return self.used >= SLOTS


class Reading(msgspec.Struct, frozen=True):
    """How far a list of `what` has been read; `total` is the service's count, None if not told.

    `until`: the service limits the rate, and the next page is asked for at this monotonic instant.
    """

    what: Literal["servers", "snapshots"]
    received: int = 0
    total: int | None = None
    until: float | None = None

    @property
    def done(self) -> bool:
        """Whether all that the service counts has come."""
        return self.total is not None and self.received >= self.total


class Freshness(msgspec.Struct, frozen=True):
    """How far the data can be trusted. Instants are monotonic seconds.

    `as_of` is when the last whole answer was asked for, `error` why there is none newer, `next_try`
    when the next request is due. `service` pairs the service's clock (seconds since 1970) with the
    instant of the answer that carried it. `late`: the provider has been asked for longer than it
    should take. `reading` tells how far the first whole answer has come, None before and after
    that; of a later one how far it had come when the service last limited the rate.
    `remembered` is the last whole answer of an earlier run, whose servers are shown until then.
    """

    as_of: float | None = None
    error: VpsError | None = None
    next_try: float | None = None
    paused: bool = False
    service: tuple[float, float] | None = None
    late: bool = False
    reading: Reading | None = None
    remembered: float | None = None

    @property
    def newest(self) -> float | None:
        """The instant of what is shown: of this run, or of an earlier one."""
        return self.remembered if self.as_of is None else self.as_of

    @property
    def live(self) -> bool:
        """Whether the newest answer was good, and the next one is not late."""
        return self.as_of is not None and self.error is None and not self.late


class Totals(msgspec.Struct, frozen=True):
    """The header's figures."""

    servers: int = 0
    used: int = 0
    full: int = 0
    busy: int = 0
    failed: int = 0

    @property
    def slots(self) -> int:
        """All slots of all servers."""
        return self.servers * SLOTS


class Fleet(msgspec.Struct, frozen=True):
    """Everything known.

    `operations` holds the open one of each server, if any, and `kept` the one that has ended there
    without proof and may still come; `plans` are those that have not ended.
    `servers_error` says why `/servers/` gives nothing (403, 404); servers are then known from
    their snapshots. `servers_whole`: its list could be read in full. `problems` are sentences
    about items that could not be read. `protected` are the ids of snapshots that ciplun does not
    delete.
    """

    servers: Mapping[Key, ServerView] = MappingProxyType({})
    operations: Mapping[Key, Operation] = MappingProxyType({})
    kept: Mapping[Key, Operation] = MappingProxyType({})
    plans: Mapping[int, Plan] = MappingProxyType({})
    freshness: Freshness = Freshness()
    totals: Totals = Totals()
    problems: tuple[str, ...] = ()
    settled: bool = True
    servers_whole: bool = True
    servers_error: VpsError | None = None
    account: Account | None = None
    protected: frozenset[Key] = frozenset()

    @property
    def counted(self) -> bool:
        """Whether all of its servers are there, so that they can be counted: not while they come.

        Nor where only some of them have come before it failed. Of what an earlier run knew only
        the first are there at first; `totals` are those of all.
        """
        if self.freshness.as_of is not None:
            return True
        if self.freshness.reading is not None or len(self.servers) != self.totals.servers:
            return False
        return not any(view.partial for view in self.servers.values())

    def restoring(self, server_id: Key) -> bool:
        """Whether a restore of this server is running, or may be."""
        operation = self.operations.get(server_id)
        if operation is not None and operation.kind is Kind.RESTORE:
            return True
        return self.listed_status(server_id) == "restoring"

    def listed_status(self, server_id: Key) -> str:
        """The status of a server as it was read last; empty where it is not known."""
        view = self.servers.get(server_id)
        return view.server.status if view is not None else ""

    def snapshot(self, server_id: Key, snapshot_id: Key) -> Snapshot | None:
        """The snapshot with this id on this server, if it is known."""
        view = self.servers.get(server_id)
        if view is None:
            return None
        return next((s for s in view.snapshots if s.id == snapshot_id), None)


def newest_first(snapshots: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
    """Order by creation, newest first; undated ones last, equal ones by id: 100 comes after 99."""
    return tuple(sorted(snapshots, key=_age_order, reverse=True))


def _age_order(snapshot: Snapshot) -> tuple[datetime, int, str]:
    key = str(snapshot.id)
    return snapshot.created_at or _LONG_AGO, len(key), key


def count(views: Iterable[ServerView]) -> Totals:
    """Add up the header's figures."""
    servers = used = full = busy = failed = 0
    for view in views:
        servers += 1
        used += view.used
        full += view.full
        busy += bool(view.busy) or view.server.status == "restoring"
        failed += bool(view.failed)
    return Totals(servers, used, full, busy, failed)
