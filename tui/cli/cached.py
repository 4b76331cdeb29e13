"""The last known fleet in place of an answer: for prompts and completion, and nothing is asked."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

from tui.cli.reading import Reading
from tui.cli.running import Stop
from tui.config.settings import Settings
from tui.fleet.memory import Unusable, shown
from tui.fleet.owner import known
from tui.fleet.state import Fleet
from tui.text import age


async def remembered(settings: Settings) -> tuple[Reading, datetime]:
    """What an earlier run knew, and when it knew it. Raises Stop without it, and TokenError."""
    import asyncio

    if settings.demo:
        raise Stop("the demo remembers nothing")
    if not settings.remember:
        raise Stop("nothing is remembered: the settings say remember = false")
    now = time.time()
    try:
        found = await asyncio.to_thread(known, settings, os.environ, now)
    except Unusable as error:
        raise Stop(f"what was remembered is not used: {error}") from None
    if found is None:
        raise Stop("nothing is remembered of this account yet")
    as_of = datetime.fromtimestamp(found.head.as_of, UTC)
    fleet = Fleet(servers=shown(found.views), totals=found.head.totals)
    when = age(as_of, datetime.fromtimestamp(now, UTC))
    return Reading(fleet, (f"last known {when}; no request was made",)), as_of
