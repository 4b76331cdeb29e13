"""`ciplun prune`: deletes what a policy does not keep, with the reason for each."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from tui.cli import names, pinging
from tui.cli.arguments import (
    Command,
    FilePath,
    Number,
    as_json,
    dry_run,
    settings,
    shared,
    sure,
    text,
)
from tui.cli.output import out, output
from tui.cli.planning import carry_out, would
from tui.cli.policies import is_whole, note_runs, policy_of
from tui.cli.reading import Reading
from tui.cli.running import Stop, opened, run_gathering
from tui.cli.selection import Selection, of_servers
from tui.cli.writing import check_open, confirm, prepare, settle_first
from tui.config.settings import Settings
from tui.config.tables import Policy
from tui.exit_codes import ExitCode
from tui.fleet import plan_file
from tui.fleet.retention import Made, Retention, by_glob, by_template, retain_in
from tui.fleet.state import ServerView
from tui.fleet.writes.drafts import retention_plan
from tui.text import age, plural, size
from tui.vps.models import SLOTS

if TYPE_CHECKING:
    from tui.session.connection import Connection
    from tui.session.session import Session

_KEEP: Final = ("keep_last", "keep_daily", "keep_weekly", "keep_monthly", "reserve")


class Pruning(msgspec.Struct, frozen=True):
    """What is to be pruned by what, and how: a `dry` run and a `file` delete nothing.

    `ran` is the policy of which this is a run, empty where it is none.
    """

    title: str
    ran: str
    policy: Policy
    made: Made
    failed: bool
    dry: bool
    file: Path | None
    sure: bool


@click.command(cls=Command)
@of_servers
@click.option(
    "--policy",
    "policy_name",
    type=text,
    shell_complete=names.policies,
    metavar="P",
    help="A policy of the settings.",
)
@click.option("--keep-last", type=Number(0, SLOTS), default=0, metavar="N")
@click.option("--keep-daily", type=Number(0, SLOTS), default=0, metavar="N")
@click.option("--keep-weekly", type=Number(0, SLOTS), default=0, metavar="N")
@click.option("--keep-monthly", type=Number(0, SLOTS), default=0, metavar="N")
@click.option(
    "--reserve",
    type=Number(0, SLOTS),
    default=0,
    metavar="N",
    help="Slots that should stay free.",
)
@click.option(
    "--name",
    "glob",
    type=text,
    metavar="GLOB",
    help="Without a policy: delete only snapshots with these names, like 'nightly-*'.",
)
@click.option("--failed", is_flag=True, help="Also delete failed ones with these names.")
@dry_run
@click.option(
    "--plan",
    "file",
    type=FilePath(),
    metavar="FILE",
    help="Write the plan to a new file for `ciplun apply` and delete nothing.",
)
@sure
@as_json
@shared
def command(
    server: tuple[str, ...],
    on: str | None,
    policy_name: str | None,
    glob: str | None,
    failed: bool,
    dry_run: bool,
    file: Path | None,
    yes: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Delete what a policy does not keep, with the reason for each.

    Never the last completed one of a server, nor one that is protected, busy, or not of the
    policy's names. Days, weeks and months are those of UTC.
    """
    numbers = {name: given.pop(name) for name in _KEEP}
    found = settings(**given)
    policy, ran = policy_of(found, policy_name), ""
    if policy is None:
        policy, made, title = _by_numbers(numbers, glob), by_glob(glob or ""), "by hand"
    elif glob is not None or any(numbers.values()):
        raise _wrong("--policy has its own numbers and names: leave out --name and --keep-…")
    else:
        made, title = by_template(policy.name), policy_name or ""
        if is_whole(policy, server, on):
            ran = title
            on = policy.on or on
    selection = Selection(found, server, on)
    pruning = Pruning(title, ran, policy, made, failed, dry_run, file, yes)
    return run_gathering(_prune(found, selection, pruning), as_json=as_json)


def _by_numbers(numbers: dict[str, int], glob: str | None) -> Policy:
    """The policy that the options spell. Raises UsageError."""
    if glob is None:
        raise _wrong("give --policy, or --name and how many to keep, like --keep-last 3")
    policy = msgspec.convert({**numbers, "name": glob}, Policy)
    if problem := policy.problem():
        raise _wrong(problem.replace("keep_", "--keep-"))
    return policy


def _wrong(why: str) -> click.UsageError:
    return click.UsageError(why, click.get_current_context())


async def _prune(settings: Settings, selection: Selection, pruning: Pruning) -> int:
    async with opened(settings) as (session, live):
        reading = await prepare(session, live)
        if selection.uncertain(reading) or not reading.fleet.settled or reading.fleet.problems:
            raise Stop("not all could be read: nothing was deleted")
        views = selection.of(reading, session.service_now())
        reading = await settle_first(session, live, reading, views)
        found = [_judge(reading, view, pruning, session.now) for view in views]
        for each in found:
            _show(each, session.now)
        goes = sum(len(each.goes) for each in found)
        plan = retention_plan(found, pruning.title)
        unwritten = f"{pruning.file} was not written" if pruning.file is not None else ""
        if pruning.dry and goes:
            check_open(session, live, reading)
            code = would(live, reading, plan.steps)
            if unwritten:
                out(unwritten)
            return code
        if not goes:
            if pruning.dry:
                output.is_all()
            out(f"nothing to delete; {unwritten}" if unwritten else "nothing to delete")
            is_run = not pruning.dry and pruning.file is None
            return await _ended(settings, session, live, pruning) if is_run else ExitCode.DONE
        if pruning.file is not None:
            plan_file.write(pruning.file, plan, reading.fleet, live.operations.account, session.now)
            out(f"{plural(goes, 'delete')} written to {pruning.file}; nothing was deleted")
            return ExitCode.DONE
        check_open(session, live, reading)
        question = f"Deletes {plural(goes, 'snapshot')} for good."
        confirm(question, f"delete {goes}", sure=pruning.sure)
        code = await carry_out(session, live, plan, wait=True)
        return await _ended(settings, session, live, pruning, code)


async def _ended(
    settings: Settings,
    session: Session,
    live: Connection,
    pruning: Pruning,
    code: int = ExitCode.DONE,
) -> int:
    """Keep and tell that a run has ended."""
    if pruning.ran and code == ExitCode.DONE:
        from tui.fleet.journal.policy_runs import PolicyRun

        await note_runs(live, PolicyRun(pruning.ran, "prune", session.service_now()))
    return await pinging.after(settings, code)


def _judge(reading: Reading, view: ServerView, pruning: Pruning, now: datetime) -> Retention:
    """What becomes of each snapshot of a server."""
    fleet = reading.fleet
    view = fleet.servers.get(view.server.id, view)
    return retain_in(fleet, view, pruning.policy, pruning.made, now, failed=pruning.failed)


def _show(found: Retention, now: datetime) -> None:
    """Print what becomes of each snapshot of a server, and why."""
    server = found.view.server
    if found.verdicts:
        out(f"{server.name}  #{server.id}")
    for verdict in found.verdicts:
        s = verdict.snapshot
        facts = f"{size(s.size_mb):>9}  {age(s.created_at, now):<12}"
        out(f"  #{s.id:<8} {s.name:<32} {facts}  {verdict.words}")
        output.note(
            "verdicts",
            {
                "server_id": server.id,
                "server": server.name,
                "snapshot_id": s.id,
                "snapshot": s.name,
                "goes": verdict.goes,
                "why": verdict.why,
            },
        )
    if found.short:
        out(f"  {plural(found.short, 'slot')} too few: {found.reserve} should stay free")
