"""What is wrong and was taken note of: it alarms nobody until it has gone and come back."""

from __future__ import annotations

from collections.abc import Sequence

from tui.fleet.health import Finding
from tui.vps.models import Key


class Noted:
    """Kept for as long as the program runs."""

    def __init__(self) -> None:
        self._noted: frozenset[tuple[Key | None, str]] = frozenset()

    def new(self, found: Sequence[Finding]) -> Sequence[Finding]:
        """What nobody has taken note of. What is over is forgotten."""
        self._noted &= {(finding.server_id, finding.name) for finding in found}
        return [f for f in found if (f.server_id, f.name) not in self._noted]

    def take(self, found: Sequence[Finding]) -> None:
        """Somebody has seen these."""
        self._noted = frozenset((finding.server_id, finding.name) for finding in found)

    def forget(self) -> None:
        """Begin anew, for another account."""
        self._noted = frozenset()
