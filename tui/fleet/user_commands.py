"""What a command of the user's own is run with: its words, with the chosen row's facts in them."""

from __future__ import annotations

import re
from typing import Final

from tui.config.fitting import meant
from tui.config.tables import UserCommand
from tui.vps.models import Server, Snapshot
from tui.vps.sanitize import clean

SERVER: Final = ("id", "name", "host", "address")
SNAPSHOT: Final = ("id", "name", "server", "server_id", "address")
_FIELDS: Final = {"server": SERVER, "snapshot": SNAPSHOT}
_FIELD: Final = re.compile(r"\{([^{}]*)\}")


class Unfilled(ValueError):
    """A word cannot be filled: one sentence."""


def problem(command: UserCommand) -> str:
    """What in its words is no fact of a row, empty where nothing is."""
    known = _FIELDS[command.on]
    for word in command.run:
        for name in _FIELD.findall(word):
            if name not in known:
                right = meant(name, known, f"it can be {', '.join(known)}", shown="{{{}}}")
                return f"{{{clean(name, 20)}}} is not a field of a {command.on}: {right}"
    return ""


def fill(command: UserCommand, server: Server, snapshot: Snapshot | None) -> list[str]:
    """The argument list. Raises Unfilled where a fact is not known.

    What the service says is one argument, or a part of one, and never begins it like an option.
    """
    facts = {
        "id": str(server.id),
        "name": server.name,
        "host": server.hostname or server.name,
        "address": server.address,
    }
    if command.on == "snapshot":
        if snapshot is None:
            raise Unfilled("no snapshot is chosen")
        facts |= {"id": str(snapshot.id), "name": snapshot.name}
        facts |= {"server": server.name, "server_id": str(server.id)}

    def fact(found: re.Match[str]) -> str:
        value = facts.get(found[1], "")
        if not value:
            raise Unfilled(f"{server.name} has no known {found[1]}")
        if value.startswith("-"):
            raise Unfilled(f"{value} would be read as an option")
        return value

    return [_FIELD.sub(fact, word) for word in command.run]
