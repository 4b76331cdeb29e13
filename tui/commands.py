"""Every command once: its id, keys, words, place and scope.

Bindings, footer, palette, help and the keys that sentences name derive from this one table, so
that they cannot disagree.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final, Protocol, cast

import msgspec
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.keys import KEY_NAME_REPLACEMENTS


class Command(msgspec.Struct, frozen=True):
    """One thing a user can do.

    `id` is the name in the configuration's key map and of the action method. `keys` are Textual
    key names, separated by commas. `footer` is the label in the bottom line, empty for none.
    `scopes` are the places where the keys work.
    """

    id: str
    keys: str
    label: str
    help: str
    group: str
    footer: str = ""
    scopes: tuple[str, ...] = ("dashboard",)


GROUPS: Final = ("Move", "Look", "Change", "Program", "In dialogs")
"""The headings of the help, in its order."""

TOGETHER: Final = (
    frozenset(("dashboard", "list")),
    frozenset(("dashboard", "field")),
    frozenset(("dialog", "field")),
    frozenset(("dialog", "checkbox")),
    frozenset(("dialog", "list", "page", "details")),
    frozenset(("dialog", "list", "page", "help")),
    frozenset(("dialog", "list", "page", "operations")),
    frozenset(("dialog", "field", "operations")),
    frozenset(("dialog", "checkbox", "bulk")),
    frozenset(("dialog", "page", "monitor")),
)
"""Scopes whose keys work at the same time: within each set a key can mean one thing only."""

_move = partial(Command, group="Move", scopes=("list",))
_pane = partial(Command, group="Move")
_look = partial(Command, group="Look")
_change = partial(Command, group="Change")
_program = partial(Command, group="Program")
_dialog = partial(Command, group="In dialogs")

COMMANDS: Final = (
    _move("down", "down,j", "Down", "One down; in all lists and pages"),
    _move("up", "up,k", "Up", "One up"),
    _move("first", "home,g", "First", "The first"),
    _move("last", "end,G", "Last", "The last"),
    _move("page_down", "pagedown", "Page down", "A page down"),
    _move("page_up", "pageup", "Page up", "A page up"),
    _move("half_page_down", "ctrl+d", "Half a page down", "Half a page down"),
    _move("half_page_up", "ctrl+u", "Half a page up", "Half a page up"),
    _move("select", "enter", "Choose", "Details of the row; in a list of choices, choose"),
    _pane("next_pane", "tab", "Next pane", "Go to the other pane"),
    _pane("left_pane", "h,1", "Servers pane", "Go to the servers"),
    _pane("right_pane", "l,2", "Snapshots pane", "Go to the snapshots"),
    _look(
        "filter",
        "slash",
        "Filter",
        "Filter the focused pane as you type",
        footer="Filter",
        scopes=("dashboard", "operations"),
    ),
    _look("clear", "escape", "Clear the filter and marks", "Clear filter and marks"),
    _look("next_view", "f", "Next view", "Show the next view: problems, stale, failed, ..."),
    _look("previous_view", "F", "Previous view", "Show the previous view"),
    _look("next_problem", "n", "Next problem", "Go to the next server that needs you"),
    _look("previous_problem", "N", "Previous problem", "Go to the previous one"),
    _look("sort", "s", "Sort by the next column", "Sort by the next column", footer="Sort"),
    _look("reverse", "S", "Reverse the order", "Reverse the order of the rows"),
    _look("all", "a", "All snapshots of all servers", "Show all snapshots, or one server's"),
    _look(
        "details",
        "d",
        "Details",
        "Show all that is known of the chosen row",
        scopes=("dashboard", "details"),
    ),
    _look(
        "monitor",
        "m",
        "Monitor",
        "Big figures to read from afar; again to go back",
        scopes=("dashboard", "monitor"),
    ),
    _look(
        "take_note",
        "space",
        "Take note",
        "In the monitor: from now on red only for what is new",
        scopes=("monitor",),
    ),
    _look("wide", "w", "More columns", "Give this pane the whole width, with more columns"),
    _look(
        "local_time",
        "z",
        "UTC or local time",
        "Show times in UTC or local time",
        scopes=("dashboard", "details"),
    ),
    _look(
        "refresh",
        "r",
        "Refresh now",
        "Refresh now",
        footer="Refresh",
        scopes=("dashboard", "operations", "monitor"),
    ),
    _look("pause", "p", "Pause or resume updates", "Pause the updates, or resume them"),
    _look(
        "copy_id",
        "y",
        "Copy the id",
        "Copy the chosen row's id",
        scopes=("dashboard", "details", "operations"),
    ),
    _look(
        "copy_json",
        "Y",
        "Copy as JSON",
        "Copy the chosen row as JSON",
        scopes=("details", "operations"),
    ),
    _look("copy_menu", "Y", "Copy ...", "Copy the name, address, JSON or a curl command"),
    _change(
        "create",
        "c",
        "Create a snapshot",
        "Create a snapshot of the chosen or all marked servers",
        footer="Create",
    ),
    _change(
        "restore",
        "R",
        "Restore the server",
        "Overwrite the server with the chosen snapshot",
        footer="Restore",
    ),
    _change(
        "delete",
        "D",
        "Delete the snapshot",
        "Delete the chosen or all marked snapshots",
        footer="Delete",
        scopes=("dashboard", "operations"),
    ),
    _change(
        "retention",
        "K",
        "Retention by a policy",
        "What a policy keeps and deletes on marked servers, or on all shown",
    ),
    _change("mark", "space", "Mark", "Mark or unmark the row, for actions on many"),
    _change("mark_all", "asterisk", "Mark all", "Mark all rows that are shown, or none of them"),
    _change("invert", "i", "Invert the marks", "Invert the marks of the rows that are shown"),
    _change("range", "v", "Mark a range", "Begin a range, then mark all rows up to another one"),
    _change(
        "protect", "x", "Protect from deletes", "Protect from deletes by ciplun; again to undo"
    ),
    _program(
        "operations",
        "exclamation_mark",
        "Operations",
        "What is running, and what became of the rest",
        footer="Operations",
        scopes=("dashboard", "operations"),
    ),
    _program("add_server", "plus", "Add a server by id", "Show a server that is not listed"),
    _program(
        "remove_server", "minus", "Remove an added server", "Stop showing a server that was added"
    ),
    _program("profile", "P", "Choose the profile", "Change to another profile (account)"),
    _program("lock", "L", "Lock or unlock writing", "Lock writing, or unlock it for a while"),
    _program("redraw", "ctrl+l", "Redraw the screen", "Redraw the screen"),
    _program("palette", "colon,ctrl+p", "Command palette", "Find a command by name"),
    _program(
        "help",
        "question_mark",
        "Help",
        "All keys and symbols",
        footer="Help",
        scopes=("dashboard", "help"),
    ),
    _program("quit", "q", "Quit", "Quit; what runs goes on at the provider", footer="Quit"),
    _dialog("leave", "escape", "Cancel", "Cancel, or close; nothing is sent", scopes=("dialog",)),
    _dialog("close", "q", "Close", "Close a page or the operations", scopes=("page",)),
    _dialog("accept", "enter", "Go on", "Go on from a field; press the button", scopes=("field",)),
    _dialog("tick", "space,enter", "Tick", "Tick or untick a box", scopes=("checkbox",)),
    _dialog("next_field", "tab", "Next field", "Go to the next field", scopes=("dialog",)),
    _dialog(
        "previous_field",
        "shift+tab",
        "Previous field",
        "Go to the previous field",
        scopes=("dialog",),
    ),
    _dialog("try_again", "t", "Try again", "Ask for the same again", scopes=("operations",)),
    _dialog(
        "make_room",
        "m",
        "Make room",
        "Make room on full servers first; again to undo",
        scopes=("bulk",),
    ),
    _dialog(
        "go_on", "o", "Go on", "Send what is left of a plan that stopped", scopes=("operations",)
    ),
    _dialog(
        "stop_tracking",
        "X",
        "Stop tracking",
        "Stop waiting for it, which frees the server; end a plan",
        scopes=("operations",),
    ),
)

BY_ID: Final = {command.id: command for command in COMMANDS}
DASHBOARD: Final = tuple(command for command in COMMANDS if "dashboard" in command.scopes)
FOOTER: Final = tuple(
    BY_ID[name]
    for name in (
        *("create", "restore", "delete", "filter", "sort", "refresh", "operations"),
        *("help", "quit"),
    )
)


def key_name(character: str) -> str:
    """Textual's name of the key that types a character: ``/`` is ``slash``."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


