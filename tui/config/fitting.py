"""Whether a value fits a field, and what to say where it does not, or where a word is unknown."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect

from tui.config.ages import Age


class Unfit(ValueError):
    """A value that a setting cannot have; the phrase says why, after the setting's name."""


class Field(NamedTuple):
    """A field of a struct: its type, and what msgspec knows of it."""

    type: Any
    kind: inspect.Type


def meant(
    word: str, known: Iterable[str], otherwise: str = "", *, alike: float = 0.6, shown: str = "{}"
) -> str:
    """``did you mean group?`` where a known word is nearly this one, else `otherwise`.

    `alike` is how near it must be, 1 for the same; `shown` has braces where the word goes.
    """
    from difflib import get_close_matches  # only where something is wrong

    close = get_close_matches(word, list(known), 1, alike)
    return f"did you mean {shown.format(close[0])}?" if close else otherwise


def fields_of(*structs: type[msgspec.Struct]) -> Mapping[str, Field]:
    """The fields of some structs, by name."""
    found = {}
    for struct in structs:
        for field in msgspec.structs.fields(struct):
            kind = inspect.type_info(field.type)
            if isinstance(kind, inspect.UnionType):  # `| None` only says that it may be left out
                (kind,) = (k for k in kind.types if not isinstance(k, inspect.NoneType))
            found[field.name] = Field(field.type, kind)
    return found


def fit(field: Field, value: Any) -> Any:
    """A value as the field's type has it. Raises Unfit."""
    for text in _texts(value):
        if not text.isprintable():
            raise Unfit("has control characters in it")
    if isinstance(field.kind, inspect.VarTupleType) and isinstance(value, str):
        value = _split(field.kind, value)
    if value is None:
        raise Unfit(_why(field.kind, value))
    try:
        return msgspec.convert(value, field.type, dec_hook=_own)
    except msgspec.ValidationError:
        raise Unfit(_why(field.kind, value)) from None


def _own(kind: type, value: Any) -> Any:
    """A value of a type of ours; a ValueError becomes msgspec's."""
    return Age.parse(value) if kind is Age else value


def _split(kind: inspect.VarTupleType, text: str) -> list[str]:
    """The words of a command as a shell would cut them; of a list of names also at commas."""
    if isinstance(kind.item_type, inspect.LiteralType):
        return [word for word in re.split(r"[,\s]+", text) if word]
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
        case inspect.CustomType():
            return _why_no_age(value)
        case inspect.LiteralType():
            return f"must be {_listed(kind, 'or')}"
        case inspect.FloatType() if _is_number(value):
            return range_of(kind)
        case inspect.IntType():
            return f"must be a whole number, {kind.ge} to {kind.le}"
        case inspect.VarTupleType():
            return _why_no_list(kind, value)
        case inspect.StrType() if value == "":
            return "must not be empty"
        case inspect.DictType() if isinstance(value, dict):
            return _why_no_texts(value)
    return _PLAIN.get(type(kind), "must hold text")


_PLAIN: Final = {
    inspect.BoolType: "must be true or false",
    inspect.FloatType: "must be a number",
    inspect.StrType: "must be text",
    inspect.DictType: "must be a table",
}


def _why_no_age(value: Any) -> str:
    try:
        Age.parse(value)
    except ValueError as why:
        return str(why)
    return "must be an age"


def _why_no_list(kind: inspect.VarTupleType, value: Any) -> str:
    if isinstance(kind.item_type, inspect.LiteralType):
        return f"must be a list of {_listed(kind.item_type, 'and')}"
    if not isinstance(value, list):
        return "must be text or a list"
    return "must not be empty" if not value else _why_no_texts(value)


def _why_no_texts(value: Any) -> str:
    return "must not hold empty text" if "" in _texts(value) else "must hold text"


def _listed(kind: inspect.LiteralType, word: str) -> str:
    *first, last = map(str, kind.values)
    return f"{', '.join(first)} {word} {last}" if first else last


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def range_of(kind: inspect.FloatType) -> str:
    """What a number must be."""
    return f"must be a number, {kind.ge:g} to {kind.le:g}"
