"""The embedded VPS.org: the documented API over real HTTP on loopback.

``from tui.simulator import Simulator`` is for tests of any client; it is loaded when asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.simulator.simulation import Simulator

__all__ = ["Simulator"]


def __getattr__(name: str) -> object:
    if name == "Simulator":
        from tui.simulator.simulation import Simulator

        return Simulator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
