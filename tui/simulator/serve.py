"""A simulator on a loopback port: in this thread until told to stop, or in one of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn

from tui.simulator.transport import Protocol
from tui.simulator.web import PREFIX, SimulatorApp


def listen(port: int = 0) -> socket.socket:
    """A listening socket on 127.0.0.1 and nowhere else. Raises OSError if the port is taken.

    The protocol is named because asyncio turns off Nagle's algorithm only on sockets that say
    they are TCP; without it every answer waits 40 ms.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


def address(listener: socket.socket) -> str:
    """The API's address on a listening socket."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}{PREFIX}"


def server(app: SimulatorApp) -> uvicorn.Server:
    """A uvicorn server that says nothing of itself; the time of day is the world's."""
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        lifespan="off",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        ws="none",
        http=Protocol,
    )
    return uvicorn.Server(config)


@contextlib.contextmanager
def serving(app: SimulatorApp) -> Iterator[str]:
    """Serve in a thread; gives the address. For tests that look into the world meanwhile."""
    listener = listen()
    running = server(app)
    thread = threading.Thread(target=running.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield address(listener)
    finally:
        running.should_exit = True
        thread.join(5)
        listener.close()
