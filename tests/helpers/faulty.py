"""A server that answers as it is told, byte for byte, on 127.0.0.1."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

from tests.helpers.last_requests import noted
from tui.vps.client import Client
from tui.vps.exchange import Limits
from tui.vps.token import Token

SECRET = "vps_very_secret_0123"
Write = Callable[[bytes], Awaitable[None]]
Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


def http(
    body: bytes | str = b"",
    status: str = "200 OK",
    *headers: str,
    content_type: str = "application/json",
) -> bytes:
    """A whole answer."""
    data = body.encode() if isinstance(body, str) else body
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(data)}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + data


class Faulty:
    """Requests as they came, and what is answered to each: bytes, or a function that writes."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.answers: list[bytes | Answer] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(self.requests[-1], writer)
        writer.close()


@contextlib.asynccontextmanager
async def faulty(
    *answers: bytes | Answer, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Faulty]:
    """A server that gives these answers in turn, the last one for ever."""
    made = Faulty()
    made.answers = list(answers)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    made.url = f"{'https' if tls else 'http'}://{'localhost' if tls else '127.0.0.1'}:{port}/api/v1"
    try:
        with noted(lambda: [request.partition(b"\r")[0].decode() for request in made.requests]):
            yield made
    finally:
        server.close()


@contextlib.asynccontextmanager
async def client(url: str, **limits: float) -> AsyncIterator[Client]:
    """A client with short limits."""
    made = Client(url, Token(SECRET), limits=Limits(**({"read": 2.0, "write": 2.0} | limits)))  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.aclose()


async def reset(request: bytes, writer: asyncio.StreamWriter) -> None:
    """Cut the connection without an answer."""
    writer.transport.abort()


async def cut(request: bytes, writer: asyncio.StreamWriter) -> None:
    """Cut it in the middle of a body."""
    writer.write(http(b'{"count": 2, "results": [{"id": 1' + b" " * 100)[:-50])
    await writer.drain()
    writer.close()


async def trickle(request: bytes, writer: asyncio.StreamWriter) -> None:
    """A byte at a time, for ever: no gap is long enough for a time limit between bytes."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def silence(request: bytes, writer: asyncio.StreamWriter) -> None:
    """No answer at all."""
    while not writer.is_closing():
        await asyncio.sleep(0.05)
