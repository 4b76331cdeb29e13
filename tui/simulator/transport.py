"""Answers that go wrong below HTTP: none at all, half of one, one byte a second.

An ASGI app cannot touch its connection, nor the port, so `Protocol` lays the transport and the
service into the scope.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any, Final

import uvicorn
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

TRANSPORT: Final = "ciplun.transport"
SERVICE: Final = "ciplun.service"
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class Protocol(H11Protocol):
    """uvicorn's own HTTP protocol; the app can reach the connection that it answers on."""

    def __init__(self, service: uvicorn.Server, **more: Any) -> None:
        super().__init__(**more)
        self._service = service

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            own = {TRANSPORT: transport, SERVICE: self._service}
            await inner({**scope, **own}, receive, send)

        self.app = app


class NoAnswer(Response):
    """Nothing is answered and the connection ends; with `reset`, as when a machine goes down."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__()
        self.status_code = 0
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Break the connection."""
        _break(scope[TRANSPORT], reset=self._reset)
        await _client_gone(receive)


class Silence(Response):
    """Nothing is answered, and the connection stays open until the client gives up."""

    def __init__(self) -> None:
        super().__init__()
        self.status_code = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait."""
        await _client_gone(receive)
        _break(scope[TRANSPORT])


class RawAnswer(Response):
    """Bytes on the connection as they are, which may be no HTTP at all, and its end."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write and close."""
        transport = scope[TRANSPORT]
        transport.write(self.body)
        transport.close()
        await _client_gone(receive)


class CutAnswer(Response):
    """The head of an answer and a part of its body, then the connection ends."""

    def __init__(self, whole: Response, *, reset: bool = False) -> None:
        super().__init__(status_code=whole.status_code)
        self.raw_headers = whole.raw_headers
        self.body = bytes(whole.body)[: len(whole.body) // 2]
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a part and break the connection."""
        await _start(self, send)
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        if self._reset:
            await asyncio.sleep(0.05)  # the part is to arrive: a reset overtakes what is unread
            _break(scope[TRANSPORT], reset=True)
        # Otherwise uvicorn closes the connection of an app that returns too early.


class SlowAnswer(StreamingResponse):
    """A whole answer in pieces of `step` bytes, `pause` real seconds apart."""

    def __init__(self, whole: Response, *, step: int = 1, pause: float = 1.0) -> None:
        super().__init__(_drip(bytes(whole.body), step, pause), whole.status_code)
        self.raw_headers = whole.raw_headers


async def _drip(body: bytes, step: int, pause: float) -> AsyncIterator[bytes]:
    for at in range(0, len(body), step):
        yield body[at : at + step]
        await asyncio.sleep(pause)


async def _start(response: Response, send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
    )


def _break(transport: asyncio.Transport, *, reset: bool = False) -> None:
    if reset:
        bare: socket.socket = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):  # it is gone already
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


async def _client_gone(receive: Receive) -> None:
    """Wait for the end of the connection: returning before it makes uvicorn answer 500."""
    while (await receive())["type"] != "http.disconnect":
        pass
