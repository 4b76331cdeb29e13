"""`ciplun ensure`: a snapshot only where none is fresh and none is on its way; safe in cron."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from tui.cli import names, pinging
from tui.cli.arguments import (
    Command,
    as_json,
    check_timeout,
    dry_run,
    make_room,
    settings,
    shared,
    some_age,
    text,
    timeout,
)
from tui.cli.finishing import code_of, follow, gravest, said
from tui.cli.output import complain, out
from tui.cli.planning import tell_steps, would
from tui.cli.policies import is_whole, note_runs, policy_of, template_of
from tui.cli.reading import Reading
from tui.cli.running import opened, run_gathering
from tui.cli.selection import Selection, of_servers
from tui.cli.writing import check_open, prepare, sent
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.ensure import NAME, Course, Wanted
from tui.fleet.operation import State
from tui.text import plural
from tui.vps.models import Server

if TYPE_CHECKING:
    from tui.fleet.writes.ensuring import Ensured, Ensurer
    from tui.session.connection import Connection
    from tui.session.session import Session

_WORDS: Final = {
    Course.FRESH: "fresh",
    Course.ON_ITS_WAY: "on its way",
    Course.CREATE: "started",
    Course.NO_ROOM: "without a free slot",
    Course.BLOCKED: "not done",
}


@click.command(cls=Command)
@of_servers
@click.option(
    "--max-age", type=some_age, required=True, metavar="AGE", help="How old is fresh: 24h, 7d."
)
@click.option(
    "--name", "template", type=text, metavar="TEMPLATE", help=f"Their name; {NAME} if not given."
)
@click.option(
    "--policy",
    type=text,
    shell_complete=names.policies,
    metavar="P",
    help="Its servers, its names, and its retention.",
)
@make_room
@click.option("--wait", is_flag=True, help="Wait until all are completed.")
@timeout
@dry_run
@as_json
@shared
def command(
    server: tuple[str, ...],
    on: str | None,
    max_age: float,
    template: str | None,
    policy: str | None,
    make_room: bool,
    wait: bool,
    timeout: float | None,
    dry_run: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Create a snapshot where no completed one is fresh and none is on its way.

    With a policy what it does not keep is deleted, but only where a completed one is fresh: with
    --wait at once, else by the next run.
    """
    check_timeout(timeout, waits=wait)
    found = settings(**given)
    rule = policy_of(found, policy)
    ran = ""
    if policy is not None and rule is not None and is_whole(rule, server, on):
        ran = policy
        on = rule.on or on
    selection = Selection(found, server, on, needed=True)
    names = template_of(template or (rule.name if rule else NAME))
    wanted = Wanted(max_age, names, make_room, rule)
    work = _ensure(found, selection, wanted, wait, timeout, ran, dry=dry_run)
    return run_gathering(work, as_json=as_json)


async def _ensure(
    settings: Settings,
    selection: Selection,
    wanted: Wanted,
    wait: bool,
    timeout: float | None,
    ran: str,
    *,
    dry: bool,
) -> int:
    from tui.fleet.journal.policy_runs import PolicyRun
    from tui.fleet.writes.ensuring import Ensurer

    async with opened(settings) as (session, live):
        reading = await prepare(session, live)
        check_open(session, live, reading)
        servers = [view.server for view in selection.of(reading, session.service_now())]
        ensurer = Ensurer(
            live.operations,
            wanted,
            now=session.service_now,
            protected=lambda: session.store.fleet.protected,
        )
        if dry:
            found = await ensurer.foresee(servers, _tell, ends=wait)
            return gravest([_foreseen(live, reading, found), _code_of_reading(selection, reading)])
        found = await sent(session, ensurer.all(servers, _tell))
        codes = [_code(each) for each in found if each.operation is None]
        codes.append(_code_of_reading(selection, reading))
        began = [each.operation for each in found if each.operation is not None]
        ended = await follow(session, live, began, wait=wait, timeout=timeout)
        codes += [code_of(operation, wait=wait) for operation in ended]
        if wanted.policy is not None:
            fresh = [each.server for each in found if each.course is Course.FRESH]
            done = {o.server_id for o in ended if o.state is State.COMPLETED}
            fresh += [each.server for each in found if each.server.id in done]
            codes += [await _prune(session, ensurer, server) for server in fresh]
        out(_summary(found))
        code = gravest(codes)
        if ran and code == ExitCode.DONE:
            now = session.service_now()
            ensured = PolicyRun(ran, "ensure", now, wanted.max_age)
            await note_runs(live, ensured, PolicyRun(ran, "prune", now))
        return await pinging.after(settings, code)


def _code_of_reading(selection: Selection, reading: Reading) -> int:
    return ExitCode.UNKNOWN if selection.uncertain(reading) else ExitCode.DONE


def _foreseen(live: Connection, reading: Reading, found: Sequence[Ensured]) -> int:
    """Say what would be done; returns the exit code."""
    steps = [step for each in found for step in each.steps]
    tell_steps(steps)
    out(_summary(found, started="to be started"))
    return gravest([would(live, reading, steps), *map(_code, found)])


def _tell(found: Ensured) -> None:
    """Say what was done on a server, or why it was not: nothing where nothing was needed."""
    for name in found.deleted:
        out(f"{name} of {found.server.name} is deleted")
    if found.operation is not None:
        out(said(found.operation))
    elif not found.good:
        complain(f"{found.server.name}: {found.words}")


async def _prune(session: Session, ensurer: Ensurer, server: Server) -> int:
    """Delete what the policy does not keep on a server that has a fresh one."""
    pruned = await sent(session, ensurer.prune(server))
    _tell(pruned)
    return _code(pruned)


def _code(found: Ensured) -> int:
    if found.good:
        return ExitCode.DONE
    return ExitCode.FAILED if found.told else ExitCode.UNKNOWN


def _summary(found: Sequence[Ensured], started: str = "started") -> str:
    """One line for all: ``40 servers: 38 fresh, 2 started``."""
    tally = Counter(each.course for each in found)
    words = _WORDS | {Course.CREATE: started}
    parts = [f"{tally[course]} {said}" for course, said in words.items() if tally[course]]
    return f"{plural(len(found), 'server')}: {', '.join(parts)}"
