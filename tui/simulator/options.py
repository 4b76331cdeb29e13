"""What a simulator is started with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

DIALECTS: Final = ("docs", "client", "bare")


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """Options of ``ciplun simulator``.

    `servers` None is the demo fleet. `speed` is virtual seconds for each real one. `token` None
    makes a random one. `admin` opens the administrative routes under a token of their own.
    """

    port: int = 0
    servers: int | None = None
    speed: float = 1.0
    token: str | None = None
    scenarios: tuple[str, ...] = ()
    state: Path | None = None
    dialect: str = "docs"
    seed: int = 1
    admin: bool = False
    as_json: bool = False
    end_with_stdin: bool = False
