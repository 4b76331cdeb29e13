"""The client of the VPS.org API: verbs in, models out."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeVar

import msgspec

from tui.vps.decode import Decoder
from tui.vps.errors import BadResponse, Forbidden, NotFound, OutcomeUnknown, VpsError, WriteRefused
from tui.vps.exchange import Answer, Exchange, Limits, Query
from tui.vps.fields import BadItem
from tui.vps.models import (
    Account,
    Backup,
    Key,
    Listing,
    Restoring,
    Server,
    Snapshot,
    Told,
    same_key,
)
from tui.vps.pace import Pace, Pause, pause_by
from tui.vps.page import PageReader
from tui.vps.pagination import Paginator
from tui.vps.token import Token
from tui.vps.urls import base_url, path_segment

T = TypeVar("T")
Owned = TypeVar("Owned", Snapshot, Backup)


class Client:
    """Speaks to one service with one token.

    Nothing is asked again here but a page in the middle of a list, once where it failed and after
    each pause that a limit of the rate wants, and a list whose size of pages was refused. No
    library that retries is taken: the poller's next round is the retry of every read, paced and
    counted down on the screen, `r` is the user's own, and one more layer underneath (stamina,
    tenacity, httpx-retries) would only send more into an outage than the screen says. A write is
    never repeated by any machinery. `may_write` gives the reason why writing is refused now, or
    None; it is asked for every request that is not a GET.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        may_write: Callable[[], str | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        limits: Limits | None = None,
        pause: Pause | None = None,
    ) -> None:
        self._token = token
        self._may_write = may_write
        self._decoder = decoder = Decoder(token)
        self.exchange = Exchange(base_url(url), token, limits=limits, clock=clock, decoder=decoder)
        self.pace = pace = Pace(pause or pause_by(clock))
        limits, read = self.exchange.limits, self.exchange.read
        servers = PageReader(decoder, decoder.server, "server", limits.items)
        self._servers = Paginator(partial(read, "servers/"), servers, limits, pace)
        snapshots = PageReader(decoder, decoder.snapshot, "snapshot", limits.items)
        self._snapshots = Paginator(partial(read, "snapshots/"), snapshots, limits, pace)
        backups = PageReader(decoder, decoder.backup, "backup", limits.items)
        self._backups = Paginator(partial(read, "backups/"), backups, limits, pace)
        self.forbidden: Forbidden | None = None
        """The 403 that the last write was answered with, if it was."""

    @property
    def service(self) -> tuple[float, float] | None:
        """The service's clock in seconds since 1970, and the instant at which it was read."""
        return self.exchange.service

    # -- reading -----------------------------------------------------------------

    async def servers(self, told: Told[Server] | None = None) -> Listing[Server]:
        """All servers of the account, from all pages; `told` hears of each page that came."""
        return await self._servers.all({}, told=told)

    async def server(self, server_id: Key) -> Server:
        """One server. Raises NotFound where the service does not give single servers."""
        answer = await self.exchange.read(f"servers/{path_segment(server_id)}/")
        return _one(answer.body, self._decoder.server)

    async def snapshots(
        self, server_id: Key | None = None, told: Told[Snapshot] | None = None
    ) -> Listing[Snapshot]:
        """All snapshots, or those of one server, from all pages; `told` as for servers."""
        query: Query = {} if server_id is None else {"server_id": server_id}
        listing = await self._snapshots.all(query, fresh=server_id is not None, told=told)
        return listing if server_id is None else _of_server(listing, server_id)

    async def backups(self, server_id: Key | None = None) -> Listing[Backup]:
        """All backups, or those of one server. Raises NotFound where the service has none."""
        query: Query = {} if server_id is None else {"server_id": server_id}
        listing = await self._backups.all(query, fresh=True)
        return listing if server_id is None else _of_server(listing, server_id)

    async def account(self) -> Account:
        """Who the token belongs to and what it may do."""
        return self._decoder.account((await self.exchange.read("account/me/")).body)

    # -- writing -----------------------------------------------------------------

    async def create_snapshot(self, server_id: Key, name: str, description: str = "") -> Snapshot:
        """Ask for a snapshot of a server. `name`: letters, digits, hyphens, underscores."""
        as_came = self._decoder.as_it_came(server_id)
        fields: dict[str, Any] = {"server_id": as_came, "name": name}
        if description:
            fields["description"] = description
        answer = await self._write("POST", "snapshots/", fields)
        made = _accepted(lambda: _one(answer.body, self._decoder.snapshot))
        if not same_key(made.server_id, server_id) or made.name != name:
            raise OutcomeUnknown(
                f"the provider answered with {made.name} (#{made.id}) of {made.server_name}, "
                "which was not asked for: the snapshot may have been made"
            )
        return made

    async def restore_snapshot(self, snapshot_id: Key, server_id: Key | None = None) -> Restoring:
        """Overwrite the snapshot's server, `server_id` where it is known. Cannot be undone."""
        answer = await self._write("POST", f"snapshots/{path_segment(snapshot_id)}/restore/")
        restoring = _accepted(lambda: self._decoder.restoring(answer.body))
        odd = _disagreement(restoring, snapshot_id, server_id)
        if odd:
            raise OutcomeUnknown(f"the provider answered {odd}: it may have been carried out")
        return restoring

    async def delete_snapshot(self, snapshot_id: Key) -> bool:
        """Delete a snapshot for good. False: it was gone already, in the service's own words."""
        try:
            answer = await self._write("DELETE", f"snapshots/{path_segment(snapshot_id)}/")
        except NotFound:
            return False
        if answer.status != 204:
            raise OutcomeUnknown(
                f"the provider answered {answer.status} and not 204: it may have been carried out"
            )
        return True

    async def power(
        self, server_id: Key, action: Literal["start", "stop", "restart", "hard_stop"]
    ) -> None:
        """Switch a server; what comes of it is seen in its status."""
        await self._write("POST", f"servers/{path_segment(server_id)}/power/", {"action": action})

    def fingerprint(self, key: bytes) -> str:
        """What tells the token from others and says nothing of it to who has not the `key`."""
        return self._token.fingerprint(key)

    def same_token(self, other: Client) -> bool:
        """Whether another client speaks for the same token: a new one may have been given."""
        return self._token == other._token

    async def aclose(self) -> None:
        """Close all connections, after the writes that are still under way."""
        await self.exchange.aclose()

    async def _write(self, method: str, path: str, fields: dict[str, Any] | None = None) -> Answer:
        refused = self._may_write()
        if refused:
            raise WriteRefused(refused)
        try:
            answer = await self.exchange.write(method, path, fields)
        except VpsError as error:
            self.forbidden = error if isinstance(error, Forbidden) else None
            raise
        self.forbidden = None
        return answer


