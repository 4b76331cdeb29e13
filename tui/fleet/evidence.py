"""What a listing proves about an open operation. Pure: no clock, no journal, no request.

The list call is the only witness: the API has no progress and no call for one snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tui.fleet.forecast import PUBLISHED
from tui.fleet.operation import Kind, Operation, State
from tui.fleet.state import Sighting
from tui.vps.models import Key, Phase, Snapshot

LISTINGS: Final = 2
"""Settled listings that must agree before something counts as not there."""
AT_LEAST: Final = 10.0
"""Seconds after a lost answer before anything counts as not carried out: it may be late."""
RESTORE_SHOWS: Final = 60.0
"""Seconds after which a restore that was carried out must show in the server's status."""
CLOCKS: Final = 300.0
"""Seconds that the service's clock and our idea of it may differ."""
_STANDING: Final = ("active", "stopped")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A step that is proved: the new state and what else is known now."""

    state: State
    words: str = ""
    snapshot_id: Key | None = None
    seen_busy: bool = False


@dataclass(slots=True)
class Case:
    """An open operation with what has been gathered on it.

    `seen` are the ids its server had before the write; `missing` counts the settled listings in a
    row that spoke against it.
    """

    operation: Operation
    seen: frozenset[Key] = frozenset()
    missing: int = 0

    def judge(self, sighting: Sighting, now: float) -> Verdict | None:
        """What `sighting` proves at `now` (seconds since 1970); None where nothing new."""
        operation = self.operation
        if operation.state not in (State.UNKNOWN, State.ACCEPTED):
            return None
        if sighting.server_id not in (None, operation.server_id):
            return None
        age = now - (operation.accepted_at or operation.asked_at)
        judge = {Kind.CREATE: self._create, Kind.RESTORE: self._restore, Kind.DELETE: self._delete}
        return judge[operation.kind](sighting, age)

    # -- create ----------------------------------------------------------------------

    def _create(self, sighting: Sighting, age: float) -> Verdict | None:
        found = self._created(sighting)
        if found is None:
            absent = self._absent(sighting)
            if self.operation.state is State.ACCEPTED:
                return Verdict(State.VANISHED, "no longer listed") if absent else None
            if absent and age >= AT_LEAST:
                return Verdict(State.NOT_CARRIED_OUT, "two listings later it was not there")
            return None
        self.missing = 0
        words = found.status.replace("_", " ")
        match found.phase:
            case Phase.COMPLETED:
                return Verdict(State.COMPLETED, "", found.id)
            case Phase.FAILED:
                return Verdict(State.FAILED, f"the provider says: {words}", found.id)
            case _ if self.operation.state is State.UNKNOWN:
                return Verdict(State.ACCEPTED, "found in the list", found.id, seen_busy=True)
            case _:
                return None

    def _created(self, sighting: Sighting) -> Snapshot | None:
        """The snapshot that this create made: by its id, else by name, time and being new."""
        operation = self.operation
        mine = [s for s in sighting.snapshots if s.server_id == operation.server_id]
        if operation.snapshot_id is not None:
            return next((s for s in mine if s.id == operation.snapshot_id), None)
        fresh = [
            s
            for s in mine
            if s.name == operation.snapshot_name
            and s.id not in self.seen
            and (s.created_at is None or s.created_at.timestamp() >= operation.asked_at - CLOCKS)
        ]
        return fresh[0] if fresh else None

    # -- delete ----------------------------------------------------------------------

    def _delete(self, sighting: Sighting, age: float) -> Verdict | None:
        operation = self.operation
        found = next((s for s in sighting.snapshots if s.id == operation.snapshot_id), None)
        if found is None:
            return Verdict(State.COMPLETED, "no longer listed") if sighting.settled else None
        if found.status == "deleting":
            self.missing = 0
            return Verdict(State.ACCEPTED) if operation.state is State.UNKNOWN else None
        if operation.state is State.UNKNOWN and sighting.settled:
            self.missing += 1
            if self.missing >= LISTINGS and age >= AT_LEAST:
                words = "two listings later it was still there; deleting it again is harmless"
                return Verdict(State.NOT_CARRIED_OUT, words)
        return None

    # -- restore -----------------------------------------------------------------------

    def _restore(self, sighting: Sighting, age: float) -> Verdict | None:
        operation = self.operation
        status = sighting.server_status.get(operation.server_id, "")
        shortest, longest = PUBLISHED[Kind.RESTORE]
        if status == "restoring":
            if operation.state is State.UNKNOWN:
                return Verdict(State.ACCEPTED, "the server is restoring", seen_busy=True)
            return None if operation.seen_busy else Verdict(State.ACCEPTED, seen_busy=True)
        if operation.seen_busy and status in _STANDING:
            return Verdict(State.COMPLETED, f"the server is {status}")
        if operation.state is State.UNKNOWN and status in _STANDING:
            self.missing += 1
            if self.missing >= LISTINGS and RESTORE_SHOWS <= age < shortest:
                words = f"the server was seen {status}, not restoring"
                return Verdict(State.NOT_CARRIED_OUT, words)
        if age >= longest and (not operation.seen_busy or not status):
            return Verdict(State.UNSEEN, _unseen(operation, status))
        return None

    def _absent(self, sighting: Sighting) -> bool:
        """Whether enough settled listings have missed it, this one among them."""
        self.missing += sighting.settled
        return sighting.settled and self.missing >= LISTINGS


def _unseen(operation: Operation, status: str) -> str:
    told = "the provider had accepted it" if operation.state is State.ACCEPTED else "no answer came"
    now = f"the server is {status} now" if status else "the server's status cannot be seen"
    return f"{told}; {now}; its end cannot be seen"
