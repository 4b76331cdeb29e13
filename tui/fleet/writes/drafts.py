"""What becomes a plan: making room, a safety restore, and the same on many. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

import msgspec

from tui.fleet.operation import Kind
from tui.fleet.plan import Plan, PlanKind, Standing, Step, create_step, target_step
from tui.fleet.retention import Retention
from tui.fleet.state import ServerView
from tui.fleet.writes.preflight import Refused
from tui.vps.models import SLOTS, Key, Phase, Server, Snapshot


class HalfDone(Exception):
    """A plan stopped half way; the sentence says what is done and what is not."""


def dispensable(view: ServerView, protected: Container[Key] = ()) -> Sequence[Snapshot]:
    """What could go to make room: failed ones, then the oldest, undated last; none protected.

    Never the only completed one, and none where one delete would free no slot.
    """
    if view.used > SLOTS:
        return ()
    oldest_first = view.snapshots[::-1]
    failed = [s for s in oldest_first if s.phase is Phase.FAILED]
    completed = [s for s in oldest_first if s.phase is Phase.COMPLETED]
    completed.sort(key=lambda s: s.created_at is None)  # one without a date may be the newest
    found = [*failed, *(completed if len(completed) > 1 else [])]
    return [snapshot for snapshot in found if snapshot.id not in protected]


def no_room(view: ServerView, which: str = "snapshots") -> str:
    """Why nothing can go to make room on a server, in a phrase."""
    if view.used > SLOTS:
        return f"one delete is not enough: it has {view.used} snapshots"
    return f"none of its {which} should be deleted"


def to_make_room(name: str) -> str:
    """Why a snapshot is deleted before the one of this name is created."""
    return f"to make room for {name}"


def create_steps(
    server: Server,
    name: str,
    description: str,
    goes: Iterable[Snapshot | None],
    *,
    after: int = 0,
) -> list[Step]:
    """The deletes of what `goes` to make room, and a create that needs the last of them.

    So many steps of the plan come before, `after` which these are numbered.
    """
    why = to_make_room(name)
    steps = [target_step(Kind.DELETE, each, why) for each in goes if each is not None]
    needs = after + len(steps) if steps else None
    return [*steps, create_step(server, name, description, needs=needs)]


def room_plan(goes: Snapshot, server: Server, name: str, description: str = "") -> Plan:
    """Delete `goes`, and only once that is certain create `name`."""
    steps = create_steps(server, name, description, (goes,))
    return Plan(kind=PlanKind.MAKE_ROOM, name=name, steps=tuple(steps))


class Safety(msgspec.Struct, frozen=True):
    """What goes before a safety restore: the new snapshot's name, and whose slot it takes if any.

    At five of five `goes` is deleted first; it is never the one to restore.
    """

    name: str
    goes: Snapshot | None = None


def safety(view: ServerView, target: Snapshot, name: str, protected: Container[Key]) -> Safety:
    """How to snapshot a server before `target` is restored. Raises Refused where it cannot be."""
    if not view.full:
        return Safety(name)
    candidates = [s for s in dispensable(view, protected) if s.id != target.id]
    if not candidates:
        raise Refused(f"all slots are used, and {no_room(view, 'other snapshots')}")
    return Safety(name, candidates[0])


def safety_plan(target: Snapshot, server: Server, first: Safety) -> Plan:
    """Snapshot a server, and only once that is completed restore `target`."""
    why = f"before {server.name} is restored from {target.name}"
    steps = create_steps(server, first.name, why, (first.goes,))
    steps.append(target_step(Kind.RESTORE, target, needs=len(steps)))
    return Plan(kind=PlanKind.SAFETY_RESTORE, name=target.name, steps=tuple(steps))


def create_plan(
    servers: Iterable[tuple[Server, Snapshot | None]],
    name: str,
    description: str = "",
    *,
    stop: bool = False,
) -> Plan:
    """A snapshot of each server, all of one name; where a snapshot goes first, it makes room.

    With `stop` each server is stopped for it and started after.
    """
    steps: list[Step] = []
    for server, goes in servers:
        steps += create_steps(server, name, description, (goes,), after=len(steps))
    kind = PlanKind.STOPPED_CREATE if stop else PlanKind.CREATE
    return Plan(kind=kind, name=name, steps=tuple(steps))


def delete_plan(snapshots: Iterable[Snapshot], name: str, why: str = "") -> Plan:
    """The delete of each snapshot; `name` says in a few words what they are."""
    steps = tuple(target_step(Kind.DELETE, snapshot, why) for snapshot in snapshots)
    return Plan(kind=PlanKind.DELETE, name=name, steps=steps)


def retention_plan(found: Iterable[Retention], name: str) -> Plan:
    """The delete of what the policy of this name does not keep, with the reason for each."""
    steps = tuple(
        target_step(Kind.DELETE, verdict.snapshot, f"policy {name}: {verdict.why}")
        for retention in found
        for verdict in reversed(retention.verdicts)
        if verdict.goes
    )
    return Plan(kind=PlanKind.RETENTION, name=name, steps=steps)


def made_by(plan: Plan) -> frozenset[Key]:
    """The ids of the snapshots that its creates are known to have made."""
    return frozenset(
        step.became.snapshot_id
        for step in plan.steps
        if step.kind is Kind.CREATE
        and step.became is not None
        and step.became.snapshot_id is not None
    )


def shortfall(plan: Plan) -> str:
    """What a plan that stopped half way leaves behind, in a sentence; empty where nothing."""
    lines = []
    for step in plan.steps:
        needed = plan.needed(step)
        if needed is None or needed.standing is not Standing.DONE:
            continue
        if step.standing not in (Standing.NOT_DONE, Standing.SKIPPED):
            continue
        if needed.kind is Kind.DELETE:
            lines.append(
                f"{needed.name} is deleted, {step.name} was not created: {step.reason}. "
                f"{step.server_name} is one snapshot short."
            )
        else:
            lines.append(
                f"{needed.name} is completed, {step.server_name} was not restored: {step.reason}."
            )
    return " ".join(lines)
