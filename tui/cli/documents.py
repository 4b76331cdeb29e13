"""What is printed as JSON, beside what commands have of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import asdict

from tui.fleet.health import Finding
from tui.fleet.operation import Operation
from tui.vps.sanitize import DESCRIPTION_LENGTH, clean


def operation_document(operation: Operation) -> dict[str, Any]:
    """An operation for JSON, with its times in ISO form."""
    values = asdict(operation)
    for name in ("asked_at", "accepted_at", "ended_at"):
        values[name] = None if values[name] is None else iso(values[name])
    values["description"] = clean(
        operation.description, DESCRIPTION_LENGTH
    )  # typed here, as it was
    certainty = operation.certainty.value if operation.certainty else None
    kind, state = operation.kind.value, operation.state.value
    return {**values, "kind": kind, "state": state, "certainty": certainty}


def finding_document(finding: Finding) -> dict[str, Any]:
    """What is not as it should be, for JSON."""
    name, severity = finding.name, finding.severity.name.lower()
    return {"name": name, "severity": severity, "what": finding.what}


def iso(seconds: float) -> str:
    """Seconds since 1970 in ISO form, in UTC; empty for a time that no calendar has."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return ""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
