"""A simulator on a loopback port: in this thread until told to stop, or in one of its own."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from tui.simulator.transport import Protocol
from tui.simulator.web import PREFIX


def listen(port: int = 0) -> socket.socket:
    """A listening socket on 127.0.0.1 and nowhere else. Raises OSError if the port is taken.

    The protocol is named because asyncio turns off Nagle's algorithm only on sockets that say
    they are TCP; without it every answer waits 40 ms.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


class Service(uvicorn.Server):
    """A uvicorn server that can be away for a while, as when it is started anew."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
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
        )
        self._away: asyncio.Task[None] | None = None

    def go_away(self, seconds: float) -> None:
        """Refuse connections for some real seconds; answers that have begun are ended first."""
        if self._away is None or self._away.done():
            self._away = asyncio.get_running_loop().create_task(self._be_away(seconds))

    async def _be_away(self, seconds: float) -> None:
        (server,) = self.servers
        port = server.sockets[0].getsockname()[1]
        server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(seconds)
        protocol = functools.partial(
            Protocol, self, config=self.config, server_state=self.server_state, app_state={}
        )
        loop = asyncio.get_running_loop()
        self.servers = [await loop.create_server(protocol, sock=listen(port))]


def address(listener: socket.socket) -> str:
    """The API's address on a listening socket."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}{PREFIX}"


@contextlib.contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve in a thread; gives the address. For tests that look into the world meanwhile."""
    listener = listen()
    running = Service(app)
    thread = threading.Thread(target=running.run, args=([listener],), daemon=True)
    thread.start()
    while thread.is_alive() and not running.started:
        time.sleep(0.001)  # who forks while the thread imports may never come back from it
    try:
        yield address(listener)
    finally:
        running.should_exit = True
        thread.join(5)
        listener.close()
