"""`ciplun apply`: carries out a plan that was written to a file, unless anything has changed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from tui.cli.arguments import Command, FilePath, as_json, dry_run, settings, shared, sure
from tui.cli.output import complain
from tui.cli.planning import carry_out, tell_steps, would
from tui.cli.running import Stop, opened, run_gathering
from tui.cli.writing import check_open, confirm, prepare
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet import plan_file
from tui.fleet.plan import Plan
from tui.text import stamp


@click.command(cls=Command)
@click.argument("plan", type=FilePath())
@dry_run
@sure
@as_json
@shared
def command(plan: Path, dry_run: bool, yes: bool, as_json: bool, **given: Any) -> int:
    """Carry out a saved PLAN; refused if anything in it has changed since."""
    work = _apply(settings(**given), plan, dry=dry_run, sure=yes)
    return run_gathering(work, as_json=as_json)


async def _apply(settings: Settings, path: Path, *, dry: bool, sure: bool) -> int:
    try:
        found = plan_file.read(path)
    except plan_file.PlanFileError as error:
        raise Stop(str(error), ExitCode.USAGE) from None
    async with opened(settings) as (session, live):
        reading = await prepare(session, live)
        if not reading.fleet.settled:
            raise Stop("not all could be read, so it cannot be told whether the plan still holds")
        if changes := plan_file.changes(found, reading.fleet, live.operations.account):
            for change in changes:
                complain(change)
            raise Stop(f"the plan of {stamp(found.made_at)} is out of date: nothing was sent")
        check_open(session, live, reading)
        plan = found.plan()
        tell_steps(plan.steps)
        if dry:
            return would(live, reading, plan.steps)
        words = _in_words(plan)
        confirm(f"Carries out the plan of {stamp(found.made_at)}.", words, sure=sure)
        return await carry_out(session, live, plan, wait=True)


def _in_words(plan: Plan) -> str:
    """What has to be typed: ``delete 6``, or ``delete 2 create 2``."""
    tally = Counter(step.kind.value for step in plan.steps)
    return " ".join(f"{kind} {number}" for kind, number in sorted(tally.items(), reverse=True))
