"""What an empty pane says, and what to do about it."""

from __future__ import annotations

from tui.commands import Keys
from tui.fleet.state import Fleet, Freshness, ServerView
from tui.fleet.views import View
from tui.vps.errors import Unauthorised
from tui.vps.models import PANEL


def servers_empty(fleet: Fleet, host: str, text: str, view: View, keys: Keys) -> str:
    """Why there are no servers to list."""
    if fleet.servers and not text:
        return f"No server in the view {view.name}\n\n{keys.shown('next_view')} shows the next view"
    if fleet.servers:
        return f"No server matches “{text}”\n\n{keys.shown('clear')} clears the filter"
    error = fleet.freshness.error
    if isinstance(error, Unauthorised):
        again = f"{keys.shown('refresh')} reads it again"
        return f"Not authorised\n\n{error}\n\nTokens are made at {PANEL}\n{again}"
    if error is not None:
        return f"Nothing known yet\n\n{error}\n\n{keys.shown('refresh')} tries at once"
    if fleet.freshness.as_of is None:
        return f"asking {host} …"
    if fleet.servers_error is not None:
        return (
            "No snapshots, and no list of servers\n\n"
            f"{fleet.servers_error}\n\n{keys.shown('add_server')} adds a server by its id"
        )
    return "This account has no servers"


def snapshots_empty(fleet: Fleet, view: ServerView | None, text: str, keys: Keys) -> str:
    """Why there are no snapshots to list."""
    if text:
        return f"No snapshot matches “{text}”\n\n{keys.shown('clear')} clears the filter"
    if view is None:
        return "" if fleet.servers or fleet.freshness.as_of is None else "No snapshots"
    if view.partial:
        return "reading its snapshots …"
    if view.doubt:
        return f"No snapshot to show: {view.doubt}"
    words = "No snapshots of this server"
    return words if view.remembered else f"{words}\n\n{keys.shown('create')} creates the first"


def no_problem(freshness: Freshness) -> str:
    """What is said where no problem is found: as much as is known."""
    if freshness.newest is None:
        return "it is not known yet which servers need you"
    return "no server needs you" if freshness.live else "no server needed you when last seen"
