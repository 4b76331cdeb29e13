"""Scenarios of the connection: no answer, a slow one, half of one, too much of one."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tui.simulator.scenarios.base import (
    Afterwards,
    Asked,
    Scenario,
    Struck,
    afterwards,
    anything,
    instead,
    reads,
)
from tui.simulator.transport import SERVICE, CutAnswer, NoAnswer, RawAnswer, Silence, SlowAnswer
from tui.simulator.web import Hook
from tui.simulator.world import World

GIGABYTE: Final = 1 << 30
DELAY: Final = 3.0
AWAY: Final = 5.0
ROUND_TRIP: Final = 0.1
_HEAD: Final = b'{"count":1,"results":[{"id":1,"name":"'


class _Late(Struck):
    """The answer waits some real seconds."""

    async def after(self, request: Request, response: Response, world: World) -> Response:
        if self.strikes(request):
            await asyncio.sleep(self._asked.seconds)
        return response


class _Far(Struck):
    """The request is some real seconds away from the service, there and back."""

    async def before(self, request: Request, world: World) -> Response | None:
        if self.strikes(request):
            await asyncio.sleep(self._asked.seconds)
        return None


class _Refused(Struck):
    """The port is closed once the answer has begun."""

    async def after(self, request: Request, response: Response, world: World) -> Response:
        if self.strikes(request):
            request.scope[SERVICE].go_away(self._asked.seconds)
        return response


def _slow_body(asked: Asked) -> Hook:
    def change(request: Request, response: Response, world: World) -> Response:
        return SlowAnswer(response, pause=asked.seconds)

    return Afterwards(change, anything, asked)


def _chunks() -> Iterator[bytes]:
    """A gigabyte of a list that never closes its first name."""
    yield _HEAD
    block = b"a" * (1 << 20)
    for _ in range(GIGABYTE // len(block)):
        yield block


async def _plain() -> AsyncIterator[bytes]:
    for chunk in _chunks():
        yield chunk


async def _packed() -> AsyncIterator[bytes]:
    packer = zlib.compressobj(9, wbits=31)
    for chunk in _chunks():
        packed = packer.compress(chunk)
        if packed:
            yield packed
        await asyncio.sleep(0)
    yield packer.flush()


def _huge(request: Request, world: World) -> Response:
    return StreamingResponse(_plain(), media_type="application/json")


def _bomb(request: Request, world: World) -> Response:
    headers = {"Content-Encoding": "gzip"}
    return StreamingResponse(_packed(), headers=headers, media_type="application/json")


SCENARIOS: Final[tuple[Scenario, ...]] = (
    instead(
        "reset",
        "the connection is reset before anything is done",
        lambda request, world: NoAnswer(reset=True),
    ),
    instead(
        "hang-up",
        "the connection is closed before anything is done",
        lambda request, world: NoAnswer(),
    ),
    instead(
        "silence", "no answer, and the connection stays open", lambda request, world: Silence()
    ),
    instead(
        "garbage",
        "what comes back is not HTTP",
        lambda request, world: RawAnswer(b"SSH-2.0-OpenSSH_9.2p1\r\n\x00\xff\r\n"),
    ),
    Scenario(
        "refused",
        f"after an answer the port is closed for {AWAY:g} seconds, as in a restart",
        lambda asked: _Refused(anything, asked),
        seconds=AWAY,
    ),
    Scenario(
        "latency",
        f"every request takes {ROUND_TRIP * 1000:g} ms, as over a long line",
        lambda asked: _Far(anything, asked),
        seconds=ROUND_TRIP,
    ),
    Scenario(
        "slow-answer",
        f"every answer waits {DELAY:g} seconds",
        lambda asked: _Late(anything, asked),
        seconds=DELAY,
    ),
    Scenario("slow-body", "the body comes a byte a second", _slow_body, seconds=1.0),
    afterwards(
        "cut-body",
        "the connection is closed in the middle of the body",
        lambda request, response, world: CutAnswer(response),
    ),
    afterwards(
        "reset-body",
        "the connection is reset in the middle of the body",
        lambda request, response, world: CutAnswer(response, reset=True),
    ),
    instead("huge-body", "a list of a gigabyte", _huge, reads),
    instead("gzip-bomb", "a small gzip body that unpacks to a gigabyte", _bomb, reads),
)
