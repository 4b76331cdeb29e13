"""Two questions at a time that are of use only together."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from tui.vps.errors import VpsError

T = TypeVar("T")
U = TypeVar("U")


async def both(one: Coroutine[Any, Any, T], other: Coroutine[Any, Any, U]) -> tuple[T, U]:
    """What both give. Where one of them fails, the other is asked for no more.

    If both have failed, an error that nobody foresaw comes before one of the service, and that of
    the `other` first.
    """
    first, second = asyncio.ensure_future(one), asyncio.ensure_future(other)
    tasks: tuple[asyncio.Future[Any], ...] = (second, first)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    failed = [task.exception() for task in tasks if not task.cancelled()]
    for error in sorted(filter(None, failed), key=lambda error: isinstance(error, VpsError)):
        raise error
    return first.result(), second.result()
