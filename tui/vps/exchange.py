"""The one way out: a request, its answer, and the limits on both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx

from tui.vps.error_mapping import error_from_exception, error_from_response, service_date
from tui.vps.errors import BadResponse, OutcomeUnknown, VpsError
from tui.vps.token import Token
from tui.vps.transport import build
from tui.vps.urls import same_origin

Query = dict[str, str | int]
_READS_AT_ONCE: Final = 4
"""Far below the connections of the pool: one that runs dry while reads are cancelled stays so."""


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


@dataclass(frozen=True, slots=True)
class Request:
    """One request below the base URL; `etag` makes a GET conditional."""

    method: str
    path: str
    query: Query | None = None
    fields: dict[str, Any] | None = None
    etag: str = ""

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer, or the 304 that a conditional GET asked for."""

    status: int
    body: bytes
    etag: str


class Exchange:
    """Sends requests to one base URL with one token; every failure is a VpsError.

    `service` is the service's clock (seconds since 1970) and the instant of `clock` at which it
    was read, None until an answer had a `Date`.
    """

    def __init__(
        self,
        base_url: str,
        token: Token,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base_url = base_url
        self.host = urlsplit(base_url).netloc
        self.limits = limits or Limits()
        self.service: tuple[float, float] | None = None
        self._token = token
        self._clock = clock
        self._reads = asyncio.Semaphore(_READS_AT_ONCE)
        self._writes: set[asyncio.Task[Answer]] = set()
        self._http = build(base_url, token, self.limits.phase)

    async def read(self, path: str, query: Query | None = None, etag: str = "") -> Answer:
        """GET something."""
        request = Request("GET", path, query, etag=etag)
        async with self._reads:
            return await self._answer(request, self.limits.read)

    async def write(self, method: str, path: str, fields: dict[str, Any] | None = None) -> Answer:
        """Send one write. It waits for no reads and goes on even if the caller is cancelled."""
        request = Request(method, path, fields=fields)
        task = asyncio.ensure_future(self._answer(request, self.limits.write))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Close all connections, after the writes that are still under way."""
        if self._writes:
            await asyncio.wait(self._writes)
        await self._http.aclose()

    async def _answer(self, request: Request, seconds: float) -> Answer:
        try:
            async with asyncio.timeout(seconds):
                response, body = await self._send(request)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            if isinstance(error, httpx.PoolTimeout):
                await self._renew()
            raise error_from_exception(error, self.host, writing=request.writes) from error
        except BadResponse as error:
            if request.writes:
                raise OutcomeUnknown(f"{error}: it may have been carried out") from error
            raise
        if not (request.etag and response.status_code == 304):
            failure = error_from_response(response, body, writing=request.writes)
            if failure is not None:
                raise self._without_token(failure)
        return Answer(response.status_code, body, response.headers.get("ETag", ""))

    async def _send(self, request: Request) -> tuple[httpx.Response, bytes]:
        """Send it, and a GET again to where the same origin redirects it."""
        url, query = urljoin(self.base_url, request.path), request.query
        headers = {"If-None-Match": request.etag} if request.etag else None
        for _ in range(self.limits.redirects + 1):
            async with self._http.stream(
                request.method, url, params=query or None, json=request.fields, headers=headers
            ) as response:
                body = await self._body(response)
            self._note_date(response)
            target = response.headers.get("Location", "")
            followed = response.is_redirect and target and not request.writes
            if not followed or not same_origin(url, target):
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
            if size > self.limits.page_bytes:
                raise BadResponse(f"the answer is larger than {self.limits.page_bytes >> 20} MB")
            chunks.append(chunk)
        return self._token.hide_in_bytes(b"".join(chunks))

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
        old, self._http = self._http, build(self.base_url, self._token, self.limits.phase)
        await old.aclose()
