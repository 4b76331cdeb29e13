"""What shows later that an end was wrong, or proves it. Pure, as the evidence before it."""

from __future__ import annotations

from collections.abc import Container

from msgspec.structs import replace

from tui.fleet.operation import Certainty, Kind, Operation, State
from tui.fleet.state import Sighting
from tui.fleet.writes.candidates import alike
from tui.fleet.writes.evidence import Case, Verdict, appeared, gone, untold
from tui.vps.models import Key, Phase, Snapshot


def reconsider(case: Case, sighting: Sighting, taken: Container[Key] = ()) -> Verdict | None:
    """What shows an end that is not proved to be wrong, or proves it; None where nothing does."""
    operation = case.operation
    if operation.kind is Kind.CREATE:
        return _create_again(case, sighting, taken)
    if operation.kind is Kind.DELETE:
        return _delete_again(operation, sighting)
    status = sighting.server_status.get(operation.server_id, "")
    if status != "restoring":
        return None
    seen = "the server was seen restoring again"
    words = "not over yet" if operation.state is State.COMPLETED else "carried out after all"
    return Verdict(State.ACCEPTED, words, Certainty.LIKELY, seen, seen_busy=True)


def _create_again(case: Case, sighting: Sighting, taken: Container[Key]) -> Verdict | None:
    operation = case.operation
    mine = [s for s in sighting.snapshots if s.server_id == operation.server_id]
    fresh = [
        s
        for s in mine
        if s.id not in case.gathered.seen and (s.id not in taken or s.id == operation.snapshot_id)
    ]
    ours = case.new(fresh)
    if operation.snapshot_id is None:
        if len(ours) == 1:
            return _after_all(case, ours[0], "carried out after all")
        if operation.state is State.NOT_CARRIED_OUT and alike(operation, fresh):
            return untold(appeared(fresh))
        return None
    if len(ours) > 1 and operation.state in (State.COMPLETED, State.FAILED):
        return untold(appeared(ours))
    found = next((s for s in mine if s.id == operation.snapshot_id), None)
    return None if found is None else _after_all(case, found, "listed so after all")


def _after_all(case: Case, found: Snapshot, words: str) -> Verdict | None:
    """The correction that a snapshot's status means; None where it says the same as before."""
    certainty, _ = case.ours(found)
    evidence = f"it is listed now as #{found.id}, {found.status_words}"
    states = {Phase.COMPLETED: State.COMPLETED, Phase.FAILED: State.FAILED}
    state = states.get(found.phase, State.ACCEPTED)
    same = state is case.operation.state or found.phase is Phase.UNKNOWN
    known = case.operation.snapshot_id is not None
    return None if same and known else Verdict(state, words, certainty, evidence, found.id)


def _delete_again(operation: Operation, sighting: Sighting) -> Verdict | None:
    found = next((s for s in sighting.snapshots if s.id == operation.snapshot_id), None)
    deleted = operation.state is State.COMPLETED
    if found is None:
        verdict = gone(operation, sighting)
        if verdict is None or (deleted and verdict.certainty is Certainty.LIKELY):
            return None
        return verdict if deleted else replace(verdict, words="carried out after all")
    if not deleted:
        return None
    evidence = f"it is listed again, {found.status_words}"
    if found.phase is Phase.UNKNOWN:
        return untold(evidence)
    state = State.ACCEPTED if found.status == "deleting" else State.NOT_CARRIED_OUT
    return Verdict(state, "still listed after all", evidence=evidence)
