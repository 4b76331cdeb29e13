"""Writes on many: a plan on disk, carried out step by step, with a line for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tui.cli.finishing import finish, gravest, said
from tui.cli.output import complain, out, output
from tui.cli.progress import Progress, speaking
from tui.cli.reading import Reading
from tui.cli.waiting import polling, standing
from tui.cli.writing import in_words, send, sent
from tui.exit_codes import ExitCode
from tui.fleet.operation import State
from tui.fleet.plan import Plan, Standing, Step
from tui.fleet.state import Fleet
from tui.fleet.writes.preflight import busy_problem
from tui.fleet.writes.rules import refusal
from tui.text import plural

if TYPE_CHECKING:
    from tui.fleet.writes.stopping import Ask
    from tui.session.connection import Connection
    from tui.session.session import Session

_QUIET = (State.INTENT, State.SENT)


def tell_steps(steps: Iterable[Step]) -> None:
    """Say what is to be done, a line for each step."""
    for step in steps:
        why = f": {step.description}" if step.description else ""
        out(f"{step.title} on {step.server_name}{why}")


def would(live: Connection, reading: Reading, steps: Sequence[Step]) -> int:
    """End a dry run: say in one line what these steps would do, and what would be refused of them.

    Returns the exit code: whether all of it would be sent, and recorded.
    """
    output.is_all()
    refused: dict[str, None] = {}
    tally: Counter[str] = Counter()
    servers = set()
    for step in steps:
        if why := _refused(reading.fleet, step):
            refused[f"{step.server_name}: nothing was sent: {why}"] = None
            continue
        tally[step.kind.value] += 1
        servers.add(step.server_id)
        output.note("steps", _step_document(step))
    for line in refused:
        complain(line)
    if tally:
        parts = [f"{kind} {plural(n, 'snapshot')}" for kind, n in sorted(tally.items())]
        out(f"would {' and '.join(parts)} of {plural(len(servers), 'server')}")
    elif not refused:
        out("nothing to do")
    unrecorded = live.operations.books.trouble  # which has been said already
    return ExitCode.FAILED if refused or unrecorded else ExitCode.DONE


def _refused(fleet: Fleet, step: Step) -> str:
    """Why a step would not be sent, as far as is known; empty where it would."""
    view = fleet.servers.get(step.server_id)
    if why := refusal(step.kind, fleet, view, step.target):
        return in_words(why)
    return busy_problem(view.snapshots if view else (), step.server_name, step.target)


def _step_document(step: Step) -> dict[str, object]:
    """A step of a dry run as it is printed as JSON."""
    return {
        "do": step.kind.value,
        "server_id": step.server_id,
        "server": step.server_name,
        "snapshot_id": step.target.id if step.target else None,
        "snapshot": step.name,
        "why": step.description,
    }


class Teller:
    """Says each step once for each state that it gets to."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._told: dict[int, State | str] = {}
        self._powers: dict[int, str] = {}

    def tell(self, _: Plan, step: Step) -> None:
        """Say where a step stands, if that is new."""
        before = self._told.get(step.number)
        self._progress.clear()
        self._tell_power(step)
        if step.standing in (Standing.SKIPPED, Standing.NOT_DONE):
            now: State | str = step.reason or "no reason is known"
            if before != now:
                surely = "" if step.became is None or step.became.proved else "likely "
                complain(f"{step.server_name}: the {step.title} was {surely}not done: {now}")
        elif step.became is not None and step.became.state not in _QUIET:
            now = step.became.state
            if before != now:
                earlier = before if isinstance(before, State) else State.SENT
                out(said(step.became, earlier))
        else:
            return
        self._told[step.number] = now

    def _tell_power(self, step: Step) -> None:
        """Say what is done to its server, beside its operation."""
        beside = step.became is None or step.became.ended
        if step.power and beside and self._powers.get(step.number) != step.power:
            self._powers[step.number] = step.power
            out(step.power)


async def carry_out(
    session: Session,
    live: Connection,
    draft: Plan,
    *,
    wait: bool = False,
    timeout: float | None = None,
    ask: Ask | None = None,
) -> int:
    """Have a plan on disk, send its steps and say of each what becomes of it.

    Returns the exit code for all of them. Raises what its first write raised if nothing came of
    any step, and JournalUnavailable.
    """
    plan = await send(session, lambda bare: live.plans.start(draft, unjournaled=bare))
    return await run_plan(session, live, plan, wait=wait, timeout=timeout, ask=ask)


async def send_steps(
    session: Session, live: Connection, plan: Plan, ask: Ask | None = None
) -> Plan:
    """Send what is left of a plan, with a line for each step; returns how it stands then.

    `ask` says what to do with a server that does not stop; without it none is waited for longer.
    """
    from tui.fleet.writes.stopping import give_up

    def running() -> str:
        now = next((p for p in live.plans.running() if p.id == plan.id), plan)
        mine = now.operations
        return standing(session, [o for o in live.operations.running() if o.id in mine])

    async with speaking(session.clock, running) as progress, polling(live):
        teller = Teller(progress)
        plan = await sent(session, live.plans.run(plan, teller.tell, ask or give_up))
        for step in plan.steps:  # what ended while others were sent
            teller.tell(plan, step)
        return plan


async def run_plan(
    session: Session,
    live: Connection,
    plan: Plan,
    *,
    wait: bool = False,
    timeout: float | None = None,
    ask: Ask | None = None,
) -> int:
    """Send what is left of a plan that was begun or taken over, as `carry_out` does."""
    plan = await send_steps(session, live, plan, ask)
    began = [step.became for step in plan.steps if step.became is not None]
    codes = [await finish(session, live, began, wait=wait, timeout=timeout)] if began else []
    if any(step.standing is Standing.SKIPPED for step in plan.steps):
        codes.append(ExitCode.FAILED)
    if plan.interrupted:
        complain(
            f"it stopped: {plan.words or 'not all was sent'}; `ciplun settle` says how it stands"
        )
        codes.append(ExitCode.FAILED)
    return gravest(codes)
