"""The fleet as a command reads it: once, patiently, and with what could not be seen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from tui.cli.output import complain, tell
from tui.cli.progress import EVERY
from tui.fleet.clock import Clock
from tui.fleet.state import Fleet
from tui.text import duration, plural
from tui.vps.errors import BadResponse, RateLimited, VpsError
from tui.vps.models import Account, Key, Listing, Server, Snapshot

if TYPE_CHECKING:
    from tui.session.connection import Connection
    from tui.session.session import Session

T = TypeVar("T")
TRIES: Final = 4
"""Times that something is asked at most."""
PATIENCE: Final = 30.0
"""Seconds from the first question after which nothing is asked again."""
TOLD_PATIENCE: Final = 120.0
"""The same where the provider says when to ask again."""
_FIRST_PAUSE: Final = 0.3
"""Seconds, doubled each time."""
_LONG: Final = 2.0
"""Seconds from which on a wait is told."""
_REASONS: Final = 20
"""Reasons that are told one by one."""
_SHIFTED: Final = "the lists changed while they were read, or the provider's count differs"


class Reading(msgspec.Struct, frozen=True):
    """What was read, and in sentences what of it could not be: none where all was seen."""

    fleet: Fleet
    reasons: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing can be missing."""
        return not self.reasons


async def read(session: Session, live: Connection, *, patience: float = TOLD_PATIENCE) -> Reading:
    """Read all servers and snapshots, and weigh them as evidence. Raises VpsError.

    Lists that changed while they were read are read once more. `patience` is in seconds, for a
    provider that says when to ask again.
    """
    await patiently(session, live.poller.sweep, patience)
    if not session.store.fleet.settled:
        await patiently(session, live.poller.sweep, patience)
    fleet = session.store.fleet
    return Reading(fleet, tuple(reasons_of(fleet)))


def reasons_of(fleet: Fleet) -> Sequence[str]:
    """What of a fleet could not be seen, in sentences; none where all was."""
    reasons = []
    if fleet.servers_error is not None:
        reasons.append(
            f"the list of servers could not be read ({fleet.servers_error}): "
            "servers without snapshots are missing"
        )
    if not fleet.settled:
        reasons.append(_SHIFTED)
    reasons += fleet.problems
    return reasons


def tell_incomplete(reading: Reading) -> None:
    """Say on stderr what could not be seen."""
    tell_reasons(reading.reasons)


def tell_reasons(reasons: Sequence[str]) -> None:
    """Say on stderr why what was read is not all there is."""
    for reason in reasons[:_REASONS]:
        complain(f"not complete: {reason}")
    more = len(reasons) - _REASONS
    if more > 0:
        complain(f"not complete: {plural(more, 'more reason')}")


async def patiently(
    session: Session, ask: Callable[[], Awaitable[T]], patience: float = TOLD_PATIENCE
) -> T:
    """Ask, and after a passing failure again, a few times and not for long. Raises VpsError."""
    clock = session.clock
    start = clock.monotonic()
    for turn in range(TRIES):
        try:
            return await ask()
        except VpsError as error:
            if not error.transient or turn == TRIES - 1:
                raise _with_its_time(error) from None
            told = error.retry_after or 0.0
            pause = max(told, _FIRST_PAUSE * 2**turn)
            if clock.monotonic() + pause > start + (patience if told else PATIENCE):
                raise _with_its_time(error) from None
            tell_pause(pause, "" if isinstance(error, RateLimited) else str(error))
        await clock.sleep(pause)
    raise AssertionError("the last try returns or raises")


def tell_pause(seconds: float, why: str = "") -> None:
    """Say on stderr that nothing is asked for so long, if anybody would notice."""
    if seconds >= _LONG:
        why = why or "the provider limits the rate of requests"
        tell(f"ciplun: {why}: waiting {duration(seconds)}\n")


def pauses_told(clock: Clock) -> Callable[[float], None]:
    """What tells the pauses in long lists: the first one, and then one a minute."""
    due = float("-inf")

    def hear(seconds: float) -> None:
        nonlocal due
        now = clock.monotonic()
        if now >= due:
            due = now + EVERY
            tell_pause(seconds)

    return hear


def _with_its_time(error: VpsError) -> VpsError:
    """The same, and when the provider wants to be asked again."""
    seconds = error.retry_after or 0.0
    if seconds >= 1 and isinstance(error, RateLimited | BadResponse):
        return type(error)(f"{error} (the provider asks to wait {duration(seconds)})", seconds)
    return error


class PatientApi:
    """The provider's API for the last look before a write: reads are patient, writes are not.

    `patience` is in seconds, for a provider that says when to ask again. `doubts` has for
    each server whose last list was not complete what could not be seen of it.
    """

    def __init__(
        self, session: Session, live: Connection, *, patience: float = TOLD_PATIENCE
    ) -> None:
        self._session = session
        self._client = live.client
        self._patience = patience
        self.doubts: dict[Key | None, Sequence[str]] = {}
        self.create_snapshot = live.client.create_snapshot
        self.restore_snapshot = live.client.restore_snapshot
        self.delete_snapshot = live.client.delete_snapshot

    async def account(self) -> Account:
        """Who the token belongs to."""
        return await patiently(self._session, self._client.account, self._patience)

    async def server(self, server_id: Key) -> Server:
        """One server."""
        ask = partial(self._client.server, server_id)
        return await patiently(self._session, ask, self._patience)

    async def snapshots(self, server_id: Key | None = None) -> Listing[Snapshot]:
        """The snapshots of one server."""
        ask = partial(self._client.snapshots, server_id)
        listing = await patiently(self._session, ask, self._patience)
        shifted = [] if listing.settled else [_SHIFTED]
        if found := [*shifted, *listing.problems]:
            self.doubts[server_id] = found
        else:
            self.doubts.pop(server_id, None)
        return listing
