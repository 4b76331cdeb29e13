"""Operations as rows of the journal, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import asdict, astuple

from tui.fleet.clock import Moment
from tui.fleet.operation import Gathered, Operation
from tui.vps.models import Key

if TYPE_CHECKING:
    import sqlite3

_COLUMNS: Final = Operation.__struct_fields__
_KEYS: Final = ("server_id", "snapshot_id")
_FLAGS: Final = ("overdue", "seen_busy", "freed")
_LATEST: Final = 1e11
"""Seconds since 1970 that no operation has."""
_MOMENTS: Final = ("begun", "partly", "against", "restoring", "standing")


def to_row(operation: Operation) -> dict[str, Any]:
    """The columns of an operation."""
    values = asdict(operation)
    values["kind"], values["state"] = operation.kind.value, operation.state.value
    values["certainty"] = operation.certainty.value if operation.certainty else None
    for name in _KEYS:
        values[name] = None if values[name] is None else to_key(values[name])
    return {name: storable(value) for name, value in values.items()}


def to_key(key: Key) -> str:
    """An id as JSON: 1 and "1" are different ids."""
    return json.dumps(key)


def from_key(text: str) -> Key:
    """The id that `to_key` made this of."""
    key: Key = json.loads(text)
    return key


def storable(value: Any) -> Any:
    """Text without lone surrogates, which SQLite refuses."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


class OddRow(ValueError):
    """A row that is no operation."""


def to_operation(row: sqlite3.Row) -> Operation:
    """The operation in a row. Raises OddRow."""
    try:
        found = msgspec.convert(_plain(row), Operation)
    except (ValueError, TypeError) as error:
        raise OddRow(f"{type(error).__name__} in operation {row['id']}") from error
    times = (found.asked_at, found.accepted_at, found.ended_at)
    if any(at is not None and not 0 <= at < _LATEST for at in times):
        raise OddRow(f"an impossible time in operation {row['id']}")
    return found


def _plain(row: sqlite3.Row) -> dict[str, Any]:
    values = {name: row[name] for name in _COLUMNS}
    for name in _KEYS:
        values[name] = None if values[name] is None else from_key(values[name])
    values |= {name: bool(values[name]) for name in _FLAGS}
    return values


def from_gathered(gathered: Gathered) -> dict[str, str]:
    """The columns of what has been gathered."""
    moments = {name: getattr(gathered, name) for name in _MOMENTS}
    known = {name: astuple(at) for name, at in moments.items() if at is not None}
    return {"seen": json.dumps(sorted(gathered.seen, key=str)), "gathered": json.dumps(known)}


def to_gathered(row: sqlite3.Row) -> Gathered:
    """What has been gathered on the operation in a row. Raises OddRow."""
    try:
        known = {name: Moment(*at) for name, at in json.loads(row["gathered"]).items()}
        plain = {name: asdict(at) for name, at in known.items()}
        return msgspec.convert({"seen": json.loads(row["seen"]), **plain}, Gathered)
    except (ValueError, TypeError, AttributeError) as error:
        raise OddRow(f"{type(error).__name__} in what was gathered on {row['id']}") from error
