"""What a selector is asked about: a fleet at one moment, its health, marks, and folded texts."""

from __future__ import annotations

from collections.abc import Container, Iterable

import msgspec

from tui.fleet.groups import Groups
from tui.fleet.health import Health, Judge
from tui.fleet.matching import fold
from tui.fleet.state import Fleet, ServerView
from tui.vps.models import Key, Server, Snapshot


def text_of_server(s: Server) -> str:
    """What a plain word is looked for in: a folded line for each of a server's texts."""
    return fold(f"\n{s.name}\n{s.hostname}\n{s.address}\n{s.id}\n{s.location}\n{s.plan}\n{s.os}\n")


def text_of_snapshot(snapshot: Snapshot) -> str:
    """The same of a snapshot."""
    s = snapshot
    return fold(f"\n{s.name}\n{s.description}\n{s.status}\n{s.server_name}\n{s.id}\n")


class Texts:
    """The folded texts of servers, each made once as long as it is the same."""

    def __init__(self) -> None:
        self._servers: dict[Key, tuple[Server, str]] = {}

    def server(self, view: ServerView) -> str:
        """That of a server."""
        server = view.server
        known = self._servers.get(server.id)
        if known is None or known[0] is not server:
            known = self._servers[server.id] = server, text_of_server(server)
        return known[1]

    def forget(self, keys: Iterable[Key]) -> None:
        """Servers that are no more."""
        for key in keys:
            self._servers.pop(key, None)


class Scope(msgspec.Struct, frozen=True):
    """A fleet at `now`, seconds since 1970, and what is marked in it. Judge and texts are kept."""

    fleet: Fleet
    now: float
    judge: Judge = msgspec.field(default_factory=Judge)
    marked_servers: Container[object] = frozenset()
    marked_snapshots: Container[object] = frozenset()
    texts: Texts = msgspec.field(default_factory=Texts)

    @property
    def groups(self) -> Groups:
        """The groups of the settings."""
        return self.judge.rules.groups

    def health(self, view: ServerView) -> Health:
        """The health of a server."""
        return self.judge.of(view, self.now, self.fleet.operations.get(view.server.id))
