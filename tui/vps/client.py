"""The client of the VPS.org API: verbs in, models out, and one way through which all goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import httpx
import msgspec

from tui.vps import decode
from tui.vps.error_mapping import failed_request, failed_status, service_date
from tui.vps.errors import (
    BadResponse,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    VpsError,
    WriteRefused,
)
from tui.vps.models import Account, Key, Listing, Restoring, Server, Snapshot
from tui.vps.pagination import ListReader, Query
from tui.vps.token import Token
from tui.vps.transport import build
from tui.vps.urls import base_address


@dataclass(frozen=True, slots=True)
class Limits:
    """What is waited for and taken at most. Times in seconds, sizes in bytes after decoding."""

    phase: float = 10.0
    read: float = 30.0
    write: float = 30.0
    page_bytes: int = 32 * 1024 * 1024
    pages: int = 5_000
    items: int = 500_000
    redirects: int = 3


class Client:
    """Speaks to one address with one token.

    Nothing is retried here, and no library that does is taken: the poller's next round is the
    retry of every read, paced and counted down on the screen, `r` is the user's own, and one more
    layer underneath (stamina, tenacity, httpx-retries) would only send more into an outage than
    the screen says. A write is never repeated by any machinery. `may_write` gives the reason
    why writing is refused now, or None; it is asked for every request that is not a GET.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        may_write: Callable[[], str | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        limits: Limits | None = None,
    ) -> None:
        self._base = base_address(url)
        self._token = token
        self._may_write = may_write
        self._clock = clock
        self._limits = limits or Limits()
        self._turn = asyncio.Semaphore(4)
        self._http = build(self._base, token, self._limits.phase)
        self._writes: set[asyncio.Task[bytes]] = set()
        most = self._limits.pages, self._limits.items
        self._servers = ListReader(
            partial(self._fetch, "servers/"), decode.read_server, "server", *most, paged=True
        )
        self._snapshots = ListReader(
            partial(self._fetch, "snapshots/"), decode.read_snapshot, "snapshot", *most
        )
        self.host = urlsplit(self._base).netloc
        self.service: tuple[float, float] | None = None
        self.forbidden: Forbidden | None = None
        """The 403 that the last write was answered with, if it was."""

    # -- reading -----------------------------------------------------------------

    async def servers(self) -> Listing[Server]:
        """All servers of the account, from all pages."""
        return await self._servers.all({})

    async def server(self, server_id: Key) -> Server:
        """One server. Raises NotFound where the service does not give single servers."""
        body = await self._read(f"servers/{_segment(server_id)}/")
        return _one(body, decode.read_server)

    async def snapshots(self, server_id: Key | None = None) -> Listing[Snapshot]:
        """All snapshots, or those of one server, from all pages."""
        query: Query = {} if server_id is None else {"server_id": server_id}
        listing = await self._snapshots.all(query, fresh=server_id is not None)
        if server_id is None:
            return listing
        # A service that ignores the filter gives those of all servers.
        items = tuple(s for s in listing.items if s.server_id == server_id)
        return msgspec.structs.replace(listing, items=items)

    async def account(self) -> Account:
        """Who the token belongs to and what it may do."""
        return decode.read_account(await self._read("account/me/"))

    # -- writing -----------------------------------------------------------------

    async def create_snapshot(self, server_id: Key, name: str, description: str = "") -> Snapshot:
        """Ask for a snapshot of a server. `name`: letters, digits, hyphens, underscores."""
        fields: dict[str, Any] = {"server_id": server_id, "name": name}
        if description:
            fields["description"] = description
        body = await self._write("POST", "snapshots/", fields)
        return _accepted(lambda: _one(body, decode.read_snapshot))

    async def restore_snapshot(self, snapshot_id: Key) -> Restoring:
        """Overwrite the snapshot's server with it. Cannot be undone."""
        body = await self._write("POST", f"snapshots/{_segment(snapshot_id)}/restore/")
        return _accepted(lambda: decode.read_restoring(body))

    async def delete_snapshot(self, snapshot_id: Key) -> bool:
        """Delete a snapshot for good. False: it was gone already (404)."""
        try:
            await self._write("DELETE", f"snapshots/{_segment(snapshot_id)}/")
        except NotFound:
            return False
        return True

    async def power(
        self, server_id: Key, action: Literal["start", "stop", "restart", "hard_stop"]
    ) -> None:
        """Switch a server; what comes of it is seen in its status."""
        await self._write("POST", f"servers/{_segment(server_id)}/power/", {"action": action})

    def same_token(self, other: Client) -> bool:
        """Whether another client has the same token."""
        return self._token == other._token

    async def aclose(self) -> None:
        """Close all connections, after the writes that are still under way."""
        if self._writes:
            await asyncio.wait(self._writes)
        await self._http.aclose()

    # -- the one way out -----------------------------------------------------------

    async def _fetch(self, path: str, query: Query, tag: str) -> tuple[bytes | None, str]:
        """A page of a list and its tag; without a body where the page with `tag` still holds."""
        response, body = await self._exchanged("GET", path, query, tag=tag)
        unchanged = tag and response.status_code == 304
        return None if unchanged else body, response.headers.get("ETag", "")

    async def _read(self, path: str, query: Query | None = None) -> bytes:
        return await self._request("GET", path, query)

    async def _write(self, method: str, path: str, fields: dict[str, Any] | None = None) -> bytes:
        """Send one write. It goes on to its end even if the caller is cancelled."""
        refused = self._may_write()
        if refused:
            raise WriteRefused(refused)
        task = asyncio.ensure_future(self._request(method, path, fields=fields))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    async def _request(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        fields: dict[str, Any] | None = None,
    ) -> bytes:
        """Send a request and return the body of its 2xx answer; every failure is a VpsError."""
        _, body = await self._exchanged(method, path, query, fields)
        return body

    async def _exchanged(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        fields: dict[str, Any] | None = None,
        tag: str = "",
    ) -> tuple[httpx.Response, bytes]:
        writing = method != "GET"
        headers = {"If-None-Match": tag} if tag else None
        try:
            if writing:  # waits for no reads
                async with asyncio.timeout(self._limits.write):
                    response, body = await self._exchange(method, path, query, fields, headers)
            else:
                async with self._turn, asyncio.timeout(self._limits.read):
                    response, body = await self._exchange(method, path, query, fields, headers)
        except httpx.PoolTimeout as error:
            await self._renew()
            raise failed_request(error, self.host, writing=writing) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            raise failed_request(error, self.host, writing=writing) from error
        except BadResponse as error:
            if writing:
                raise OutcomeUnknown(f"{error}: it may have been carried out") from error
            raise
        if tag and response.status_code == 304:
            return response, b""
        failure = failed_status(response, body, writing=writing)
        if writing:
            self.forbidden = failure if isinstance(failure, Forbidden) else None
        if failure is not None:
            raise self._without_token(failure)
        return response, body

    async def _exchange(
        self,
        method: str,
        path: str,
        query: Query | None,
        fields: dict[str, Any] | None,
        headers: dict[str, str] | None,
    ) -> tuple[httpx.Response, bytes]:
        url = urljoin(self._base, path)
        for _ in range(self._limits.redirects + 1):
            async with self._http.stream(
                method, url, params=query or None, json=fields, headers=headers
            ) as response:
                body = await self._body(response)
            self._note_date(response)
            target = response.headers.get("Location", "")
            if (
                method != "GET"
                or not target
                or not response.is_redirect
                or not self._same_origin(url, target)
            ):
                return response, body
            url, query = urljoin(url, target), None
        raise BadResponse("the service redirects in a circle")

    async def _body(self, response: httpx.Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise BadResponse("the answer could not be read: it is compressed, which nobody asked")
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size > self._limits.page_bytes:
                raise BadResponse(f"the answer is larger than {self._limits.page_bytes >> 20} MB")
            chunks.append(chunk)
        return self._token.hide_in_bytes(b"".join(chunks))

    def _same_origin(self, url: str, target: str) -> bool:
        new, base = urlsplit(urljoin(url, target)), urlsplit(self._base)
        return (new.scheme, new.netloc) == (base.scheme, base.netloc)

    def _note_date(self, response: httpx.Response) -> None:
        date, now = service_date(response), self._clock()
        if date is None:
            return
        if self.service is not None and 0 <= self.service[0] + now - self.service[1] - date < 1:
            return  # whole seconds tell nothing new, and time must not jump back and forth
        self.service = (date, now)

    def _without_token(self, error: VpsError) -> VpsError:
        """The same error with the token taken out, should the service have echoed it."""
        error.args = tuple(
            self._token.hide_in(arg) if isinstance(arg, str) else arg for arg in error.args
        )
        fields = getattr(error, "fields", None)
        if fields:
            error.fields = {k: self._token.hide_in(v) for k, v in fields.items()}  # type: ignore[attr-defined]
        return error

    async def _renew(self) -> None:
        """Start over with new connections: a pool that once ran dry may stay so."""
        old, self._http = self._http, build(self._base, self._token, self._limits.phase)
        await old.aclose()


def _segment(key: Key) -> str:
    """An id as one segment of a path, whatever is in it."""
    text = quote(str(key), safe="")
    return text.replace(".", "%2E") if not text.strip(".") else text


T = TypeVar("T")


def _one(body: bytes, read: Callable[[bytes], T]) -> T:
    try:
        return read(body)
    except decode.BadItem as error:
        raise BadResponse(f"the answer could not be read: {error}") from error


def _accepted(read: Callable[[], T]) -> T:
    """Read the answer to a write that the status code accepted."""
    try:
        return read()
    except BadResponse as error:
        raise OutcomeUnknown(f"{error}: it may have been carried out") from error
