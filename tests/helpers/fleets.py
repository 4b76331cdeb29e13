"""Made-up servers and snapshots, to judge and to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from types import MappingProxyType
from typing import Any

from tui.fleet.state import Fleet, ServerView, newest_first
from tui.vps.models import Server, Snapshot

NOW = datetime(2025, 1, 23, 18, 30, tzinfo=UTC)
_IDS = count(801)


def snapshot(hours: float | None, status: str = "completed", **facts: Any) -> Snapshot:
    """A snapshot of some hours ago; None: it has no date."""
    created = None if hours is None else NOW - timedelta(hours=hours)
    found: dict[str, Any] = {"id": next(_IDS), "name": "nightly", "server_id": 0, "server_name": ""}
    return Snapshot(**{**found, "status": status, "created_at": created, **facts})


def view(name: str, *snapshots: Snapshot, id: int = 0, **facts: Any) -> ServerView:
    """A server with its snapshots."""
    server = Server(id=id or next(_IDS), name=name, **facts)
    own = {"server_id": server.id, "server_name": name}
    of_it = [
        Snapshot(**{**{f: getattr(s, f) for f in s.__struct_fields__}, **own}) for s in snapshots
    ]
    return ServerView(server, newest_first(of_it))


def fleet(views: Sequence[ServerView], **facts: Any) -> Fleet:
    """All of them."""
    return Fleet(servers=MappingProxyType({v.server.id: v for v in views}), **facts)
