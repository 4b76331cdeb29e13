"""The contract as data: ``openapi.yaml``, served by the service that keeps it."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

from starlette.responses import Response

CONTRACT_PATH: Final = "/api/v1/openapi.yaml"
"""Where a running simulator gives its contract to anybody, without a token."""
_ONLY: Final = re.compile(r" +# only ([a-z, ]+)$")


@cache
def contract_text(dialect: str) -> bytes:
    """The OpenAPI document in one dialect: examples, fields, paths and links of no other.

    A line that ends in ``# only`` and some dialects is for those alone, with all below it that is
    indented further.
    """
    text = (files("tui.simulator") / "openapi.yaml").read_text("utf-8")
    kept: list[str] = []
    left_out: int | None = None
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if left_out is not None and indent > left_out:
            continue
        only = _ONLY.search(line)
        left_out = indent if only and dialect not in only[1].split(", ") else None
        if left_out is None:
            kept.append(_ONLY.sub("", line))
    return "\n".join([*kept, ""]).encode()


def contract(dialect: str) -> Response:
    """The OpenAPI document as an answer."""
    return Response(contract_text(dialect), media_type="application/yaml")
