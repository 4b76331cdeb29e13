"""Which server or snapshot is meant by what was typed: exactly one, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui.cli.reading import Reading
from tui.cli.running import Stop
from tui.exit_codes import ExitCode
from tui.fleet.state import ServerView
from tui.text import some
from tui.vps.models import Snapshot
from tui.vps.sanitize import clean
from tui.vps.token import masked

_BY_ID: Final = "id:"
"""What is put before an id where a server might be called so."""


def server(reading: Reading, wanted: str) -> ServerView:
    """The server of exactly this name or id. Raises Stop where there is none, or more than one."""
    views = reading.fleet.servers.values()
    if wanted.startswith(_BY_ID):
        by_id = wanted.removeprefix(_BY_ID)
        found = [view for view in views if str(view.server.id) == by_id]
    else:
        asked = clean(wanted)
        found = [v for v in views if v.server.name == asked or str(v.server.id) == wanted]
    if len(found) > 1:
        named = some([f"{view.server.name} (id:{view.server.id})" for view in found], 5)
        raise Stop(f"{_quoted(wanted)} can be {named}: say which by its id", ExitCode.USAGE)
    if not found:
        raise Stop(
            f"no server is called {_quoted(wanted)} or has this id{_perhaps(reading)}",
            ExitCode.USAGE,
        )
    return found[0]


def servers(reading: Reading, wanted: Sequence[str]) -> list[ServerView]:
    """Several servers, each once, in the order in which they are named. Raises Stop."""
    found = {view.server.id: view for view in (server(reading, each) for each in wanted)}
    return list(found.values())


def snapshot(reading: Reading, of: ServerView, wanted: str) -> Snapshot:
    """The snapshot of this id on a server. Raises Stop."""
    for each in of.snapshots:
        if str(each.id) == wanted.removeprefix(_BY_ID):
            return each
    raise Stop(
        f"{of.server.name} has no snapshot with the id {_quoted(wanted)}{_perhaps(reading)}",
        ExitCode.USAGE,
    )


def _quoted(text: str) -> str:
    return clean(masked(text))


def _perhaps(reading: Reading) -> str:
    """A hint that what was not found may be among what could not be read."""
    return "" if reading.complete else "; not all could be read"
