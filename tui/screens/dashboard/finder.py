"""What the palette finds besides commands: servers, addresses, snapshots and profiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.fleet import queries
from tui.fleet.matching import fold
from tui.fleet.queries import Arrangement
from tui.fleet.selectors import parse
from tui.text import age
from tui.vps.models import SLOTS, Key

if TYPE_CHECKING:
    from tui.screens.dashboard.screen import Dashboard

_MOST: Final = 12
"""Rows of a kind that are offered at once."""
_EXACT, _PART, _SNAPSHOT = 1_000.0, 0.5, 0.4
"""How well something fits: what is named as a whole comes before all commands."""


class FleetFinder(Provider):
    """Looks for the words of a selector, as the filter does."""

    async def startup(self) -> None:
        """What is the same for each letter typed is kept meanwhile."""
        self._everything = queries.Everything()

    @property
    def _board(self) -> Dashboard:
        return cast("Dashboard", self.screen)

    async def discover(self) -> Hits:
        """Profiles, before anything is typed."""
        for name in self._profiles(""):
            content = Content(f"Profile {name}")
            yield DiscoveryHit(content, self._change(name), text=f"profile {name}")

    async def search(self, query: str) -> Hits:
        """The servers, snapshots and profiles with all words of the query."""
        panes = self._board.panes
        words = parse(query, panes.scope.groups)
        if not words:
            return
        for view in islice(queries.servers(panes.scope, Arrangement("name", text=query)), _MOST):
            server = view.server
            facts = f"server · {server.address} · {view.used} of {SLOTS} slots · #{server.id}"
            exact = words.is_exact(panes.scope.texts.server(view))
            score = _EXACT if exact else _PART
            yield self._hit(score, server.name, facts, partial(self._go_to, server.id))
        found = self._everything.rows(panes.scope, Arrangement("created", text=query))
        for snapshot in islice(found, _MOST):
            when = age(snapshot.created_at, panes.as_of)
            facts = f"snapshot of {snapshot.server_name} · {snapshot.status_words} · {when}"
            go = partial(self._go_to, snapshot.server_id, snapshot.id)
            yield self._hit(_SNAPSHOT, snapshot.name, facts, go)
        for name in self._profiles(query):
            yield self._hit(_PART, f"Profile {name}", "another account", self._change(name))

    def _hit(self, score: float, name: str, facts: str, go: Callable[[], None]) -> Hit:
        """A row; its text is content, never markup."""
        prompt = Content.assemble((name, "bold"), "\n", (facts, "$text-muted"))
        return Hit(score, prompt, go, text=name)

    def _profiles(self, query: str) -> Iterator[str]:
        settings = self._board.session.settings
        if not settings.demo:
            for name in settings.profiles:
                if name != settings.profile and fold(query) in fold(f"profile {name}"):
                    yield name

    def _change(self, name: str) -> Callable[[], None]:
        return lambda: cast("None", self._board.post_message(self._board.ProfileWanted(name)))

    def _go_to(self, server: Key, snapshot: Key | None = None) -> None:
        board = self._board
        if not board.browser.go_to(server, snapshot):
            board.notify("it is not there any more", severity="warning", markup=False)
        board.show_chosen()
