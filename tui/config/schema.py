"""Every setting, once: its name, type, range and default. All else about settings follows from it.

The names are the keys of the settings file, and in capitals after ``CIPLUN_`` the variables.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, inspect

DEFAULT_URL: Final = "https://admin.vps.org/api/v1"

Filled = Annotated[str, Meta(min_length=1)]
"""A text that is not empty."""


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set for each profile; the ranges keep anybody from hammering the provider."""

    url: Filled = DEFAULT_URL
    read_only: bool = False
    locked: bool = False
    poll_idle: Annotated[float, Meta(ge=5, le=3600)] = 60.0  # seconds
    poll_busy: Annotated[float, Meta(ge=1, le=600)] = 10.0  # seconds
    theme: Filled = "ciplun-dark"
    accent: Filled = ""
    unlock_minutes: Annotated[float, Meta(ge=1, le=1440)] = 10.0
    on_finished: tuple[str, ...] = ()
    keys: Mapping[str, Filled] = {}


class TokenSources(msgspec.Struct, frozen=True, kw_only=True):
    """The ways to name a token, the first before the next; a profile has one of them at most."""

    token_command: Filled = ""
    token_env: Filled = ""
    token_file: Filled = ""
    token_keyring: Filled = ""
    token: Filled = ""


_FIELDS: Final = {
    field.name: field for table in (Values, TokenSources) for field in msgspec.structs.fields(table)
}
_KINDS: Final[Mapping[str, inspect.Type]] = {
    name: inspect.type_info(field.type) for name, field in _FIELDS.items()
}
SETTINGS: Final = tuple(_FIELDS)
TOKENS: Final = TokenSources.__struct_fields__
SET_BY_USER: Final = tuple(
    f"CIPLUN_{name.upper()}" for name in (*_FIELDS, "profile", "config", "ascii")
)
"""The variables of the environment that set something."""
VARIABLES: Final = (
    *SET_BY_USER,
    *(f"CIPLUN_{name}" for name in ("KIND", "STATE", "SERVER", "SNAPSHOT")),  # told to a hook
)


class Unfit(ValueError):
    """A value that a setting cannot have; the phrase says why, after the setting's name."""


def fit(name: str, value: Any) -> Any:
    """A value as the setting's type has it. Raises Unfit."""
    kind = _KINDS[name]
    for text in _texts(value):
        if not text.isprintable():
            raise Unfit("has control characters in it")
    if isinstance(kind, inspect.VarTupleType) and isinstance(value, str):
        value = _split(value)
    try:
        found = msgspec.convert(value, _FIELDS[name].type)
    except msgspec.ValidationError:
        raise Unfit(_why(kind, value)) from None
    if isinstance(found, tuple) and found and not found[0].strip():
        raise Unfit("must begin with a program")
    return found


def from_text(name: str, text: str) -> Any:
    """The value that a variable of the environment spells. Raises Unfit."""
    value: Any = text
    match _KINDS[name]:
        case inspect.BoolType():
            value = _TRUTHS.get(text.lower(), text)
        case inspect.FloatType() as kind:
            try:
                value = float(text)
            except ValueError:
                raise Unfit(_range(kind)) from None
        case inspect.DictType() if text.isprintable():
            value = _pairs(text)
    return fit(name, value)


def _pairs(text: str) -> dict[str, str]:
    """``create=n refresh=f5,r`` as the file's table would be."""
    pairs = [pair.partition("=") for pair in text.split()]
    if not all(name and value for name, _, value in pairs):
        raise Unfit("must be like refresh=f5,r quit=Q")
    return {name: value for name, _, value in pairs}


def _split(text: str) -> list[str]:
    """The words of a command as a shell would cut them."""
    try:
        words = shlex.split(text)
    except ValueError:
        raise Unfit("has an unbalanced quote") from None
    if not words:
        raise Unfit("must not be empty")
    return words


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value, those of its items included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, str):
                yield item


def _why(kind: inspect.Type, value: Any) -> str:
    """What a value of this kind must be, given one that is not."""
    match kind:
        case inspect.BoolType():
            return "must be true or false"
        case inspect.FloatType() if isinstance(value, int | float) and not isinstance(value, bool):
            return _range(kind)
        case inspect.FloatType():
            return "must be a number"
        case inspect.StrType():
            return "must not be empty" if value == "" else "must be text"
        case inspect.DictType() if not isinstance(value, dict):
            return "must be a table"
        case inspect.VarTupleType() if not isinstance(value, list):
            return "must be text or a list"
    return "must not hold empty text" if "" in _texts(value) else "must hold text"


def _range(kind: inspect.FloatType) -> str:
    return f"must be {kind.ge:g} to {kind.le:g}"


_TRUTHS: Final = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}
