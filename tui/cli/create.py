"""`ciplun create`: asks for a snapshot."""

from __future__ import annotations

from typing import Any

import click

from tui.cli import lookup
from tui.cli.arguments import Command, settings, shared, span, text
from tui.cli.running import opened, run
from tui.cli.writing import check_allowed, prepare, report, send
from tui.config.settings import Settings
from tui.fleet.operation import Kind
from tui.fleet.writes.rules import description_problem, name_problem


def _checked_name(ctx: click.Context, param: click.Parameter, name: str) -> str:
    if name.strip() and (problem := name_problem(name)):
        raise click.BadParameter(problem, ctx, param)
    return name


def _checked_description(ctx: click.Context, param: click.Parameter, text: str) -> str:
    if problem := description_problem(text):
        raise click.BadParameter(problem, ctx, param)
    return text


@click.command(cls=Command)
@click.argument("server", type=text)
@click.argument("name", callback=_checked_name)
@click.option("--description", default="", callback=_checked_description, help="Why it is taken.")
@click.option("--wait", is_flag=True, help="Wait until it has ended.")
@click.option("--timeout", type=span, metavar="T", help="Wait so long at most: 90s, 30m.")
@shared
def command(
    server: str, name: str, description: str, wait: bool, timeout: float | None, **given: Any
) -> int:
    """Create the snapshot NAME of SERVER (name or id)."""
    return run(_create(settings(**given), server, name, description, wait=wait, timeout=timeout))


async def _create(
    settings: Settings,
    server: str,
    name: str,
    description: str,
    *,
    wait: bool,
    timeout: float | None,
) -> int:
    async with opened(settings) as (session, live):
        reading = await prepare(session, live)
        view = lookup.server(reading, server)
        check_allowed(session, live, reading, Kind.CREATE, view)
        create = live.operations.create
        operation = await send(
            session, lambda bare: create(view.server, name, description, unjournaled=bare)
        )
        return await report(session, live, operation, wait=wait, timeout=timeout)
