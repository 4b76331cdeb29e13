"""What runs, waits or stopped half way, in lines: what the dashboard's tray shows."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from tui.cli.documents import iso, operation_document
from tui.fleet.operation import Certainty, Kind, Operation
from tui.fleet.plan import Plan, Standing
from tui.fleet.state import Fleet
from tui.notices import at_work, plan_title, stands, tally_line
from tui.text import duration
from tui.vps.models import Key

Usual = Callable[[Kind], tuple[str, float] | None]
"""How long an operation of a kind usually takes, in words, and seconds until it is late."""
_NAMES = {
    Standing.DONE: "done",
    Standing.RUNNING: "running",
    Standing.UNSENT: "unsent",
    Standing.NOT_DONE: "not_done",
    Standing.SKIPPED: "skipped",
    Standing.UNTOLD: "cannot_be_told",
}


def operation_line(operation: Operation, now: float, usual: Usual) -> str:
    """What an operation does, for how long, and how long that usually takes."""
    since = operation.asked_at if operation.accepted_at is None else operation.accepted_at
    took = duration(max(0.0, now - since))
    expected = usual(operation.kind)
    often = f", usually {expected[0]}" if expected else ""
    late = ", overdue" if operation.overdue else ""
    likely = ", likely" if operation.certainty is Certainty.LIKELY else ""
    where = f"{operation.title} on {operation.server_name}"
    return f"{where}: {at_work(operation)}, {took}{often}{late}{likely}"


def plan_line(plan: Plan, now: float) -> str:
    """What a plan does, where its steps stand, and for how long."""
    if plan.interrupted:
        return stands(plan)
    return f"{plan_title(plan)}: {tally_line(plan)}, for {duration(max(0.0, now - plan.asked_at))}"


def of_servers(fleet: Fleet, servers: Container[Key]) -> tuple[Sequence[Operation], Sequence[Plan]]:
    """The open operations and plans about some servers."""
    operations = [o for key, o in fleet.operations.items() if key in servers]
    plans = [p for p in fleet.plans.values() if any(s.server_id in servers for s in p.steps)]
    return operations, plans


def lines(fleet: Fleet, servers: Container[Key], now: float, usual: Usual) -> list[str]:
    """A line for each plan and for each operation that is of no plan."""
    operations, plans = of_servers(fleet, servers)
    inner = {number for plan in plans for number in plan.operations}
    told = [
        f"{'stopped' if plan.interrupted else 'running'}: {plan_line(plan, now)}" for plan in plans
    ]
    alone = (operation for operation in operations if operation.id not in inner)
    return told + [f"running: {operation_line(o, now, usual)}" for o in alone]


def documents(fleet: Fleet, servers: Container[Key], usual: Usual) -> Mapping[str, Any]:
    """The same for JSON; what is usual is in words."""
    operations, plans = of_servers(fleet, servers)
    return {
        "operations": [
            {**operation_document(o), "usual": (usual(o.kind) or (None,))[0]} for o in operations
        ],
        "plans": [_plan_document(plan) for plan in plans],
    }


def _plan_document(plan: Plan) -> Mapping[str, Any]:
    return {
        "id": plan.id,
        "kind": plan.kind.value,
        "name": plan.name,
        "user": plan.user,
        "asked_at": iso(plan.asked_at),
        "interrupted": plan.interrupted,
        "steps": {name: plan.tally[standing] for standing, name in _NAMES.items()},
    }
