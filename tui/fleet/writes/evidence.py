"""What a listing proves about an open operation. Pure: no clock, no journal, no request.

The list call is the only witness: the API has no progress and no call for one snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tui.fleet.estimates import PUBLISHED
from tui.fleet.operation import Kind, Operation, State
from tui.fleet.state import Sighting
from tui.vps.models import Key, Phase, Snapshot

APART: Final = 60.0
"""Seconds that two settled listings must be apart to prove together that something is not there:
a request may be carried out late, and what it made may be listed late."""
WATCHED: Final = 90.0
"""Seconds since an operation was last seen going on up to which its end counts as watched."""
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
    watched: bool = False


@dataclass(slots=True)
class Case:
    """An open operation with what has been gathered on it.

    `seen` are the ids its server had before the write. `against` is when a settled listing spoke
    against it first, with none for it since; `going_on` is the monotonic instant at which it was
    last seen going on.
    """

    operation: Operation
    seen: frozenset[Key] = frozenset()
    against: float | None = None
    going_on: float | None = None

    def judge(self, sighting: Sighting, now: float) -> Verdict | None:
        """What `sighting` proves at `now` (seconds since 1970); None where nothing new."""
        operation = self.operation
        if operation.state not in (State.UNKNOWN, State.ACCEPTED):
            return None
        if sighting.server_id not in (None, operation.server_id):
            return None
        judge = {Kind.CREATE: self._create, Kind.RESTORE: self._restore, Kind.DELETE: self._delete}
        return judge[operation.kind](sighting, now)

    def _goes_on(self, sighting: Sighting) -> None:
        self.against, self.going_on = None, sighting.asked_at

    def _denied(self, sighting: Sighting, now: float) -> bool:
        """Whether this listing, and a settled one long enough before it, both deny it."""
        if not sighting.settled:
            return False
        if self.against is None:
            self.against = now
        return now - self.against >= APART

    def _watched(self, sighting: Sighting) -> bool:
        return self.going_on is not None and sighting.asked_at - self.going_on <= WATCHED

    # -- create ----------------------------------------------------------------------

    def _create(self, sighting: Sighting, now: float) -> Verdict | None:
        found = self._created(sighting)
        known = self.operation.state is State.ACCEPTED
        if found is None:
            if not self._denied(sighting, now):
                return None
            if known:
                return Verdict(State.VANISHED, "no longer listed")
            return Verdict(State.NOT_CARRIED_OUT, "two listings later it was not there")
        words = found.status_words
        match found.phase:
            case Phase.COMPLETED:
                return Verdict(State.COMPLETED, "", found.id, watched=self._watched(sighting))
            case Phase.FAILED:
                return Verdict(State.FAILED, f"the provider says: {words}", found.id)
        self._goes_on(sighting)
        if known:
            return None
        return Verdict(State.ACCEPTED, "found in the list", found.id, seen_busy=True)

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

    def _delete(self, sighting: Sighting, now: float) -> Verdict | None:
        operation = self.operation
        found = next((s for s in sighting.snapshots if s.id == operation.snapshot_id), None)
        if found is None:
            return Verdict(State.COMPLETED, "no longer listed") if sighting.settled else None
        if found.status == "deleting":
            self._goes_on(sighting)
            return Verdict(State.ACCEPTED) if operation.state is State.UNKNOWN else None
        if operation.state is State.UNKNOWN and self._denied(sighting, now):
            words = "two listings later it was still there; deleting it again is harmless"
            return Verdict(State.NOT_CARRIED_OUT, words)
        return None

    # -- restore -----------------------------------------------------------------------

    def _restore(self, sighting: Sighting, now: float) -> Verdict | None:
        """Weigh the server's status, the only thing that shows a restore, where it is shown."""
        operation = self.operation
        age = now - (operation.accepted_at or operation.asked_at)
        status = sighting.server_status.get(operation.server_id, "")
        shortest, longest = PUBLISHED[Kind.RESTORE]
        unknown = operation.state is State.UNKNOWN
        if status == "restoring":
            self._goes_on(sighting)
            words = "the server is restoring" if unknown else ""
            told = operation.seen_busy and not unknown
            return None if told else Verdict(State.ACCEPTED, words, seen_busy=True)
        if operation.seen_busy and status in _STANDING:
            watched = self._watched(sighting)
            return Verdict(State.COMPLETED, f"the server is {status}", watched=watched)
        denied = unknown and status in _STANDING and self._denied(sighting, now)
        if denied and age < shortest:  # later it could be over already
            words = f"the server was seen {status}, not restoring"
            return Verdict(State.NOT_CARRIED_OUT, words)
        if age >= longest and (not operation.seen_busy or not status):
            return Verdict(State.UNSEEN, _unseen(operation, status))
        return None


def _unseen(operation: Operation, status: str) -> str:
    told = "the provider had accepted it" if operation.state is State.ACCEPTED else "no answer came"
    now = f"the server is {status} now" if status else "the server's status cannot be seen"
    return f"{told}; {now}; its end cannot be seen"
