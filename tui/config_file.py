"""The settings file: TOML, checked key by key, with errors that name file, line and key."""

from __future__ import annotations

import difflib
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tui.paths import tidy
from tui.vps.clean import clean


class SettingsError(Exception):
    """A setting cannot be used; one line that says where and why."""


_TOKENS: Final = ("token_command", "token_env", "token_file", "token_keyring", "token")
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "url": (str,),
    **dict.fromkeys(_TOKENS, (str,)),
    "read_only": (bool,),
    "locked": (bool,),
    "poll_idle": (int, float),
    "poll_busy": (int, float),
    "unlock_minutes": (int, float),
    "theme": (str,),
    "accent": (str,),
    "on_finished": (str, list),
    "keys": (dict,),
}
_RANGES: Final = {"poll_idle": (5, 3600), "poll_busy": (1, 600), "unlock_minutes": (1, 1440)}
"""Seconds and minutes that make sense: nobody hammers the provider by mistake."""
_WORDS: Final = {
    str: "text",
    bool: "true or false",
    int: "a number",
    list: "a list",
    dict: "a table",
}


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What the file says; everything empty where there is none."""

    path: Path
    shown: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    default_profile: str = ""

    @property
    def profiles(self) -> tuple[str, ...]:
        """The names of all profiles."""
        return tuple(self.tables)

    def choose(self, name: str | None) -> tuple[str, Mapping[str, Any]]:
        """A profile's name and its settings over the file's defaults. Raises SettingsError."""
        name = name or self.default_profile or next(iter(self.tables), "default")
        if (self.tables and name not in self.tables) or (not self.tables and name != "default"):
            known = ", ".join(self.tables) or "none"
            raise SettingsError(f"{self.shown}: no profile {clean(name, 40)!r} (there is: {known})")
        own = self.tables.get(name, {})
        inherited = {
            key: value
            for key, value in self.defaults.items()
            if key not in _TOKENS or not any(token in own for token in _TOKENS)
        }
        return name, {"name": name, **inherited, **own}

    def origin(self, key: str, table: Mapping[str, Any]) -> str:
        """Where a setting stands, for people."""
        name = table.get("name", "")
        inside = key in self.tables.get(name, {}) or key == "token"
        return f"{self.shown}, profile {name}" if inside and self.tables else self.shown


def read(path: Path, environ: Mapping[str, str]) -> ConfigFile:
    """Read and check the file. Raises SettingsError."""
    shown = tidy(path, environ)
    try:
        text = path.read_bytes().decode("utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError:
        return ConfigFile(path, shown)
    except OSError as error:
        raise SettingsError(f"{shown}: {error.strerror or 'cannot be read'}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise SettingsError(f"{shown}: not TOML: {clean(str(error), 120)}") from None
    checker = _Checker(shown, text)
    tables = checker.table(content.pop("profiles", {}), "profiles")
    default = content.pop("default_profile", "")
    checker.require(isinstance(default, str), "default_profile", "must be text")
    checker.settings(content, "")
    for name, table in tables.items():
        checker.settings(checker.table(table, name), name)
    checker.private(path, content, *tables.values())
    return ConfigFile(path, shown, content, tables, default)


class _Checker:
    """Checks tables against what is known, and finds the lines to blame."""

    def __init__(self, shown: str, text: str) -> None:
        self._shown = shown
        self._lines = text.splitlines()

    def fail(self, key: str, why: str, profile: str = "") -> SettingsError:
        line = self._line(key, profile)
        return SettingsError(f"{self._shown}:{line}: {clean(key, 60)}: {why}")

    def require(self, holds: bool, key: str, why: str, profile: str = "") -> None:
        if not holds:
            raise self.fail(key, why, profile)

    def table(self, value: Any, key: str) -> dict[str, Any]:
        self.require(isinstance(value, dict), key, "must be a table")
        return dict(value)

    def settings(self, table: Mapping[str, Any], profile: str) -> None:
        for key, value in table.items():
            if key not in _TYPES:
                close = difflib.get_close_matches(key, (*_TYPES, "profiles", "default_profile"), 1)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise self.fail(key, f"unknown setting{hint}", profile)
            types = _TYPES[key]
            good = isinstance(value, types) and (bool in types or not isinstance(value, bool))
            self.require(good, key, f"must be {_WORDS[types[0]]}", profile)
            if key in _RANGES:
                low, high = _RANGES[key]
                self.require(low <= value <= high, key, f"must be {low} to {high}", profile)
            if key in ("keys", "on_finished") and not isinstance(value, str):
                inner = value.values() if isinstance(value, dict) else value
                self.require(all(isinstance(v, str) for v in inner), key, "must hold text", profile)
        named = [key for key in _TOKENS if key in table]
        self.require(
            len(named) < 2, named[-1] if named else "", "one token source at most", profile
        )

    def private(self, path: Path, *tables: Mapping[str, Any]) -> None:
        if not any("token" in table for table in tables):
            return
        mode = stat.S_IMODE(path.stat().st_mode)
        self.require(
            not mode & 0o077, "token", "others can read this file; chmod 600 makes it private"
        )

    def _line(self, key: str, profile: str) -> int:
        """The line of a key, in its profile's table where there is one; 1 where unfound."""
        wanted = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]|\s*\[.*{re.escape(key)}""")
        header = re.compile(rf"""\s*\[\s*profiles\s*\.\s*["']?{re.escape(profile)}["']?\s*[\].]""")
        inside = not profile
        for number, line in enumerate(self._lines, 1):
            inside = inside or bool(header.match(line))
            if inside and wanted.match(line):
                return number
        return 1


def parse(name: str, text: str, variable: str) -> Any:
    """A setting from the environment, in the type that the file would have it in."""
    types = _TYPES[name]
    if bool in types:
        if text.lower() in ("1", "true", "yes", "on"):
            return True
        if text.lower() in ("0", "false", "no", "off"):
            return False
        raise SettingsError(f"environment {variable}: must be true or false")
    if float in types:
        low, high = _RANGES[name]
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            raise SettingsError(f"environment {variable}: must be {low} to {high}")
        return number
    return text
