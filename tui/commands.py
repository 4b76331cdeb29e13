"""Every command once: its id, keys, words and place.

Bindings, footer, palette and help derive from this one table, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from textual.binding import Binding


class Command(msgspec.Struct, frozen=True):
    """One thing a user can do.

    `id` is the name in the configuration's key map and of the action method. `keys` are Textual
    key names, separated by commas. `footer` is the label in the bottom line, empty for none.
    """

    id: str
    keys: str
    label: str
    help: str
    group: str
    footer: str = ""

    def shown_keys(self, keymap: Mapping[str, str]) -> list[str]:
        """Its keys, remapped ones included, as they are printed on a keyboard."""
        return [display_key(key) for key in keymap.get(self.id, self.keys).split(",")]


_DISPLAY: Final = {
    "question_mark": "?",
    "exclamation_mark": "!",
    "slash": "/",
    "colon": ":",
    "plus": "+",
    "escape": "esc",
    "down": "↓",
    "up": "↑",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
}


def display_key(key: str) -> str:
    """A Textual key name as a user knows it: ``question_mark`` is ``?``."""
    return _DISPLAY.get(key, key)


COMMANDS: Final = (
    Command(
        "create",
        "c",
        "Create a snapshot",
        "A snapshot of the chosen or all marked servers",
        "Change",
        "Create",
    ),
    Command(
        "restore",
        "R",
        "Restore the server",
        "Overwrite the server with the chosen snapshot",
        "Change",
        "Restore",
    ),
    Command(
        "delete",
        "D",
        "Delete the snapshot",
        "Delete the chosen or all marked snapshots",
        "Change",
        "Delete",
    ),
    Command("mark", "space", "Mark", "Mark or unmark the row, for actions on many", "Change"),
    Command(
        "protect",
        "x",
        "Protect from deletes",
        "Protect it from deletes by ciplun, or no longer",
        "Change",
    ),
    Command("filter", "slash", "Filter", "Filter the focused pane as you type", "Look", "Filter"),
    Command("clear", "escape", "Clear the filter and marks", "Clear filter and marks", "Look"),
    Command("sort", "s", "Sort by the next column", "Sort by the next column", "Look", "Sort"),
    Command("reverse", "S", "Reverse the order", "Reverse the order of the rows", "Look"),
    Command(
        "all", "a", "All snapshots of all servers", "Show all snapshots, or one server's", "Look"
    ),
    Command("details", "d", "Details", "Show everything known of the chosen row", "Look"),
    Command("refresh", "r", "Refresh now", "Ask the provider at once", "Look", "Refresh"),
    Command("pause", "p", "Pause or resume polling", "Stop asking the provider, or go on", "Look"),
    Command("copy_id", "y", "Copy the id", "Copy the chosen row's id", "Look"),
    Command("copy_json", "Y", "Copy as JSON", "Copy the chosen row as JSON", "Look"),
    Command("next_pane", "tab", "Next pane", "Go to the other pane", "Move"),
    Command("left_pane", "h,1", "Servers pane", "Go to the servers", "Move"),
    Command("right_pane", "l,2", "Snapshots pane", "Go to the snapshots", "Move"),
    Command(
        "operations",
        "exclamation_mark",
        "Operations",
        "What is running, and what became of the rest",
        "Ciplun",
        "Operations",
    ),
    Command(
        "add_server", "plus", "Add a server by id", "Show a server that no list names", "Ciplun"
    ),
    Command("profile", "P", "Choose the profile", "Change to another account", "Ciplun"),
    Command(
        "lock", "L", "Lock or unlock writing", "Lock writing, or unlock it for a while", "Ciplun"
    ),
    Command("redraw", "ctrl+l", "Redraw the screen", "Paint the screen anew", "Ciplun"),
    Command("palette", "colon,ctrl+p", "Command palette", "Find a command by name", "Ciplun"),
    Command("help", "question_mark", "Help", "All keys and signs", "Ciplun", "Help"),
    Command("quit", "q", "Quit", "Leave; what runs goes on at the provider", "Ciplun", "Quit"),
)

BY_ID: Final = {command.id: command for command in COMMANDS}
FOOTER: Final = tuple(command for command in COMMANDS if command.footer)

MOVES: Final = (
    ("j k ↓ ↑", "down, up"),
    ("g G Home End", "first, last"),
    ("PgUp PgDn", "a page"),
    ("enter", "details"),
)
"""Keys of the list itself, for the help: their bindings are the list widget's."""


def bindings(ids: Iterable[str] = BY_ID) -> list[Binding]:
    """Textual bindings of these commands; the palette, help and footer are ours, so none shows."""
    return [
        Binding(
            command.keys,
            command.id,
            command.label,
            show=False,
            tooltip=command.help,
            id=command.id,
        )
        for command in map(BY_ID.__getitem__, ids)
    ]
