"""A simulator on a port: in this thread until told to stop, or in one of its own."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import uvicorn
from starlette.types import ASGIApp

from tui.simulator.options import LOOPBACK
from tui.simulator.transport import Protocol
from tui.simulator.web import PREFIX

T = TypeVar("T")


def listen(port: int = 0, host: str = LOOPBACK) -> socket.socket:
    """A listening socket, on loopback unless told. Raises OSError if that cannot be.

    The protocol is named because asyncio turns off Nagle's algorithm only on sockets that say
    they are TCP; without it every answer waits 40 ms.
    """
    (family, *_, where), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


class Service(uvicorn.Server):
    """A uvicorn server that can be away for a while, as when it is started anew."""

    def __init__(self, app: ASGIApp, tls: ssl.SSLContext | None = None) -> None:
        config = uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,  # the time of day is the world's
            timeout_graceful_shutdown=1,
            ws="none",
            http=functools.partial(Protocol, self),  # type: ignore[arg-type]
        )
        config.load()
        config.ssl = tls
        super().__init__(config)
        self.loop: asyncio.AbstractEventLoop | None = None
        self._away: asyncio.Task[None] | None = None
        self._left = asyncio.Event()

    def leave(self) -> None:
        """End at once, whoever is being answered: what a signal does takes a quarter second."""
        self.should_exit = True
        if self.loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self.loop.call_soon_threadsafe(self._left.set)

    async def main_loop(self) -> None:
        """Serve until told to end; a signal is heard at the next tick."""
        tick = 0
        while not await self.on_tick(tick):
            tick = (tick + 1) % 864_000
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving, in good order unless it was left."""
        if not self._left.is_set():
            await super().shutdown(sockets)
            return
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def go_away(self, seconds: float) -> None:
        """Refuse connections for some real seconds; answers that have begun are ended first."""
        if self._away is None or self._away.done():
            self._away = asyncio.get_running_loop().create_task(self._be_away(seconds))

    async def _be_away(self, seconds: float) -> None:
        (server,) = self.servers
        host, port, *_ = server.sockets[0].getsockname()
        server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(seconds)
        protocol = functools.partial(
            Protocol, self, config=self.config, server_state=self.server_state, app_state={}
        )
        loop = asyncio.get_running_loop()
        again = listen(port, host)
        self.servers = [await loop.create_server(protocol, sock=again, ssl=self.config.ssl)]


class Threaded:
    """A service in a thread of its own, from `start` to `stop`."""

    def __init__(self, app: ASGIApp, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._listener = listen(port)
        self._service = Service(app, tls)
        self._thread = threading.Thread(
            target=self._service.run, args=([self._listener],), daemon=True
        )
        self.url = address(self._listener, tls=tls is not None)

    def start(self) -> None:
        """Serve; once this returns, requests are answered."""
        self._thread.start()
        while self._thread.is_alive() and not self._service.started:
            time.sleep(0.001)  # who forks while the thread imports may never come back from it

    def call(self, function: Callable[[], T]) -> T:
        """Run a function where requests are answered, between two of them; gives what it gives."""

        async def run() -> T:
            return function()

        if self._service.loop is None or not self._thread.is_alive():
            return function()
        return asyncio.run_coroutine_threadsafe(run(), self._service.loop).result()

    def stop(self) -> None:
        """End it."""
        self._service.leave()
        self._thread.join(5)
        self._listener.close()


def address(listener: socket.socket, *, tls: bool = False) -> str:
    """The API's address on a listening socket; of one for all addresses, that on loopback."""
    host, port, *_ = listener.getsockname()
    if host in ("0.0.0.0", "::"):  # noqa: S104 - nothing is bound here
        host = LOOPBACK if host == "0.0.0.0" else "::1"  # noqa: S104
    name = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{name}:{port}{PREFIX}"


@contextlib.contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve in a thread; gives the address. For tests that look into the world meanwhile."""
    running = Threaded(app)
    running.start()
    try:
        yield running.url
    finally:
        running.stop()
