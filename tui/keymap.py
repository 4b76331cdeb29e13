"""What only the dashboard can check of the settings: theme, accent and keys."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Final

from textual.color import Color, ColorParseError
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character
from textual.theme import BUILTIN_THEMES

from tui.commands import COMMANDS
from tui.config.file import SettingsError
from tui.config.settings import Settings
from tui.terminal.textual_private import key_name
from tui.themes import THEMES
from tui.widgets.row_list import RowList

_MODIFIERS: Final = frozenset(("ctrl", "shift", "alt", "super", "meta", "hyper"))
_NAMED: Final = frozenset((*(key.value for key in Keys), *KEY_NAME_REPLACEMENTS.values()))


def check(settings: Settings) -> None:
    """Raises SettingsError, one line, for what the dashboard would otherwise pass over."""
    themes = [*(theme.name for theme in THEMES), *BUILTIN_THEMES]
    problems = {
        "theme": _unknown("theme", settings.theme, themes),
        "accent": _accent_problem(settings.accent),
        "keys": keys_problem(settings.keys),
    }
    for name, problem in problems.items():
        if problem:
            raise SettingsError(f"{settings.origins[name]}: {name}: {problem}")


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    if name in known:
        return ""
    close = difflib.get_close_matches(name, known, 1)
    return f"there is no {what} {name!r}" + (f"; did you mean {close[0]}?" if close else "")


def _accent_problem(accent: str) -> str:
    try:
        Color.parse(accent or "black")
    except ColorParseError:
        return f"{accent!r} is no colour, like #6cb6ff or teal"
    return ""


def keys_problem(keymap: Mapping[str, str]) -> str:
    """What is wrong with a map of keys: no such command, no such key, one key for two commands."""
    defaults = {command.id: command.keys for command in COMMANDS}
    # The moves are the lists' own bindings.
    defaults |= {b.id: b.key for b in RowList.BINDINGS if not isinstance(b, tuple) and b.id}
    for name in keymap:
        if problem := _unknown("command", name, defaults):
            return problem
    users: dict[str, str] = {}
    for name, keys in {**defaults, **keymap}.items():
        for key in map(str.strip, keys.split(",")):
            if not _is_key(key):
                return f"{name}: there is no key {key!r}"
            whole = key_name(key)
            if users.setdefault(whole, name) != name:
                return f"{key} is used by both {users[whole]} and {name}"
    return ""


def _is_key(key: str) -> bool:
    *modifiers, last = key.split("+") if key != "+" else [key]
    known = last in _NAMED or (len(last) == 1 and last.isprintable()) or key_to_character(last)
    return bool(known) and _MODIFIERS.issuperset(modifiers)
