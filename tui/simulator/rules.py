"""The numbers: how many, and how long things take; published, unless a line says assumed."""

from __future__ import annotations

from typing import Final

SLOTS: Final = 5
"""Snapshots of one server."""
MANUAL_BACKUPS: Final = 10
"""Backups of one server that were made by hand."""
CREATE_SECONDS: Final = (180.0, 600.0)
RESTORE_SECONDS: Final = (300.0, 900.0)
BACKUP_SECONDS: Final = (600.0, 3600.0)
"""How long a backup takes, assumed: the page says only that it is slower than a snapshot."""
DEPLOY_SECONDS: Final = (60.0, 180.0)
"""How long a new server takes, assumed."""
POWER_SECONDS: Final = {"start": 30.0, "stop": 20.0, "restart": 40.0, "hard_stop": 5.0}
"""How long each power action takes, assumed: until then the status is what it was."""


def duration(span: tuple[float, float], storage: int, luck: float) -> float:
    """Seconds within a published span: larger servers take longer."""
    low, high = span
    return min(high, max(low, low + (high - low) * min(1.0, storage / 320) * luck))


def free_address(number: int) -> str:
    """An address that is nobody's: of the range for documentation, then of that for benchmarks."""
    if number < 255:
        return f"203.0.113.{number}"
    return f"198.{18 + (number >> 16 & 1)}.{number >> 8 & 255}.{number & 255}"
