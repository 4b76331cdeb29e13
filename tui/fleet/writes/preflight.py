"""The last look before a write: whether the target is still what the dialog showed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from tui.fleet.operation import Operation
from tui.fleet.state import newest_first
from tui.fleet.writes.rules import target_refusal
from tui.vps.errors import Forbidden, NotFound, Rejected
from tui.vps.models import SLOTS, Account, Key, Listing, Phase, Restoring, Server, Snapshot

Listed = Callable[[Key], str]
"""The status of a server by the newest list of all; empty where it is not known."""


def nothing_listed(server_id: Key) -> str:
    """What is known of a server where no list was read: nothing."""
    return ""


class Refused(Exception):
    """ciplun did not send the write; one sentence that says why."""


class Reader(Protocol):
    """What is asked again."""

    async def server(self, server_id: Key) -> Server:
        """One server."""
        ...

    async def snapshots(self, server_id: Key | None = None) -> Listing[Snapshot]:
        """The snapshots of one server."""
        ...


class Api(Reader, Protocol):
    """What operations need of the client."""

    async def account(self) -> Account:
        """Who the token belongs to."""
        ...

    async def create_snapshot(self, server_id: Key, name: str, description: str = "") -> Snapshot:
        """Ask for a snapshot."""
        ...

    async def restore_snapshot(self, snapshot_id: Key, server_id: Key | None = None) -> Restoring:
        """Overwrite the snapshot's server with it."""
        ...

    async def delete_snapshot(self, snapshot_id: Key) -> bool:
        """Delete a snapshot. False: it was gone already."""
        ...


async def check_target(
    api: Reader, operation: Operation, target: Snapshot | None, listed: Listed = nothing_listed
) -> Listing[Snapshot]:
    """Ask the rules again at the moment of a write, whichever door or plan it comes from.

    Reads the server's snapshots again, and returns them. Raises Refused or VpsError.
    """
    if target is not None and (why := target_refusal(operation.kind, target, ())):
        raise Refused(f"not sent: {why}")
    listing = await api.snapshots(operation.server_id)
    if target is not None:
        _unchanged(listing, target)
    if busy := busy_problem(listing.items, operation.server_name, target):
        raise Refused(f"not sent: {busy}")
    status = await shown_status(api, operation.server_id) or listed(operation.server_id)
    if status == "restoring":
        raise Refused(f"not sent: {operation.server_name} is being restored")
    return listing


async def check_room(api: Reader, server: Server) -> None:
    """Read again whether a server can take a snapshot, before it is stopped for one.

    Raises Refused or VpsError.
    """
    listing = await api.snapshots(server.id)
    if busy := busy_problem(listing.items, server.name, None):
        raise Refused(f"not sent: {busy}")
    used = len(listing.items)
    if used >= SLOTS:
        raise Refused(f"not sent: {server.name} has no free slot ({used} of {SLOTS} used)")


def busy_problem(snapshots: Iterable[Snapshot], server_name: str, target: Snapshot | None) -> str:
    """What the provider is at on a server besides the target; empty where nothing is."""
    for snapshot in snapshots:
        if snapshot.phase is Phase.BUSY and (target is None or snapshot.id != target.id):
            return f"{snapshot.name} is {snapshot.status_words} on {server_name}"
    return ""


async def check_spare(api: Reader, target: Snapshot) -> None:
    """Read again whether a newer completed snapshot of its server is there.

    Raises Refused where none is: no policy deletes the last good one. Raises VpsError.
    """
    if target.phase is not Phase.COMPLETED:
        return
    listing = await api.snapshots(target.server_id)
    dated = (s for s in listing.items if s.phase is Phase.COMPLETED and s.created_at)
    if target.created_at is None or newest_first((*dated, target))[0].id == target.id:
        raise Refused(f"not sent: {target.name} is the newest completed one now")


def _unchanged(listing: Listing[Snapshot], target: Snapshot) -> None:
    now = next((s for s in listing.items if s.id == target.id), None)
    if now is None:
        if listing.proves_absence:
            raise Refused(f"not sent: {target.name} (#{target.id}) is no longer listed")
        raise Refused("not sent: the list of snapshots is changing; try again in a moment")
    if now.name != target.name:
        raise Refused(f"not sent: snapshot #{target.id} is called {now.name} now")
    if now.status != target.status:
        raise Refused(f"not sent: {target.name} is {now.status_words} now")
    if now.created_at != target.created_at:
        raise Refused(f"not sent: #{target.id} is another snapshot now, with another date")


async def shown_status(api: Reader, server_id: Key) -> str:
    """A server's status; empty where this service or token does not show it. Raises VpsError."""
    try:
        return (await api.server(server_id)).status
    except (NotFound, Forbidden, Rejected):
        return ""
