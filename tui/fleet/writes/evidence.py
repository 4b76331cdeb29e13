"""What a listing proves about an open operation. Pure: no clock, no journal, no request.

The list call is the only witness: the API has no progress and no call for one snapshot. All rules
stand in a table in `tui/README.md`.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from tui.fleet.clock import Moment
from tui.fleet.operation import HELD, OPEN, Certainty, Gathered, Kind, Operation, State
from tui.fleet.state import Sighting
from tui.fleet.writes.candidates import candidates, named
from tui.vps.models import Key, Phase, Snapshot

APART: Final = 60.0
"""Seconds that two settled listings must be apart to tell together that something is not there:
a request may be carried out late, and what it made may be listed late."""
READINGS: Final = 20.0
"""Seconds between two readings that tell together that a restore is over: one may be stale, and a
server is stopped in the middle of it."""
SOONEST: Final = {"active": 60.0, "stopped": 300.0}
"""Seconds since it was first seen before which no restore is believed over, by what shows it.
The published least is 300, and a stopped server is also a published first step of a restore."""
WATCHED: Final = 90.0
"""Seconds since an operation was last seen going on up to which its end counts as watched."""
_TWICE_MISSING: Final = "two lists, a minute apart, did not show it"


class Verdict(msgspec.Struct, frozen=True):
    """A step: the new state, how sure it is, what that rests on, and what else is known now."""

    state: State
    words: str = ""
    certainty: Certainty = Certainty.LIKELY
    evidence: str = ""
    snapshot_id: Key | None = None
    seen_busy: bool = False
    watched: bool = False

    def applied(self, operation: Operation, now: float, age: float | None = None) -> Operation:
        """The operation after this step: `now` is in seconds since 1970, `age` since it left."""
        accepted = operation.accepted_at
        took = age if accepted is not None and self.watched else None
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


def untold(words: str) -> Verdict:
    """An end that says that nothing here can tell it, and why."""
    return Verdict(State.UNSEEN, words, Certainty.UNTOLD, words)


def narrowed(sighting: Sighting, operations: Collection[Operation]) -> Sighting:
    """An answer without what says nothing of these operations: it is looked through for each."""
    targets = {operation.snapshot_id for operation in operations}
    servers = {operation.server_id for operation in operations}
    mine = (s for s in sighting.snapshots if s.server_id in servers or s.id in targets)
    return msgspec.structs.replace(sighting, snapshots=tuple(mine))


class Case(msgspec.Struct):
    """An operation with what has been gathered on it.

    Two monotonic instants: `since` is when this process first saw it in its present state (what
    was asked for earlier says nothing of it), `going_on` when it was last seen going on here.
    """

    operation: Operation
    gathered: Gathered = msgspec.field(default_factory=Gathered)
    since: float = float("-inf")
    going_on: float | None = None

    def concerned(self, sighting: Sighting) -> bool:
        """Whether an answer was asked for late enough, and of a server that says something."""
        here = sighting.server_id in (None, self.operation.server_id)
        return here and sighting.asked_at > self.since

    def age(self, now: Moment) -> float:
        """Seconds since it left, as far as that is known."""
        begun = self.gathered.begun or Moment("", 0.0, self.operation.asked_at)
        return now.since(begun)

    def judge(
        self, sighting: Sighting, asked: Moment, taken: Container[Key] = ()
    ) -> Verdict | None:
        """What a `sighting` that was `asked` for then shows; None where nothing new.

        `taken` are the snapshots that other creates are known to have made.
        """
        operation = self.operation
        if operation.state not in (State.UNKNOWN, State.ACCEPTED):
            return None
        if operation.kind is Kind.CREATE:
            return self._create(sighting, asked, taken)
        judge = self._restore if operation.kind is Kind.RESTORE else self._delete
        return judge(sighting, asked)

    def _goes_on(self, sighting: Sighting) -> None:
        self.gathered = replace(self.gathered, against=None, standing=None)
        self.going_on = sighting.asked_at

    def _denied(self, sighting: Sighting, asked: Moment) -> bool:
        """Whether this listing, and a settled one long enough before it, both deny it."""
        if not sighting.settled:
            return False
        if self.gathered.against is None:
            self.gathered = replace(self.gathered, against=asked)
        return asked.since(self.gathered.against or asked) >= APART

    def _late(self, asked: Moment) -> bool:
        return self.age(asked) >= HELD[self.operation.kind]

    def _watched(self, sighting: Sighting) -> bool:
        return self.going_on is not None and sighting.asked_at - self.going_on <= WATCHED

    # -- create ----------------------------------------------------------------------

    def _create(self, sighting: Sighting, asked: Moment, taken: Container[Key]) -> Verdict | None:
        operation = self.operation
        mine = [s for s in sighting.snapshots if s.server_id == operation.server_id]
        if operation.snapshot_id is not None:
            found = next((s for s in mine if s.id == operation.snapshot_id), None)
            if found is not None:
                return self._made(found, sighting, asked)
            missing = self._denied(sighting, asked)
            gone = Verdict(State.VANISHED, "no longer listed", evidence=_TWICE_MISSING)
            return gone if missing else None
        fresh = [s for s in mine if s.id not in self.gathered.seen and s.id not in taken]
        ours = self.new(fresh)
        if len(ours) == 1:
            return self._made(ours[0], sighting, asked)
        denied = self._denied(sighting, asked)
        if fresh and denied and self._late(asked):
            return untold(appeared(fresh))
        if fresh or not denied:
            return None
        words = "it was not in two later lists"
        return Verdict(State.NOT_CARRIED_OUT, words, evidence=_TWICE_MISSING)

    def _made(self, found: Snapshot, sighting: Sighting, asked: Moment) -> Verdict | None:
        """What the status of the snapshot that this create has made, or may have made, means."""
        certainty, evidence = self.ours(found)
        watched = self._watched(sighting)
        match found.phase:
            case Phase.COMPLETED:
                return Verdict(State.COMPLETED, "", certainty, evidence, found.id, watched=watched)
            case Phase.FAILED:
                return Verdict(State.FAILED, _said(found), certainty, evidence, found.id)
            case Phase.UNKNOWN if self._late(asked):
                return replace(untold(_said(found)), snapshot_id=found.id)
        self._goes_on(sighting)
        if self.operation.state is State.ACCEPTED:
            return None
        words = "found in the list"
        return Verdict(State.ACCEPTED, words, certainty, evidence, found.id, seen_busy=True)

    def new(self, fresh: Sequence[Snapshot]) -> Sequence[Snapshot]:
        """Which of what was not seen before may be what was asked for; none if it may be older."""
        return [] if self.gathered.partly else candidates(self.operation, fresh)

    def ours(self, found: Snapshot) -> tuple[Certainty, str]:
        """How sure it is that this snapshot is the one that was asked for, and why."""
        operation = self.operation
        if operation.snapshot_id is None or not operation.proved:
            same = "a new snapshot of this name appeared after it was asked for"
            return Certainty.LIKELY, f"{same}, listed as #{found.id}"
        return Certainty.PROVED, f"the provider accepted it as #{found.id} and lists it so"

    # -- delete ----------------------------------------------------------------------

    def _delete(self, sighting: Sighting, asked: Moment) -> Verdict | None:
        operation = self.operation
        found = next((s for s in sighting.snapshots if s.id == operation.snapshot_id), None)
        if found is None:
            return gone(operation, sighting)
        if found.status == "deleting":
            self._goes_on(sighting)
            evidence = "the list shows it as deleting"
            begun = Verdict(State.ACCEPTED, evidence=evidence)
            return begun if operation.state is State.UNKNOWN else None
        if found.phase is Phase.UNKNOWN:
            return untold(_said(found)) if self._late(asked) else None
        if not self._denied(sighting, asked):
            return None
        if operation.state is State.UNKNOWN:
            words = "it was still in two later lists; deleting it again is harmless"
            evidence = "two lists, a minute apart, still showed it"
            return Verdict(State.NOT_CARRIED_OUT, words, evidence=evidence)
        if self._late(asked):
            return untold(f"it was seen deleting, and is {found.status_words} now")
        return None

    # -- restore -----------------------------------------------------------------------

    def _restore(self, sighting: Sighting, asked: Moment) -> Verdict | None:
        """Weigh the server's status, the only thing that shows a restore, where it is shown."""
        operation = self.operation
        status = sighting.server_status.get(operation.server_id, "")
        if status == "restoring":
            return self._restoring(sighting, asked)
        if operation.seen_busy and status in SOONEST:
            seen = self.gathered.restoring
            if (self.age(asked) if seen is None else asked.since(seen)) < SOONEST[status]:
                return None
            if self.gathered.standing is None:
                self.gathered = replace(self.gathered, standing=asked)
            if asked.since(self.gathered.standing or asked) < READINGS:
                return None
            evidence = "the server was seen restoring, and in two readings since then no longer"
            words, watched = f"the server is {status}", self._watched(sighting)
            return Verdict(State.COMPLETED, words, evidence=evidence, watched=watched)
        # No status denies a restore: stopping the server is its first step, and that one being
        # restored is shown as such is nowhere published.
        return untold(_unseen(operation, status)) if self._late(asked) else None

    def _restoring(self, sighting: Sighting, asked: Moment) -> Verdict | None:
        operation = self.operation
        unknown = operation.state is State.UNKNOWN
        self._goes_on(sighting)
        if self.gathered.restoring is None:
            self.gathered = replace(self.gathered, restoring=asked)
        if operation.seen_busy and not unknown:
            return None
        words = "the server is restoring" if unknown else ""
        certainty, evidence = Certainty.LIKELY, "the server was seen restoring"
        if operation.proved:
            certainty, evidence = Certainty.PROVED, operation.evidence
        return Verdict(State.ACCEPTED, words, certainty, evidence, seen_busy=True)


def gone(operation: Operation, sighting: Sighting) -> Verdict | None:
    """What it means that a list does not show what was deleted; None where it means nothing.

    Only a whole list of one page, of that server alone, proves it.
    """
    if not (sighting.settled and sighting.one_page):
        return None
    words = "no longer listed"
    if sighting.server_id == operation.server_id and sighting.alone:
        seen = "a complete list of this server's snapshots does not show it"
        return Verdict(State.COMPLETED, words, Certainty.PROVED, seen)
    return Verdict(State.COMPLETED, words, evidence="a complete list does not show it")


def appeared(snapshots: Sequence[Snapshot]) -> str:
    """That nothing can be told, and of what."""
    return f"cannot be told: {named(snapshots)} appeared, which may be it"


def _said(found: Snapshot) -> str:
    return f"the provider says: {found.status_words}"


def _unseen(operation: Operation, status: str) -> str:
    told = "the provider had accepted it" if operation.state is State.ACCEPTED else "no answer came"
    now = f"the server is {status} now" if status else "the server's status cannot be seen"
    return f"{told}; {now}; its end cannot be seen"
