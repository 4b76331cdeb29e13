"""What the dashboard checks of the settings before it starts: theme, accent and keys."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from typing import Final

from textual.color import Color, ColorParseError
from textual.keys import KEY_NAME_REPLACEMENTS, key_to_character
from textual.keys import Keys as KeyNames
from textual.theme import BUILTIN_THEMES

from tui.commands import BY_ID, COMMANDS, TOGETHER, Keys, display_key, whole_key
from tui.config.file import SettingsError
from tui.config.fitting import meant
from tui.config.settings import Settings
from tui.config.tables import UserCommand
from tui.themes import THEMES

_MODIFIERS: Final = frozenset(("ctrl", "shift", "alt", "super", "meta", "hyper"))
_NAMED: Final = frozenset((*(key.value for key in KeyNames), *KEY_NAME_REPLACEMENTS.values()))


_NO_KEY: Final = "there is no key {!r}; keys are like f5, R or ctrl+r"


def check(settings: Settings) -> None:
    """Raises SettingsError, one line, for what the dashboard would otherwise pass over."""
    themes = [*(theme.name for theme in THEMES), *BUILTIN_THEMES]
    problems = {
        "theme": _unknown("theme", settings.theme, themes, "like ciplun-dark or ansi"),
        "accent": _accent_problem(settings.accent),
        "keys": keys_problem(settings.keys),
    }
    for name, problem in problems.items():
        if problem:
            raise SettingsError(f"{settings.origins[name]}: {name}: {problem}")
    for nth, command in enumerate(settings.commands):
        if words := _command_problem(command, settings):
            raise SettingsError(f"{settings.places[f'commands.{nth}']}: commands: {words}")
    if settings.views or settings.policies:
        from tui.fleet import policies

        policies.check(settings)


def _command_problem(command: UserCommand, settings: Settings) -> str:
    """What is wrong with a command of the user's own: its key, or what it is to be told."""
    key, keys = whole_key(command.key), Keys(settings.keys)
    if not _is_key(key):
        return _NO_KEY.format(command.key)
    for known in COMMANDS:
        if {"dashboard", "list"}.intersection(known.scopes) and key in keys.of(known.id):
            return f"{display_key(key)} is the key of {known.id}"
    if sum(whole_key(other.key) == key for other in settings.commands) > 1:
        return f"{display_key(key)} is the key of two of them"
    from tui.fleet.user_commands import problem

    return problem(command)


def _unknown(what: str, name: str, known: Collection[str], otherwise: str = "") -> str:
    if name in known:
        return ""
    right = meant(name, known, otherwise)
    return f"there is no {what} {name!r}" + (f"; {right}" if right else "")


def _accent_problem(accent: str) -> str:
    try:
        Color.parse(accent or "black")
    except ColorParseError:
        return f"{accent!r} is not a colour like #6cb6ff or teal"
    return ""


def keys_problem(keymap: Mapping[str, str]) -> str:
    """What is wrong with a map of keys: no such command, no such key, one key for two commands."""
    for name in keymap:
        if problem := _unknown("command", name, BY_ID):
            return problem
    keys = Keys(keymap)
    for name in keymap:
        for key in keys.of(name):
            if not _is_key(key):
                return f"{name}: {_NO_KEY.format(key)}"
    return next(filter(None, (_clash(keys, scopes) for scopes in TOGETHER)), _untypable(keys))


def _clash(keys: Keys, scopes: Container[str]) -> str:
    """Which key means two things in places where both are in force."""
    users: dict[str, str] = {}
    for command in COMMANDS:
        if not any(scope in scopes for scope in command.scopes):
            continue
        for key in keys.of(command.id):
            user = users.setdefault(key, command.id)
            if user != command.id:
                first, other = sorted((user, command.id), key=lambda n: n not in keys.changed)
                return f"{display_key(key)} is used by both {first} and {other}"
    return ""


def _untypable(keys: Keys) -> str:
    """In a field a key that writes is text: whatever else a field needs has another one."""
    for command in COMMANDS:
        if {"dialog", "field"}.intersection(command.scopes) and all(
            len(display_key(key)) == 1 or key == "space" for key in keys.of(command.id)
        ):
            return f"{command.id}: {keys.shown(command.id)} is typed into fields; give another key"
    return ""


def _is_key(key: str) -> bool:
    *modifiers, last = key.split("+") if key != "+" else [key]
    known = last in _NAMED or (len(last) == 1 and last.isprintable()) or key_to_character(last)
    return bool(known) and _MODIFIERS.issuperset(modifiers)
