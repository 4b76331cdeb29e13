"""What the commands do: each asks the fleet layer and prints. All server text is clean already."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Container, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

import tui
from tui.cli import write
from tui.config import paths
from tui.config.credentials import TokenError
from tui.config.settings import Settings, describe
from tui.exit_codes import ExitCode
from tui.fleet.actor import Who
from tui.fleet.health import Severity, findings
from tui.fleet.journal.journal import Journal
from tui.fleet.merge import merge_servers, merge_snapshots
from tui.fleet.operation import Operation
from tui.fleet.state import ServerView, Sighting
from tui.fleet.writes.operations import JournalUnavailable, Refused
from tui.notices import News
from tui.session import Connection, Session
from tui.simulator.child import SimulatorFailed
from tui.terminal import logs
from tui.text import age, plural, size, some, stamp
from tui.vps.errors import Forbidden, NotFound, Unauthorised, VpsError
from tui.vps.models import SLOTS, Key, Snapshot
from tui.vps.token import masked

CLOSING: Final = 2.0
"""Seconds that leaving may take at most, with a request on the wire."""
_UNITS: Final = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Stop(Exception):
    """A command ends here: a sentence for stderr and an exit code."""

    def __init__(self, text: str, code: int = ExitCode.FAILED) -> None:
        super().__init__(text)
        self.code = code


def out(text: str) -> None:
    """Print a line, whatever the locale can encode."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))  # noqa: T201


async def _guarded(work: Coroutine[Any, Any, int]) -> int:
    """Run a command and turn every failure into one line and its exit code."""
    try:
        return await work
    except (TokenError, Unauthorised, Forbidden) as error:
        text, code = str(error), int(ExitCode.NOT_AUTHORISED)
    except Stop as stop:
        text, code = str(stop), stop.code
    except (VpsError, Refused, JournalUnavailable, SimulatorFailed) as error:
        text, code = str(error), ExitCode.FAILED
    write.complain(text)
    return code


def _tell_end(_: Operation | None, news: News) -> None:
    """Pass on the end of what earlier commands began."""
    if news.ended:
        write.complain(news.text)


@asynccontextmanager
async def _session(settings: Settings) -> AsyncIterator[tuple[Session, Connection]]:
    session = Session(settings, os.environ)
    session.token_read = logs.hide
    session.listen(write.tell_trouble)
    try:
        yield session, await session.open()
    finally:
        with suppress(TimeoutError):
            await asyncio.wait_for(session.close(), CLOSING)


async def _views(
    session: Session, live: Connection, *, settle: bool = False
) -> Mapping[Key, ServerView]:
    """All servers with their snapshots, read once.

    With `settle` what earlier commands left open is settled by what was read, and told.
    """
    asked_at = session.clock.monotonic()
    views: Mapping[Key, ServerView] = {}
    with suppress(NotFound, Forbidden):  # servers are known from their snapshots then
        views = merge_servers(views, await live.client.servers())
    listing = await live.client.snapshots()
    if settle:
        statuses = {key: view.server.status for key, view in views.items()}
        sighting = Sighting(
            listing.items, listing.complete, asked_at, None, statuses, listing.pages == 1
        )
        end_telling = session.listen(_tell_end)
        await live.operations.observe(sighting)
        end_telling()
    return merge_snapshots(views, listing)


def _now(session: Session) -> datetime:
    return datetime.fromtimestamp(session.service_now(), UTC)


def _find(views: Mapping[Key, ServerView], wanted: str) -> ServerView:
    """A server by exact name or id."""
    named = [view for view in views.values() if view.server.name == wanted]
    if len(named) > 1:
        ids = ", ".join(f"#{view.server.id}" for view in named)
        raise Stop(f"{len(named)} servers are called {wanted} ({ids}): give the id", ExitCode.USAGE)
    found = named or [view for key, view in views.items() if str(key) == wanted]
    if not found:
        raise Stop(f"no server is called {masked(wanted)} or has this id", ExitCode.USAGE)
    return found[0]


