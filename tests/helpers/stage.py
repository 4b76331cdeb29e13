"""Simulated services on servers that stay: to start and end one takes a quarter of a second."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.helpers.last_requests import noted
from tui.simulator.serve import serving
from tui.simulator.web import SimulatorApp

NOBODY: ASGIApp = Response("nobody is at home", 599)
"""Answers between two tests: what a killed program still asks reaches neither of them."""


class Stage:
    """A server in a thread, whose application changes."""

    idle: ClassVar[list[Stage]] = []

    def __init__(self) -> None:
        self.app = NOBODY
        self._serving = serving(self)
        self.url = self._serving.__enter__()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def wait_until_open(self) -> None:
        """A test before may have had it refuse connections for some seconds."""
        port = urlsplit(self.url).port
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port or 0), 1).close()
                return
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.05)


@contextmanager
def staged(app: SimulatorApp) -> Iterator[str]:
    """Serve it; gives the address of the API."""
    stage = Stage.idle.pop() if Stage.idle else Stage()
    stage.wait_until_open()
    stage.app = app
    try:
        with noted(lambda: [f"{r.method} {r.path} {r.status}" for r in app.received]):
            yield stage.url
    finally:
        stage.app = NOBODY
        Stage.idle.append(stage)
