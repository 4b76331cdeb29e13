"""What a request leaves behind: nothing that keeps who asked for it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextvars import ContextVar

from tests.helpers.places import TOKEN, Place
from tui.session.errands import Errands
from tui.vps.client import Client
from tui.vps.token import Token


class Dialog:
    """Who asks."""


asking: ContextVar[Dialog] = ContextVar("asking")


async def alive(kept: weakref.ref[Dialog]) -> bool:
    await asyncio.sleep(0)  # what has woken us is over
    gc.collect()
    return kept() is not None


async def test_a_request_keeps_no_context_of_who_asked(simulated: Place) -> None:
    api = Client(simulated.url, Token(TOKEN))
    loop = asyncio.get_running_loop()
    sooner = loop.call_later(5, print)  # behind it, what was cancelled waits for its time

    async def ask() -> weakref.ref[Dialog]:
        dialog = Dialog()
        asking.set(dialog)
        await api.snapshots()
        return weakref.ref(dialog)

    kept = await asyncio.create_task(ask())
    assert not await alive(kept), "its limit of time and its connection last longer"
    sooner.cancel()
    await api.aclose()


async def test_what_goes_on_for_hours_keeps_no_context_of_who_began_it() -> None:
    errands, over = Errands(print), asyncio.Event()

    async def begin() -> weakref.ref[Dialog]:
        dialog = Dialog()
        asking.set(dialog)
        errands.perform(over.wait())
        return weakref.ref(dialog)

    kept = await asyncio.create_task(begin())
    assert not await alive(kept)
    over.set()
    await errands.ended()