def _target(views: Mapping[Key, ServerView], server: str, snapshot_id: str) -> Snapshot:
    view = _find(views, server)
    for snapshot in view.snapshots:
        if str(snapshot.id) == snapshot_id:
            return snapshot
    raise Stop(
        f"{view.server.name} has no snapshot with the id {masked(snapshot_id)}", ExitCode.USAGE
    )


# -- list --------------------------------------------------------------------------------------


async def list_snapshots(settings: Settings, server: str | None, *, as_json: bool) -> int:
    """Print servers and snapshots."""

    async def work() -> int:
        async with _session(settings) as (session, live):
            views = await _views(session, live)
            chosen = [_find(views, server)] if server else list(views.values())
            chosen.sort(key=lambda view: view.server.name)
            if as_json:
                plain = [_plain(view, session.store.fleet.protected) for view in chosen]
                out(msgspec.json.format(msgspec.json.encode(plain)).decode())
            else:
                _print_table(chosen, session.store.fleet.protected, _now(session))
        return ExitCode.DONE

    return await _guarded(work())


def _plain(view: ServerView, protected: Container[Key]) -> dict[str, Any]:
    """A server with its snapshots, for JSON."""
    server = msgspec.to_builtins(view.server)
    snapshots = [
        {**msgspec.to_builtins(s), "protected_here": s.id in protected} for s in view.snapshots
    ]
    return {**server, "slots": SLOTS, "slots_used": view.used, "snapshots": snapshots}


def _print_table(views: Sequence[ServerView], protected: Container[Key], now: datetime) -> None:
    for view in views:
        full = ", full" if view.full else ""
        status = f", {view.server.status}" if view.server.status else ""
        out(f"{view.server.name}  #{view.server.id}  {view.used}/{SLOTS} slots{full}{status}")
        for s in view.snapshots:
            status = s.status_words
            facts = f"{status:<12} {size(s.size_mb):>9}  {age(s.created_at, now)}"
            kept = ", protected here" if s.id in protected else ""
            out(f"  #{s.id:<8} {s.name:<32} {facts}{kept}")


# -- writes ------------------------------------------------------------------------------------


async def create(
    settings: Settings, server: str, name: str, description: str, *, wait: bool
) -> int:
    """Create a snapshot."""

    async def work() -> int:
        async with _session(settings) as (session, live):
            view = _find(await _views(session, live, settle=True), server)
            create = live.operations.create
            operation = await write.send(
                session,
                lambda bare: create(view.server, name, description, unjournaled=bare),
            )
            return await write.report(session, live, operation, out, wait=wait)

    return await _guarded(work())


async def restore(
    settings: Settings, snapshot_id: str, server: str, *, sure: bool, wait: bool
) -> int:
    """Overwrite a server with a snapshot, after asking."""

    async def work() -> int:
        async with _session(settings) as (session, live):
            target = _target(await _views(session, live, settle=True), server, snapshot_id)
            question = f"Restoring overwrites all data on {target.server_name} with {target.name}"
            _ask(f"{question}, {age(target.created_at, _now(session))}.", target.server_name, sure)
            restore = live.operations.restore
            operation = await write.send(session, lambda bare: restore(target, unjournaled=bare))
            return await write.report(session, live, operation, out, wait=wait)

    return await _guarded(work())


async def delete(settings: Settings, snapshot_id: str, server: str, *, sure: bool) -> int:
    """Delete a snapshot, after asking."""

    async def work() -> int:
        async with _session(settings) as (session, live):
            target = _target(await _views(session, live, settle=True), server, snapshot_id)
            _ask(f"Deletes {target.name} of {target.server_name} for good.", target.name, sure)
            delete = live.operations.delete
            operation = await write.send(session, lambda bare: delete(target, unjournaled=bare))
            return await write.report(session, live, operation, out, wait=True)

    return await _guarded(work())


