"""The one place that holds the fleet and changes it; listeners are told what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from tui.fleet.clock import Clock
from tui.fleet.merge import Views, changed
from tui.fleet.operation import Operation
from tui.fleet.plan import Plan
from tui.fleet.state import Fleet, Freshness, ServerView, Totals, count
from tui.vps.errors import VpsError
from tui.vps.models import Account, Key, Server


class Change(msgspec.Struct, frozen=True):
    """What one step changed: the servers (their data or operation), or how fresh the data is."""

    servers: frozenset[Key] = frozenset()
    freshness: bool = False
    rest: bool = False

    def __or__(self, other: Change) -> Change:
        return Change(
            self.servers | other.servers,
            self.freshness or other.freshness,
            self.rest or other.rest,
        )

    def __bool__(self) -> bool:
        return bool(self.servers or self.freshness or self.rest)


Listener = Callable[[Fleet, Change], None]


class Store:
    """Holds one frozen `Fleet`.

    Every `apply_*` makes a new one and tells the listeners, or, where nothing changed, does
    nothing at all.
    """

    def __init__(self, clock: Clock) -> None:
        self.fleet = Fleet()
        self._clock = clock
        self._listeners: list[Listener] = []
        self._written: dict[Key, float] = {}
        self._forgotten: set[Key] = set()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def written_since(self, asked_at: float) -> frozenset[Key]:
        """Servers written to after the instant `asked_at`: an answer asked for then is older."""
        return frozenset(key for key, at in self._written.items() if at >= asked_at)

    def apply_views(
        self,
        views: Views,
        *,
        problems: tuple[str, ...] | None = None,
        settled: bool | None = None,
        servers_whole: bool | None = None,
    ) -> None:
        """Take over merged views (see `tui.fleet.merge`) and what was wrong with the answer."""
        old = self.fleet
        views = self._without_forgotten(views)
        keys = changed(old.servers, views)
        fleet = replace(
            old,
            problems=old.problems if problems is None else problems,
            settled=old.settled if settled is None else settled,
            servers_whole=old.servers_whole if servers_whole is None else servers_whole,
        )
        if keys:
            fleet = replace(
                fleet, servers=MappingProxyType(dict(views)), totals=count(views.values())
            )
        rest = (fleet.problems, fleet.settled) != (old.problems, old.settled)
        self._become(fleet, Change(servers=keys, rest=rest))

    def _without_forgotten(self, views: Views) -> Views:
        """The views, without servers taken back; an answer that was on its way names them still."""
        gone = [
            key
            for key in self._forgotten & views.keys()
            if not views[key].listed and not views[key].snapshots
        ]
        return {key: view for key, view in views.items() if key not in gone} if gone else views

    def apply_remembered(self, views: Views, totals: Totals, at: float) -> None:
        """Show what an earlier run knew at the instant `at`, unless more is known by now.

        `totals` are those of all of it, of which `views` may be the first only.
        """
        old = self.fleet
        if old.freshness.as_of is not None:
            return
        servers = {**views, **{k: v for k, v in old.servers.items() if not v.remembered}}
        freshness = replace(old.freshness, remembered=at)
        keys = changed(old.servers, servers)
        fleet = replace(old, servers=MappingProxyType(servers), totals=totals, freshness=freshness)
        self._become(fleet, Change(servers=keys, freshness=True))

    def forget_partial(self) -> None:
        """Show nothing of servers that were being read for the first time."""
        servers = self.fleet.servers
        self.apply_views({key: view for key, view in servers.items() if not view.partial})

    def forget_remembered(self) -> None:
        """Show nothing of an earlier run any more."""
        old = self.fleet
        if old.freshness.remembered is None:
            return
        self.apply_freshness(replace(old.freshness, remembered=None))
        self.apply_views({k: v for k, v in old.servers.items() if not v.remembered})

    def apply_servers_error(self, error: VpsError | None) -> None:
        """Remember why `/servers/` gives nothing, or that it does now."""
        if repr(error) != repr(self.fleet.servers_error):
            self._become(replace(self.fleet, servers_error=error), Change(rest=True))

    def apply_freshness(self, freshness: Freshness) -> None:
        """Take over how far the data can be trusted."""
        if freshness != self.fleet.freshness:
            self._become(replace(self.fleet, freshness=freshness), Change(freshness=True))

    def apply_account(self, account: Account | None) -> None:
        """Take over who the token belongs to."""
        if account != self.fleet.account:
            self._become(replace(self.fleet, account=account), Change(rest=True))

    def apply_protected(self, keys: frozenset[Key]) -> None:
        """Take over which snapshots are protected from deletes by ciplun."""
        if keys != self.fleet.protected:
            self._become(replace(self.fleet, protected=keys), Change(rest=True))

    def apply_operation(self, operation: Operation) -> None:
        """Show an operation on its server while it is open, and no longer."""
        operations = dict(self.fleet.operations)
        key = operation.server_id
        if operation.open:
            operations[key] = operation
        elif key in operations and operations[key].id == operation.id:
            del operations[key]
        if operations != self.fleet.operations:
            fleet = replace(self.fleet, operations=MappingProxyType(operations))
            self._become(fleet, Change(servers=frozenset({key})))

    def apply_plan(self, plan: Plan) -> None:
        """Show a plan while something can still come of it, and no longer."""
        plans = {key: known for key, known in self.fleet.plans.items() if key != plan.id}
        if plan.open:
            plans[plan.id] = plan
        if plans != self.fleet.plans:
            fleet = replace(self.fleet, plans=MappingProxyType(plans))
            self._become(fleet, Change(rest=True))

    def apply_kept(self, kept: Mapping[Key, Operation]) -> None:
        """Take over which servers an operation keeps although it has ended."""
        old = self.fleet.kept
        if kept != old:
            keys = frozenset(k for k in kept.keys() | old.keys() if kept.get(k) != old.get(k))
            fleet = replace(self.fleet, kept=MappingProxyType(dict(kept)))
            self._become(fleet, Change(servers=keys))

    def note_write(self, server_id: Key) -> None:
        """Distrust, for this server, every answer that was asked for before this moment."""
        self._written[server_id] = self._clock.monotonic()

    def apply_server(self, server: Server) -> None:
        """Take over what is newly known of one server, which may be unknown so far."""
        known = self.fleet.servers.get(server.id)
        self._forgotten.discard(server.id)
        if known is None:
            view = ServerView(server, listed=False)
        elif known.server != server:
            view = replace(known, server=server)
        else:
            return
        self.apply_views({**self.fleet.servers, server.id: view})

    def forget_server(self, key: Key) -> None:
        """Show a server no longer, until a list names it or it is added again."""
        self._forgotten.add(key)
        self.apply_views(self.fleet.servers)

    def _become(self, fleet: Fleet, change: Change) -> None:
        if not change:
            return
        self.fleet = fleet
        for listener in tuple(self._listeners):
            listener(fleet, change)