_DISPLAY: Final = {key_name(character): character for character in string.punctuation} | {
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


def whole_key(key: str) -> str:
    """A key of the user's map by Textual's name for it."""
    key = key.strip()
    return key_name(key) if len(key) == 1 else key


class Keys:
    """The keys as set: the table of commands with the user's map laid over it."""

    def __init__(self, changed: Mapping[str, str] | None = None) -> None:
        self.changed = {
            name: ",".join(map(whole_key, keys.split(",")))
            for name, keys in (changed or {}).items()
        }

    def of(self, command: str) -> list[str]:
        """The Textual names of a command's keys."""
        return self.changed.get(command, BY_ID[command].keys).split(",")

    def all_shown(self, command: str) -> str:
        """All keys of a command as they are printed, with spaces between."""
        return " ".join(map(display_key, self.of(command)))

    def shown(self, command: str) -> str:
        """The first key of a command as it is printed on a keyboard: what sentences name."""
        return display_key(self.of(command)[0])

    def hint(self, **uses: str) -> str:
        """What some keys do, in a line: ``enter accept   esc cancel``."""
        return "   ".join(f"{self.shown(command)} {use}" for command, use in uses.items())


class _HasKeys(Protocol):
    keys: Keys


def keys_of(node: DOMNode) -> Keys:
    """The keys as set: the app holds them, whoever asks."""
    return cast("_HasKeys", node.app).keys


def bindings(ids: Iterable[str] = (), **actions: str) -> list[BindingType]:
    """Textual bindings of these commands; the palette, help and footer are ours, so none shows.

    `ids` call the action of their own name, `actions` another one.
    """
    asked = {**{name: name for name in ids}, **actions}
    return [
        Binding(
            BY_ID[name].keys,
            action,
            BY_ID[name].label,
            show=False,
            tooltip=BY_ID[name].help,
            id=name,
        )
        for name, action in asked.items()
    ]
