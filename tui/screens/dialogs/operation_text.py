"""Operations and plans in full: who asked for what, and every step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from tui.fleet.actor import Who
from tui.fleet.journal.journal import Step
from tui.fleet.matching import fold
from tui.fleet.operation import Operation, state_words
from tui.fleet.plan import Plan, Standing
from tui.notices import assurance, plan_title, step_words, tally_line
from tui.text import duration, stamp
from tui.widgets.operation_list import Entry

_FIRST: Final = (
    *(Standing.NOT_DONE, Standing.SKIPPED, Standing.UNTOLD),
    *(Standing.UNSENT, Standing.RUNNING, Standing.DONE),
)
"""What needs somebody stands first: a long plan is cut."""


def describe_plan(plan: Plan) -> str:
    """Who asked for what, and where each step stands."""
    who = Who(plan.user, plan.origin)
    lines = [f"{plan_title(plan)}, by {who}: {tally_line(plan)}"]
    if plan.words:
        lines.append(plan.words)
    for step in sorted(plan.steps, key=lambda step: _FIRST.index(step.standing)):
        on = f" on {step.server_name}"
        lines.append(f"{step.number:>3}  {step.title}{on}  {step_words(step)}")
    if plan.id < 0:
        lines.append("kept in memory only: gone when ciplun ends")
    return "\n".join(lines)


def searched(row: Entry) -> str:
    """What a filter looks at, folded."""
    if isinstance(row, Plan):
        servers = (step.server_name for step in row.steps)
        return fold(" ".join((plan_title(row), *servers, row.user, row.words)))
    operation = row
    parts = (operation.title, operation.server_name, operation.stands, operation.user)
    return fold(" ".join((*parts, operation.words)))


def describe(operation: Operation, steps: Sequence[Step], *, local: bool) -> str:
    """Who asked for what, and every step with its time."""
    who = Who(operation.user, operation.origin)
    number = f"#{operation.snapshot_id} " if operation.snapshot_id is not None else ""
    lines = [
        f"{operation.kind.value} {number}{operation.snapshot_name} "
        f"on {operation.server_name} #{operation.server_id}, by {who}"
    ]
    if operation.description:
        lines.append(operation.description)
    for step in steps:
        words = f"  {step.words}" if step.words else ""
        when = stamp(datetime.fromtimestamp(step.at, UTC), local=local)
        state = state_words(operation.kind, step.state)
        lines.append(f"{when}  {duration(step.at - operation.asked_at):>7}  {state}{words}")
    if not steps:
        lines.append(f"{operation.stands}  {operation.words}")
    if sure := assurance(operation):
        lines.append(sure)
    if operation.id < 0:
        lines.append("kept in memory only: gone when ciplun ends")
    return "\n".join(lines)
