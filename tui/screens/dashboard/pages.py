"""What some keys open over the dashboard; each page is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tui.screens.dashboard.screen import Dashboard


def _details(board: Dashboard) -> None:
    """Everything known of the chosen row."""
    from tui.screens.dialogs.details import details_of

    dialog = details_of(board.panes)
    if dialog is not None:
        # Moments may be in another zone since.
        board.app.push_screen(dialog, lambda _: board.bars.show_details())


def _copy_id(board: Dashboard) -> None:
    """The chosen row's id goes on the clipboard."""
    from tui.screens.dialogs.details import copy

    copy(board.app, board.panes.item, as_text=False)


def _copy_menu(board: Dashboard) -> None:
    """What of the chosen row goes on the clipboard is asked."""
    from tui.screens.dialogs.copying import choose_copy

    view = board.panes.view
    server = view.server if view is not None else None
    choose_copy(board.app, board.panes.item, server, board.session.settings.url)


def _add_server(board: Dashboard) -> None:
    """The id of a server that no list names is asked."""
    from tui.screens.dashboard.added_servers import AddedServers

    AddedServers(board.panes, board.browser).add()


def _remove_server(board: Dashboard) -> None:
    """A server that was added is shown no longer."""
    from tui.screens.dashboard.added_servers import AddedServers

    AddedServers(board.panes, board.browser).take_back()


def _monitor(board: Dashboard) -> None:
    """The fleet in figures that are read from afar."""
    from tui.screens.monitor import Monitor

    board.app.push_screen(Monitor(board.panes, board.noted, board.glyphs))


def _operations(board: Dashboard) -> None:
    """What is running and what became of the rest, which is seen then."""
    board.tray.ends.seen()
    board.bars.show_running()
    board.flows.show_operations()


def _help(board: Dashboard) -> None:
    """All keys and signs."""
    from tui.screens.dialogs.help import HelpDialog

    board.app.push_screen(HelpDialog(board.glyphs))


PAGES: Final[Mapping[str, Callable[[Dashboard], None]]] = {
    "details": _details,
    "copy_id": _copy_id,
    "copy_menu": _copy_menu,
    "add_server": _add_server,
    "remove_server": _remove_server,
    "monitor": _monitor,
    "operations": _operations,
    "help": _help,
}
"""By the id of the command."""
