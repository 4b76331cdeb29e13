"""The commands that the palette offers over the dashboard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from tui.commands import DASHBOARD, display_key, keys_of

if TYPE_CHECKING:
    from tui.config.tables import UserCommand
    from tui.screens.dashboard.screen import Dashboard


def commands_of(
    board: Dashboard, own: Sequence[UserCommand], press: Callable[[int], None]
) -> Iterable[SystemCommand]:
    """Those that can be used now, then the user's own, which `press` runs by their number."""
    off, keys = board.refusals(), keys_of(board)
    for command in DASHBOARD:
        if command.id not in off and command.id != "palette":
            action = partial(board.run_action, board.ACTIONS[command.id])
            words = f"{keys.shown(command.id)}  {command.help}"
            yield SystemCommand(command.label, words, action)
    for number, command_of_own in enumerate(own):
        title = " ".join(command_of_own.run)
        words = f"{display_key(command_of_own.key)}  A command of yours"
        yield SystemCommand(title, words, partial(press, number))
