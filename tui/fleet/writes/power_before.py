"""Whether a server ran before its restore, which stops it: noted with the intent, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.fleet.journal.journal import Also
from tui.fleet.journal.power import beside
from tui.fleet.operation import Operation
from tui.fleet.power import PowerNote, Stage
from tui.fleet.writes.preflight import Reader
from tui.vps.errors import VpsError
from tui.vps.models import Snapshot

if TYPE_CHECKING:
    import sqlite3


async def with_power(
    api: Reader, account: str, target: Snapshot, now: float, also: Also | None
) -> Also | None:
    """What is to be recorded with a restore's intent: `also`, and that the server runs now."""
    try:
        server = await api.server(target.server_id)
    except VpsError:
        return also  # what cannot be seen is not noted, and nothing is claimed later
    if server.status != "active":
        return also
    name = target.server_name or server.name
    note = beside(account, PowerNote(target.server_id, name, Stage.RESTORING, now))

    def write(db: sqlite3.Connection, operation: Operation) -> None:
        note(db, operation)
        if also is not None:
            also(db, operation)

    return write
