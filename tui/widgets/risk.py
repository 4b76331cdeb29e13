"""How an age looks: quiet while it is young, amber as its limit nears, red and marked beyond it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from tui.fleet.scope import Scope
from tui.fleet.state import ServerView
from tui.text import short_age
from tui.widgets.row_columns import Cell

NEAR: Final = 0.75
"""The part of the greatest age from which on its end is near."""


def age_cell(view: ServerView, scope: Scope) -> Cell:
    """The age of a server's newest completed snapshot; what is too old is also marked."""
    newest = view.newest_completed
    if newest is None:
        if view.doubt:  # it may have one
            return Cell("? ", age_look(view, scope))
        return Cell("none ", "failed" if scope.health(view).has("none") else "dim")
    text = short_age(newest.created_at, datetime.fromtimestamp(scope.now, UTC))
    look = age_look(view, scope)
    return Cell(f"{text}!" if look == "failed" else f"{text} ", look)


def age_look(view: ServerView, scope: Scope) -> str:
    """The look of that age."""
    health, newest = scope.health(view), view.newest_completed
    if health.has("stale"):
        return "failed"
    if health.has("unseen"):
        return "warn"
    if newest is None or newest.created_at is None or not health.max_age:
        return "dim"
    near = scope.now - newest.created_at.timestamp() >= NEAR * health.max_age
    return "warn" if near else "dim"
