"""The one way out: a request, its answer, and the limits on both."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin

import httpx
import msgspec

from tui.vps.decode import Decoder
from tui.vps.error_mapping import epoch, error_from_exception, error_from_status, retry_after
from tui.vps.errors import BadResponse, OutcomeUnknown, TooLarge, WriteRefused
from tui.vps.token import Token
from tui.vps.transport import build, way
from tui.vps.urls import same_origin

Query = dict[str, str | int]
READS_AT_ONCE: Final = 4
"""As many connections are kept open: more at a time would each be opened anew. Far below those of
the pool, too: one that runs dry while reads are cancelled stays so."""
_PIECES: Final = 100
"""Pieces of a body between two pauses: they may come a byte at a time."""
_FREE_PIECES: Final = 10_000
"""Pieces of any size; those after them must have 16 bytes on average."""
_HEADER: Final = re.compile(r"[ -~]{0,4000}")
_ETAG: Final = re.compile(r"[!-~]{1,200}")
"""An entity tag that can be sent back: one with other signs would spoil each later request."""
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))


class Limits(msgspec.Struct, frozen=True):
    """What is waited for and taken at most. Times in seconds, sizes in bytes after decoding.

    `list_paused` is for the pauses that the service wants; the other times of a list are its own.
    """

    phase: float = 10.0
    read: float = 30.0
    write: float = 30.0
    list_base: float = 60.0
    list_page: float = 2.0
    list_most: float = 600.0
    list_paused: float = 1_800.0
    page_bytes: int = 32 * 1024 * 1024
    list_bytes: int = 64 * 1024 * 1024
    error_bytes: int = 1024 * 1024
    pages: int = 5_000
    items: int = 500_000
    redirects: int = 3

    def seconds_for(self, pages: int) -> float:
        """How long a list may take that has had so many pages."""
        return min(self.list_base + pages * self.list_page, self.list_most)


class Request(msgspec.Struct, frozen=True):
    """One request below the base URL; `etag` makes a GET conditional, `most` bounds its bytes."""

    method: str
    path: str
    query: Query | None = None
    fields: dict[str, Any] | None = None
    etag: str = ""
    most: int | None = None

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"


class Answer(msgspec.Struct, frozen=True):
    """A 2xx answer, or the 304 that a conditional GET asked for."""

    status: int
    body: bytes
    etag: str


class Received(NamedTuple):
    """What came, whatever its status."""

    status: int
    headers: httpx.Headers
    body: bytes

    def header(self, name: str) -> str:
        """A header, empty where it is absent or has signs that no header has."""
        value = self.headers.get(name, "")
        return value if _HEADER.fullmatch(value) else ""


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
        decoder: Decoder | None = None,
    ) -> None:
        self.base_url = base_url
        self.host = way(base_url)
        self.limits = limits or Limits()
        self.service: tuple[float, float] | None = None
        self._token = token
        self._decoder = decoder or Decoder(token)
        self._clock = clock
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._writes: set[asyncio.Task[Answer]] = set()
        self._http = build(base_url, token, self.limits.phase, READS_AT_ONCE)

    async def read(
        self, path: str, query: Query | None = None, etag: str = "", most: int | None = None
    ) -> Answer:
        """GET something of at most so many bytes, where `most` is below the limit for all."""
        request = Request("GET", path, query, etag=etag, most=most)
        async with self._reads:
            return await _apart(self._answer(request, self.limits.read))

    async def write(self, method: str, path: str, fields: dict[str, Any] | None = None) -> Answer:
        """Send one write. It waits for no reads and goes on even if the caller is cancelled."""
        request = Request(method, path, fields=fields)
        task = _apart(self._answer(request, self.limits.write))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Close all connections, after the writes that are still under way."""
        if self._writes:
            await asyncio.wait(self._writes)
        await self._http.aclose()

    async def _answer(self, request: Request, seconds: float) -> Answer:
        writing = request.writes
        try:
            async with asyncio.timeout(seconds):
                received = await self._send(request)
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            if isinstance(error, httpx.PoolTimeout):
                await self._renew()
            raise error_from_exception(error, self.host, writing=writing) from error
        except BadResponse as error:
            if writing:
                raise OutcomeUnknown(f"{error}: it may have been carried out") from error
            raise
        good = received.status // 100 == 2 or (request.etag and received.status == 304)
        if not good:  # only then are there words for people in the body
            wait = retry_after(received.header("Retry-After"), epoch(received.header("Date")))
            said = self._decoder.error(received.body)
            failure = error_from_status(received.status, said, retry_after=wait, writing=writing)
            if failure is not None:
                raise failure
        etag = received.header("ETag")
        return Answer(received.status, received.body, etag if _ETAG.fullmatch(etag) else "")

    async def _send(self, request: Request) -> Received:
        """Send it, and a GET again to where the same origin redirects it."""
        url, query = urljoin(self.base_url, request.path), request.query
        for _ in range(self.limits.redirects + 1):
            received = await self._once(self._built(request, url, query), request.most)
            self._note_date(received)
            target = received.header("Location")
            redirected = received.status in _REDIRECTS and target and not request.writes
            if not redirected or not same_origin(url, target):
                return received
            url, query = urljoin(url, target), None
        raise BadResponse("the provider redirects in a circle")

    def _built(self, request: Request, url: str, query: Query | None) -> httpx.Request:
        headers = {"If-None-Match": request.etag} if request.etag else None
        try:
            return self._http.build_request(
                request.method, url, params=query or None, json=request.fields, headers=headers
            )
        except (ValueError, TypeError, httpx.InvalidURL) as error:
            if request.writes:
                raise WriteRefused("not sent: it has characters that cannot be sent") from error
            raise BadResponse("the address of the request cannot be used") from error

    async def _once(self, request: httpx.Request, most: int | None) -> Received:
        response = await self._http.send(request, stream=True)
        try:
            body = await self._body(response, most)
            return Received(response.status_code, response.headers, body)
        finally:
            await response.aclose()

    async def _body(self, response: httpx.Response, fewer: int | None) -> bytes:
        """The body within bounds. That of an error is only words, or else left out."""
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity"):
            raise BadResponse(
                "the answer could not be read: it is compressed, which was not asked for"
            )
        good = response.is_success
        most = self.limits.page_bytes if good else self.limits.error_bytes
        most = most if fewer is None else min(most, fewer)
        body = bytearray()
        pieces = 0
        async for chunk in response.aiter_raw():
            pieces += 1
            body += chunk
            if len(body) > most:
                if good:
                    raise TooLarge(f"the answer is larger than {most >> 20} MB")
                return b""
            if pieces % _PIECES == 0:
                await asyncio.sleep(0)  # what has come already is handed out without a pause
                if len(body) < 16 * (pieces - _FREE_PIECES):
                    raise BadResponse(
                        "the answer could not be read: it came in too many small pieces"
                    )
        return bytes(body)

    def _note_date(self, received: Received) -> None:
        date, now = epoch(received.header("Date")), self._clock()
        if date is None:
            return
        if self.service is not None and 0 <= self.service[0] + now - self.service[1] - date < 1:
            return  # whole seconds tell nothing new, and time must not jump back and forth
        self.service = (date, now)

    async def _renew(self) -> None:
        """Start over with new connections: a pool that once ran dry may stay so."""
        old, phase = self._http, self.limits.phase
        self._http = build(self.base_url, self._token, phase, READS_AT_ONCE)
        await old.aclose()


def _apart(work: Coroutine[Any, Any, Answer]) -> asyncio.Task[Answer]:
    """Run it in a context of its own.

    What waits for a limit or reads a connection keeps the context that it began in, for half a
    minute or for as long as the connection: with it a dialog, and all lines that it has shown.
    """
    return asyncio.create_task(work, context=Context())
