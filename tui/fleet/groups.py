"""Which servers belong to which group of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from tui.config.tables import Group
from tui.fleet.matching import fold, pattern
from tui.vps.models import Key, Server

Test = Callable[[str], bool]


class Groups:
    """Groups by name, in the order of the settings file. A server can be in several."""

    def __init__(self, groups: Mapping[str, Group]) -> None:
        self._groups = groups
        self._tests: Final[Mapping[str, tuple[Sequence[Test], Sequence[Test]]]] = {
            name: ([pattern(p) for p in group.match], [pattern(p) for p in group.exclude])
            for name, group in groups.items()
        }
        self._known: dict[Key, tuple[Server, Sequence[Group], frozenset[str]]] = {}

    @property
    def names(self) -> Sequence[str]:
        """The names of all groups."""
        return tuple(self._groups)

    def of(self, server: Server) -> Sequence[Group]:
        """The groups that a server is in, the first of the file first."""
        return self._look(server)[1] if self._groups else ()

    def has(self, name: str, server: Server) -> bool:
        """Whether a server is in the group of this name."""
        return name in self._look(server)[2]

    def forget(self, keys: Iterable[Key]) -> None:
        """Servers that are no more."""
        for key in keys:
            self._known.pop(key, None)

    def _look(self, server: Server) -> tuple[Server, Sequence[Group], frozenset[str]]:
        known = self._known.get(server.id)
        if known is None or known[0] is not server:
            text = fold(server.name)
            names = [
                name
                for name, (match, exclude) in self._tests.items()
                if any(test(text) for test in match) and not any(test(text) for test in exclude)
            ]
            known = server, tuple(self._groups[name] for name in names), frozenset(names)
            self._known[server.id] = known
        return known


NO_GROUPS: Final = Groups({})
