"""`ciplun guard`: snapshots, then a command, and if it fails the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from tui.cli.arguments import Command, dry_run, make_room, name, settings, shared, span
from tui.cli.finishing import follow
from tui.cli.output import complain, out, output, tell
from tui.cli.planning import carry_out, send_steps, tell_steps, would
from tui.cli.reading import Reading, read, tell_incomplete
from tui.cli.running import Stop, foreseen, opened, run, sigterm
from tui.cli.selection import Selection, of_servers
from tui.cli.slots import look, tell_room
from tui.cli.writing import prepare, send, settle_first
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.guard import CannotRun, check_runnable, creates, missing, run_command, way_back
from tui.fleet.plan import Plan
from tui.fleet.writes.drafts import create_plan, delete_plan, made_by
from tui.terminal import hardening
from tui.vps.sanitize import clean
from tui.vps.token import masked

if TYPE_CHECKING:
    from tui.session.connection import Connection
    from tui.session.session import Session

_COMMAND: Final = "tui.cli.guard.command"


class GuardCommand(Command):
    """Takes what comes after ``--`` as it is: the command to run."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Part the command from our own arguments."""
        end = args.index("--") if "--" in args else len(args)
        ctx.meta[_COMMAND] = args[end + 1 :]
        return super().parse_args(ctx, args[:end])


@click.command(cls=GuardCommand, options_metavar="[OPTIONS] -- COMMAND...")
@of_servers
@click.option("--name", required=True, callback=name, metavar="NAME", help="The snapshots' name.")
@make_room
@click.option(
    "--after-success",
    type=click.Choice(["keep", "delete"]),
    default="keep",
    help="What to do with the snapshots if the command succeeds; keep if not given.",
)
@click.option(
    "--timeout", type=span, metavar="T", help="Wait at most this long for the snapshots: 30m."
)
@dry_run
@shared
def command(
    server: tuple[str, ...],
    on: str | None,
    name: str,
    make_room: bool,
    after_success: str,
    timeout: float | None,
    dry_run: bool,
    **given: Any,
) -> int:
    """Snapshot servers, and once all are completed run COMMAND; if it fails print the way back.

    The exit code is the command's own. Unless all snapshots are completed it is not run, and the
    code is 1. After a failure the snapshots are always kept.
    """
    context = click.get_current_context()
    words: list[str] = context.meta[_COMMAND]
    if not words or not words[0].strip():
        raise click.UsageError("give a command after --", context)
    found = settings(**given)
    selection = Selection(found, server, on, needed=True)
    if not dry_run:
        output.aside()  # what is printed there is the command's
    guard = Guard(name, make_room, after_success == "delete", timeout, dry_run, words)
    return run(_guard(found, selection, guard))


class Guard(msgspec.Struct, frozen=True):
    """What is guarded: `timeout` is in seconds, for the snapshots."""

    name: str
    make_room: bool
    tidy: bool
    timeout: float | None
    dry: bool
    command: Sequence[str]


async def _guard(settings: Settings, selection: Selection, guard: Guard) -> int:
    try:
        check_runnable(guard.command)
    except CannotRun as error:
        why = f"{_brief(guard.command)} cannot be run: {error}"
        raise Stop(f"{why}; nothing was sent and nothing was run", error.code) from None
    async with opened(settings) as (session, live):
        reading = await prepare(session, live)
        if selection.uncertain(reading):
            raise Stop(
                "it cannot be told which servers --on means: nothing was sent and nothing was run"
            )
        views = selection.of(reading, session.service_now())
        reading = await settle_first(session, live, reading, views)
        ready, code = look(session, live, reading, views, make_room=guard.make_room)
        if code != ExitCode.DONE:
            raise Stop("nothing was sent and nothing was run")
        tell_room(ready, session.now)
        draft = create_plan(ready, guard.name, f"before {_brief(guard.command)}")
        if guard.dry:
            return _would(live, reading, draft, guard)
        plan = await send(session, lambda bare: live.plans.start(draft, unjournaled=bare))
        plan = await _completed(session, live, await send_steps(session, live, plan), guard)
        if lacking := missing(plan):
            for line in lacking:
                complain(line)
            raise Stop("nothing was run")
        try:
            ended, how = await run_command(guard.command, hardening.given_umask), ""
        except CannotRun as error:
            ended, how = error.code, f"cannot be run: {error}"
        sigterm.heed()  # until now it was the command's
        if ended != ExitCode.DONE:
            _tell_way_back(plan, how or f"ended with {ended}", settings, guard)
        elif guard.tidy:
            await _tidy(session, live, plan)
        return ended


def _would(live: Connection, reading: Reading, draft: Plan, guard: Guard) -> int:
    """Say what would be done; returns the exit code."""
    tell_steps(creates(draft))
    after = ", and delete the new snapshots if it succeeds" if guard.tidy else ""
    out(f"once all are completed it would run {_brief(guard.command)}{after}")
    return would(live, reading, draft.steps)


async def _completed(session: Session, live: Connection, plan: Plan, guard: Guard) -> Plan:
    """Wait until the snapshots have ended; returns the plan as it stands then."""
    began = [step.became for step in plan.steps if step.became is not None]
    for operation in await follow(session, live, began, wait=True, timeout=guard.timeout):
        plan = plan.with_operation(operation)
    return plan


def _tell_way_back(plan: Plan, how: str, settings: Settings, guard: Guard) -> None:
    """Say how it went, and how each server is restored: the snapshots are kept."""
    complain(f"{_brief(guard.command)} {how}; the snapshots are kept. The way back:")
    given = {"profile": settings.profile, "url": settings.url}
    options = [
        word
        for name, value in given.items()
        if settings.origins.get(name, "").startswith("option")
        for word in (f"--{name}", value)
    ]
    for line in way_back(plan, options):
        tell(f"  {line}\n")


async def _tidy(session: Session, live: Connection, plan: Plan) -> None:
    """Delete the snapshots of a plan; what fails is said, and does not change the code."""
    made = made_by(plan)
    try:
        reading = await read(session, live)
        tell_incomplete(reading)
        views = reading.fleet.servers.values()
        targets = [s for view in views for s in view.snapshots if s.id in made]
        draft = delete_plan(targets, f"{plan.name} after success")
        code = await carry_out(session, live, draft) if targets else int(ExitCode.DONE)
        good = code == ExitCode.DONE and (reading.complete or len(targets) == len(made))
    except foreseen() as error:
        complain(str(error))
        good = False
    if not good:
        complain("not all of the snapshots could be deleted")


def _brief(command: Sequence[str]) -> str:
    """The program's name, as it is kept with the snapshots and printed."""
    return clean(masked(command[0].rpartition("/")[2] or command[0]), 60)
