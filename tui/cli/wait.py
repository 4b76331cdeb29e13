"""`ciplun wait`: waits for what the provider is at, whoever began it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tui.cli import names
from tui.cli.arguments import Command, as_json, settings, shared, span, text
from tui.cli.finishing import LONGEST, gravest
from tui.cli.output import complain, out
from tui.cli.progress import Progress, speaking
from tui.cli.reading import Reading, read, tell_incomplete
from tui.cli.running import Stop, opened, run_gathering
from tui.cli.waiting import polling
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.state import Fleet
from tui.fleet.store import Change
from tui.vps.errors import Unauthorised
from tui.vps.models import Key, Phase, Snapshot
from tui.vps.sanitize import clean

if TYPE_CHECKING:
    import asyncio

    from tui.session.connection import Connection
    from tui.session.session import Session


@click.command(cls=Command)
@click.argument("snapshot_id", nargs=-1, type=text, shell_complete=names.snapshots)
@click.option(
    "--timeout", type=span, metavar="T", help="Wait at most this long: 90s, 30m; 1h if not given."
)
@as_json
@shared
def command(
    snapshot_id: tuple[str, ...], timeout: float | None, as_json: bool, **given: Any
) -> int:
    """Wait until these snapshots are done, or all that are busy now and all restores.

    0 if all are completed, 1 if one is not, 3 if it takes too long or not all could be seen.
    """
    seconds = LONGEST if timeout is None else timeout
    return run_gathering(_wait(settings(**given), snapshot_id, seconds), as_json=as_json)


async def _wait(settings: Settings, ids: Sequence[str], seconds: float) -> int:
    import asyncio

    async with opened(settings) as (session, live):
        end = session.clock.monotonic() + seconds
        try:
            async with asyncio.timeout(seconds):
                reading = await read(session, live)
        except TimeoutError:
            raise Stop("the lists could not be read in this time", ExitCode.UNKNOWN) from None
        tell_incomplete(reading)
        watched = Watched(session, live, _chosen(reading, ids), restores=not ids)
        unseen = not ids and bool(reading.reasons or live.operations.trouble)
        if watched.idle:
            out("nothing is seen to be busy" if unseen else "nothing is busy")
        code = await watched.end(end - session.clock.monotonic())
        return gravest([code, ExitCode.UNKNOWN]) if unseen else code


def _chosen(reading: Reading, ids: Sequence[str]) -> list[Snapshot]:
    """The snapshots of these ids, or all that are busy. Raises Stop."""
    known = [s for view in reading.fleet.servers.values() for s in view.snapshots]
    if not ids:
        return [snapshot for snapshot in known if snapshot.phase is Phase.BUSY]
    by_id = {str(snapshot.id): snapshot for snapshot in known}
    for wanted in ids:
        if wanted not in by_id:
            raise Stop(f"no snapshot has the id {clean(wanted)}", ExitCode.USAGE)
    return [by_id[wanted] for wanted in ids]


class Watched:
    """Snapshots, and with `restores` all servers that are being restored, until none is busy."""

    def __init__(
        self, session: Session, live: Connection, snapshots: Sequence[Snapshot], *, restores: bool
    ) -> None:
        import asyncio

        self._session = session
        self._live = live
        self._left = {snapshot.id: snapshot for snapshot in snapshots}
        fleet = session.store.fleet
        self._restoring = {key for key in fleet.servers if restores and fleet.restoring(key)}
        self._good = True
        self._progress: Progress | None = None
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def idle(self) -> bool:
        """Whether there is nothing to wait for."""
        return not self._left and not self._restoring

    async def end(self, seconds: float) -> int:
        """Wait, and say each end; returns the exit code. Raises Unauthorised."""
        import asyncio

        self._look(self._session.store.fleet, Change())
        stop = self._session.store.listen(self._look)
        try:
            async with (
                speaking(self._session.clock, self._standing) as self._progress,
                polling(self._live),
                asyncio.timeout(seconds),
            ):
                self._progress.show(self._standing())
                await self._over
        except TimeoutError:
            complain(f"no longer {self._standing()}")
            return ExitCode.UNKNOWN
        finally:
            stop()
        return ExitCode.DONE if self._good else ExitCode.FAILED

    def _look(self, fleet: Fleet, _: Change) -> None:
        if self._over.done():
            return
        if isinstance(fleet.freshness.error, Unauthorised):
            self._over.set_exception(fleet.freshness.error)
            return
        for key, snapshot in tuple(self._left.items()):
            self._judge(key, snapshot, fleet.snapshot(snapshot.server_id, key))
        for server in tuple(self._restoring):
            if not fleet.restoring(server):
                self._restoring.discard(server)
                view = fleet.servers.get(server)
                status = view.server.status if view is not None else "no longer listed"
                self._say(f"{view.server.name if view else server} is {status or 'not restoring'}")
        if self.idle:
            self._over.set_result(None)

    def _judge(self, key: Key, before: Snapshot, now: Snapshot | None) -> None:
        if now is not None and now.phase is Phase.BUSY:
            return
        del self._left[key]
        words = now.status_words if now is not None else "no longer listed"
        if before.status == "deleting":
            self._good = self._good and now is None
        else:
            self._good = self._good and now is not None and now.phase is Phase.COMPLETED
        self._say(f"#{key}  {before.name} of {before.server_name} is {words}")

    def _say(self, text: str) -> None:
        if self._progress is not None:
            self._progress.clear()
        out(text)

    def _standing(self) -> str:
        names = [f"{s.name} of {s.server_name}" for s in self._left.values()]
        servers = self._session.store.fleet.servers
        names += [f"the restore of {servers[key].server.name}" for key in self._restoring]
        more = f", and {len(names) - 1} more" if len(names) > 1 else ""
        return f"waiting for {names[0]}{more}" if names else ""
