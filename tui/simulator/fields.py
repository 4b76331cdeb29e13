"""Request fields, read as Django REST framework reads them, with its words for what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from tui.simulator.objects import Json, Refusal
from tui.simulator.rules import POWER_SECONDS

NAME_LENGTH: Final = 255
_NAME: Final = re.compile(r"[-a-zA-Z0-9_]+")
_NO_SLUG: Final = 'Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.'
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FRACTION: Final = re.compile(r"\.0*\s*$")
_ABSENT: Final = object()
_Read = Callable[[object], object]


class _Invalid(Exception):
    """What is wrong with one field, one sentence or several."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A snapshot that somebody asks for, with fields that have passed. Without a name: any."""

    server: int | str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class WantedServer:
    """A server that somebody asks for: a place by its number, a plan and a system by uuid."""

    hostname: str
    location: int
    plan: str
    system: str


def read_create(fields: Json, *, uuids: bool = False, under_server: bool = False) -> Wanted:
    """The fields of a create, or a Refusal that names every field that is wrong.

    A server is named by its uuid where `uuids` is on, else by its integer id. ``server_uuid`` and
    ``label`` are what the provider's own clients call ``server_id`` and ``name``; `under_server`
    is their way to ask, which knows ``label`` alone: any text, or none.
    """
    theirs = uuids and not under_server and "server_uuid" in fields
    server = "server_uuid" if theirs else "server_id"
    name = "label" if under_server or (uuids and "label" in fields) else "name"
    found = _read_all(
        fields,
        {
            server: _uuid if uuids else _integer,
            name: _label if under_server else _slug,
            "description": _description,
        },
    )
    key = found[server]
    return Wanted(
        key if isinstance(key, int) else str(key), str(found[name]), str(found["description"])
    )


def read_new_server(fields: Json) -> WantedServer:
    """The fields of a new server, or a Refusal."""
    reads: dict[str, _Read] = {
        "hostname": _hostname,
        "location": _integer,
        "plan": _uuid,
        "os_version": _uuid,
    }
    found = _read_all(fields, reads)
    place = found["location"]
    if not isinstance(place, int):
        raise TypeError(place)
    return WantedServer(str(found["hostname"]), place, str(found["plan"]), str(found["os_version"]))


def read_plan(fields: Json) -> str:
    """The plan to resize to, or a Refusal."""
    return str(_read_all(fields, {"plan": _uuid})["plan"])


def read_power(fields: Json) -> str:
    """What to do to a server's power, or a Refusal."""
    return str(_read_all(fields, {"action": _action})["action"])


def _read_all(fields: Json, reads: dict[str, _Read]) -> Json:
    """Every field read; a Refusal names all that are wrong."""
    errors: dict[str, list[str]] = {}
    found: Json = {}
    for field, read in reads.items():
        try:
            found[field] = read(fields.get(field, _ABSENT))
        except _Invalid as error:
            errors[field] = list(error.args)
    if errors:
        raise Refusal(400, errors)
    return found


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
    """Written in any way, as a number too, as the framework takes it."""
    value = _present(value)
    try:
        if isinstance(value, int):
            return str(UUID(int=value))
        if isinstance(value, str):
            return str(UUID(value))
    except ValueError:
        pass
    raise _Invalid("Must be a valid UUID.")


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
    if not _NAME.fullmatch(text):
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


def _label(value: object) -> str:
    """Any text that names a snapshot; nothing, where its name is left to the service."""
    if value is _ABSENT or value is None:
        return ""
    text = _text(value)
    words = _forbidden_characters(text)
    if len(text) > NAME_LENGTH:
        words.insert(0, f"Ensure this field has no more than {NAME_LENGTH} characters.")
    if words:
        raise _Invalid(*words)
    return text


def _hostname(value: object) -> str:
    text = _label(_present(value))
    if not text:
        raise _Invalid("This field may not be blank.")
    return text


def _action(value: object) -> str:
    text = str(_present(value))
    if text not in POWER_SECONDS:
        raise _Invalid(f'"{value}" is not a valid choice.')
    return text
