"""The published numbers: how many, and how long things take."""

from __future__ import annotations

from typing import Final

SLOTS: Final = 5
"""Snapshots of one server."""
MANUAL_BACKUPS: Final = 10
"""Backups of one server that were made by hand."""
CREATE_SECONDS: Final = (180.0, 600.0)
RESTORE_SECONDS: Final = (300.0, 900.0)
POWER_ACTIONS: Final = ("start", "stop", "restart", "hard_stop")


def duration(span: tuple[float, float], storage: int, luck: float) -> float:
    """Seconds within a published span: larger servers take longer."""
    low, high = span
    return min(high, max(low, low + (high - low) * min(1.0, storage / 320) * luck))
