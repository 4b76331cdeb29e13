"""`ciplun settle`: what became of everything that is open, and plans that stopped half way."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

import click

from tui.cli.arguments import Command, as_json, check_timeout, settings, shared, timeout
from tui.cli.finishing import LONGEST, gravest
from tui.cli.output import complain, out
from tui.cli.planning import run_plan
from tui.cli.progress import Progress
from tui.cli.reading import TOLD_PATIENCE, PatientApi, read, tell_reasons
from tui.cli.running import opened, run_gathering
from tui.cli.waiting import polling, standing
from tui.cli.writing import check_open, ends_to, owed, sent, ways_on
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.operation import Certainty, Operation, State
from tui.fleet.plan import Plan
from tui.fleet.power import PowerNote, Stage
from tui.notices import News
from tui.text import plural
from tui.vps.models import Key

if TYPE_CHECKING:
    from tui.session.connection import Connection
    from tui.session.session import Session


@click.command(cls=Command)
@click.option("--wait", is_flag=True, help="Look again until everything has ended.")
@timeout
@click.option("--go-on", is_flag=True, help="Send what is left of plans that stopped half way.")
@as_json
@shared
def command(wait: bool, timeout: float | None, go_on: bool, as_json: bool, **given: Any) -> int:
    """Find out from the provider's lists what became of open operations.

    The code is 0 if everything is known, and 3 if something cannot be told, yet or for good.
    """
    check_timeout(timeout, waits=wait)
    limit = (LONGEST if timeout is None else timeout) if wait else 0.0
    return run_gathering(_settle(settings(**given), limit, go_on=go_on), as_json=as_json)


async def _settle(settings: Settings, seconds: float, *, go_on: bool) -> int:
    ended: list[Operation] = []
    say = ends_to(out)

    def listen(operation: Operation | None, told: News) -> None:
        say(operation, told)
        if operation is not None and told.ended:
            ended.append(operation)

    async with opened(settings, listen, plans=False) as (session, live):
        patience = min(seconds, TOLD_PATIENCE) if seconds else TOLD_PATIENCE
        live.operations.api = api = PatientApi(session, live, patience=patience)
        left = await _look(session, live, seconds)
        tell_reasons([reason for doubts in api.doubts.values() for reason in doubts])
        for operation in left:
            out(_standing(operation, session))
        codes = [_code(left, waited=seconds > 0, doubted=api.doubts)]
        notes = await live.restarts.power.left()
        plans = [plan for plan in await live.plans.refresh() if plan.interrupted]
        if go_on and (notes or plans):
            check_open(session, live, await read(session, live))
        codes += [await _power(session, live, note, go_on) for note in notes]
        for plan in plans:
            out(_of_plan(plan))
            if go_on:
                taken = await live.plans.go_on(plan.id)
                codes.append(await run_plan(session, live, taken, wait=seconds > 0))
            else:
                codes.append(ExitCode.UNKNOWN)
        partly = bool(live.operations.trouble)  # it has been said
        if not left and len(codes) == 1:
            out("nothing that is known of is open" if partly else "nothing is open")
        if partly or any(operation.certainty is Certainty.UNTOLD for operation in ended):
            codes.append(ExitCode.UNKNOWN)
        return gravest(codes)


async def _power(session: Session, live: Connection, note: PowerNote, go_on: bool) -> int:
    """Say that a server is to run again, or start it; returns the exit code.

    One that another session has taken over meanwhile stops no other.
    """
    from tui.fleet.writes.operations import Refused

    try:
        return await _run_again(session, live, note, go_on)
    except Refused as error:
        complain(str(error))
        return ExitCode.UNKNOWN


async def _run_again(session: Session, live: Connection, note: PowerNote, go_on: bool) -> int:
    from tui.fleet.writes.consistent import After

    power = live.restarts.power
    if note.stage is Stage.RESTORING:
        after = await power.after_restore(note, start=go_on, told=out)
        if after is After.RUNS:
            return ExitCode.DONE
        out(f"{note.sentence(after.value)}; `ciplun settle --go-on` starts it")
        return ExitCode.UNKNOWN
    if not go_on:
        out(owed(note))
        return ExitCode.UNKNOWN
    async with polling(live):
        seen = await sent(session, power.resume(note, out))
    return ExitCode.DONE if seen else ExitCode.FAILED


async def _look(session: Session, live: Connection, seconds: float) -> Sequence[Operation]:
    """Settle, and say meanwhile what is waited for; returns what is open still."""
    progress = Progress(session.clock)

    def told(left: Sequence[Operation]) -> None:
        if left and seconds:
            progress.show(standing(session, left))

    try:
        return await live.operations.settle(wait=seconds, told=told)
    finally:
        progress.clear()


def _code(left: Sequence[Operation], *, waited: bool, doubted: Container[Key | None]) -> int:
    """What is at work is no trouble unless it was waited for; what cannot be told is."""
    unsettled = any(o.state is State.UNKNOWN or o.server_id in doubted for o in left)
    return ExitCode.UNKNOWN if left and (waited or unsettled) else ExitCode.DONE


def _standing(operation: Operation, session: Session) -> str:
    hint = ""
    if operation.state is State.UNKNOWN or operation.overdue:
        hint = f"; `ciplun over {operation.id}` stops tracking it"
    return f"{operation.id}  {standing(session, [operation])}{hint}"


def _of_plan(plan: Plan) -> str:
    """Where a plan that stopped half way stands, and what can be done."""
    done = len(plan.steps) - len(plan.unsent)
    not_done = plan.tally.not_done
    bad = f" ({not_done} not done)" if not_done else ""
    why = f": {plan.words}" if plan.words else ""
    return (
        f"plan {plan.id}  {plan.kind.value} {plan.name} stopped{why}: {done} of "
        f"{plural(len(plan.steps), 'step')} sent{bad}; {ways_on(plan)}"
    )
