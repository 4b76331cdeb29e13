"""A day of polls in seconds, with all that is kept and shown: nothing grows."""

from __future__ import annotations

from tests.bench.soak import go_on, held, weeks_of
from tui.vps.exchange import READS_AT_ONCE


async def test_a_day_of_polls_leaves_nothing_behind() -> None:
    async with weeks_of(45) as (weeks, pilot):
        grown = await go_on(weeks, pilot, 80)
        assert grown.descriptors <= 2 * READS_AT_ONCE, "both ends of what is kept for the next"
        assert (grown.tasks, grown.files) == (0, 0)
        kept = await held(weeks)
    assert kept.changes > 0, "they were recorded"
    assert kept.operations > 0
    assert 0 < kept.fleet < 20_000
