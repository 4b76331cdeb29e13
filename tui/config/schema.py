"""Every setting, once: its name, type, range and default. All else about settings follows from it.

The names are the keys of the settings file, and in capitals after ``CIPLUN_`` the variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, inspect

from tui.config.ages import WEEK, Age
from tui.config.fitting import Field, Unfit, fields_of, range_of
from tui.config.fitting import fit as fit_field

DEFAULT_URL: Final = "https://admin.vps.org/api/v1"

Filled = Annotated[str, Meta(min_length=1)]
"""A text that is not empty."""
Ignorable = Literal["none", "stale", "overdue", "failed", "full"]
"""Findings that may be left out. What cannot be seen is never called well."""


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set for each profile; the ranges keep anybody from hammering the provider."""

    url: Filled = DEFAULT_URL
    read_only: bool = False
    locked: bool = False
    poll_idle: Annotated[float, Meta(ge=5, le=3600)] = 60.0  # seconds
    poll_busy: Annotated[float, Meta(ge=1, le=600)] = 10.0  # seconds
    max_age: Age = Age(WEEK)  # seconds: of the newest completed snapshot; 0 is never too old
    ignore: tuple[Ignorable, ...] = ()
    theme: Filled = "ciplun-dark"
    accent: Filled = ""
    time: Literal["utc", "local"] = "utc"
    accessible: bool = False
    remember: bool = True
    unlock_minutes: Annotated[float, Meta(ge=1, le=1440)] = 10.0
    start_after_restore: bool = False
    on_finished: tuple[str, ...] = ()
    on_event: tuple[str, ...] = ()
    ping_url: Filled = ""
    keys: Mapping[str, Filled] = {}


class TokenSources(msgspec.Struct, frozen=True, kw_only=True):
    """The ways to name a token, the first before the next; a profile has one of them at most."""

    token_command: Filled = ""
    token_env: Filled = ""
    token_file: Filled = ""
    token_keyring: Filled = ""
    token: Filled = ""


_FIELDS: Final[Mapping[str, Field]] = fields_of(Values, TokenSources)
SETTINGS: Final = tuple(_FIELDS)
TOKENS: Final = TokenSources.__struct_fields__
SET_BY_USER: Final = tuple(
    f"CIPLUN_{name.upper()}" for name in (*_FIELDS, "profile", "config", "ascii", "cursor")
)
"""The variables of the environment that set something."""
VARIABLES: Final = (
    *SET_BY_USER,
    *(f"CIPLUN_{name}" for name in ("KIND", "STATE", "SERVER", "SNAPSHOT")),  # told to a hook
)


def fit(name: str, value: Any) -> Any:
    """A value as the setting's type has it. Raises Unfit."""
    found = fit_field(_FIELDS[name], value)
    if name in ("on_finished", "on_event") and found and not found[0].strip():
        raise Unfit("must begin with a program")
    return found


def from_text(name: str, text: str) -> Any:
    """The value that a variable of the environment spells. Raises Unfit."""
    value: Any = text
    match _FIELDS[name].kind:
        case inspect.BoolType():
            value = _TRUTHS.get(text.lower(), text)
        case inspect.FloatType() as kind:
            try:
                value = float(text)
            except ValueError:
                raise Unfit(range_of(kind)) from None
        case inspect.DictType() if text.isprintable():
            value = _pairs(text)
    return fit(name, value)


def _pairs(text: str) -> dict[str, str]:
    """``create=n refresh=f5,r`` as the file's table would be."""
    pairs = [pair.partition("=") for pair in text.split()]
    if not all(name and value for name, _, value in pairs):
        raise Unfit("must be like refresh=f5,r quit=Q")
    return {name: value for name, _, value in pairs}


_TRUTHS: Final = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}
