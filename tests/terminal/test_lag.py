"""How late the event loop is: measured, shown and logged with ``--debug``, and only then."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.helpers.driving import live, until
from tests.helpers.places import Place
from tests.helpers.program import CIPLUN, environ
from tests.helpers.pty import Terminal
from tui.app import CiplunApp
from tui.config.settings import Options
from tui.terminal.lag import Lag
from tui.widgets.key_bar import KeyBar


async def test_a_held_up_loop_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    lag = Lag(told.append)
    task = asyncio.create_task(lag.measure())
    await asyncio.sleep(0)
    time.sleep(0.15)  # holds the loop up, as slow code would
    while not told:
        await asyncio.sleep(0.01)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert lag.longest >= 0.09
    assert lag.stalls >= 1
    assert "most" in told[0]
    assert "held up for" in caplog.text
    assert "times for more than 50 ms" in caplog.text


@pytest.mark.parametrize("debug", [False, True])
async def test_the_figures_stand_in_the_bottom_line(
    simulated: Place, debug: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    options = replace(Options(), debug=debug)
    app = CiplunApp(
        options, simulated.settings(), simulated.environ, make_session=simulated.session
    )
    async with app.run_test(size=(140, 40)) as pilot:
        board = await live(pilot)
        bar = board.query_one(KeyBar)
        if debug:
            await until(pilot, lambda: "lag " in bar.render().plain)
        else:
            assert not any(worker.group == "lag" for worker in app.workers)
            assert "lag" not in bar.render().plain
    assert ("event loop" in caplog.text) is debug


def test_the_option_reaches_the_screen(tmp_path: Path) -> None:
    with Terminal([*CIPLUN, "--demo", "--debug"], environ(tmp_path), columns=140) as terminal:
        terminal.until(" · most ")
        terminal.send("q")
        assert terminal.wait() == 0