def _one(body: bytes, read: Callable[[bytes], T]) -> T:
    try:
        return read(body)
    except BadItem as error:
        raise BadResponse(f"the answer could not be read: {error}") from error


def _of_server(listing: Listing[Owned], server_id: Key) -> Listing[Owned]:
    """What belongs to one server: a service that ignores the filter gives that of all."""
    items = tuple(item for item in listing.items if same_key(item.server_id, server_id))
    ignored = len(items) < len(listing.items)
    return msgspec.structs.replace(
        listing, items=items, server_id=server_id, filter_ignored=ignored
    )


def _accepted(read: Callable[[], T]) -> T:
    """Read the answer to a write that the status code accepted."""
    try:
        return read()
    except BadResponse as error:
        raise OutcomeUnknown(f"{error}: it may have been carried out") from error


def _disagreement(answer: Restoring, snapshot_id: Key, server_id: Key | None) -> str:
    """What in the answer to a restore is not what was asked for; empty where it agrees."""
    if answer.status not in ("", "success"):
        return f"with status {answer.status}"
    if answer.snapshot_id is not None and not same_key(answer.snapshot_id, snapshot_id):
        return f"about another snapshot (#{answer.snapshot_id})"
    if None not in (answer.server_id, server_id) and not same_key(answer.server_id, server_id):
        return f"about another server (#{answer.server_id})"
    if not answer.status and answer.snapshot_id is None:
        return "without saying what it does"
    return ""
