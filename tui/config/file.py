"""The settings file: TOML, checked key by key, with errors that name file, line and key."""

from __future__ import annotations

import codecs
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tui.config.credentials import TokenError, check_owned
from tui.config.fitting import Unfit, meant
from tui.config.paths import read_file, tidy
from tui.config.schema import SETTINGS, TOKENS, fit
from tui.config.tables import NAMES, Misplaced, Tables, read_tables
from tui.vps.sanitize import clean
from tui.vps.token import Unshown, masked


class SettingsError(Exception):
    """A setting cannot be used; one line that says where and why, without any token in it."""

    def __init__(self, text: str) -> None:
        super().__init__(masked(text))


class ConfigFile(Unshown, frozen=True):
    """What the file says; everything empty where there is none."""

    path: Path
    shown: str
    defaults: Mapping[str, Any] = msgspec.field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Any]] = msgspec.field(default_factory=dict)
    default_profile: str = ""
    lines: Mapping[tuple[str, str], int] = msgspec.field(default_factory=dict)
    """The line of each key of each profile; of the keys outside of profiles under ""."""
    own: Tables = msgspec.field(default_factory=Tables)
    """Groups, policies, views and commands: they are the user's, whatever the profile."""

    @property
    def profiles(self) -> tuple[str, ...]:
        """The names of all profiles."""
        return tuple(self.tables)

    def choose(self, name: str | None, origin: str) -> tuple[str, Mapping[str, Any], str]:
        """A profile's name, its settings over the file's defaults, and where the name came from.

        `name` is one that was asked for in `origin`. Raises SettingsError.
        """
        if not name and self.default_profile:
            name, origin = self.default_profile, self.origin("default_profile", "")
        elif not name:
            name = next(iter(self.tables), "default")
            origin = f"the first in {self.shown}" if self.tables else "default"
        if (self.tables and name not in self.tables) or (not self.tables and name != "default"):
            known = ", ".join(self.tables) or "none"
            there = f"{self.shown} has: {known}"
            raise SettingsError(f"{origin}: no profile {clean(name, 40)!r} ({there})")
        own = self.tables.get(name, {})
        inherited = {
            key: value
            for key, value in self.defaults.items()
            if key not in TOKENS or not any(token in own for token in TOKENS)
        }
        return name, {**inherited, **own}, origin

    def entry(self, key: str, profile: str) -> tuple[str, ...]:
        """The way to a key: that of the profile, or the one outside of profiles."""
        own = key in self.tables.get(profile, {})
        return ("profiles", profile, key) if own else (key,)

    def origin(self, key: str, profile: str) -> str:
        """Where a setting stands, for people: file, line and profile."""
        own = key in self.tables.get(profile, {})
        line = self.lines.get((profile if own else "", key), 1)
        return f"{self.shown}:{line}" + (f", profile {profile}" if own else "")


