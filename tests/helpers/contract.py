"""The contract as data, in each dialect: its operations, examples, and parts."""

from __future__ import annotations

from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tui.simulator.contract import contract_text

DIALECTS = ("docs", "client", "bare")
CONTRACTS: dict[str, dict[str, Any]] = {
    dialect: yaml.safe_load(contract_text(dialect)) for dialect in DIALECTS
}
OPERATIONS = {
    dialect: {
        operation["operationId"]: (method, path, operation)
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
    }
    for dialect, contract in CONTRACTS.items()
}
"""Method, path and operation by the operation's name, in each dialect."""


def resolved(dialect: str, response: dict[str, Any]) -> dict[str, Any]:
    """A response, where it is only named too."""
    if "$ref" not in response:
        return response
    found: dict[str, Any] = CONTRACTS[dialect]["components"]["responses"][
        response["$ref"].rpartition("/")[2]
    ]
    return found


def examples(dialect: str, response: dict[str, Any]) -> list[tuple[str, dict[str, Any], Any]]:
    """The name, schema and value of every example of a response."""
    found = []
    for media in resolved(dialect, response).get("content", {}).values():
        several = {name: example["value"] for name, example in media.get("examples", {}).items()}
        if "example" in media:
            several["only"] = media["example"]
        found += [(name, media["schema"], value) for name, value in several.items()]
    return found


EXAMPLES = [
    pytest.param(dialect, name, status, schema, value, id=f"{dialect}-{name}-{status}-{example}")
    for dialect in DIALECTS
    for name, (_, _, operation) in OPERATIONS[dialect].items()
    for status, response in operation["responses"].items()
    for example, schema, value in examples(dialect, response)
]
