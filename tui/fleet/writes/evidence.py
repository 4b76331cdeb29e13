"""What a listing proves about an open operation. Pure: no clock, no journal, no request.

The list call is the only witness: the API has no progress and no call for one snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tui.fleet.estimates import PUBLISHED
from tui.fleet.operation import OPEN, Certainty, Kind, Operation, State
from tui.fleet.state import Sighting
from tui.vps.models import Key, Phase, Snapshot

APART: Final = 60.0
"""Seconds that two settled listings must be apart to prove together that something is not there:
a request may be carried out late, and what it made may be listed late."""
READINGS: Final = 20.0
"""Seconds between two readings that tell together that a restore is over: one may be stale, and a
server is stopped in the middle of it."""
SOONEST: Final = 60.0
"""Seconds from its begin before which no restore is believed to be over; published are 300."""
WATCHED: Final = 90.0
"""Seconds since an operation was last seen going on up to which its end counts as watched."""
CLOCKS: Final = 300.0
"""Seconds that the service's clock and our idea of it may differ."""
_STANDING: Final = ("active", "stopped")
_TWICE_MISSING: Final = "two listings, a minute apart, did not show it"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A step: the new state, how sure it is, what that rests on, and what else is known now."""

    state: State
    words: str = ""
    certainty: Certainty = Certainty.LIKELY
    evidence: str = ""
    snapshot_id: Key | None = None
    seen_busy: bool = False
    watched: bool = False

    def applied(self, operation: Operation, now: float) -> Operation:
        """The operation after this step, taken at `now` (seconds since 1970)."""
        accepted = operation.accepted_at
        took = now - accepted if accepted is not None and self.watched else None
        if self.state in (State.ACCEPTED, State.COMPLETED, State.FAILED) and accepted is None:
            accepted = operation.asked_at
        found = self.snapshot_id
        return replace(
            operation,
            state=self.state,
            words=self.words or operation.words,
            snapshot_id=operation.snapshot_id if found is None else found,
            accepted_at=accepted,
            ended_at=None if self.state in OPEN else now,
            seen_busy=operation.seen_busy or self.seen_busy,
            took=took,
            certainty=self.certainty,
            evidence=self.evidence,
        )


@dataclass(slots=True)
class Case:
    """An open operation with what has been gathered on it.

    `seen` are the ids its server had before the write. `against` is when a settled listing spoke
    against it first, with none for it since; `going_on` is the monotonic instant at which it was
    last seen going on, `standing` that of the first reading since that shows a restored server.
    """

    operation: Operation
    seen: frozenset[Key] = frozenset()
    against: float | None = None
    going_on: float | None = None
    standing: float | None = None

    def judge(self, sighting: Sighting, now: float) -> Verdict | None:
        """What `sighting` proves at `now` (seconds since 1970); None where nothing new."""
        operation = self.operation
        if operation.state not in (State.UNKNOWN, State.ACCEPTED):
            return None
        if sighting.server_id not in (None, operation.server_id):
            return None
        judge = {Kind.CREATE: self._create, Kind.RESTORE: self._restore, Kind.DELETE: self._delete}
        return judge[operation.kind](sighting, now)

    def reconsider(self, sighting: Sighting) -> Verdict | None:
        """What shows that a create was carried out after all; None where nothing does."""
        found = self._created(sighting)
        if self.operation.kind is not Kind.CREATE or found is None:
            return None
        certainty, _ = self._ours(found)
        evidence = f"it is listed now as #{found.id}, {found.status_words}"
        states = {Phase.COMPLETED: State.COMPLETED, Phase.FAILED: State.FAILED}
        state = states.get(found.phase, State.ACCEPTED)
        return Verdict(state, "carried out after all", certainty, evidence, found.id)

    def _goes_on(self, sighting: Sighting) -> None:
        self.against = self.standing = None
        self.going_on = sighting.asked_at

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
                return Verdict(State.VANISHED, "no longer listed", evidence=_TWICE_MISSING)
            words = "two listings later it was not there"
            return Verdict(State.NOT_CARRIED_OUT, words, evidence=_TWICE_MISSING)
        certainty, evidence = self._ours(found)
        watched = self._watched(sighting)
        match found.phase:
            case Phase.COMPLETED:
                return Verdict(State.COMPLETED, "", certainty, evidence, found.id, watched=watched)
            case Phase.FAILED:
                words = f"the provider says: {found.status_words}"
                return Verdict(State.FAILED, words, certainty, evidence, found.id)
        self._goes_on(sighting)
        if known:
            return None
        words = "found in the list"
        return Verdict(State.ACCEPTED, words, certainty, evidence, found.id, seen_busy=True)

    def _ours(self, found: Snapshot) -> tuple[Certainty, str]:
        """How sure it is that this snapshot is the one that was asked for, and why."""
        operation = self.operation
        if operation.snapshot_id is None or operation.certainty is Certainty.LIKELY:
            same = "a new snapshot of this name appeared after it was asked for"
            return Certainty.LIKELY, f"{same}, listed as #{found.id}"
        return Certainty.PROVED, f"the provider accepted it as #{found.id} and lists it so"

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
            seen = "a list that came whole does not show it"
            gone = Verdict(State.COMPLETED, "no longer listed", evidence=seen)
            return gone if sighting.settled and sighting.one_page else None
        if found.status == "deleting":
            self._goes_on(sighting)
            evidence = "the list shows it as deleting"
            begun = Verdict(State.ACCEPTED, evidence=evidence)
            return begun if operation.state is State.UNKNOWN else None
        if operation.state is State.UNKNOWN and self._denied(sighting, now):
            words = "two listings later it was still there; deleting it again is harmless"
            evidence = "two listings, a minute apart, still showed it"
            return Verdict(State.NOT_CARRIED_OUT, words, evidence=evidence)
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
            evidence = "the server was seen restoring"
            certainty = Certainty.LIKELY
            if operation.certainty is Certainty.PROVED:
                certainty, evidence = Certainty.PROVED, operation.evidence
            step = Verdict(State.ACCEPTED, words, certainty, evidence, seen_busy=True)
            return None if told else step
        if operation.seen_busy and status in _STANDING:
            if self.standing is None:
                self.standing = sighting.asked_at
            soonest = SOONEST if status == "active" else shortest
            if age < soonest or sighting.asked_at - self.standing < READINGS:
                return None
            watched = self._watched(sighting)
            evidence = f"the server was seen restoring, and then {status}"
            return Verdict(
                State.COMPLETED, f"the server is {status}", evidence=evidence, watched=watched
            )
        # No status denies a restore: stopping the server is its first step, and that one being
        # restored is shown as such is nowhere published.
        if age >= longest and (not operation.seen_busy or not status):
            words = _unseen(operation, status)
            return Verdict(State.UNSEEN, words, Certainty.UNTOLD, words)
        return None


def _unseen(operation: Operation, status: str) -> str:
    told = "the provider had accepted it" if operation.state is State.ACCEPTED else "no answer came"
    now = f"the server is {status} now" if status else "the server's status cannot be seen"
    return f"{told}; {now}; its end cannot be seen"