def read(path: Path, environ: Mapping[str, str]) -> ConfigFile:
    """Read and check the file. Raises SettingsError."""
    shown = tidy(path, environ)
    try:
        data = read_file(path)
        import tomllib  # many have no file

        text = data.decode("utf-8-sig", "replace")  # for finding lines
        if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise SettingsError(f"{shown}:1: not TOML: it is UTF-16, and must be UTF-8")
        content = tomllib.loads(data.decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        if environ.get("CIPLUN_CONFIG"):
            raise SettingsError(f"environment CIPLUN_CONFIG: {shown}: no such file") from None
        return ConfigFile(path, shown)
    except OSError as error:
        raise SettingsError(f"{shown}: {error.strerror or 'cannot be read'}") from None
    except (ValueError, RecursionError) as error:
        raise SettingsError(
            f"{shown}:{_line_of(error, text)}: not TOML: {clean(str(error), 120)}"
        ) from None
    try:
        check_owned(path, shown)
    except TokenError as error:
        raise SettingsError(str(error)) from None
    checker = _Checker(shown, text)
    try:
        own = read_tables(content, checker.place)
    except Misplaced as why:
        raise SettingsError(clean(str(why), 300)) from None
    tables = checker.table(content.pop("profiles", {}), "profiles")
    default = content.pop("default_profile", None)
    checker.require(isinstance(default, str | None), "default_profile", "must be text")
    checker.require(default is None or bool(default), "default_profile", "must not be empty")
    common = checker.settings(content, "")
    profiles = {}
    for name, table in tables.items():
        checker.require(
            name.isprintable() and bool(name.strip()), name, "is not a name for a profile"
        )
        profiles[name] = checker.settings(checker.table(table, name), name)
    checker.private(path, common, *profiles.values())
    lines = {
        (profile, key): checker.line(key, profile)
        for profile, table in (("", {**common, "default_profile": ""}), *profiles.items())
        for key in table
    }
    return ConfigFile(path, shown, common, profiles, default or "", lines, own)


def _line_of(error: Exception, text: str) -> int:
    """The line that the TOML reader complains about; the last one where it names the end."""
    found = re.search(r"at line (\d+)", str(error))
    return int(found[1]) if found else max(1, len(text.splitlines()))


class _Checker:
    """Checks tables against what is known, and finds the lines to blame."""

    def __init__(self, shown: str, text: str) -> None:
        self._shown = shown
        self._lines = text.splitlines()

    def fail(self, key: str, why: str, profile: str = "") -> SettingsError:
        line = self.line(key, profile)
        return SettingsError(f"{self._shown}:{line}: {clean(key, 60)}: {why}")

    def require(self, holds: bool, key: str, why: str, profile: str = "") -> None:
        if not holds:
            raise self.fail(key, why, profile)

    def table(self, value: Any, key: str) -> dict[str, Any]:
        self.require(isinstance(value, dict), key, "must be a table")
        return dict(value)

    def settings(self, table: Mapping[str, Any], profile: str) -> dict[str, Any]:
        """The table's values as the schema has them."""
        found = {}
        for key, value in table.items():
            if key not in SETTINGS:
                raise self.fail(key, f"unknown setting{_hint(key)}", profile)
            try:
                found[key] = fit(key, value)
            except Unfit as why:
                raise self.fail(key, str(why), profile) from None
        named = [key for key in TOKENS if key in table]
        self.require(
            len(named) < 2, named[-1] if named else "", "give one token source only", profile
        )
        return found

    def private(self, path: Path, *tables: Mapping[str, Any]) -> None:
        if not any("token" in table for table in tables):
            return
        mode = stat.S_IMODE(path.stat().st_mode)
        self.require(
            not mode & 0o077, "token", "others can read this file; chmod 600 makes it private"
        )

    def line(self, key: str, profile: str) -> int:
        """The line of a key, in its profile's table where there is one; 1 where unfound."""
        return self._line(key, ("profiles", profile) if profile else ())

    def place(self, key: str, header: str, nth: int) -> str:
        """``file:line`` of a key of the n-th table with this header; of the header without one."""
        return f"{self._shown}:{self._line(key, tuple(header.split('.', 1)), nth)}"

    def _line(self, key: str, header: tuple[str, ...], nth: int = 0) -> int:
        names = r"\s*\.\s*".join(rf"""["']?{re.escape(name)}["']?""" for name in header)
        table = re.compile(rf"\s*\[+\s*{names}\s*[\].]")
        name = re.escape(key)
        wanted = re.compile(rf"""\s*["']?{name}["']?\s*[=.]|\s*\[.*{name}""") if key else table
        inside = not header
        for number, line in enumerate(self._lines, 1):
            if not inside and table.match(line):
                inside, nth = nth == 0, nth - 1
            if inside and wanted.match(line):
                return number
        return self._line(header[-1], header[:-1]) if header else 1


def _hint(key: str) -> str:
    """The setting that was probably meant."""
    found = meant(key, (*SETTINGS, *NAMES, "profiles", "default_profile"))
    return f"; {found}" if found else ""
