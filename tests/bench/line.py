"""A line with a round trip between a program and a service: bytes go through it, only later."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from threading import Event, Thread
from urllib.parse import urlsplit

from tests.helpers.far import Way

_PIECE = 64 * 1024


class Line:
    """Carries connections to a port of 127.0.0.1; opening one costs a round trip of its own."""

    def __init__(self, port: int, round_trip: float, loss: float = 0.0) -> None:
        self._to = port
        self._trip = round_trip
        self._loss = loss
        self._carried = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.sleep(self._trip)
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
            ways = (self._one_way(reader, back), self._one_way(there, writer))
            await asyncio.gather(*ways, return_exceptions=True)
        writer.close()

    async def _one_way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand on what comes, each piece after its time on the way, and the end as well."""
        self._carried += 1
        way = Way(self._trip / 2, self._loss, seed=self._carried)
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.create_task(self._arrive(under_way, writer))
        try:
            while True:
                piece = await reader.read(_PIECE)
                under_way.put_nowait((way.arrival(len(piece), time.monotonic()), piece))
                if not piece:
                    break
        finally:
            under_way.put_nowait((way.arrival(0, time.monotonic()), b""))
            await arriving

    async def _arrive(
        self, under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while True:
                due, piece = await under_way.get()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()
        writer.close()


@contextlib.contextmanager
def line(url: str, round_trip: float, loss: float = 0.0) -> Iterator[str]:
    """A line to the service at `url`, in a thread; gives the address at its near end.

    Of each segment the share `loss` is lost and comes late.
    """
    parts = urlsplit(url)
    assert parts.port is not None
    made = Line(parts.port, round_trip, loss)
    ready, loop = Event(), asyncio.new_event_loop()
    ports: list[int] = []

    over = asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(made.carry, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await over.wait()
        server.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    thread = Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield url.replace(f":{parts.port}", f":{ports[0]}", 1)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(5)
        loop.close()