def _ask(question: str, expected: str, sure: bool) -> None:
    """Have the name typed, unless told to be sure. Raises Stop."""
    if sure:
        return
    if not write.can_ask():
        raise Stop("not a terminal, so nobody can be asked: --yes goes ahead", ExitCode.USAGE)
    if not write.ask(question, expected):
        raise Stop("it does not match; nothing was sent")


# -- check, history, info ----------------------------------------------------------------------


def parse_age(text: str) -> float:
    """``36h``, ``7d`` in seconds. Raises ValueError with a sentence."""
    match = re.fullmatch(r"(\d{1,5}(?:\.\d+)?)([mhdw])", text.strip())
    if match is None:
        raise ValueError(f"--max-age: {text!r} is no age like 36h, 7d or 2w")
    return float(match[1]) * _UNITS[match[2]]


async def check(settings: Settings, max_age: float) -> int:
    """Print one line for monitoring; failures of our own are UNKNOWN."""
    try:
        async with _session(settings) as (session, live):
            views = await _views(session, live)
            found = findings(views.values(), session.service_now(), max_age)
    except (VpsError, TokenError, SimulatorFailed, Stop) as error:
        out(f"SNAPSHOTS UNKNOWN - {error}")
        return Severity.UNKNOWN
    worst = max((finding.severity for finding in found), default=Severity.OK)
    full = sum(view.full for view in views.values())
    words = some([f"{f.server}: {f.what}" for f in found], 10) or "every server has a fresh one"
    figures = f"servers={len(views)} findings={len(found)} full={full}"
    out(f"SNAPSHOTS {worst.name} - {words} | {figures}")
    return worst


async def history(settings: Settings, environ: Mapping[str, str], *, as_json: bool) -> int:
    """Print what was done on this machine."""

    async def work() -> int:
        if settings.demo:
            out("[]" if as_json else "the demo keeps no record")
            return ExitCode.DONE
        file = paths.journal_file(environ)
        try:
            file.stat()
        except FileNotFoundError:
            out("[]" if as_json else "nothing has been done yet")
            return ExitCode.DONE
        except OSError as error:
            raise Stop(f"no record can be read: {paths.trouble(file, error)}") from None
        journal = Journal(file)
        try:
            operations = await journal.history()
        finally:
            await journal.close()
        if as_json:
            plain = [
                {**asdict(o), "kind": o.kind.value, "state": o.state.value} for o in operations
            ]
            out(msgspec.json.format(msgspec.json.encode(plain)).decode())
            return ExitCode.DONE
        for o in operations:
            when = stamp(datetime.fromtimestamp(o.asked_at, UTC))
            who = Who(o.user, o.origin)
            words = f"  {o.words}" if o.words else ""
            out(f"{when}  {o.state.value:<16} {o.title} on {o.server_name}  by {who}{words}")
        return ExitCode.DONE

    return await _guarded(work())


def info(settings: Settings, environ: Mapping[str, str]) -> int:
    """Print versions, paths, and where each setting came from."""
    from importlib.metadata import version

    python = ".".join(map(str, sys.version_info[:3]))
    packages = ("textual", "httpx", "humanize", "msgspec", "click", "starlette", "uvicorn")
    out(f"ciplun {tui.__version__}, Python {python}")
    out(", ".join(f"{name} {version(name)}" for name in packages))
    for name, path in (
        ("settings", paths.config_file(environ)),
        ("journal", paths.journal_file(environ)),
        ("log", paths.log_file(environ)),
        ("styles", paths.STYLES),
    ):
        out(f"{name:<15} {masked(paths.tidy(path, environ))}")
    for name, value, origin in describe(settings):
        out(f"{name:<15} {value:<32} {origin}")
    names = masked(", ".join(settings.profiles)) or "-"
    out(f"{plural(len(settings.profiles), 'profile')}: {names}")
    return ExitCode.DONE
