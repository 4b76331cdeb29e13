"""The tables of the settings file that are nobody's profile: groups, policies, views, commands.

What can be judged without a fleet is judged here; whether a selector or a template of names means
something, `tui.fleet.policies` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from tui.config.ages import Age
from tui.config.fitting import Field, Unfit, fields_of, fit, meant
from tui.config.schema import Filled, Ignorable
from tui.vps.models import SLOTS

T = TypeVar("T", bound=msgspec.Struct)
Keep = Annotated[int, Meta(ge=0, le=SLOTS)]
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Servers by patterns of their names; `max_age` in seconds. None: as the profile has it."""

    match: Annotated[tuple[Filled, ...], Meta(min_length=1)]
    exclude: tuple[Filled, ...] = ()
    max_age: Age | None = None
    ignore: tuple[Ignorable, ...] | None = None


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Which snapshots are kept, of those that the template `name` made.

    `on` selects servers, empty where the command names them. The numbers are snapshots of one
    server; `reserve` are slots that stay free.
    """

    name: Filled
    on: Filled = ""
    keep_last: Keep = 0
    keep_daily: Keep = 0
    keep_weekly: Keep = 0
    keep_monthly: Keep = 0
    reserve: Keep = 0

    @property
    def keeps(self) -> int:
        """Snapshots of a server that are kept at most."""
        return self.keep_last + self.keep_daily + self.keep_weekly + self.keep_monthly

    def problem(self) -> str:
        """Why nobody can follow it, with the sum; empty where it can be followed."""
        if not self.keeps:
            return "keeps nothing: give keep_last, keep_daily, keep_weekly or keep_monthly"
        if self.keeps + self.reserve > SLOTS:
            named = ("keep_last", "keep_daily", "keep_weekly", "keep_monthly", "reserve")
            parts = [(name, getattr(self, name)) for name in named]
            terms = " + ".join(f"{name} {number}" for name, number in parts if number)
            total = self.keeps + self.reserve
            return f"needs {total} slots ({terms}): a server has {SLOTS}"
        return ""


class UserCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command of the user's own on a key: an argument list, run without a shell.

    `background` leaves the screen as it is; a `safe` one changes nothing, and works read-only.
    """

    key: Filled
    run: Annotated[tuple[Filled, ...], Meta(min_length=1)]
    on: Literal["server", "snapshot"] = "server"
    confirm: bool = False
    background: bool = False
    safe: bool = False


class Tables(NamedTuple):
    """All of them, by name, in the order of the file.

    `places` has ``file:line`` of each key, and of each command by its number from 0.
    """

    groups: Mapping[str, Group] = {}
    policies: Mapping[str, Policy] = {}
    views: Mapping[str, str] = {}
    commands: tuple[UserCommand, ...] = ()
    places: Mapping[str, str] = {}


NAMES: Final = ("groups", "policies", "views", "commands")
_GROUP: Final = fields_of(Group)
_POLICY: Final = fields_of(Policy)
_COMMAND: Final = fields_of(UserCommand)
_VIEW: Final = fields_of(msgspec.defstruct("_View", [("view", Filled)]))["view"]
Find = Callable[[str, str, int], str]
"""``file:line`` of a key in the table of this header, the n-th of its name from 0."""


class Misplaced(Exception):
    """What is wrong in one of the tables: one sentence that begins with file and line."""


def read_tables(content: dict[str, Any], find: Find) -> Tables:
    """Take these tables out of the file's content. Raises Misplaced."""
    reader = _Reader(find)
    groups = reader.named(content.pop("groups", {}), "groups", _GROUP, Group)
    policies = reader.named(content.pop("policies", {}), "policies", _POLICY, Policy)
    for name, policy in policies.items():
        if problem := policy.problem():
            raise reader.wrong("", problem, f"policies.{name}")
    views = reader.views(content.pop("views", {}))
    commands = reader.commands(content.pop("commands", []))
    return Tables(groups, policies, views, commands, reader.places)


class _Reader:
    """Reads tables, and keeps where each key stands."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self.places: dict[str, str] = {}

    def wrong(self, key: str, why: str, header: str, nth: int = 0) -> Misplaced:
        label = f"{header}.{key}" if key else header
        return Misplaced(f"{self._find(key, header, nth)}: {label}: {why}")

    def named(
        self, tables: Any, header: str, fields: Mapping[str, Field], kind: type[T]
    ) -> dict[str, T]:
        """``[groups.prod]`` and its like."""
        if not isinstance(tables, dict):
            raise self.wrong("", "must be a table of tables", header)
        found = {}
        for name, table in tables.items():
            if not _NAME.fullmatch(name):
                why = "its name may have letters, digits, hyphens and underscores only"
                raise self.wrong("", why, f"{header}.{name}")
            found[name] = self.one(table, f"{header}.{name}", fields, kind)
        return found

    def one(
        self, table: Any, header: str, fields: Mapping[str, Field], kind: type[T], nth: int = 0
    ) -> T:
        if not isinstance(table, dict):
            raise self.wrong("", "must be a table", header, nth)
        values = {}
        for key, value in table.items():
            if key not in fields:
                right = meant(key, fields, f"it has {', '.join(fields)}")
                raise self.wrong(key, f"unknown setting; {right}", header, nth)
            values[key] = self.fitting(fields[key], value, key, header, nth)
        try:
            return kind(**values)
        except TypeError:
            needed = [field.name for field in msgspec.structs.fields(kind) if field.required]
            missing = next(name for name in needed if name not in values)
            raise self.wrong("", f"{missing} is missing", header, nth) from None

    def fitting(self, field: Field, value: Any, key: str, header: str, nth: int = 0) -> Any:
        try:
            found = fit(field, value)
        except Unfit as why:
            raise self.wrong(key, str(why), header, nth) from None
        self.places[f"{header}.{key}"] = self._find(key, header, nth)
        return found

    def views(self, table: Any) -> dict[str, str]:
        if not isinstance(table, dict):
            raise self.wrong("", "must be a table", "views")
        for name in table:
            if not name.strip() or not name.isprintable() or len(name) > 20:
                raise self.wrong("", "a view's name has 1 to 20 letters", "views")
        return {name: self.fitting(_VIEW, text, name, "views") for name, text in table.items()}

    def commands(self, tables: Any) -> tuple[UserCommand, ...]:
        if not isinstance(tables, list):
            raise self.wrong("", "must be written as [[commands]]", "commands")
        found = []
        for nth, table in enumerate(tables):
            found.append(self.one(table, "commands", _COMMAND, UserCommand, nth))
            self.places[f"commands.{nth}"] = self._find("key", "commands", nth)
        return tuple(found)
