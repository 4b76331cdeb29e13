"""The contract as data: its operations, examples, and parts in each dialect."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tui.simulator.contract import contract_text

CONTRACT: dict[str, Any] = yaml.safe_load(contract_text())


OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, methods in CONTRACT["paths"].items()
    for method, operation in methods.items()
}


def narrowed(dialect: str) -> dict[str, Any]:
    """The contract's components where only one dialect will do."""
    parts: dict[str, Any] = copy.deepcopy(CONTRACT["components"])
    schemas = parts["schemas"]
    by = "ByUuid" if dialect == "client" else "ById"
    for name, prefix in (("Snapshot", ""), ("Server", "Server"), ("Backup", "")):
        schemas[name]["allOf"][0] = {"$ref": f"#/components/schemas/{prefix}{by}"}
    schemas["List"]["type"] = "array" if dialect == "bare" else "object"
    if dialect == "client":
        schemas["List"]["required"] += ["next", "previous"]

    return parts


def examples(response: dict[str, Any]) -> list[tuple[str, dict[str, Any], Any]]:
    """The name, schema and value of every example of a response."""
    if "$ref" in response:
        response = CONTRACT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    found = []
    for media in response.get("content", {}).values():
        several = {name: example["value"] for name, example in media.get("examples", {}).items()}
        if "example" in media:
            several["only"] = media["example"]
        found += [(name, media["schema"], value) for name, value in several.items()]
    return found


EXAMPLES = [
    pytest.param(name, status, schema, value, id=f"{name}-{status}-{example}")
    for name, (_, _, operation) in OPERATIONS.items()
    for status, response in operation["responses"].items()
    for example, schema, value in examples(response)
]
