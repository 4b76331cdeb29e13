"""Plans in files: agreed to now, carried out later, and refused if anything in them has changed.

A file is JSON: ``ciplun_plan`` (1), ``made_at``, ``account``, ``kind``, ``name``, ``servers`` (id,
name, the ids of all their snapshots) and ``steps`` (do, server, name, description, needs, and of a
restore or delete its snapshot as it was: id, name, status, created_at).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from tui.config.credentials import TokenError, check_owned
from tui.config.paths import read_file, write_private
from tui.fleet.operation import Kind
from tui.fleet.plan import Plan, PlanKind, Step
from tui.fleet.state import Fleet
from tui.fleet.writes.rules import description_problem, name_problem
from tui.vps.models import Key, Snapshot
from tui.vps.sanitize import clean

VERSION: Final = 1
Written = Literal["create", "delete", "retention"]
"""The kinds of plans that files hold: those of many."""
_MOST: Final = 50_000
"""Steps of a plan."""
_LARGEST: Final = 64 << 20
"""Bytes of a file: so many steps, each with a long description."""


class PlanFileError(Exception):
    """A plan's file cannot be used: one sentence."""


class StepLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One write: `server` is an id, `needs` the number of an earlier step, from 1."""

    do: Literal["create", "delete"]
    server: Key
    name: str
    description: str = ""
    needs: int | None = None
    snapshot: Snapshot | None = None


class ServerLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server as it was when the plan was made, with the ids of all its snapshots."""

    id: Key
    name: str
    snapshots: tuple[Key, ...]


class _Head(msgspec.Struct, frozen=True):
    """What tells whether the rest can be read."""

    ciplun_plan: int


class PlanFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file holds."""

    ciplun_plan: int
    made_at: datetime
    account: str
    kind: Written
    name: str
    servers: tuple[ServerLine, ...]
    steps: tuple[StepLine, ...]

    def plan(self) -> Plan:
        """The plan, to be started."""
        names = {server.id: server.name for server in self.servers}  # these are compared

        def target(line: StepLine) -> Snapshot | None:
            if line.snapshot is None:
                return None
            return msgspec.structs.replace(line.snapshot, server_name=names[line.server])

        steps = tuple(
            Step(
                kind=Kind(line.do),
                server_id=line.server,
                server_name=names[line.server],
                name=line.name,
                description=line.description,
                target=target(line),
                needs=line.needs,
            )
            for line in self.steps
        )
        return Plan(kind=PlanKind(self.kind), name=self.name, steps=steps)


def write(path: Path, plan: Plan, fleet: Fleet, account: str, now: datetime) -> None:
    """Write a plan to a new file that only its owner can read. Raises PlanFileError."""
    if len(plan.steps) > _MOST:
        raise PlanFileError(f"it has more than {_MOST} steps: choose fewer servers")
    data = msgspec.json.format(msgspec.json.encode(_of(plan, fleet, account, now)))
    try:
        write_private(path, data + b"\n")
    except FileExistsError:
        raise PlanFileError(f"{path}: this file exists already") from None
    except OSError as error:
        raise PlanFileError(f"{path}: {error.strerror or 'cannot be written'}") from None


def _of(plan: Plan, fleet: Fleet, account: str, now: datetime) -> PlanFile:
    kinds: Mapping[PlanKind, Written] = {
        PlanKind.CREATE: "create",
        PlanKind.DELETE: "delete",
        PlanKind.RETENTION: "retention",
    }
    if plan.kind not in kinds:
        raise PlanFileError(f"a plan of the kind {plan.kind.value!r} cannot be kept in a file")
    servers = dict.fromkeys(step.server_id for step in plan.steps)
    return PlanFile(
        VERSION,
        now.astimezone(UTC),
        account,
        kinds[plan.kind],
        plan.name,
        tuple(
            ServerLine(key, view.server.name, tuple(s.id for s in view.snapshots))
            for key in servers
            for view in (fleet.servers[key],)
        ),
        tuple(
            StepLine(
                "create" if step.kind is Kind.CREATE else "delete",
                step.server_id,
                step.name,
                step.description,
                step.needs,
                step.target,
            )
            for step in plan.steps
        ),
    )


def read(path: Path) -> PlanFile:
    """Read and check a file. Raises PlanFileError."""
    try:
        check_owned(path, str(path), others=0o022)
        data = read_file(path, _LARGEST)
        if (version := msgspec.json.decode(data, type=_Head).ciplun_plan) != VERSION:
            words = f"the plan has version {version}, this ciplun reads version {VERSION}"
            raise PlanFileError(f"{path}: {words}")
        found = msgspec.json.decode(data, type=PlanFile)
    except OSError as error:
        raise PlanFileError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except TokenError as error:
        raise PlanFileError(str(error)) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PlanFileError(f"{path}: not a plan of ciplun: {clean(str(error), 120)}") from None
    if problem := _problem(found):
        raise PlanFileError(f"{path}: {problem}")
    return found


def _problem(found: PlanFile) -> str:
    """What no plan that was written here has; empty where all is well."""
    if not found.steps or len(found.steps) > _MOST:
        return "it has no steps" if not found.steps else f"it has more than {_MOST} steps"
    if problem := description_problem(found.name):
        return f"its name: {problem}"
    known = {server.id for server in found.servers}
    for number, line in enumerate(found.steps, 1):
        if problem := _of_step(line, number, known):
            return f"step {number}: {problem}"
    return ""


def _of_step(line: StepLine, number: int, known: set[Key]) -> str:
    if line.server not in known:
        return "its server is not in the plan"
    if line.needs is not None and not 0 < line.needs < number:
        return "it needs a step that is not before it"
    if problem := description_problem(line.description):
        return problem
    if line.do == "create":
        return name_problem(line.name)
    target = line.snapshot
    if target is None or target.server_id != line.server or target.name != line.name:
        return "its snapshot is missing or does not match"
    return ""


def changes(found: PlanFile, fleet: Fleet, account: str) -> tuple[str, ...]:
    """What has changed since the plan was made, in sentences; with any it is not carried out."""
    if found.account != account:
        return ("it was made for another account",)
    return tuple(_changes(found, fleet))


def _changes(found: PlanFile, fleet: Fleet) -> Iterator[str]:
    for server in found.servers:
        if change := _of_server(server, fleet):
            yield f"{_label(server.name, server.id)} {change}"
    for line in found.steps:
        target = line.snapshot
        if target is None or line.server not in fleet.servers:
            continue
        change = _of_target(target, fleet.snapshot(line.server, target.id))
        if not change and target.id in fleet.protected:
            change = "is protected here now"
        if change:
            yield f"{_label(target.name, target.id)} {change}"


def _label(name: str, key: Key) -> str:
    return f"{clean(name, 60)} (#{clean(str(key), 60)})"


def _of_server(server: ServerLine, fleet: Fleet) -> str:
    view = fleet.servers.get(server.id)
    if view is None:
        return "is no longer listed"
    if view.server.name != server.name:
        return f"is called {view.server.name} now"
    if fleet.restoring(server.id):
        return "is being restored"
    before = len(server.snapshots)
    if view.used != before:
        return f"used {before} slots and uses {view.used} now"
    if {s.id for s in view.snapshots} != set(server.snapshots):
        return "has other snapshots now"
    return ""


def _of_target(target: Snapshot, now: Snapshot | None) -> str:
    if now is None:
        return "is no longer listed"
    if now.name != target.name:
        return f"is called {now.name} now"
    if now.status != target.status:
        return f"was {clean(target.status_words, 40)} and is {now.status_words} now"
    if now.created_at != target.created_at:
        return "is another snapshot now, with another date"
    return ""
