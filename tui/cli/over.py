"""`ciplun over`: the admin's own word that an operation is over, or that a plan ends here."""

from __future__ import annotations

from typing import Any

import click

from tui.cli.arguments import Command, as_json, settings, shared, text
from tui.cli.output import out
from tui.cli.running import Stop, opened, run_gathering
from tui.config.settings import Settings
from tui.exit_codes import ExitCode

_PLAN = "plan:"


@click.command(cls=Command)
@click.argument("operation", type=text)
@as_json
@shared
def command(operation: str, as_json: bool, **given: Any) -> int:
    """Take your word that OPERATION is over: its server is free then, and nothing is proved by it.

    The numbers are those of `ciplun settle` and `ciplun history`; plan:7 is a plan.
    """
    number = operation.removeprefix(_PLAN)
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        raise click.UsageError(
            f"{operation!r} is not the number of an operation", click.get_current_context()
        )
    found = settings(**given)
    if operation.startswith(_PLAN):
        return run_gathering(_end_plan(found, int(number)), as_json=as_json)
    return run_gathering(_over(found, int(number)), as_json=as_json)


async def _over(settings: Settings, number: int) -> int:
    async with opened(settings) as (_, live):
        ended = await live.operations.declare_over(number)
        if ended is None and live.operations.books.trouble:
            raise Stop(f"it cannot be told whether operation {number} is open")
        if ended is None:
            raise Stop(f"no operation {number} is open here", ExitCode.USAGE)
        out(f"{number}  {ended.title} on {ended.server_name}: {ended.words or ended.stands}")
        if ended.ended:
            return ExitCode.DONE
        raise Stop("not ended: it is being sent at this moment")


async def _end_plan(settings: Settings, number: int) -> int:
    async with opened(settings) as (_, live):
        if number not in [plan.id for plan in await live.plans.refresh()]:
            raise Stop(f"no plan {number} is open here", ExitCode.USAGE)
        ended = await live.plans.end(number)
        out(f"plan {number}  {ended.kind.value} {ended.name}: {ended.words}")
        return ExitCode.DONE
