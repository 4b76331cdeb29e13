"""The contract as data: ``openapi.yaml``, served by the service that keeps it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from starlette.responses import Response

CONTRACT_PATH: Final = "/api/v1/openapi.yaml"
"""Where a running simulator gives its contract to anybody, without a token."""


@cache
def contract_text() -> bytes:
    """The OpenAPI document, as it lies beside this module."""
    return (files("tui.simulator") / "openapi.yaml").read_bytes()


def contract() -> Response:
    """The OpenAPI document as an answer."""
    return Response(contract_text(), media_type="application/yaml")
