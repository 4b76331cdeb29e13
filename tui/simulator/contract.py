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
def contract_text(dialect: str | None = None) -> bytes:
    """The OpenAPI document as it lies beside this module, or as it is in one dialect.

    A line that ends in ``# only`` and some dialects is for those alone.
    """
    text = (files("tui.simulator") / "openapi.yaml").read_text("utf-8")
    if dialect is None:
        return text.encode()
    kept = []
    for line in text.splitlines():
        only = _ONLY.search(line)
        if only is None or dialect in only[1].split(", "):
            kept.append(_ONLY.sub("", line))
    return "\n".join([*kept, ""]).encode()


def contract(dialect: str) -> Response:
    """The OpenAPI document as an answer."""
    return Response(contract_text(dialect), media_type="application/yaml")
