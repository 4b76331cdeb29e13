"""Pages that are asked for before a link has led to them: a list costs fewer round trips."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from tui.vps.exchange import READS_AT_ONCE, Answer, Limits, Query
from tui.vps.pace import Pace

PageKey = tuple[tuple[str, str], ...]
Ask = Callable[[Query], Awaitable[Answer]]
AHEAD_BYTES: Final = 2 * 1024 * 1024
"""Bytes of a page that is asked for ahead, of which several are held at a time; a page of a
hundred real snapshots has 30 KB. A larger one is asked for again in its turn."""


def page_key(query: Query) -> PageKey:
    """The page that a query asks for, however its parts are ordered."""
    return tuple(sorted((key, str(value)) for key, value in query.items()))


class Lookahead:
    """Guesses the queries of the pages to come from the first one, and asks a few at a time.

    A guess is only ever taken where a link of the list leads to it. A page that fails ahead fails
    in its turn, or never if no link leads there.
    """

    def __init__(self, ask: Ask, pace: Pace) -> None:
        self._ask = ask
        self._pace = pace
        self._to_come: deque[Query] = deque()
        self._asked: dict[PageKey, asyncio.Task[Answer]] = {}

    def foresee(self, second: Query, per_page: int, count: int | None, limits: Limits) -> None:
        """Guess from the query of the second page, the items on the first, and the count.

        Where they give no number of pages within the limits, nothing is guessed.
        """
        if count is None or not 0 < per_page < count <= limits.items:
            return
        pages = -(-count // per_page)
        if str(second.get("page")) == "2" and pages <= limits.pages:
            self._to_come.extend({**second, "page": number} for number in range(2, pages + 1))
            self._go_on()

    def take(self, key: PageKey) -> asyncio.Task[Answer] | None:
        """The question for this page, if it was asked ahead; another one is asked in its place."""
        if self._to_come and page_key(self._to_come[0]) == key:
            self._to_come.popleft()
        task = self._asked.pop(key, None)
        self._go_on()
        return task

    async def answered(self) -> None:
        """Wait until all that was asked for ahead has been answered, one way or the other."""
        if self._asked:
            await asyncio.wait(self._asked.values())

    @property
    def unreached(self) -> bool:
        """Whether pages were foreseen to which no link has led."""
        return bool(self._to_come or self._asked)

    async def close(self) -> None:
        """Give up what is still asked for."""
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)

    def _go_on(self) -> None:
        while self._to_come and len(self._asked) < READS_AT_ONCE and not self._pace.limited:
            query = self._to_come.popleft()
            self._asked[page_key(query)] = asyncio.ensure_future(self._ask(query))
