"""Operations as rows of the journal, and back."""

from __future__ import annotations

import json
from dataclasses import asdict, astuple, fields
from typing import TYPE_CHECKING, Any, Final

from tui.fleet.clock import Moment
from tui.fleet.operation import Certainty, Gathered, Kind, Operation, State
from tui.vps.models import Key

if TYPE_CHECKING:
    import sqlite3

_COLUMNS: Final = tuple(field.name for field in fields(Operation))
_KEYS: Final = ("server_id", "snapshot_id")
_FLAGS: Final = ("overdue", "seen_busy", "freed")
_MOMENTS: Final = ("begun", "against", "standing")


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


def to_operation(row: sqlite3.Row) -> Operation:
    """The operation in a row."""
    values = {name: row[name] for name in _COLUMNS}
    values["kind"], values["state"] = Kind(values["kind"]), State(values["state"])
    values["certainty"] = Certainty(values["certainty"]) if values["certainty"] else None
    for name in _KEYS:
        values[name] = None if values[name] is None else from_key(values[name])
    values |= {name: bool(values[name]) for name in _FLAGS}
    return Operation(**values)


def from_gathered(gathered: Gathered) -> dict[str, str]:
    """The columns of what has been gathered."""
    moments = {name: getattr(gathered, name) for name in _MOMENTS}
    known = {name: astuple(at) for name, at in moments.items() if at is not None}
    return {"seen": json.dumps(sorted(gathered.seen, key=str)), "gathered": json.dumps(known)}


def to_gathered(row: sqlite3.Row) -> Gathered:
    """What has been gathered on the operation in a row."""
    known = {name: Moment(*at) for name, at in json.loads(row["gathered"]).items()}
    return Gathered(seen=frozenset(json.loads(row["seen"])), **known)
