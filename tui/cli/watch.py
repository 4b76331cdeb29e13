"""`ciplun watch`: a line for each event, for logs, chats and screen readers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tui.cli.arguments import Command, as_json, settings, shared
from tui.cli.documents import iso
from tui.cli.output import out, output
from tui.cli.reading import reasons_of
from tui.cli.running import opened, run
from tui.cli.under_way import lines
from tui.cli.watched import Watched
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.changes import FleetChange
from tui.fleet.health import Rules
from tui.fleet.operation import Operation
from tui.fleet.plan import Plan
from tui.fleet.state import Fleet
from tui.fleet.store import Change
from tui.notices import News, facts, plan_title, tally_line
from tui.text import duration, plural
from tui.vps.errors import Unauthorised

if TYPE_CHECKING:
    import asyncio

    from tui.fleet.recorder import ChangeRecorder
    from tui.session.connection import Connection
    from tui.session.session import Session


@click.command(cls=Command)
@as_json
@shared
def command(as_json: bool, **given: Any) -> int:
    """Print a line for each event until ctrl-c: what comes, goes, ends, fails, fills up, ages.

    With --json each line is an object with `at`, `event` and `text`, and what the event is about.
    The command of `on_event` is run as in the dashboard, once for an event that both see.
    """
    return run(_watch(settings(**given), as_json=as_json), as_json=as_json)


async def _watch(settings: Settings, *, as_json: bool) -> int:
    async with opened(settings) as (session, live):
        return await Watch(session, live, Rules.of(settings), as_json=as_json).run()


class Watch:
    """Polls for ever and prints what it sees; an outage is an event, and no end."""

    def __init__(self, session: Session, live: Connection, rules: Rules, *, as_json: bool) -> None:
        import asyncio

        self._session = session
        self._live = live
        self._watched = Watched(rules)
        self._watching = False
        self._as_json = as_json
        self._down_since: float | None = None
        self._told_reasons: tuple[str, ...] = ()
        self._doubted: float | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run(self) -> int:
        """Watch until nobody reads any more or the token is refused; returns the exit code."""
        import asyncio

        self._session.listen(self._told)
        self._session.plan_ended = self._plan_ended
        self._session.store.listen(self._changed)
        polling = asyncio.create_task(self._live.poller.run())
        recorder = self._recorder() if self._session.settings.on_event else None
        try:
            return await self._over
        finally:
            polling.cancel()
            if recorder is not None:
                await recorder.close()
            if not self._over.cancelled():  # by itself: its last event is told
                await asyncio.gather(*self._running)

    def _recorder(self) -> ChangeRecorder:
        """What has the user's command run for each event that no other session has seen."""
        import asyncio

        from tui.fleet.recorder import ChangeRecorder
        from tui.terminal.hooks import run_each

        session = self._session
        session.remembering.replaced = None  # it is recorded here

        def told(found: Sequence[FleetChange]) -> None:
            events = [(change.text, change.facts()) for change in found]
            work = run_each(session.settings.on_event, events, os.environ)
            self._running.add(task := asyncio.create_task(work))
            task.add_done_callback(self._running.discard)

        return ChangeRecorder(
            session.change_book(self._live),
            session.store,
            rules=Rules.of(session.settings),
            now=session.service_now,
            before=session.before,
            told=told,
        )

    def _told(self, operation: Operation | None, told: News) -> None:
        about = {} if operation is None else facts(operation)
        self._say("operation" if operation is not None else "notice", told.text, about)

    def _changed(self, fleet: Fleet, _: Change) -> None:
        self._outage(fleet)
        self._doubt(fleet)
        if not fleet.freshness.live or not fleet.settled:
            return
        now, first = self._session.service_now(), not self._watching
        for event in self._watched.look(fleet, now):
            self._say(event.name, event.text, event.about)
        if first:
            self._watching = True
            self._begin(fleet, now)

    def _begin(self, fleet: Fleet, now: float) -> None:
        """Say what is watched, how many need somebody, and what runs."""
        servers, problems = plural(len(fleet.servers), "server"), self._watched.problems
        wrong = f"{problems} with a problem" if problems else "none with a problem"
        text = f"watching {servers} of {self._session.host}, {wrong}"
        self._say("watching", text, {"servers": str(len(fleet.servers)), "problems": str(problems)})
        for line in lines(fleet, fleet.servers, now, self._session.expected_time):
            self._say("running", line, {})

    def _plan_ended(self, plan: Plan) -> None:
        about = {"plan": str(plan.id), "kind": plan.kind.value}
        self._say("plan", f"{plan_title(plan)}: {tally_line(plan)}", about)

    def _doubt(self, fleet: Fleet) -> None:
        """Say once that not all can be seen, or that it can again; what one sweep has is chance."""
        reasons, as_of = tuple(reasons_of(fleet)), fleet.freshness.as_of
        if not fleet.freshness.live or reasons == self._told_reasons:
            self._doubted = None
        elif self._doubted is None:
            self._doubted = as_of
        elif as_of != self._doubted:
            more = f", and {plural(len(reasons) - 1, 'more reason')}" if len(reasons) > 1 else ""
            text = f"not complete: {reasons[0]}{more}" if reasons else "complete again"
            self._say("complete" if not reasons else "incomplete", text, {})
            self._told_reasons, self._doubted = reasons, None

    def _outage(self, fleet: Fleet) -> None:
        """Say once that the provider cannot be reached, and once that it can again."""
        error, now = fleet.freshness.error, self._session.clock.monotonic()
        if error is not None and self._down_since is None:
            self._down_since = now
            self._say("offline", f"offline: {error}", {})
        elif error is None and fleet.freshness.live and self._down_since is not None:
            self._say("live", f"live again after {duration(now - self._down_since)}", {})
            self._down_since = None
        if isinstance(error, Unauthorised) and not self._over.done():
            self._over.set_result(ExitCode.NOT_AUTHORISED)

    def _say(self, event: str, text: str, about: Mapping[str, str]) -> None:
        at = iso(self._session.service_now())
        if self._as_json:
            line = {**about, "at": at, "event": event, "text": text}
            out(msgspec.json.encode(line).decode())
        else:
            out(f"{at}  {text}")
        if output.trouble() and not self._over.done():
            self._over.set_result(ExitCode.DONE)
