"""Request fields, read as Django REST framework reads them, with its words for what is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tui.simulator.objects import Json, Refusal

NAME_LENGTH: Final = 255
_NAME: Final = re.compile(r"[-a-zA-Z0-9_]+$")
_NO_SLUG: Final = 'Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.'
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FRACTION: Final = re.compile(r"\.0*\s*$")
_ABSENT: Final = object()


class _Invalid(Exception):
    """What is wrong with one field, one sentence or several."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A snapshot that somebody asks for, with fields that have passed."""

    server: int | str
    name: str
    description: str


def read_create(fields: Json, *, uuids: bool = False, under_server: bool = False) -> Wanted:
    """The fields of a create, or a Refusal that names every field that is wrong.

    A server is named by its uuid where `uuids` is on, else by its integer id. ``server_uuid`` and
    ``label`` are what the provider's own clients call ``server_id`` and ``name``; `under_server`
    is their way to ask, which knows ``label`` alone.
    """
    theirs = uuids and not under_server and "server_uuid" in fields
    server = "server_uuid" if theirs else "server_id"
    name = "label" if under_server or (uuids and "label" in fields) else "name"
    errors: dict[str, list[str]] = {}
    found: dict[str, object] = {}
    for field, read in (
        (server, _uuid if uuids else _integer),
        (name, _slug),
        ("description", _description),
    ):
        try:
            found[field] = read(fields.get(field, _ABSENT))
        except _Invalid as error:
            errors[field] = list(error.args)
    if errors:
        raise Refusal(400, errors)
    key = found[server]
    return Wanted(
        key if isinstance(key, int) else str(key), str(found[name]), str(found["description"])
    )


def is_uuid(text: str) -> bool:
    """Whether a text is written as a uuid is."""
    return _UUID.fullmatch(text) is not None


def _present(value: object) -> object:
    if value is _ABSENT:
        raise _Invalid("This field is required.")
    if value is None:
        raise _Invalid("This field may not be null.")
    return value


def _uuid(value: object) -> str:
    value = _present(value)
    if not isinstance(value, str) or not is_uuid(value):
        raise _Invalid("Must be a valid UUID.")
    return value.lower()


def _integer(value: object) -> int:
    value = _present(value)
    if isinstance(value, str) and len(value) > 1000:
        raise _Invalid("String value too large.")
    try:
        return int(_FRACTION.sub("", str(value)))
    except ValueError:
        raise _Invalid("A valid integer is required.") from None


def _text(value: object, invalid: str = "Not a valid string.") -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _Invalid(invalid)
    return str(value).strip()


def _forbidden_characters(text: str) -> list[str]:
    words = ["Null characters are not allowed."] if "\0" in text else []
    half = next((char for char in text if 0xD800 <= ord(char) <= 0xDFFF), None)
    if half is not None:
        words.append(f"Surrogate characters are not allowed: U+{ord(half):X}.")
    return words


def _slug(value: object) -> str:
    if isinstance(value, str) and not value.strip():
        raise _Invalid("This field may not be blank.")
    text = _text(_present(value), _NO_SLUG)
    words = _forbidden_characters(text)
    if len(text) > NAME_LENGTH:
        words.insert(0, f"Ensure this field has no more than {NAME_LENGTH} characters.")
    if not _NAME.match(text):
        words.append(_NO_SLUG)
    if words:
        raise _Invalid(*words)
    return text


def _description(value: object) -> str:
    if value is _ABSENT:
        return ""
    text = _text(_present(value))
    words = _forbidden_characters(text)
    if words:
        raise _Invalid(*words)
    return text
